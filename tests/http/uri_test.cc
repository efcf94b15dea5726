// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/uri.h"

#include <gtest/gtest.h>

namespace tributary::http {
namespace {

TEST(Uri, APathAndItsQueryAreDecoded) {
  const auto t = parse_target("/api/v1/values?prefix=plant%2Fa+b&limit=10&&flag");
  ASSERT_TRUE(t);
  EXPECT_EQ(t->path, "/api/v1/values");
  ASSERT_EQ(t->query.size(), 3U);
  EXPECT_EQ(t->query[0].second, "plant/a b");
  EXPECT_EQ(t->query[1].second, "10");
  EXPECT_EQ(t->query[2], (std::pair<std::string, std::string>("flag", "")));
}

TEST(Uri, WhatIsNoPathOrNoTextIsRefused) {
  for (const char* bad : {"", "api", "http://a/b", "*", "/%", "/%4", "/%zz", "/%00", "/a%0a",
                          "/%ff", "/%c0%af", "/a?b=%ed%a0%80", "/a?b=%0d%0aX: y"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
}

TEST(Uri, EncodingIsUndoneByDecoding) {
  const std::string odd = "a/b c?d=e&f%g\xC3\xA9[\"x\"]+";
  const auto t = parse_target("/?v=" + percent_encode(odd));
  ASSERT_TRUE(t);
  EXPECT_EQ(t->query[0].second, odd);
}

}  // namespace
}  // namespace tributary::http
