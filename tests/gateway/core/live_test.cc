// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/live.h"

#include <gtest/gtest.h>

#include <random>

#include "firmware-sim/sdk/delta_maker.h"
#include "tests/gateway/core/support/craft.h"

namespace tributary::core::testing {
namespace {

std::size_t live_after(const std::vector<std::string>& envelopes) {
  Core core;
  for (const std::string& e : envelopes) core.take(e);
  EXPECT_EQ(core.rebuilt()->digest(), core.digest());
  EXPECT_EQ(core.rebuilt()->unknown_digest(), core.unknown_digest());
  EXPECT_EQ(core.live.size() + core.dropped.size(), envelopes.size());
  return core.live.size();
}

TEST(LiveSet, ALargerCounterSupersedes) {
  const auto first = envelope({.to = 1}, {counter("c", 1, 5)});
  const auto second = envelope({.from = 1, .to = 2}, {counter("c", 2, 6)});
  EXPECT_EQ(live_after({first, second}), 1u);
  EXPECT_EQ(live_after({second, first}), 1u);
  // Smaller at a larger `to`: a liar. Nothing may be lost over it.
  EXPECT_EQ(live_after({first, envelope({.from = 1, .to = 2}, {counter("c", 2, 4)})}), 2u);
}

TEST(LiveSet, BothHalvesOfAPnCounterCount) {
  const auto e = [](std::uint64_t to, std::uint64_t p, std::uint64_t n) {
    return envelope({.from = to - 1, .to = to}, {up_down("p", to, p, n)});
  };
  EXPECT_EQ(live_after({e(1, 5, 5), e(2, 6, 5)}), 1u);
  EXPECT_EQ(live_after({e(1, 5, 5), e(2, 6, 4)}), 2u);
  EXPECT_EQ(live_after({e(1, 5, 5), e(2, 6, 4), e(3, 4, 6)}), 2u);  // two later ones together
  EXPECT_EQ(live_after({e(3, 4, 6), e(2, 6, 4), e(1, 5, 5)}), 2u);
  EXPECT_EQ(live_after({e(1, 5, 5), e(2, 6, 4), e(3, 7, 4)}), 2u);  // they lack the first one's n
}

TEST(LiveSet, ALaterWriteSupersedesARegister) {
  const auto e = [](std::uint64_t to, std::uint64_t op, std::uint64_t hlc) {
    return envelope({.from = to - 1, .to = to}, {reg("r", to, op, crdt::Hlc{hlc}, 1)});
  };
  EXPECT_EQ(live_after({e(1, 1, 9), e(2, 2, 3)}), 1u);  // whatever the clock says
  EXPECT_EQ(live_after({e(2, 2, 3), e(1, 1, 9)}), 1u);
  EXPECT_EQ(live_after({e(1, 1, 9), e(2, 1, 8)}), 2u);  // a clone
}

TEST(LiveSet, AGrowOnlySetNeedsItsElementsNotItsIntervals) {
  const auto e = [](std::uint64_t lo, std::uint64_t to, std::vector<std::string_view> elements) {
    return envelope({.from = lo, .to = to}, {grown("g", lo, to, std::move(elements))});
  };
  EXPECT_EQ(live_after({e(0, 1, {"a"}), e(1, 2, {"b"})}), 2u);
  EXPECT_EQ(live_after({e(0, 1, {"a"}), e(1, 2, {"b"}), e(0, 3, {"a", "b", "c"})}), 1u);
  EXPECT_EQ(live_after({e(0, 3, {"a", "b", "c"}), e(0, 1, {"a"}), e(1, 2, {"b"})}), 1u);
  EXPECT_EQ(live_after({e(0, 2, {"a", "b"}), e(0, 3, {"b", "c"})}), 2u);
}

TEST(LiveSet, AnOrSetNeedsWhatALaterEntryCovers) {
  const auto base = envelope({.to = 2}, {set("s", 0, 2, {{1, "a"}, {2, "b"}})});
  const auto removal = envelope({.from = 2, .to = 3}, {set("s", 2, 3, {}, {1})});
  EXPECT_EQ(live_after({base, removal}), 2u);
  EXPECT_EQ(
      live_after({base, removal, envelope({.from = 3, .to = 4}, {set("s", 0, 4, {{2, "b"}})})}),
      1u);
  EXPECT_EQ(live_after({base, envelope({.to = 4, .part = 1, .parts = 2}, {set("s", 0, 1)}),
                        envelope({.to = 4, .part = 2, .parts = 2}, {set("s", 1, 4, {{2, "b"}})})}),
            2u);
}

TEST(LiveSet, AnEnvelopeLivesWhileOneOfItsEntriesIsNeeded) {
  Core core;
  core.take(envelope({.to = 2}, {counter("a", 2, 1), counter("b", 2, 1), counter("c", 2, 1)}));
  core.take(envelope({.from = 2, .to = 3}, {counter("a", 3, 2), counter("b", 3, 2)}));
  EXPECT_EQ(core.live.size(), 2u);
  EXPECT_EQ(core.actors.find("a", 1)->live_count, 2u);
  core.take(envelope({.from = 3, .to = 4}, {counter("c", 4, 2)}));
  EXPECT_EQ(core.live.size(), 2u);
  ASSERT_EQ(core.dropped.size(), 1u);
  EXPECT_EQ(core.dropped[0].row, 1u);
  EXPECT_TRUE(core.dropped[0].stored);
}

TEST(LiveSet, AnEnvelopeWithoutEntriesDoesNotLive) {
  EXPECT_EQ(live_after({envelope({.to = 1}, {})}), 0u);
}

TEST(LiveSet, OfTwoThatSayTheSameOneStaysTheSameOneEverywhere) {
  const auto one = envelope({.id = 1}, {counter("c", 1, 5)});
  const auto two = envelope({.id = 2}, {counter("c", 1, 5)});
  Core first, second;
  first.take(one), first.take(two);
  second.take(two), second.take(one);
  ASSERT_EQ(first.live.size(), 1u);
  EXPECT_EQ(first.held()[0].first, second.held()[0].first);
}

TEST(LiveSet, CountsWhatItHolds) {
  Core core;
  EXPECT_EQ(core.live.bytes(), 0u);
  const std::string e = envelope({.to = 1}, {counter("c", 1, 5)});
  core.take(e);
  const ActorRecord& a = *core.actors.find("a", 1);
  EXPECT_EQ(core.live.bytes(), e.size());
  EXPECT_EQ(a.live_count, 1u);
  EXPECT_EQ(a.live_bytes, decoded(e).sealed.body.size());
  EXPECT_EQ(core.live.size(a.bucket), 1u);
  EXPECT_TRUE(core.live.contains(hash_of(e)));
  EXPECT_EQ(core.live.find(wire::Hash{}), nullptr);
  core.take(envelope({.from = 1, .to = 2}, {counter("c", 2, 6)}));
  EXPECT_EQ(a.live_count, 1u);
  EXPECT_FALSE(core.live.contains(hash_of(e)));
}

TEST(LiveSet, FindsTheEnvelopeThatRemoves) {
  Core core;
  core.take(envelope({.device = "a", .to = 2}, {set("s", 0, 2, {{1, "x"}, {2, "y"}})}));
  const std::string removal =
      envelope({.device = "b", .to = 1}, {set("s", 0, 1, {}, {}, {{"a", 1, 1}})});
  core.take(removal);
  KeyState* s = core.keys.find("s", 4);
  const ActorRef a{core.actors.find("a", 1)}, b{core.actors.find("b", 1)};
  const LiveEnvelope* e = core.live.removal({s, {a, 1}, b});
  ASSERT_NE(e, nullptr);
  EXPECT_EQ(*e->bytes, removal);
  EXPECT_EQ(core.live.removal({s, {a, 2}, b}), nullptr);
  EXPECT_EQ(core.live.removal({s, {b, 1}, ActorRef{&core.actors.intern("c", 1)}}), nullptr);
}

// Whatever is collected, and when: the state stays, and what is swept away is not needed either.
TEST(LiveSet, ASweepFindsWhatArrivalCouldNotAndChangesNoState) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    sdk::State state;
    sdk::Cell& s = *state.cell("s", wire::Type::orset);
    sdk::Cell& g = *state.cell("g", wire::Type::gset);
    std::vector<std::string> sent;
    for (std::uint64_t n = 1; n <= 150; ++n) {
      const std::string element = "e" + std::to_string(random() % 40);
      if (random() % 3 == 0)
        state.erase(s, element);
      else
        state.insert(s, element);
      state.insert(g, "g" + std::to_string(random() % 60));
      if (random() % 3 != 0) continue;
      const std::uint64_t from = random() % 4 == 0 ? 0 : random() % state.last_op();
      for (const std::string& e :
           sdk::make_delta(state, {"demo", "d", 1, 120 + random() % 300, random() % 100}, from, n)
               .envelopes)
        sent.push_back(e);
    }
    std::shuffle(sent.begin(), sent.end(), random);
    Core core;
    for (const std::string& e : sent) core.take(e);
    const std::string digest = core.digest();
    const std::size_t before = core.live.size();
    core.live.begin_sweep();
    int rounds = 0;
    while (core.live.sweeping()) {
      core.live.sweep(7);
      ASSERT_LT(++rounds, 10'000);
    }
    EXPECT_LE(core.live.size(), before);
    EXPECT_EQ(core.digest(), digest);
    EXPECT_EQ(core.rebuilt()->digest(), digest);
    // One complete delta, later than all, leaves only its own parts.
    state.insert(g, "the last");
    const auto whole = sdk::make_delta(state, {"demo", "d", 1, 10'000, 100'000}, 0, 999);
    for (const std::string& e : whole.envelopes) core.take(e);
    core.live.begin_sweep();
    while (core.live.sweeping()) core.live.sweep(1'000);
    EXPECT_EQ(core.live.size(), whole.envelopes.size());
    EXPECT_EQ(core.rebuilt()->digest(), core.digest());
  }
}

}  // namespace
}  // namespace tributary::core::testing
