// SPDX-License-Identifier: Apache-2.0
// What a gateway lets the brokers retain, and what it finds there of an earlier life of its own.
#include "gateway/core/announcer.h"

#include <gtest/gtest.h>

#include "tests/gateway/core/support/rig.h"
#include "transports/session.h"

namespace tributary::core::testing {
namespace {

TEST(Announcer, OurOwnHeadOfThisStartSaysNothing) {
  Rig rig;
  rig.boot();
  rig.run(200);
  rig.up("a", parts(0, 3, 7));
  rig.run(2'000);
  rig.hear(rig.topic("gw/gw/head"), rig.retained.at({0, rig.topic("gw/gw/head")}), true);
  EXPECT_EQ(rig.gateway->counters().heads_in, 0u);
  EXPECT_TRUE(rig.gateway->peers().empty());
}

struct EarlierLife : ::testing::Test {
  Rig rig;
  std::map<std::pair<LinkId, std::string>, std::string> left;

  void SetUp() override {
    rig.options.state_part_bytes = 400;
    rig.boot();
    for (std::uint64_t n = 0; n < 30; ++n)
      rig.up("a", envelope({.from = n, .to = n + 1},
                           {counter(keep("key-" + std::to_string(n)), n + 1, 1)}));
    rig.run(3'000);
    left = rig.retained;
  }
  std::size_t states() const {
    std::size_t n = 0;
    for (const auto& [at, payload] : rig.retained)
      n += at.second.find("/state/") != std::string::npos;
    return n;
  }
  void lose_the_disk() {
    rig.crash();
    rig.disk = {};
    rig.disk.incarnation = 78;
  }
  void hear_own_head() {
    rig.hear(rig.topic("gw/gw/head"), left.at({0, rig.topic("gw/gw/head")}), true);
  }
  bool replay() {
    bool any = false;
    for (const Subscription& s : rig.take_subscriptions()) {
      for (const auto& [at, payload] : left) {
        if (!s.subscribe || s.filter.find("/state/") == std::string::npos ||
            !transports::topic_matches(s.filter, at.second))
          continue;
        rig.hear(at.second, payload, true);
        any = true;
      }
    }
    return any;
  }
};

TEST_F(EarlierLife, AWipedGatewayReadsItBeforeItOverwritesIt) {
  const std::string digest = rig.digest();
  lose_the_disk();
  rig.published.clear();
  rig.boot();
  hear_own_head();
  rig.run(50);
  EXPECT_TRUE(rig.take("gw/gw/head").empty());
  EXPECT_FALSE(rig.gateway->summary().announced);
  EXPECT_TRUE(replay());
  rig.run(100);
  EXPECT_EQ(rig.digest(), digest);
  EXPECT_TRUE(rig.gateway->summary().announced);
  EXPECT_FALSE(rig.take("gw/gw/head").empty());
  bool told = false;
  for (const Notice& n : rig.notices) told |= n.kind == "own-past";
  EXPECT_TRUE(told);
  EXPECT_EQ(rig.gateway->counters().fetches, 1u);
  EXPECT_EQ(rig.on_disk()->digest(), digest);
  rig.up("a", parts(0, 1, 1, "a"));
  rig.settle();
}

// Found by following docs/operations.md: when a backup is restored right after a stop, what was
// acknowledged since was nowhere: the broker did not have it yet.
TEST_F(EarlierLife, ThatWasStoppedHasLeftAllOfItWithTheBroker) {
  rig.up("late", envelope({.device = "late", .to = 1}, {counter("late", 1, 5)}));
  rig.stop();
  rig.commit();
  ASSERT_TRUE(rig.gateway->stopped());
  const std::string digest = rig.digest();
  const auto view = rig.retained.find({0, rig.topic("view/gw/gcounter/late")});
  ASSERT_NE(view, rig.retained.end());
  EXPECT_NE(view->second.find("\"value\":5"), std::string::npos) << view->second;

  left = rig.retained;
  lose_the_disk();
  rig.boot();
  hear_own_head();
  rig.run(50);
  EXPECT_TRUE(replay());
  rig.run(100);
  EXPECT_EQ(rig.digest(), digest) << "another disk under our name begins with what we left";
}

TEST_F(EarlierLife, ThatCannotBeReadIsWaitedForOnlySoLong) {
  lose_the_disk();
  rig.boot();
  hear_own_head();
  rig.run(50);
  rig.take_subscriptions();  // the broker forgot the states
  rig.run(rig.options.fetch_timeout_ms - 200);
  EXPECT_FALSE(rig.gateway->summary().announced);
  rig.run(1'000);
  EXPECT_TRUE(rig.gateway->summary().announced);
}

TEST_F(EarlierLife, LeavesNoPartsBehindThatAreNotNeeded) {
  ASSERT_GE(states(), 4u);
  rig.crash();
  rig.options.state_part_bytes = 100'000;  // now it all fits in one part
  rig.boot();
  hear_own_head();
  rig.run(3'000);
  EXPECT_EQ(states(), 1u);
  EXPECT_EQ(rig.gateway->counters().fetches, 0u);  // the disk has it all
}

TEST_F(EarlierLife, OfAnEmptyDatabaseClearsWhatNobodyCanReadAnyMore) {
  lose_the_disk();
  rig.boot();
  hear_own_head();
  rig.run(30'000);  // none of its states is there
  EXPECT_LE(states(), 1u);
}

TEST(Announcer, AnnouncesAtOnceThenSlower) {
  Rig rig;
  rig.boot();
  rig.run(100);
  EXPECT_EQ(rig.take("gw/gw/head").size(), 1u);
  rig.run(60'000);
  const auto idle = rig.take("gw/gw/head").size();
  EXPECT_LE(idle, 60'000u / rig.options.sync_interval_max_ms + 4);
  EXPECT_GE(idle, 20u);
  rig.up("a", parts(0, 1, 1));
  rig.run(700);
  EXPECT_GE(rig.take("gw/gw/head").size(), 1u);  // soon after a change
}

TEST(Announcer, PublishesOnlyThePartsThatChanged) {
  Rig rig;
  rig.boot();
  for (int d = 0; d < 20; ++d) {
    const std::string_view id = keep("dev-" + std::to_string(d));
    rig.up(id, envelope({.device = id, .to = 1}, {counter("k", 1, 1)}));
  }
  rig.run(3'000);
  const auto first = rig.gateway->counters().state_parts_out;
  EXPECT_GE(first, 10u);
  rig.up("dev-3", envelope({.device = "dev-3", .from = 1, .to = 2}, {counter("k", 2, 2)}));
  rig.run(3'000);
  EXPECT_EQ(rig.gateway->counters().state_parts_out, first + 1);
}

TEST(Announcer, KeepsItsRetainedTopicsBelowAThousand) {
  Options o = Rig::defaults();
  o.state_part_bytes = 100;
  o.view_topics_max = 200;
  o.batch_envelopes_max = 10'000;
  Rig rig(o);
  rig.boot();
  for (int d = 0; d < 3'000; ++d) {
    const std::string_view id = keep("dev-" + std::to_string(d));
    rig.up(id, envelope({.device = id, .to = 1},
                        {counter(keep("k" + std::to_string(d)), 1, 1),
                         grown("g", 0, 1, {keep(std::string(300, 'x') + std::to_string(d))})}));
  }
  rig.run(10'000);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, 3'000u);
  EXPECT_LT(rig.retained.size(), 1'000u);
  for (const auto& [at, payload] : rig.retained) EXPECT_LT(payload.size(), 262'144u);
}

}  // namespace
}  // namespace tributary::core::testing
