// SPDX-License-Identifier: Apache-2.0
// Counterexamples that once broke the rules, each with its number from the executable model, on the
// shipping state; and every order of a small honest history. Each state is compared with what its
// live envelopes alone rebuild.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "firmware-sim/sdk/delta_maker.h"
#include "tests/gateway/core/support/craft.h"
#include "tests/gateway/core/support/rig.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

// Feeds them in this order and checks that a restart changes nothing.
std::unique_ptr<Core> fed(const std::vector<std::string>& envelopes) {
  auto core = std::make_unique<Core>();
  for (const std::string& e : envelopes) {
    core->take(e);
    EXPECT_EQ(core->rebuilt()->digest(), core->digest()) << "after " << wire::to_hex(e);
  }
  return core;
}

// In every order: one state, and its restart.
std::string always(std::vector<std::string> envelopes, std::string_view key, Type type) {
  std::sort(envelopes.begin(), envelopes.end());
  std::string digest, shown;
  do {
    const auto core = fed(envelopes);
    if (digest.empty()) digest = core->digest(), shown = core->shows(key, type);
    EXPECT_EQ(core->digest(), digest);
    EXPECT_EQ(core->shows(key, type), shown);
    EXPECT_EQ(core->rebuilt()->shows(key, type), shown);
  } while (std::next_permutation(envelopes.begin(), envelopes.end()));
  return shown;
}

// 1 adds u, 2 adds v, 3 removes u, a complete entry is made, 4 adds w; then the second part of a
// complete delta arrives without the first.
TEST(Counterexample, N1_PartOfASplitMustNotKillARemoval) {
  const std::vector<std::string> history = {
      envelope({.from = 0, .to = 2}, {set("s", 0, 2, {{1, "u"}, {2, "v"}})}),
      envelope({.from = 2, .to = 3}, {set("s", 2, 3, {}, {1})}),
      envelope({.from = 0, .to = 4, .part = 2, .parts = 2}, {set("s", 2, 4, {{4, "w"}})})};
  EXPECT_EQ(fed(history)->shows("s", Type::orset), R"(["v","w"])");
  EXPECT_EQ(always(history, "s", Type::orset), R"(["v","w"])");
  EXPECT_EQ(fed(history)->live.size(), 3u);  // the removal is still needed
}

// (0, 2] made at 2 with u; (0, 2] of a split made at 4, where u is gone.
TEST(Counterexample, N2_OfOneIntervalTheLaterMadeStays) {
  const std::vector<std::string> history = {
      envelope({.from = 0, .to = 2}, {set("s", 0, 2, {{1, "u"}, {2, "v"}})}),
      envelope({.from = 0, .to = 4, .part = 1, .parts = 2}, {set("s", 0, 2, {{2, "v"}})})};
  EXPECT_EQ(always(history, "s", Type::orset), R"(["v"])");
  EXPECT_EQ(fed(history)->live.size(), 1u);
}

// (0, 2] of a split made at 4 (u is dead), then a late (0, 3] made at 3 (u is alive).
TEST(Counterexample, N3_ALateOlderDeltaRevivesNothing) {
  EXPECT_EQ(
      always({envelope({.from = 0, .to = 4, .part = 1, .parts = 2}, {set("s", 0, 2, {{2, "v"}})}),
              envelope({.from = 0, .to = 3}, {set("s", 0, 3, {{1, "u"}, {2, "v"}})})},
             "s", Type::orset),
      R"(["v"])");
}

// (0, 4] made twice, in two parts each, cut differently: part 1 of the first and part 2 of the
// second. Counter d was in the other two.
TEST(Counterexample, N4_TwoCutsOfOneIntervalAreNotTheWhole) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.to = 4, .part = 1, .parts = 2, .id = 11}, {counter("c", 4, 1)}));
  rig.up("a", envelope({.to = 4, .part = 2, .parts = 2, .id = 22}, {counter("e", 4, 7)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 0u);
  EXPECT_EQ(rig.shows("d", Type::gcounter), "nothing");
  rig.up("a", envelope({.to = 4, .part = 2, .parts = 2, .id = 11},
                       {counter("d", 4, 2), counter("e", 4, 7)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 4u);
}

// Draws operations of a set that stays large, always sent from 0 in pieces.
TEST(Counterexample, N5_StraddlingPiecesDoNotPileUp) {
  sdk::State state;
  sdk::Cell& s = *state.cell("s", Type::orset);
  std::mt19937_64 random(1);
  Core core;
  std::size_t worst = 0, pieces = 0;
  for (std::uint64_t n = 1; n <= 400; ++n) {
    if (s.set->adds.size() > 12) {
      auto at = s.set->adds.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random() % s.set->adds.size()));
      state.erase_op(s, at->first);
    } else {
      state.insert(s, "element-" + std::to_string(n));
    }
    if (n % 5 != 0) continue;
    const auto made = sdk::make_delta(state, {"demo", "d", 1, 120, 0}, 0, n);
    pieces = std::max(pieces, made.envelopes.size());
    for (const std::string& e : made.envelopes) core.take(e);
    worst = std::max(worst, core.live.size());
    EXPECT_EQ(core.rebuilt()->digest(), core.digest());
  }
  EXPECT_GT(pieces, 3u);
  EXPECT_LE(worst, 2 * pieces);
}

// An envelope of operations 5 … 9 rots: what was acknowledged on it is not acknowledged any more.
TEST(Counterexample, N6_RotLowersTheAck) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.from = 0, .to = 5}, {counter("c", 5, 5)}));
  rig.up("a", envelope({.from = 5, .to = 9}, {counter("c", 9, 9)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 9u);
  ASSERT_EQ(rig.disk.envelopes.size(), 1u);  // the older one was superseded
  rig.crash();
  rig.disk.envelopes.begin()->second.bytes.back() ^= 1;
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.shows("c", Type::gcounter), "nothing");
  rig.up("a", envelope({.from = 9, .to = 10}, {counter("other", 10, 1)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 0u);
}

// N1 in a type that the gateway learns later: nothing that it may need then was thrown away.
TEST(Counterexample, N7_UnknownTypesKeepWhatALaterReaderNeeds) {
  const std::vector<std::string> history = {
      envelope({.from = 0, .to = 2}, {set("s", 0, 2, {{1, "u"}, {2, "v"}})}),
      envelope({.from = 2, .to = 3}, {set("s", 2, 3, {}, {1})}),
      envelope({.from = 0, .to = 4, .part = 2, .parts = 2}, {set("s", 2, 4, {{4, "w"}})})};
  Core before;
  for (const std::string& e : history) before.take(to_future(e));
  EXPECT_EQ(before.shows("s", Type::orset), "nothing");
  Core after;  // after the upgrade
  for (const auto& [hash, bytes] : before.held()) after.take(from_future(*bytes));
  EXPECT_EQ(after.shows("s", Type::orset), R"(["v","w"])");
  // One that reaches from 0 supersedes all.
  before.take(to_future(envelope({.from = 0, .to = 5}, {set("s", 0, 5, {{2, "v"}})})));
  EXPECT_EQ(before.live.size(), 1u);
}

// Of an unknown type, later entries that reach from 0 only together do as well, in any order.
TEST(Counterexample, N7_UnknownPiecesSupersedeTogether) {
  std::vector<std::string> history = {
      to_future(envelope({.from = 0, .to = 3}, {set("s", 0, 3, {{1, "u"}})})),
      to_future(envelope({.to = 6, .part = 1, .parts = 2}, {set("s", 0, 2)})),
      to_future(envelope({.to = 6, .part = 2, .parts = 2}, {set("s", 2, 6, {{5, "x"}})})),
      to_future(envelope({.from = 3, .to = 7}, {set("s", 3, 7, {{7, "y"}})}))};
  std::sort(history.begin(), history.end());
  std::set<std::string> digests;
  do {
    Core core;
    for (const std::string& e : history) core.take(e);
    EXPECT_EQ(core.live.size(), 3u);
    digests.insert(core.unknown_digest());
    for (const std::string& e : history) core.take(e);  // late duplicates
    digests.insert(core.unknown_digest());
    digests.insert(core.rebuilt()->unknown_digest());
  } while (std::next_permutation(history.begin(), history.end()));
  EXPECT_EQ(digests.size(), 1u);
}

// Clones: operation 8 writes q (sent at 8), the other's register is of operation 6 (sent at 9).
TEST(Counterexample, N8_AClonesRegisterIsTheSameAfterARestart) {
  EXPECT_EQ(always({envelope({.from = 0, .to = 8}, {reg("r", 8, 8, crdt::Hlc{1}, 111)}),
                    envelope({.from = 0, .to = 9}, {reg("r", 9, 6, crdt::Hlc{1}, 99)})},
                   "r", Type::lww),
            "111");
}

// A device whose memory can be copied and put back.
struct Copyable {
  std::string saved;
  std::uint64_t drawn = 1'000;
  std::optional<sdk::Device> device;
  std::uint64_t now = 1'700'000'000'000;

  void open(std::string snapshot) {
    sdk::Options o;
    o.fleet = "demo";
    o.device = "d";
    o.random = [this] { return ++drawn; };
    o.save = [this](std::string_view s) { return saved = std::string(s), true; };
    o.saved = std::move(snapshot);
    device.emplace(std::move(*sdk::Device::open(std::move(o))));
    device->time(now);
  }
  std::vector<std::string> send() {
    now += 5;
    device->link_up(now);
    std::vector<std::string> out;
    for (sdk::Packet& p : device->poll(now)) out.push_back(std::move(p.payload));
    return out;
  }
  // True when it was told that it has a twin.
  bool exchange(Rig& rig, const std::vector<std::string>& packets) {
    for (const std::string& p : packets) rig.up("d", p);
    rig.settle();
    const auto ack = rig.ack("d");
    bool twin = false;
    if (ack) {
      for (const sdk::Event& e : device->receive(now, ack->bytes))
        twin |= e.kind == sdk::Event::Kind::twin;
    }
    return twin;
  }
};

// Acknowledged to 8; put back to 5; 4 more made and sent before any ack is heard.
TEST(Counterexample, N9_AnOvertakenCopyIsToldByThePointItDoesNotKnow) {
  Rig rig;
  rig.boot();
  Copyable d;
  d.open("");
  d.device->counter("c").add(5);
  for (int i = 0; i < 4; ++i) d.device->counter("c").add();
  EXPECT_FALSE(d.exchange(rig, d.send()));
  d.device->persist();
  const std::string copy = d.saved;
  for (int i = 0; i < 3; ++i) d.device->counter("c").add();
  EXPECT_FALSE(d.exchange(rig, d.send()));
  EXPECT_EQ(d.device->safe(), 8u);
  d.open(copy);
  for (int i = 0; i < 4; ++i) d.device->counter("c").add();
  EXPECT_EQ(d.device->last_op(), 9u);
  EXPECT_TRUE(d.exchange(rig, d.send()));
  EXPECT_LE(std::stoull(rig.shows("c", Type::gcounter)), 16u);  // never more than issued
}

// A clone at 1; each does more; the second sends and then hears of its twin.
TEST(Counterexample, N10_AFreshEpochCarriesNothingOver) {
  Rig rig;
  rig.boot();
  Copyable a, b;
  a.open("");
  a.device->counter("c").add();
  a.device->persist();
  b.drawn = 5'000;
  b.open(a.saved);
  a.device->counter("c").add();
  b.device->counter("c").add();
  b.device->counter("c").add();
  EXPECT_FALSE(b.exchange(rig, b.send()));
  EXPECT_TRUE(a.exchange(rig, a.send()));
  EXPECT_EQ(a.device->last_op(), 0u);
  a.exchange(rig, a.send());
  EXPECT_LE(std::stoull(rig.shows("c", Type::gcounter)), 4u);
}

// The state side of N11: the gateway saw a's own removal; a record that does not have it must not
// bring the element back by itself.
TEST(Counterexample, N11_AnEntryThatLacksADeathRevivesNothing) {
  EXPECT_EQ(always({envelope({.from = 0, .to = 1}, {set("s", 0, 1, {{1, "x"}})}),
                    envelope({.from = 1, .to = 2}, {set("s", 0, 2)})},
                   "s", Type::orset),
            "[]");
}

// b removes a's add; b's later complete entry forgets the removal although a's add never died.
TEST(Counterexample, A2_AForeignRemovalIsKeptUntilItsTargetIsDead) {
  const std::vector<std::string> history = {
      envelope({.device = "a", .to = 1}, {set("s", 0, 1, {{1, "x"}})}),
      envelope({.device = "b", .to = 1}, {set("s", 0, 1, {}, {}, {{"a", 1, 1}})}),
      envelope({.device = "b", .from = 1, .to = 2}, {set("s", 0, 2)})};
  EXPECT_EQ(always(history, "s", Type::orset), "[]");
  const auto core = fed(history);
  EXPECT_EQ(core->live.size(), 3u);
  core->take(envelope({.device = "a", .from = 1, .to = 2}, {set("s", 0, 2)}));
  EXPECT_EQ(core->live.size(), 2u);  // now it may go
  EXPECT_EQ(core->rebuilt()->digest(), core->digest());
}

// x, y, z to two gateways; 1 is removed, told to the first alone; w is told to the second.
TEST(Counterexample, A4_ARemovalIsNotForgottenAtAnAck) {
  sdk::State state;
  sdk::Cell& s = *state.cell("s", Type::orset);
  const sdk::DeltaFrame frame{"demo", "d", 1, 10'000, 0};
  for (const char* e : {"x", "y", "z"}) state.insert(s, e);
  Rig one, two(Rig::defaults("gw2"));
  one.boot(), two.boot();
  for (const std::string& e : sdk::make_delta(state, frame, 0, 1).envelopes)
    one.up("d", e), two.up("d", e);
  state.erase_op(s, 1);
  for (const std::string& e : sdk::make_delta(state, frame, 3, 2).envelopes) one.up("d", e);
  state.insert(s, "w");
  for (const std::string& e : sdk::make_delta(state, frame, 3, 3).envelopes) two.up("d", e);
  one.settle(), two.settle();
  EXPECT_EQ(two.ack("d")->actors.at(0).op, 5u);
  EXPECT_EQ(two.shows("s", Type::orset), R"(["w","y","z"])");
}

TEST(Counterexample, A5_PiecesOfASplitAddUp) {
  EXPECT_EQ(always({envelope({.to = 2, .part = 1, .parts = 2}, {set("s", 0, 1, {{1, "x"}})}),
                    envelope({.to = 2, .part = 2, .parts = 2}, {set("s", 1, 2, {{2, "y"}})})},
                   "s", Type::orset),
            R"(["x","y"])");
}

TEST(Counterexample, A6_ABottomPartIsNoPart) {
  Core core, empty;
  core.take(envelope({}, {grown("g", 0, 1, {})}));
  EXPECT_EQ(core.digest(), empty.digest());
  EXPECT_EQ(core.keys.parts(), 0u);
  EXPECT_EQ(core.rebuilt()->digest(), empty.digest());
}

// The state side of A7: two values of one operation, which only clones make.
TEST(Counterexample, A7_AClonesTieIsBrokenAlikeEverywhere) {
  EXPECT_EQ(always({envelope({.id = 1}, {reg("r", 1, 1, crdt::Hlc{5}, 7)}),
                    envelope({.id = 2}, {reg("r", 1, 1, crdt::Hlc{5}, 9)})},
                   "r", Type::lww),
            "9");
  EXPECT_EQ(always({envelope({.id = 1}, {set("s", 0, 1, {{1, "p"}})}),
                    envelope({.id = 2}, {set("s", 0, 1, {{1, "q"}})})},
                   "s", Type::orset),
            R"(["q"])");
  EXPECT_EQ(
      always({envelope({.id = 1}, {counter("c", 1, 3)}), envelope({.id = 2}, {counter("c", 1, 8)})},
             "c", Type::gcounter),
      "8");
}

TEST(Counterexample, B3_ARebootKeepsTheAck) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.from = 0, .to = 5}, {counter("c", 5, 5)}));
  rig.up("a", envelope({.from = 5, .to = 9}, {counter("c", 9, 9)}));
  rig.settle();
  rig.take("ack/");
  rig.reboot();
  rig.up("a", envelope({.from = 5, .to = 9}, {counter("c", 9, 9)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 9u);
}

// An honest device makes the same interval again, first incremental, then complete.
TEST(Counterexample, B4_AnIntervalMadeAgainSaysTheSame) {
  EXPECT_EQ(always({envelope({.from = 0, .to = 2}, {set("s", 0, 2, {{1, "a"}, {2, "b"}})}),
                    envelope({.from = 4, .to = 5, .id = 1}, {set("s", 4, 5, {}, {1})}),
                    envelope({.from = 4, .to = 5, .id = 2}, {set("s", 0, 5, {{2, "b"}})})},
                   "s", Type::orset),
            R"(["b"])");
}

// A thief's smaller backdated counter is one more version of the part: the larger one stays.
TEST(Counterexample, C2_BackdatedCountersJoinLikeAnyOther) {
  EXPECT_EQ(always({envelope({.device = "d", .from = 0, .to = 5}, {counter("c", 5, 5)}),
                    envelope({.device = "d", .from = 5, .to = 9}, {counter("c", 9, 8)}),
                    envelope({.device = "d", .from = 0, .to = 4, .id = 66}, {counter("c", 4, 6)})},
                   "c", Type::gcounter),
            "8");
}

// Every order of up to five of these envelopes of one honest set: 1 adds u, 2 adds v, 3 removes u,
// 4 adds w. What is shown depends only on which arrived, and a restart changes nothing.
std::vector<std::string> honest_history() {
  const wire::OrSetPayload::Add u{1, "u"}, v{2, "v"}, x{4, "w"};
  const auto split = [](std::uint32_t part) {
    return Frame{.from = 0, .to = 4, .part = part, .parts = 2, .id = 9};
  };
  return {envelope({.from = 0, .to = 1}, {set("s", 0, 1, {u})}),
          envelope({.from = 0, .to = 2}, {set("s", 0, 2, {u, v})}),
          envelope({.from = 1, .to = 2}, {set("s", 1, 2, {v})}),
          envelope({.from = 2, .to = 3}, {set("s", 2, 3, {}, {1})}),
          envelope({.from = 1, .to = 3}, {set("s", 1, 3, {v}, {1})}),
          envelope({.from = 0, .to = 3}, {set("s", 0, 3, {v})}),
          envelope({.from = 3, .to = 4}, {set("s", 3, 4, {x})}),
          envelope({.from = 2, .to = 4}, {set("s", 2, 4, {x}, {1})}),
          envelope(split(1), {set("s", 0, 2, {v})}),
          envelope(split(2), {set("s", 2, 4, {x})}),
          envelope({.from = 0, .to = 4}, {set("s", 0, 4, {v, x})})};
}

class Exhaustive {
 public:
  explicit Exhaustive(const std::vector<std::string>& history) {
    for (const std::string& e : history) envelopes_.push_back(decoded(e));
  }

  void run(std::size_t most) { extend({}, most); }
  std::size_t orders = 0, wrong = 0;
  std::vector<std::size_t> first_wrong;

 private:
  void extend(const std::vector<std::size_t>& order, std::size_t most) {
    if (!order.empty()) check(order);
    if (order.size() == most) return;
    for (std::size_t i = 0; i < envelopes_.size(); ++i) {
      if (std::find(order.begin(), order.end(), i) != order.end()) continue;
      std::vector<std::size_t> longer = order;
      longer.push_back(i);
      extend(longer, most);
    }
  }

  // The digest of a bucket is enough: there is one actor.
  wire::Hash digest(Core& core) const {
    return core.keys.digests().digest(core.actors.find("a", 1)->bucket);
  }

  void check(const std::vector<std::size_t>& order) {
    ++orders;
    Core core;
    for (const std::size_t i : order) core.take(envelopes_[i]);
    const wire::Hash shown = digest(core);
    std::set<std::size_t> members(order.begin(), order.end());
    const auto [at, first] = by_set_.try_emplace(members, shown);
    bool ok = at->second == shown && digest(*core.rebuilt()) == shown;
    for (const std::size_t i : order) core.take(envelopes_[i]);  // late duplicates
    ok &= digest(core) == shown && digest(*core.rebuilt()) == shown;
    if (ok) return;
    ++wrong;
    if (first_wrong.empty()) first_wrong = order;
  }

  std::vector<wire::Envelope> envelopes_;
  std::map<std::set<std::size_t>, wire::Hash> by_set_;
};

TEST(Counterexample, EveryOrderOfUpToFiveOfElevenEnvelopes) {
  Exhaustive search(honest_history());
  search.run(5);
  EXPECT_EQ(search.orders, 11u + 110u + 990u + 7'920u + 55'440u);
  EXPECT_EQ(search.wrong, 0u) << "first: " << ::testing::PrintToString(search.first_wrong);
}

// The same for two actors who remove each other's adds.
TEST(Counterexample, EveryOrderOfForeignRemovals) {
  std::vector<std::string> history = {
      envelope({.device = "a", .to = 1}, {set("s", 0, 1, {{1, "x"}})}),
      envelope({.device = "a", .from = 1, .to = 2}, {set("s", 1, 2, {}, {1})}),
      envelope({.device = "b", .to = 1}, {set("s", 0, 1, {}, {}, {{"a", 1, 1}})}),
      envelope({.device = "b", .from = 1, .to = 2}, {set("s", 1, 2, {{2, "y"}})}),
      envelope({.device = "b", .from = 2, .to = 3}, {set("s", 0, 3, {{2, "y"}})}),
      envelope({.device = "a", .from = 2, .to = 3},
               {set("s", 0, 3, {{3, "x"}}, {}, {{"b", 1, 2}})})};
  std::sort(history.begin(), history.end());
  std::map<std::set<std::string>, std::string> by_set;
  do {
    Core core;
    std::set<std::string> members;
    for (const std::string& e : history) {
      core.take(e);
      members.insert(e);
      const auto [at, first] = by_set.try_emplace(members, core.digest());
      ASSERT_EQ(at->second, core.digest());
      ASSERT_EQ(core.rebuilt()->digest(), core.digest());
    }
  } while (std::next_permutation(history.begin(), history.end()));
  EXPECT_EQ(by_set.size(), 63u);
}

}  // namespace
}  // namespace tributary::core::testing
