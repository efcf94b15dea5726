// SPDX-License-Identifier: Apache-2.0
// A peer's batches out of order, as several connections bring them: what is late is no gap, what is
// lost is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/gateway/core/support/rig.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

// Gateway a speaks, and b hears of it what a test lets through.
struct Batches : ::testing::Test {
  Rig a{Rig::defaults("ga")}, b{Rig::defaults("gb")};
  std::uint64_t said = 0;

  void SetUp() override {
    b.session = 100;
    a.boot(), b.boot();
    a.meet();
    run(200);
    const std::vector<Publish> first = say(1);
    hear(first[0]);
    run(2'000);
    head();
    run(30'000);  // what a connect asks for is over
    b.take_subscriptions();
    ASSERT_EQ(gaps(), 0U);
  }
  void run(std::uint64_t ms) { a.run(ms), b.run(ms); }
  // So many batches, each of one operation.
  std::vector<Publish> say(std::size_t count) {
    std::vector<Publish> out;
    for (std::size_t i = 0; i < count; ++i, ++said) {
      a.up("a", parts(said, said + 1, said + 1));
      a.run(60);
      for (Publish& p : a.take("gw/ga/delta")) out.push_back(std::move(p));
    }
    EXPECT_EQ(out.size(), count);
    return out;
  }
  void hear(const Publish& batch) { b.hear(batch.topic, batch.payload); }
  void head() { b.hear(a.topic("gw/ga/head"), a.retained.at({0, a.topic("gw/ga/head")}), true); }
  std::uint64_t gaps() const { return b.gateway->counters().gaps; }
  std::uint64_t repairs() const {
    return b.gateway->counters().fetches + b.gateway->counters().asks_out;
  }
  // b has seen one that came late: from now on it knows that they do.
  void learn() {
    const auto two = say(2);
    hear(two[1]);
    hear(two[0]);
    run(30'000);
    b.take_subscriptions();
  }
};

TEST_F(Batches, OfAPeerThatNeverWasLateAMissingOneIsAGapAtOnce) {
  const auto two = say(2);
  hear(two[1]);
  EXPECT_EQ(gaps(), 1U);
}

TEST_F(Batches, AfterTheFirstThatCameLateAnyOrderIsNoGap) {
  learn();
  EXPECT_EQ(gaps(), 1U) << "the price of learning";
  std::uint64_t repaired = 0;
  std::mt19937_64 random(7);
  for (int round = 0; round < 20; ++round) {
    auto batches = say(8);
    std::shuffle(batches.begin(), batches.end(), random);
    a.run(2'000);
    head();  // counts them all, and overtakes them
    for (const Publish& batch : batches) {
      hear(batch);
      b.run(b.options.settle_ms / 4);
    }
    if (round == 0) repaired = repairs();  // of that gap
  }
  run(b.options.settle_ms);
  EXPECT_EQ(gaps(), 1U);
  EXPECT_EQ(repairs(), repaired);
  EXPECT_EQ(b.shows("parts", wire::Type::gcounter), std::to_string(said));
}

TEST_F(Batches, OneThatStaysAwayIsAGapInTheEndAndOnce) {
  learn();
  const auto batches = say(3);
  hear(batches[0]);
  hear(batches[2]);
  run(3 * b.options.settle_ms);
  EXPECT_EQ(gaps(), 1U) << "it may be under way";
  run(2 * b.options.settle_ms);
  EXPECT_EQ(gaps(), 2U);
  run(60'000);
  EXPECT_EQ(gaps(), 2U);
  hear(batches[1]);
  hear(batches[1]);
  run(60'000);
  EXPECT_EQ(gaps(), 2U) << "very late, and twice";
}

TEST_F(Batches, AGapIsRepairedAlthoughOthersGoOnComing) {
  learn();
  const std::uint64_t repaired = repairs();
  const auto lost = say(2);
  hear(lost[1]);
  for (int i = 0; i < 30; ++i) {
    hear(say(1)[0]);
    head();
    run(500);
  }
  EXPECT_EQ(gaps(), 2U) << "news that keeps coming hides it for ever otherwise";
  EXPECT_GE(repairs(), repaired);
}

TEST_F(Batches, TheLastOfABurstAreMissedByTheHeadAlso) {
  learn();
  const auto batches = say(3);
  hear(batches[0]);
  a.run(2'000);
  head();
  b.run(5 * b.options.settle_ms);
  EXPECT_EQ(gaps(), 2U);
}

// Numbers that nobody sent must not fill the memory.
TEST_F(Batches, NumbersAheadAreKeptInMindWithinABound) {
  learn();
  const Publish real = say(1)[0];
  wire::Batch batch = *wire::decode_batch(real.payload, b.options.wire);
  const std::uint64_t lost = batch.number;
  for (std::uint64_t i = 1; i < 4'200; ++i) {
    batch.number = lost + i;
    hear({0, real.topic, wire::encode(batch)});
  }
  EXPECT_EQ(gaps(), 2U) << "given up early";
}

TEST_F(Batches, ANewLifeOfThePeerBeginsAnew) {
  learn();
  a.session = 9;
  a.reboot();
  a.meet();
  run(2'000);
  a.take("");
  const auto batches = say(2);
  hear(batches[1]);
  const std::uint64_t before = gaps();
  hear(batches[0]);
  hear(say(2)[1]);
  EXPECT_EQ(gaps(), before + 1) << "what was learnt is of the life before";
}

// Several sessions cannot leave out what we published ourselves, so it is not subscribed to.
TEST(Several, BatchesAreHeardPeerByPeer) {
  Rig rig(Rig::defaults("gw"), {{.name = "local", .several = true}});
  Rig peer(Rig::defaults("ga"));
  rig.boot(), peer.boot();
  const auto deltas = [&] {
    std::vector<std::string> out;
    for (const Subscription& s : rig.take_subscriptions()) {
      if (!s.filter.ends_with("/delta")) continue;
      EXPECT_TRUE(s.subscribe);
      EXPECT_FALSE(s.no_local) << "it cannot be shared";
      out.push_back(s.filter);
    }
    return out;
  };
  EXPECT_TRUE(deltas().empty());
  peer.run(2'000), rig.run(2'000);
  const std::string status = peer.topic("gw/ga/status"), head = peer.topic("gw/ga/head");
  rig.hear(status, peer.retained.at({0, status}), true);
  EXPECT_EQ(deltas(), std::vector<std::string>{rig.topic("gw/ga/delta")});
  rig.hear(status, peer.retained.at({0, status}), true);
  rig.hear(head, peer.retained.at({0, head}), true);
  EXPECT_TRUE(deltas().empty()) << "once; the session keeps it over reconnects";
  const std::string own = rig.topic("gw/gw/head");
  rig.hear(own, rig.retained.at({0, own}), true);
  EXPECT_TRUE(deltas().empty()) << "not our own";
}

}  // namespace
}  // namespace tributary::core::testing
