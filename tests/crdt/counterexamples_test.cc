// SPDX-License-Identifier: Apache-2.0
// Cases that broke earlier wordings of the rules (N…, A…: their names in the protocol's model),
// kept at the level of the data types. Each one failed under some rule that looked right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/crdt/support/writer.h"

namespace tributary::crdt {
namespace {

const Actor a = actor_of<Actor>(0), b = actor_of<Actor>(1);
using Part = OrSetPart<>;
using Adds = AddMap;
using Words = std::vector<std::string>;
using Ops = std::vector<std::uint64_t>;

Part set_part(std::uint64_t lo, std::uint64_t hi, Adds adds = {}, const Ops& removed = {},
              DotSet<> foreign = {}) {
  Part part;
  part.covered.add(lo, hi);
  for (const std::uint64_t op : removed) part.covered.add(op);
  part.live = std::move(adds);
  part.foreign = std::move(foreign);
  return part;
}

ModelEntry<OrSet<>> entry(const Actor& actor, std::uint64_t to, std::uint64_t hash,
                          std::uint64_t lo, std::uint64_t hi, Adds adds = {},
                          const Ops& removed = {}, DotSet<> foreign = {}) {
  return {actor, lo, hi, to, hash, set_part(lo, hi, std::move(adds), removed, std::move(foreign))};
}

// Shows the same in every order, before and after a restart.
void expect_shown(std::vector<ModelEntry<OrSet<>>> entries, const Words& shown) {
  const auto by_place = [](const auto& x, const auto& y) { return x < y; };
  std::sort(entries.begin(), entries.end(), by_place);
  do {
    Held<OrSet<>> held;
    for (const auto& e : entries) held.take(e);
    EXPECT_EQ(held.state.elements(), shown);
    EXPECT_EQ(held.rebuilt(), held.state);
  } while (std::next_permutation(entries.begin(), entries.end(), by_place));
}

// N1, A1: 1 add u, 2 add v, 3 remove u, 4 add w; then the second half of a delta from 0 without the
// first. "A newer complete delta supersedes" dropped the removal of u.
TEST(Counterexamples, PartOfASplitKillsARemoval) {
  expect_shown({entry(a, 2, 1, 0, 2, {{1, "u"}, {2, "v"}}), entry(a, 3, 2, 2, 3, {}, {1}),
                entry(a, 4, 3, 2, 4, {{4, "w"}})},
               {"v", "w"});
}

// N2: (0,2] made at 2 with u, and (0,2] made at 4, where u is gone. Of equal intervals the older
// one must go, whichever came first.
TEST(Counterexamples, OlderEntryForTheSameInterval) {
  expect_shown({entry(a, 2, 1, 0, 2, {{1, "u"}, {2, "v"}}), entry(a, 4, 2, 0, 2, {{2, "v"}})},
               {"v"});
}

// N3: a wider, older interval must not supersede a narrower, newer one that knows a death.
TEST(Counterexamples, WiderButOlderEntryLacksADeath) {
  expect_shown({entry(a, 4, 1, 0, 2, {{2, "v"}}), entry(a, 3, 2, 0, 3, {{1, "u"}, {2, "v"}})},
               {"v"});
}

// N5: a set under churn, always sent from 0 in pieces cut elsewhere each time: what stays live is
// bounded, though no piece ever contains another.
TEST(Counterexamples, StraddlingPiecesAreCollected) {
  Writer<OrSet<>> writer(a);
  Held<OrSet<>> held;
  std::mt19937_64 random(1);
  std::uint64_t bodies = 0;
  std::size_t worst = 0;
  for (std::size_t n = 0; n < 300; ++n) {
    writer.write(Step{0, n % 2, n / 2}, held.state);
    if (n % 5 != 0) continue;
    for (const auto& e : writer.entries(0, random, bodies)) held.take(e);
    EXPECT_EQ(held.state, writer.whole());
    worst = std::max(worst, held.live.size());
  }
  EXPECT_LE(worst, 16u);
}

// N8: clones; the register of the later delta is of an earlier operation. The larger operation
// stays, and must survive a restart.
TEST(Counterexamples, CloneWithAnOlderRegisterSentLater) {
  using Register = LwwRegister<>;
  const ModelEntry<Register> q{a, 0, 8, 8, 1, LwwPart{8, Hlc{1}, "q"}};
  const ModelEntry<Register> p{a, 0, 9, 9, 2, LwwPart{6, Hlc{1}, "p"}};
  for (const auto& order : {std::pair{q, p}, std::pair{p, q}}) {
    Held<Register> held;
    held.take(order.first);
    held.take(order.second);
    EXPECT_EQ(held.state.winner()->value, "q");
    EXPECT_EQ(held.rebuilt(), held.state);
  }
}

// A2: b removed a's x in operation 1; its complete entry at 2 does not repeat that. While x lives
// in its owner's part, the older entry must stay.
TEST(Counterexamples, ForeignRemovalMissingFromALaterCompleteEntry) {
  expect_shown({entry(a, 1, 1, 0, 1, {{1, "x"}}), entry(b, 1, 2, 0, 1, {}, {}, {{a, 1}}),
                entry(b, 2, 3, 0, 2)},
               {});
}

// … and once its owner's part shows x dead, it may go, and nothing brings x back.
TEST(Counterexamples, ForeignRemovalOfTheDeadNeedsNoEntry) {
  Held<OrSet<>> held;
  const auto add = entry(a, 1, 1, 0, 1, {{1, "x"}});
  const auto removal = entry(b, 1, 2, 0, 1, {}, {}, {{a, 1}});
  for (const auto& e : {add, removal, entry(b, 2, 3, 0, 2), entry(a, 2, 4, 0, 2)}) held.take(e);
  EXPECT_EQ(held.live.size(), 2u);
  const OrSet<> before = held.state;
  held.take(add);
  held.take(removal);
  EXPECT_EQ(held.state, before);
  EXPECT_EQ(held.rebuilt(), before);
  EXPECT_EQ(held.live.size(), 2u);
  EXPECT_FALSE(held.state.contains("x"));
}

// A4: a gateway that missed the delta with the removal gets the next one, which starts before it.
TEST(Counterexamples, RemovalIsRepeatedSinceTheAcknowledgedPoint) {
  Writer<OrSet<>> writer(a);
  Held<OrSet<>> one, two;
  std::mt19937_64 random(4);
  std::uint64_t bodies = 0;
  for (std::size_t i = 0; i < 3; ++i) writer.write(Step{0, 0, i}, {});
  for (const auto& e : writer.entries(0, random, bodies)) {
    one.take(e);
    two.take(e);
  }
  writer.write(Step{0, 1, 0}, {});
  for (const auto& e : writer.entries(3, random, bodies)) one.take(e);
  writer.write(Step{0, 0, 3}, {});
  for (const auto& e : writer.entries(3, random, bodies)) two.take(e);
  EXPECT_EQ(two.state, writer.whole());
  EXPECT_FALSE(two.state.contains("x"));
  EXPECT_TRUE(one.state.leq(two.state));
}

// A5: two pieces of one delta with the same interval would kill each other's adds; sub-intervals do
// not.
TEST(Counterexamples, PiecesOfASplitAreSufficientByThemselves) {
  expect_shown({entry(a, 2, 1, 0, 1, {{1, "x"}}), entry(a, 2, 2, 1, 2, {{2, "y"}})}, {"x", "y"});
  OrSet<> wrong;
  wrong.join_part(a, set_part(0, 2, {{1, "x"}}));
  wrong.join_part(a, set_part(0, 2, {{2, "y"}}));
  EXPECT_EQ(wrong.size(), 0u) << "which is why they are forbidden";
}

// A6: a part that is bottom would be in one gateway's digest and not in the other's.
TEST(Counterexamples, BottomPartIsNoPart) {
  GSet<> set;
  EXPECT_FALSE(set.join_part(a, GSetPart{}));
  EXPECT_FALSE(set.join_elements(a, {}));
  EXPECT_TRUE(set.parts().empty());
  OrSet<> orset;
  EXPECT_FALSE(orset.join_part(a, Part{}));
  EXPECT_TRUE(orset.parts().empty());
}

// A7: clones; one operation with two values.
TEST(Counterexamples, CloneTieGoesToTheLargerBytes) {
  LwwRegister<> one, two;
  one.join_part(a, LwwPart{1, Hlc{5}, "p"});
  one.join_part(a, LwwPart{1, Hlc{5}, "q"});
  two.join_part(a, LwwPart{1, Hlc{5}, "q"});
  two.join_part(a, LwwPart{1, Hlc{5}, "p"});
  EXPECT_EQ(one, two);
  EXPECT_EQ(one.winner()->value, "q");
}

// Clones whose dot is dead in one memory and live in the other: dead wins, in any order.
TEST(Counterexamples, CloneThatKeepsWhatTheOtherRemoved) {
  expect_shown({entry(a, 2, 1, 0, 2, {{1, "u"}}), entry(a, 2, 2, 0, 2, {{2, "v"}})}, {});
}

// Every order of up to 5 of these entries of one honest set: 1 add u, 2 add v, 3 remove u, 4 add w.
TEST(Counterexamples, EveryOrderOfUpToFiveEntries) {
  const AddMap::Add u{1, "u"}, v{2, "v"}, w{4, "w"};
  const std::vector<ModelEntry<OrSet<>>> entries = {
      entry(a, 1, 1, 0, 1, {u}),     entry(a, 2, 2, 0, 2, {u, v}),   entry(a, 2, 3, 1, 2, {v}),
      entry(a, 3, 4, 2, 3, {}, {1}), entry(a, 3, 5, 1, 3, {v}, {1}), entry(a, 3, 6, 0, 3, {v}),
      entry(a, 4, 7, 3, 4, {w}),     entry(a, 4, 8, 2, 4, {w}, {1}), entry(a, 4, 9, 0, 2, {v}),
      entry(a, 4, 10, 2, 4, {w}),    entry(a, 4, 11, 0, 4, {v, w})};
  std::map<std::set<std::size_t>, std::pair<OrSet<>, std::size_t>> by_content;
  std::size_t orders = 0;
  const auto extend = [&](const auto& self, const Held<OrSet<>>& held,
                          const std::set<std::size_t>& taken) -> void {
    for (std::size_t i = 0; taken.size() < 5 && i < entries.size(); ++i) {
      if (taken.contains(i)) continue;
      Held<OrSet<>> next = held;
      next.take(entries[i]);
      auto with = taken;
      with.insert(i);
      ++orders;
      ASSERT_EQ(next.rebuilt(), next.state);
      const std::pair found{next.state, next.live.size()};
      ASSERT_EQ(by_content.try_emplace(with, found).first->second, found);
      self(self, next, with);
    }
  };
  extend(extend, {}, {});
  EXPECT_EQ(orders, 64'471u);
}

}  // namespace
}  // namespace tributary::crdt
