// SPDX-License-Identifier: Apache-2.0
// Values on both sides of 2^32, where an up-down counter's parts turn wide. The model is a PartMap
// of wide parts.
#include "crdt/pn_parts.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "crdt/pncounter.h"
#include "tests/crdt/support/generate.h"

namespace tributary::crdt {
namespace {

constexpr std::uint64_t narrow_max = 0xFFFFFFFF, wide_min = narrow_max + 1;
constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

using Model = PartMap<unsigned, PnCounterPart>;
constexpr unsigned actors = 30;
constexpr auto ignore = [](const PnCounterPart&, const PnCounterPart&) {};

struct Both {
  PnParts<unsigned> parts;
  Model model;

  void join(unsigned actor, const PnCounterPart& part) {
    const PnCounterPart held = model[actor];
    const bool changed = parts.join(actor, part, [&](const auto& before, const auto& after) {
      RC_ASSERT(before == held && after == joined(held, part));
    });
    RC_ASSERT(model[actor].join(part) == changed);
  }
  void erase(unsigned actor) { parts.erase(actor), model.erase(actor); }
  void join(const Both& other) {
    bool changes = false;
    model.meet(other.model, [&](unsigned, const PnCounterPart& theirs, PnCounterPart& ours) {
      changes |= ours.join(theirs);
    });
    RC_ASSERT(parts.join(other.parts, ignore) == changes);
  }
  // The same parts in the same places.
  void check() const {
    RC_ASSERT(parts.size() == model.size() && parts.empty() == model.empty());
    std::size_t i = 0;
    for (const auto& held : parts) RC_ASSERT(held == model.begin()[i++]);
    RC_ASSERT(i == model.size());
    for (unsigned actor = 0; actor < actors; ++actor) {
      RC_ASSERT(parts.count(actor) == model.count(actor));
      RC_ASSERT(parts.place_of(actor) == model.place_of(actor));
      const auto held = model.find(actor);
      RC_ASSERT(parts.part(actor).has_value() == (held != model.end()));
      if (held != model.end()) RC_ASSERT(parts.part(actor) == held->second);
    }
  }
};

Both any_steps() {
  Both made;
  const bool narrow = *rc::gen::arbitrary<bool>();
  const int steps = *rc::gen::inRange(0, 60);
  for (int step = 0; step < steps; ++step) {
    const unsigned actor = *rc::gen::inRange(0u, actors);
    auto part = *rc::gen::arbitrary<PnCounterPart>();
    if (narrow) part = {part.p % wide_min, part.n % wide_min};
    if (*rc::gen::inRange(0, 4) == 0) {
      made.erase(actor);
    } else if (!part.is_bottom()) {
      made.join(actor, part);
    }
    made.check();
  }
  return made;
}

RC_GTEST_PROP(PnParts, AreThoseOfAMapOfWideOnesInEveryPlace, ()) {
  Both a = any_steps();
  const Both b = any_steps();
  RC_ASSERT((a.parts == b.parts) == (a.model == b.model));
  a.join(b);
  a.check();
  Both fresh;
  fresh.join(a);
  fresh.check();
  RC_ASSERT(fresh.parts == a.parts);
}

// A map that turned wide over a part that has left it.
PnParts<unsigned> once_wide(const PnParts<unsigned>& parts) {
  PnParts<unsigned> wide = parts;
  wide.join(1'000, {0, wide_min}, ignore);
  wide.erase(1'000);
  return wide;
}

TEST(PnParts, NarrowAndWideOnesJoinAndCompareInEveryCombination) {
  PnParts<unsigned> up, down, both, more;
  for (unsigned i = 0; i < 100; ++i) {
    up.join(i, {narrow_max - i, 1}, ignore);
    down.join(i, {1, narrow_max - i}, ignore);
    both.join(i, {narrow_max - i, narrow_max - i}, ignore);
    more.join(i, {narrow_max - i, 2}, ignore);
  }
  for (const auto& a : {up, once_wide(up)}) {
    for (const auto& b : {down, once_wide(down)}) {
      PnParts<unsigned> joined = a;
      EXPECT_TRUE(joined.join(b, ignore));
      EXPECT_FALSE(joined.join(b, ignore));
      EXPECT_EQ(joined, both);
      EXPECT_EQ(joined, once_wide(both));
      EXPECT_FALSE(joined == b);
    }
    EXPECT_FALSE(a == more);
    EXPECT_FALSE(a == once_wide(more));
  }
}

TEST(PnParts, TurningWideChangesNoOtherPartAndNoPlace) {
  PnParts<unsigned> parts;
  for (unsigned i = 0; i < 100; ++i) parts.join(i, {narrow_max - i, i}, ignore);
  parts.join(50, {wide_min, 0}, ignore);
  for (unsigned i = 0; i < 100; ++i) {
    EXPECT_EQ(parts.place_of(i), i);
    EXPECT_EQ(parts.part(i), (PnCounterPart{i == 50 ? wide_min : narrow_max - i, i}));
  }
}

TEST(PnCounter, CountsOnBeyondThirtyTwoBitsAndRefusesBeyondSixtyFour) {
  PnCounter<unsigned> c;
  ASSERT_TRUE(c.increment(1, 7));
  ASSERT_TRUE(c.increment(2, narrow_max));
  const auto delta = c.increment(2);
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->part(2), (PnCounterPart{wide_min, 0}));
  EXPECT_EQ(c.value(), int128{wide_min} + 7);
  ASSERT_TRUE(c.decrement(2, u64_max));
  EXPECT_FALSE(c.decrement(2));
  ASSERT_TRUE(c.increment(2, u64_max - wide_min));
  EXPECT_FALSE(c.increment(2));
  EXPECT_EQ(c.part(2), (PnCounterPart{u64_max, u64_max}));
  EXPECT_EQ(c.part(1), (PnCounterPart{7, 0}));
  EXPECT_EQ(c.positive(), uint128{u64_max} + 7);
  EXPECT_EQ(c.value(), 7);
}

TEST(PnCounter, WhatComesBackWideIsWholeAndWhatLeavesIsCounted) {
  PnCounter<unsigned> c;
  for (unsigned i = 0; i < 10'000; ++i) c.join_part(i, {i + 1, 1});
  c.join_part(0, {3 * wide_min, 1});
  const int128 value = c.value();
  for (unsigned i = 0; i < 9'990; ++i) c.set_aside(i);
  EXPECT_EQ(c.value(), value);
  PnCounter<unsigned> narrow;  // until it gets a wide piece
  narrow.join_part(1, {5, 5});
  narrow.take_back(2, {wide_min, 0});
  narrow.take_back(2, {0, 3});
  EXPECT_EQ(narrow.part(1), (PnCounterPart{5, 5}));
  EXPECT_EQ(narrow.part(2), (PnCounterPart{wide_min, 3}));
  c.take_back(0, {3 * wide_min, 0});
  c.take_back(0, {0, 1});
  EXPECT_EQ(c.part(0), (PnCounterPart{3 * wide_min, 1}));
  EXPECT_EQ(c.part(9'995), (PnCounterPart{9'996, 1}));
  const auto rest = c.without([](unsigned i) { return i == 0; });
  EXPECT_EQ(rest.value(), value - int128{3 * wide_min - 1});
  EXPECT_FALSE(rest.part(0));
  EXPECT_TRUE(rest.leq(c));
  EXPECT_FALSE(c.leq(rest));
}

}  // namespace
}  // namespace tributary::crdt
