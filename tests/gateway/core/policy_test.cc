// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/policy.h"

#include <gtest/gtest.h>

#include "tests/gateway/core/support/craft.h"

namespace tributary::core {
namespace {

using testing::counter;
using testing::decoded;
using testing::envelope;

// A fleet that signs nothing.
const Options& demo() {
  static const Options options = [] {
    Options o;
    o.fleet = "demo";
    return o;
  }();
  return options;
}

Result<Authorised, Denial> authorise(const Options& options, const Principal& who,
                                     wire::Envelope&& e) {
  return core::authorise(options, Trust(options), who, std::move(e), false);
}

TEST(Policy, LetsADeviceSpeakForItself) {
  const std::string bytes = envelope({.device = "door-7"}, {counter("people", 1, 1)});
  auto a = authorise(demo(), {"door-7"}, decoded(bytes));
  ASSERT_TRUE(a);
  EXPECT_EQ(*a->envelope().bytes, bytes);
  EXPECT_EQ(*std::move(*a).take().bytes, bytes);
}

TEST(Policy, LetsAPeerPassOnWhatOthersMade) {
  EXPECT_TRUE(authorise(demo(), {}, decoded(envelope({.device = "door-7"}, {}))));
}

TEST(Policy, RefusesAnotherDevicesEnvelope) {
  const auto a = authorise(demo(), {"door-8"}, decoded(envelope({.device = "door-7"}, {})));
  ASSERT_FALSE(a);
  EXPECT_EQ(a.error().reason, Reject::wrong_device);
  EXPECT_NE(a.error().rule.find("door-8"), std::string::npos);
  EXPECT_NE(a.error().rule.find("door-7"), std::string::npos);
  EXPECT_LE(a.error().rule.size(), 200u);
}

TEST(Policy, RefusesAnotherFleetFirst) {
  const auto a =
      authorise(demo(), {"x"}, decoded(envelope({.device = "door-7", .fleet = "other"}, {})));
  ASSERT_FALSE(a);
  EXPECT_EQ(a.error().reason, Reject::fleet);
}

TEST(Policy, RefusesReservedKeysNamingThem) {
  for (const std::string_view who : {"door-7", ""}) {
    const auto a = authorise(
        demo(), {who},
        decoded(envelope({.device = "door-7"}, {counter("$fleet/a", 1, 1), counter("a", 1, 1),
                                                testing::set("$fleet/a", 0, 1, {{1, "x"}})})));
    ASSERT_FALSE(a);
    EXPECT_EQ(a.error().reason, Reject::reserved_key);
    const std::vector<std::pair<std::string, std::uint8_t>> named = {{"$fleet/a", 1},
                                                                     {"$fleet/a", 4}};
    EXPECT_EQ(a.error().keys, named);
  }
  EXPECT_TRUE(authorise(demo(), {"door-7"},
                        decoded(envelope({.device = "door-7"}, {counter("a/$b", 1, 1)}))));
}

TEST(Policy, NamesAtMostSixteenKeys) {
  std::vector<wire::Entry> entries;
  for (int i = 0; i < 40; ++i)
    entries.push_back(counter(testing::keep("$k" + std::to_string(i)), 1, 1));
  const auto a = authorise(demo(), {"a"}, decoded(envelope({}, entries)));
  ASSERT_FALSE(a);
  EXPECT_EQ(a.error().keys.size(), 16u);
}

TEST(Policy, LongIdsStillMakeAShortRule) {
  const std::string id(64, 'x'), other(64, 'y');
  const auto a = authorise(demo(), {other}, decoded(envelope({.device = id}, {})));
  ASSERT_FALSE(a);
  EXPECT_LE(a.error().rule.size(), 200u);
}

TEST(Glob, Matches) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*", "anything"));
  EXPECT_TRUE(glob_matches("", ""));
  EXPECT_TRUE(glob_matches("door-?", "door-7"));
  EXPECT_TRUE(glob_matches("door-*", "door-"));
  EXPECT_TRUE(glob_matches("*-a", "dev-1-a"));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(glob_matches("a*b*c", "abc"));
  EXPECT_TRUE(glob_matches("**", "x"));
  EXPECT_TRUE(glob_matches("a?*", "ab"));
}

TEST(Glob, Refuses) {
  EXPECT_FALSE(glob_matches("", "x"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("door-?", "door-"));
  EXPECT_FALSE(glob_matches("door-?", "door-17"));
  EXPECT_FALSE(glob_matches("*-a", "dev-1-b"));
  EXPECT_FALSE(glob_matches("a*b*c", "a-b-b"));
  EXPECT_FALSE(glob_matches("Door", "door"));
  EXPECT_FALSE(glob_matches("a*", "ba"));
}

TEST(Glob, IsNotExponential) {
  const std::string pattern = "a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
  EXPECT_FALSE(glob_matches(pattern, std::string(64, 'a')));
}

}  // namespace
}  // namespace tributary::core
