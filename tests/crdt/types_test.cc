// SPDX-License-Identifier: Apache-2.0
// Each type by example; the laws are in laws_test.cc.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "crdt/gcounter.h"
#include "crdt/gset.h"
#include "crdt/lww_register.h"
#include "crdt/orset.h"
#include "crdt/pncounter.h"
#include "crdt/semilattice.h"

namespace tributary::crdt {
namespace {

static_assert(Semilattice<IntervalSet>);
static_assert(Semilattice<GCounterPart> && Semilattice<GCounter<>>);
static_assert(Semilattice<PnCounterPart> && Semilattice<PnCounter<>>);
static_assert(Semilattice<GSetPart> && Semilattice<GSet<>>);
static_assert(Semilattice<OrSetPart<>> && Semilattice<OrSet<>>);
static_assert(Semilattice<LwwPart> && Semilattice<LwwRegister<>>);

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();
const Actor a{"a", 1}, b{"b", 1}, c{"c", 1};
using Words = std::vector<std::string>;

TEST(Uint128, PrintsDecimals) {
  EXPECT_EQ(to_string(uint128{0}), "0");
  EXPECT_EQ(to_string(~uint128{0}), "340282366920938463463374607431768211455");
  EXPECT_EQ(to_string(int128{-1}), "-1");
  EXPECT_EQ(to_string(static_cast<int128>(uint128{1} << 127)),
            "-170141183460469231731687303715884105728");
}

TEST(GCounter, CountsOnceHoweverOftenReported) {
  GCounter<> one, two;
  const auto d1 = one.increment(a, 3), d2 = one.increment(a, 4), d3 = one.increment(b);
  ASSERT_TRUE(d1 && d2 && d3);
  EXPECT_TRUE(two.join(*d2));
  EXPECT_FALSE(two.join(*d1)) << "an older delta is included in a newer one";
  EXPECT_TRUE(two.join(*d3));
  EXPECT_FALSE(two.join(one));
  EXPECT_EQ(two.value(), 8u);
  EXPECT_EQ(two, one);
  EXPECT_TRUE(d1->leq(*d2));
  EXPECT_FALSE(d2->leq(*d1));
}

TEST(GCounter, RefusesOverflowAndChangesNothing) {
  GCounter<> n;
  ASSERT_TRUE(n.increment(a, u64_max));
  ASSERT_TRUE(n.increment(b, u64_max));
  const GCounter<> before = n;
  EXPECT_FALSE(n.increment(a));
  EXPECT_FALSE(n.increment(a, u64_max));
  EXPECT_TRUE(n.increment(a, 0));
  EXPECT_EQ(n, before);
  EXPECT_EQ(n.value(), uint128{u64_max} * 2) << "the total is wider than a part";
}

TEST(GCounter, BottomIsNoPart) {
  GCounter<> n;
  const auto d = n.increment(a, 0);
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->is_bottom());
  EXPECT_FALSE(n.join_part(a, GCounterPart{}));
  EXPECT_EQ(n.part(a), nullptr);
  EXPECT_EQ(n, GCounter<>{});
}

TEST(PnCounter, GoesBelowZero) {
  PnCounter<> n;
  ASSERT_TRUE(n.increment(a, 2));
  ASSERT_TRUE(n.decrement(b, 5));
  EXPECT_EQ(n.value(), -3);
  EXPECT_EQ(n.positive(), 2u);
  EXPECT_EQ(n.negative(), 5u);
}

TEST(PnCounter, RefusesOverflowOnEitherSide) {
  PnCounter<> n;
  ASSERT_TRUE(n.increment(a, u64_max));
  ASSERT_TRUE(n.decrement(b, u64_max));
  ASSERT_TRUE(n.decrement(c, u64_max));
  const PnCounter<> before = n;
  EXPECT_FALSE(n.increment(a));
  EXPECT_FALSE(n.decrement(b));
  EXPECT_EQ(n, before);
  EXPECT_EQ(to_string(n.value()), "-18446744073709551615");
}

TEST(GSet, IsTheUnionOfWhatEachActorAdded) {
  GSet<> s, t;
  const GSet<> d = s.add(a, "x");
  s.add(b, "x");
  s.add(b, std::string_view("\0y", 2));
  EXPECT_TRUE(s.add(a, "x").is_bottom()) << "what changes nothing has no delta";
  EXPECT_EQ(s.size(), 2u);
  EXPECT_EQ(s.elements(), (Words{std::string("\0y", 2), "x"}));
  EXPECT_TRUE(t.join(d));
  EXPECT_TRUE(t.contains("x"));
  EXPECT_TRUE(t.leq(s));
  EXPECT_FALSE(s.leq(t));
}

// The union is kept once there is a second part, whichever way that came.
TEST(GSet, ShowsAllOfThePartsThatItTakesAtOnce) {
  GSet<> s, none, one;
  s.add(a, "x");
  s.add(b, "y");
  EXPECT_TRUE(none.join(s));
  EXPECT_EQ(none.elements(), (Words{"x", "y"}));
  one.add(b, "z");
  EXPECT_TRUE(one.join(s));
  EXPECT_EQ(one.elements(), (Words{"x", "y", "z"}));
  EXPECT_FALSE(one.join(none));
}

// Parts move when others come beside them, and short elements with them.
TEST(OrSet, AddsAnElementThatIsAViewOfOneItHolds) {
  OrSet<> s;
  s.add(a, 1, "x");
  for (std::uint64_t epoch = 1; epoch <= 20; ++epoch) {
    const Actor other{"other", epoch};
    EXPECT_EQ(s.add(other, 1, s.part(a)->live.begin()->element).elements(), Words{"x"});
    EXPECT_EQ(s.dots("x").size(), epoch + 1);
  }
  EXPECT_EQ(s.elements(), Words{"x"});
}

TEST(OrSet, AddWinsOverAConcurrentRemoval) {
  OrSet<> here, there;
  there.join(here.add(a, 1, "x"));
  const OrSet<> removal = there.remove(b, "x");
  const OrSet<> again = here.add(a, 2, "x");
  here.join(removal);
  there.join(again);
  EXPECT_TRUE(here.contains("x"));
  EXPECT_EQ(here, there);
  EXPECT_EQ(here.dots("x"), (std::vector<Dot<>>{{a, 2}}));
  EXPECT_TRUE(here.dead({a, 1}));
  EXPECT_TRUE(here.removers({a, 1}).empty()) << "the owner retired it: nobody needs to remember";
}

TEST(OrSet, ARemovalMayArriveBeforeItsAdd) {
  OrSet<> origin, late;
  const OrSet<> add = origin.add(a, 1, "x");
  const OrSet<> removal = origin.remove(b, "x");
  late.join(removal);
  EXPECT_EQ(late.removers({a, 1}), (std::vector<Actor>{b}));
  late.join(add);
  EXPECT_FALSE(late.contains("x"));
  EXPECT_EQ(late, origin);
}

TEST(OrSet, OwnRemovalForgetsForeignOnesAndTheyStayForgotten) {
  OrSet<> s;
  const OrSet<> add = s.add(a, 1, "x");
  const OrSet<> by_b = s.remove(b, "x");
  EXPECT_TRUE(s.remove(c, "x").is_bottom()) << "nothing visible, nothing to remove";
  const OrSet<> by_a = s.remove(a, "x");
  EXPECT_EQ(s.part(b), nullptr) << "bottom is no part";
  EXPECT_FALSE(s.join(by_b));
  EXPECT_FALSE(s.join(add));
  EXPECT_TRUE(s.dead({a, 1}));
  EXPECT_TRUE(by_b.leq(s));
}

TEST(OrSet, CountsElementsNotAdds) {
  OrSet<> s;
  s.add(a, 1, "x");
  s.add(b, 1, "x");
  s.add(b, 2, "y");
  EXPECT_EQ(s.size(), 2u);
  EXPECT_EQ(s.dots("x").size(), 2u);
  s.remove(a, "x");
  EXPECT_EQ(s.elements(), (Words{"y"}));
}

TEST(OrSet, AHugeIntervalCostsNothing) {
  OrSet<> s;
  s.add(a, 1, "x");
  OrSetPart<> all;
  all.covered.add(0, u64_max);
  EXPECT_TRUE(s.join_part(a, all));
  EXPECT_EQ(s.size(), 0u);
  EXPECT_TRUE(s.dead({a, u64_max}));
}

TEST(OrSet, OneDotWithTwoElementsIsTheLarger) {
  OrSetPart<> p, q;
  p.covered.add(1);
  q.covered.add(1);
  p.live = {{1, "p"}};
  q.live = {{1, "q"}};
  OrSet<> one, two;
  one.join_part(a, p);
  one.join_part(a, q);
  two.join_part(a, q);
  two.join_part(a, p);
  EXPECT_EQ(one, two);
  EXPECT_EQ(one.elements(), (Words{"q"}));
  EXPECT_FALSE(one.contains("p"));
}

// A set that refers to its original after being copied loses elements when the original goes.
TEST(OrSet, CopiesStandAlone) {
  OrSet<> copy;
  {
    OrSet<> original;
    original.add(a, 1, "a long element that does not fit into a string in place");
    original.add(b, 1, "a long element that does not fit into a string in place");
    copy = original;
    original.remove(a, "a long element that does not fit into a string in place");
  }
  EXPECT_EQ(copy.size(), 1u);
  EXPECT_EQ(copy.dots("a long element that does not fit into a string in place").size(), 2u);
  copy.remove(c, "a long element that does not fit into a string in place");
  EXPECT_EQ(copy.size(), 0u);
}

// The whole of it, and not only its text, is in the deltas that add and remove give.
TEST(OrSet, DeltasSayWhatWasDone) {
  OrSet<> s, t;
  for (const OrSet<>& delta : {s.add(a, 1, "x"), s.add(b, 1, "x"), s.add(a, 2, "y")}) t.join(delta);
  const OrSet<> removal = s.remove(a, "x");
  EXPECT_TRUE(removal.dead({a, 1}));
  EXPECT_EQ(removal.removers({b, 1}), (std::vector<Actor>{a}));
  t.join(removal);
  EXPECT_EQ(s, t);
  EXPECT_EQ(t.elements(), (Words{"y"}));
  EXPECT_TRUE(s.remove(a, "x").is_bottom());
}

TEST(LwwRegister, TheLargestStampWins) {
  LwwRegister<> r, s;
  s.join(r.set(a, 1, Hlc::at(10), "x"));
  s.join(r.set(b, 1, Hlc::at(12), "y"));
  s.join(r.set(a, 2, Hlc::at(11), "z"));
  ASSERT_TRUE(s.winner());
  EXPECT_EQ(s.winner()->value, "y");
  EXPECT_EQ(s.winner()->actor, b);
  EXPECT_EQ(r, s);
}

TEST(LwwRegister, TiesGoToTheLargerActor) {
  LwwRegister<> r;
  r.set(b, 1, Hlc::at(10), "first");
  r.set(a, 1, Hlc::at(10), "zz");
  EXPECT_EQ(r.winner()->value, "first");
}

TEST(LwwRegister, OwnWritesFollowTheirNumbersNotTheClock) {
  LwwRegister<> r;
  r.set(b, 1, Hlc::at(5), "b");
  r.set(a, 1, Hlc::at(10), "x");
  r.set(a, 2, Hlc::at(3), "y");
  EXPECT_EQ(r.winner()->value, "b") << "the winner's part moved back: searched again";
  r.set(a, 3, Hlc::at(5), "tie");
  EXPECT_EQ(r.winner()->value, "b");
  r.set(a, 4, Hlc::at(6), "z");
  EXPECT_EQ(r.winner()->value, "z");
}

TEST(LwwRegister, AWriteFromTheFutureIsHeld) {
  LwwRegister<> r;
  r.set_horizon(Hlc::at(100));
  r.set(a, 1, Hlc::at(50), "now");
  r.set(b, 1, Hlc::at(5000), "from the future");
  EXPECT_EQ(r.winner()->value, "now");
  EXPECT_EQ(r.next_release(), Hlc::at(5000));
  EXPECT_NE(r.part(b), nullptr) << "held, not dropped";
  EXPECT_FALSE(r.set_horizon(Hlc::at(4999)));
  EXPECT_TRUE(r.set_horizon(Hlc::at(5000)));
  EXPECT_EQ(r.winner()->value, "from the future");
  EXPECT_EQ(r.next_release(), std::nullopt);
  EXPECT_TRUE(r.set_horizon(Hlc::at(60))) << "moving back is allowed";
  EXPECT_EQ(r.winner()->value, "now");
}

TEST(LwwRegister, TheNextWriteReplacesAHeldOne) {
  LwwRegister<> r;
  r.set_horizon(Hlc::at(100));
  r.set(a, 1, Hlc::at(9000), "wrong clock");
  EXPECT_FALSE(r.winner());
  r.set(a, 2, Hlc::at(90), "mended");
  EXPECT_EQ(r.winner()->value, "mended");
  EXPECT_EQ(r.next_release(), std::nullopt);
}

TEST(LwwRegister, TheHorizonIsNoPartOfTheState) {
  LwwRegister<> r, s;
  r.set(a, 1, Hlc::at(9), "x");
  s = r;
  s.set_horizon(Hlc::at(1));
  EXPECT_FALSE(s.winner());
  EXPECT_EQ(r, s);
}

}  // namespace
}  // namespace tributary::crdt
