// SPDX-License-Identifier: Apache-2.0
// What a reconnect publishes again: at once what the broker's copy of our own head lacks, the rest
// slowly.
#include <gtest/gtest.h>

#include "tests/gateway/core/support/rig.h"

namespace tributary::core::testing {
namespace {

struct Reconnect : ::testing::Test {
  Rig rig;
  std::map<std::pair<LinkId, std::string>, std::string> kept;

  static std::string device(std::size_t d) { return "d" + std::to_string(d); }
  void SetUp() override {
    rig.boot();
    rig.run(200);
    for (std::size_t d = 0; d < 200; ++d) rig.up(device(d), parts(0, 1, 1, keep(device(d))));
    rig.run(3'000);
    kept = rig.retained;
    published = states();
    ASSERT_GE(published, 50u);
    rig.run(60'000);  // what an earlier life may have left is not listened to any more
    rig.disconnect();
    rig.take("");
  }
  std::size_t published = 0;
  std::size_t states() { return rig.take("gw/gw/state/").size(); }
  void head() { rig.hear(rig.topic("gw/gw/head"), kept.at({0, rig.topic("gw/gw/head")}), true); }
};

TEST_F(Reconnect, WhatTheBrokerRemembersIsPublishedAgainSlowly) {
  rig.connect();
  head();
  rig.run(2'000);
  EXPECT_EQ(states(), 0u);
  EXPECT_TRUE(rig.take("view/").empty());
  rig.run(60'000);
  EXPECT_EQ(states(), 3u);
  EXPECT_FALSE(rig.take("view/").empty());
  rig.disconnect();  // and goes on from there
  rig.connect();
  head();
  std::map<std::string, int> again;
  rig.run(64 * 20'000 + 10'000);
  for (const Publish& p : rig.take("gw/gw/state/")) again[p.topic] += 1;
  EXPECT_EQ(again.size(), published);
  for (const auto& [topic, times] : again) EXPECT_EQ(times, 1) << topic;
  rig.run(600'000);
  EXPECT_EQ(states(), 0u);
}

TEST_F(Reconnect, WhatChangedSinceItsHeadIsPublishedAtOnce) {
  rig.up("d7", parts(0, 5, 5, "d7"));  // on a link of its own
  rig.run(3'000);
  EXPECT_EQ(states(), 0u);  // nobody hears
  rig.connect();
  rig.run(50);
  EXPECT_EQ(states(), 0u);  // it waits for what the broker has
  head();
  rig.run(1'000);
  EXPECT_EQ(states(), 1u);
  EXPECT_FALSE(rig.take("gw/gw/head").empty());
}

TEST_F(Reconnect, WhatIsForgottenIsPublishedWhole) {
  rig.connect();
  rig.run(50);
  EXPECT_EQ(states(), 0u);
  rig.run(1'000);
  EXPECT_EQ(states(), published);
  EXPECT_FALSE(rig.take("gw/gw/head").empty());
}

TEST_F(Reconnect, ItsOwnEchoIsNoMemory) {
  rig.connect();
  rig.hear(rig.topic("gw/gw/head"), kept.at({0, rig.topic("gw/gw/head")}), false);
  rig.run(1'000);
  EXPECT_EQ(states(), published);
}

}  // namespace
}  // namespace tributary::core::testing
