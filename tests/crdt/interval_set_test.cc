// SPDX-License-Identifier: Apache-2.0
#include "crdt/interval_set.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <vector>

namespace tributary::crdt {
namespace {

using Intervals = SmallVector<IntervalSet::Interval>;

TEST(IntervalSet, GrowsTogetherWhereIntervalsTouch) {
  IntervalSet s;
  EXPECT_TRUE(s.add(0, 10));
  EXPECT_TRUE(s.add(12));
  EXPECT_EQ(s.size(), 2u);
  EXPECT_EQ(s.contiguous(), 10u);
  EXPECT_EQ(s.top(), 12u);
  EXPECT_TRUE(s.add(10, 11));
  EXPECT_EQ(s.intervals(), (Intervals{{0, 12}}));
  EXPECT_FALSE(s.add(3, 7));
}

TEST(IntervalSet, SwallowsWhatItSpans) {
  IntervalSet s;
  for (std::uint64_t n = 10; n < 100; n += 10) s.add(n, n + 5);
  EXPECT_TRUE(s.add(12, 83));
  EXPECT_EQ(s.intervals(), (Intervals{{10, 85}, {90, 95}}));
  EXPECT_EQ(s.contiguous(), 0u);
}

TEST(IntervalSet, ReachesTheLastNumber) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  IntervalSet s;
  s.add(most);
  s.add(0, most - 1);
  EXPECT_EQ(s.intervals(), (Intervals{{0, most}}));
  EXPECT_TRUE(s.contains(most));
  EXPECT_FALSE(s.contains(0));
}

TEST(IntervalSet, EmptyIntervalIsAlwaysIncluded) {
  const IntervalSet s;
  EXPECT_TRUE(s.includes(4, 4));
  EXPECT_FALSE(s.includes(4, 5));
  EXPECT_TRUE(s.includes(s));
}

std::set<std::uint64_t> numbers(const IntervalSet& s) {
  std::set<std::uint64_t> all;
  for (const auto& i : s.intervals()) {
    for (std::uint64_t n = i.lo + 1; n <= i.hi; ++n) all.insert(n);
  }
  return all;
}

void expect_normal(const IntervalSet& s) {
  for (std::size_t i = 0; i < s.size(); ++i) {
    ASSERT_LT(s.intervals()[i].lo, s.intervals()[i].hi);
    if (i > 0) {
      ASSERT_LT(s.intervals()[i - 1].hi, s.intervals()[i].lo);
    }
  }
}

// Against a set of numbers; a fixed seed, so that a failure repeats.
TEST(IntervalSet, AgreesWithASetOfNumbers) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    IntervalSet a, b;
    for (IntervalSet* s : {&a, &b}) {
      std::set<std::uint64_t> model;
      for (std::uint64_t k = random() % 24; k > 0; --k) {
        const std::uint64_t lo = random() % 120, hi = lo + 1 + random() % 6;
        const std::size_t before = model.size();
        for (std::uint64_t n = lo + 1; n <= hi; ++n) model.insert(n);
        ASSERT_EQ(s->add(lo, hi), model.size() != before);
        expect_normal(*s);
      }
      ASSERT_EQ(numbers(*s), model);
    }
    std::set<std::uint64_t> both = numbers(a);
    const auto of_b = numbers(b);
    const bool inside = a.includes(b);
    const std::size_t before = both.size();
    both.insert(of_b.begin(), of_b.end());
    ASSERT_EQ(inside, both.size() == before);
    ASSERT_EQ(a.join(b), !inside);
    expect_normal(a);
    ASSERT_EQ(numbers(a), both);
    for (std::uint64_t n = 0; n < 130; ++n) ASSERT_EQ(a.contains(n), both.contains(n));
  }
}

}  // namespace
}  // namespace tributary::crdt
