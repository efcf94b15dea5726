// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/guard.h"

#include <gtest/gtest.h>

namespace tributary::http {
namespace {

Request with(Headers headers) {
  return {"GET", "/", std::move(headers)};
}
unsigned status(const Guard& guard, Headers headers, bool open = false) {
  const auto refusal = guard.refuse(with(std::move(headers)), open);
  return refusal ? refusal->status : 200;
}

TEST(Guard, WithoutATokenOnlyOurOwnNamesAreServed) {
  const Guard guard({.address = "127.0.0.1", .hosts = {"localhost", "Farm.Example"}});
  for (const char* ours : {"127.0.0.1", "127.0.0.1:8080", "localhost:8080", "LOCALHOST",
                           "[::1]:8080", "farm.example:443"}) {
    EXPECT_EQ(status(guard, {{"host", ours}}), 200U) << ours;
  }
  for (const char* other : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8080",
                            "", "[::2]", "[", "127.0.0.2"}) {
    EXPECT_EQ(status(guard, {{"host", other}}, true), 421U) << other;
  }
  EXPECT_EQ(status(guard, {}), 400U);
  EXPECT_EQ(status(guard, {{"host", "localhost"}, {"host", "evil.example"}}), 400U);
}

TEST(Guard, AnotherSitesPageReadsNothing) {
  const Guard guard({.address = "127.0.0.1", .hosts = {"localhost"}});
  const auto fetched = [&](const char* site, const char* mode) {
    return status(guard,
                  {{"host", "localhost"}, {"sec-fetch-site", site}, {"sec-fetch-mode", mode}});
  };
  EXPECT_EQ(fetched("cross-site", "no-cors"), 403U);
  EXPECT_EQ(fetched("cross-site", "cors"), 403U);
  EXPECT_EQ(fetched("cross-site", "navigate"), 200U);
  EXPECT_EQ(fetched("same-origin", "cors"), 200U);
}

TEST(Guard, WithATokenOnlyItsOwnersRead) {
  const Guard guard(
      {.address = "0.0.0.0", .token = std::make_shared<Token>("0123456789abcdef"), .hosts = {}});
  const auto sent = [&](const std::string& field, bool open = false) {
    return status(guard, {{"host", "gateway.example"}, {"authorization", field}}, open);
  };
  EXPECT_EQ(sent("Bearer 0123456789abcdef"), 200U);
  EXPECT_EQ(sent("bearer 0123456789abcdef"), 200U);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
        "Bearer 0123456789abcdeF", "Basic 0123456789abcdef", "0123456789abcdef"}) {
    EXPECT_EQ(sent(wrong), 401U) << wrong;
    EXPECT_EQ(sent(wrong, true), 200U) << wrong;
  }
}

TEST(Guard, ATokenThatIsReplacedLetsNobodyInAnyMore) {
  const auto token = std::make_shared<Token>();
  const Guard guard({.address = "127.0.0.1", .token = token, .hosts = {}});
  const auto changed = [&](const std::string& field) {
    const Request r{"POST", "/", {{"host", "127.0.0.1"}, {"authorization", field}}};
    if (const auto refusal = guard.refuse(r, false)) return refusal->status;
    const auto refusal = guard.refuse_change(r);
    return refusal ? refusal->status : 200U;
  };
  EXPECT_EQ(changed("Bearer "), 403U) << "without one nobody changes anything";
  token->replace("0123456789abcdef");
  EXPECT_EQ(changed("Bearer 0123456789abcdef"), 200U);
  token->replace("fedcba9876543210");
  EXPECT_EQ(changed("Bearer 0123456789abcdef"), 401U);
  EXPECT_EQ(changed("Bearer fedcba9876543210"), 200U);
  const std::uint64_t number = guard.token_number();
  token->replace("fedcba9876543210");
  EXPECT_EQ(guard.token_number(), number) << "it is the same";
  token->replace("");
  EXPECT_EQ(changed("Bearer "), 403U);
}

}  // namespace
}  // namespace tributary::http
