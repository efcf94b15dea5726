// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/status.h"

#include <gtest/gtest.h>

namespace tributary::core {
namespace {

TEST(Status, IsTheJsonOfTheProtocol) {
  Status s;
  s.gateway = "gw-a";
  s.online = true;
  s.incarnation = 0xC0FFEE;
  s.session = 0xFFFFFFFFFFFFFFFF;
  s.at_ms = 1'700'000'000'123;
  s.version = "0.1.0";
  EXPECT_EQ(to_json(s), R"({"gateway":"gw-a","state":"online","incarnation":"c0ffee",)"
                        R"("session":"ffffffffffffffff","at_ms":1700000000123,"version":"0.1.0"})");
  s.online = false;
  s.degraded = "disk full";
  EXPECT_EQ(to_json(s), R"({"gateway":"gw-a","state":"offline","incarnation":"c0ffee",)"
                        R"("session":"ffffffffffffffff","at_ms":1700000000123,"version":"0.1.0",)"
                        R"("degraded":"disk full"})");
}

TEST(Status, ReadsWhatItWrites) {
  Status s;
  s.gateway = "g";
  s.online = true;
  s.incarnation = 1;
  s.session = 2;
  s.at_ms = 3;
  s.version = "4";
  s.degraded = "five";
  const auto read = read_status(to_json(s));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->gateway, "g");
  EXPECT_TRUE(read->online);
  EXPECT_EQ(read->incarnation, 1u);
  EXPECT_EQ(read->session, 2u);
  EXPECT_EQ(read->at_ms, 3u);
  EXPECT_EQ(read->version, "4");
  EXPECT_EQ(read->degraded, "five");
}

TEST(Status, ReadsAStrangersSpacingAndExtraFields) {
  const auto read = read_status(
      "{ \"extra\" : [1, 2],\n \"state\" : \"offline\" , \"at_ms\" : 12 ,\t\"gateway\":\"g\"}");
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->online);
  EXPECT_EQ(read->at_ms, 12u);
  EXPECT_EQ(read->session, 0u);
}

TEST(Status, AGatewayMayBeCalledLikeAField) {
  for (const char* name : {"state", "gateway", "session", "at_ms", "version", "incarnation"}) {
    Status s;
    s.gateway = s.version = name;
    s.online = true;
    s.session = 7;
    s.at_ms = 8;
    const auto read = read_status(to_json(s));
    ASSERT_TRUE(read) << name;
    EXPECT_EQ(read->gateway, name);
    EXPECT_EQ(read->version, name);
    EXPECT_TRUE(read->online) << name;
    EXPECT_EQ(read->session, 7u) << name;
    EXPECT_EQ(read->at_ms, 8u) << name;
  }
}

TEST(Status, RefusesWhatIsNone) {
  EXPECT_FALSE(read_status(""));
  EXPECT_FALSE(read_status("hello"));
  EXPECT_FALSE(read_status(R"({"gateway":"g"})"));
  EXPECT_FALSE(read_status(R"({"state":"online"})"));
  EXPECT_FALSE(read_status(R"({"gateway":"g","state":"maybe"})"));
  EXPECT_FALSE(read_status(R"({"gateway":"g","state":"onl)"));
  EXPECT_FALSE(read_status(R"({"gateway" "g","state":"online"})"));
  EXPECT_FALSE(read_status(R"({"gateway":"g","state":)"));
  EXPECT_FALSE(read_status(R"({"gateway":"g","state")"));
  EXPECT_FALSE(read_status(R"({"gateway":"state","version":"state" )"));
  EXPECT_FALSE(read_status(std::string(100'000, '"')));
}

TEST(Status, NonsenseNumbersAreZero) {
  const auto read = read_status(
      R"({"gateway":"g","state":"online","session":"xyz","at_ms":-5,"incarnation":""})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->session, 0u);
  EXPECT_EQ(read->at_ms, 0u);
}

TEST(JsonString, Escapes) {
  EXPECT_EQ(json_string("a\"b\\c\n\x01\x1F"), "\"a\\\"b\\\\c\\u000a\\u0001\\u001f\"");
  EXPECT_EQ(json_string("käse"), "\"käse\"");
  EXPECT_EQ(json_string(""), "\"\"");
}

}  // namespace
}  // namespace tributary::core
