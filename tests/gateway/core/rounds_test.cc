// SPDX-License-Identifier: Apache-2.0
// Large bucket state goes out a few buckets a call, and while traffic goes on with pauses between.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "gateway/core/announcer.h"
#include "tests/gateway/core/support/rig.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

// One bucket a call, as if each held thousands of envelopes. A device has 12,000 bytes that nothing
// makes smaller, for which state pauses 47 ms.
struct Rounds : ::testing::Test {
  static constexpr int devices = 60;
  static constexpr std::uint64_t step_ms = 20;
  Rig rig{slowly()};
  std::uint64_t count = 0;

  static Options slowly() {
    Options o = Rig::defaults();
    o.state_envelopes_at_once = 1;
    o.state_interval_min_ms = 2'000;
    o.settle_ms = 1'500;
    o.sync_interval_max_ms = 30'000;
    o.view_interval_ms = 60'000;
    return o;
  }
  static std::string device(int d) { return "dev-" + std::to_string(d); }
  void SetUp() override {
    rig.boot();
    rig.run(2'000);
    everybody_writes(0);
  }
  void everybody_writes(std::uint64_t before) {
    std::uint64_t x = before + 1;
    for (int d = 0; d < devices; ++d) {
      std::vector<std::string_view> noise;
      for (int n = 0; n < 24; ++n) {
        std::string element;
        while (element.size() < 500) {
          x = x * 48'271 % 2'147'483'647;
          element += static_cast<char>('!' + x % 90);
        }
        noise.push_back(keep(element));
      }
      rig.up(device(d), envelope({.device = keep(device(d)), .from = before, .to = before + 1},
                                 {grown("g", before, before + 1, noise)}));
    }
  }
  // One more device writes at each step: traffic never settles. The most that a step published.
  std::size_t busiest_step(std::uint64_t ms) {
    std::size_t most = 0;
    for (std::uint64_t t = 0; t < ms; t += step_ms) {
      rig.up("busy", parts(count, count + 1, count + 1, "busy"));
      ++count;
      rig.run(step_ms);
      const std::size_t now = states();
      states_out += now;
      most = std::max(most, now);
      if (::testing::Test::HasFatalFailure()) return most;
    }
    return most;
  }
  std::size_t states_out = 0;
  std::size_t states() { return rig.take("gw/gw/state/").size(); }
  std::size_t published() const {
    std::size_t n = 0;
    for (std::uint32_t b = 0; b < wire::bucket_count; ++b)
      n += rig.retained.count({0, rig.topic("gw/gw/state/" + std::to_string(b) + "/0")});
    return n;
  }
  // That hold anything.
  static std::size_t buckets() {
    std::set<std::uint32_t> all{wire::bucket_of("busy", 1)};
    for (int d = 0; d < devices; ++d) all.insert(wire::bucket_of(device(d), 1));
    return all.size();
  }
  // Whoever reads what our newest head names finds it.
  void expect_what_the_head_names() const {
    const auto head = wire::decode_head(rig.retained.at({0, rig.topic("gw/gw/head")}), {});
    ASSERT_TRUE(head);
    std::size_t named = 0;
    for (std::uint32_t b = 0; b < wire::bucket_count; ++b) {
      const auto& said = head->buckets[b];
      if (!said || !said->published) continue;
      ASSERT_EQ(said->parts, 1u);
      const std::string topic = "gw/gw/state/" + std::to_string(b) + "/0";
      const auto state = wire::decode_state_part(rig.retained.at({0, rig.topic(topic)}), {});
      ASSERT_TRUE(state) << topic;
      const wire::Hash bytes = wire::sha256(*wire::decode_pack(state->pack, {})->plain);
      EXPECT_EQ(*said->published, wire::sha256(bytes.view())) << topic;
      ++named;
    }
    EXPECT_EQ(named, published());
  }
};

TEST_F(Rounds, PauseWhileTrafficGoesOn) {
  EXPECT_LE(busiest_step(3'000), 2u);
  EXPECT_GE(published(), 10u);
  EXPECT_LE(published(), 25u);
  expect_what_the_head_names();
  EXPECT_LE(busiest_step(2'000), 2u);
  EXPECT_EQ(published(), buckets());
  expect_what_the_head_names();
}

TEST_F(Rounds, GoOnAtOnceWhenTrafficHasSettled) {
  busiest_step(2'200);
  EXPECT_LE(published(), 10u);
  rig.run(rig.options.settle_ms / 2 + 100);
  EXPECT_EQ(published(), buckets());
  expect_what_the_head_names();
}

TEST_F(Rounds, GoOnWhereALinkThatWasLostComesBack) {
  busiest_step(2'200);
  const auto kept = rig.retained;
  rig.disconnect();
  rig.run(10'000);
  EXPECT_LE(published(), 10u);
  rig.connect();
  rig.hear(rig.topic("gw/gw/head"), kept.at({0, rig.topic("gw/gw/head")}), true);
  rig.run(5'000);
  EXPECT_EQ(published(), buckets());
  expect_what_the_head_names();
}

TEST_F(Rounds, DoNotPauseForABrokerThatForgot) {
  busiest_step(2'200);
  rig.disconnect();
  rig.retained.clear();
  rig.connect();
  EXPECT_EQ(busiest_step(rig.options.listen_ms + 2 * step_ms), buckets());
  EXPECT_EQ(published(), buckets());
  expect_what_the_head_names();
}

// One bucket each 20 s, of what a broker says that it remembers.
TEST_F(Rounds, PauseAlsoWhenOneBucketIsPublishedOnceMore) {
  rig.run(5'000);
  rig.disconnect();
  rig.connect();
  rig.hear(rig.topic("gw/gw/head"), rig.retained.at({0, rig.topic("gw/gw/head")}), true);
  rig.run(17'000);
  everybody_writes(1);
  states();
  EXPECT_LE(busiest_step(9'000), 3u);
  EXPECT_GE(states_out, buckets());
}

TEST_F(Rounds, AreNotWaitedForByWhoLeaves) {
  busiest_step(2'200);
  rig.stop();
  rig.commit();
  EXPECT_TRUE(rig.gateway->stopped());
  EXPECT_EQ(published(), buckets());
  expect_what_the_head_names();
}

TEST_F(Rounds, EndWhenNothingIsLeft) {
  rig.run(60'000);
  const auto heads = rig.take("gw/gw/head").size();
  int turns = 0;
  for (const std::uint64_t end = rig.now().mono_ms + 60'000; rig.now().mono_ms < end; ++turns)
    rig.run(std::min(end, *rig.gateway->deadline()) - rig.now().mono_ms + 1);
  EXPECT_LE(turns, 15) << "after " << heads << " heads";
}

// What is at rest is read for it.
TEST(Round, ComesBackToABucketThatTheDiskDidNotGive) {
  Options o = Rounds::slowly();
  Rig rig(Rig::cold(o));
  rig.boot();
  rig.run(2'000);
  const auto states = [&] { return rig.take("gw/gw/state/").size(); };
  for (int d = 0; d < 20; ++d) rig.up(Rounds::device(d), parts(0, 1, 1, keep(Rounds::device(d))));
  rig.run(100);
  rig.unreadable = true;
  rig.run(3'000);
  EXPECT_EQ(states(), 0u);
  rig.unreadable = false;
  rig.run(2'000);
  EXPECT_GE(states(), 10u);
}

}  // namespace
}  // namespace tributary::core::testing
