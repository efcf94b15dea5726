// SPDX-License-Identifier: Apache-2.0
#include "crdt/part_map.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

#include "crdt/gcounter.h"
#include "crdt/pncounter.h"

namespace tributary::crdt {
namespace {

TEST(PartMap, HoldsAFewAndMany) {
  PartMap<std::string, int> parts;
  EXPECT_TRUE(parts.empty());
  EXPECT_EQ(parts.find("a"), parts.end());
  for (int i = 0; i < 1'000; ++i) {
    parts["actor-" + std::to_string(i)] = i;
    EXPECT_EQ(parts.size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(parts.count("nobody"), 0U);
    EXPECT_EQ(parts["actor-" + std::to_string(i / 2)], i / 2);
  }
  int i = 0;
  for (const auto& [actor, part] : parts) EXPECT_EQ(part, i++) << "in order of arrival";
  EXPECT_EQ(i, 1'000);
}

RC_GTEST_PROP(PartMap, PartsComeAndGo, (const std::vector<std::pair<std::uint8_t, bool>>& steps)) {
  PartMap<unsigned, int> ours;
  std::map<unsigned, int> theirs;
  int value = 0;
  for (const auto& [actor, goes] : steps) {
    if (goes) {
      ours.erase(actor), theirs.erase(actor);
    } else {
      ours[actor] = theirs[actor] = ++value;
    }
    RC_ASSERT(ours.size() == theirs.size());
  }
  for (unsigned actor = 0; actor < 256; ++actor) {
    const auto at = ours.find(actor);
    const auto wanted = theirs.find(actor);
    RC_ASSERT((at == ours.end()) == (wanted == theirs.end()));
    if (wanted != theirs.end()) RC_ASSERT(at->second == wanted->second);
  }
}

RC_GTEST_PROP(PartMap, IsAMap, (const std::vector<std::pair<std::uint8_t, int>>& writes)) {
  PartMap<unsigned, std::int64_t> ours, backwards;
  std::map<unsigned, int> theirs;
  for (const auto& [actor, value] : writes) {
    ours[actor] = theirs[actor] = value;
    RC_ASSERT(ours.size() == theirs.size());
  }
  for (const auto& [actor, value] : theirs) {
    const auto at = ours.find(actor);
    RC_ASSERT(at != ours.end() && at->second == value);
    backwards[actor] = value;
  }
  RC_ASSERT(ours == backwards);
  PartMap<unsigned, std::int64_t> sum = ours;
  std::size_t met = 0;
  sum.meet(backwards, [&](unsigned actor, std::int64_t other, std::int64_t& held) {
    RC_ASSERT(held == other && other == theirs.at(actor));
    held += other, ++met;
  });
  RC_ASSERT(met == theirs.size());
  PartMap<unsigned, std::int64_t> fresh;
  fresh.meet(sum, [](unsigned, std::int64_t other, std::int64_t& held) { held = other / 2; });
  RC_ASSERT(fresh.size() == ours.size());
  if (writes.empty()) return;
  backwards[writes.front().first] += 1;
  RC_ASSERT(!(ours == backwards));
}

// Actors whose hashes all agree still have a place each.
struct Twin {
  int n = 0;
  friend bool operator==(const Twin&, const Twin&) = default;
};

// Actors that the index wants in its last slot, or in its first: those of the last go on at its
// beginning.
struct AtTheEdge {
  unsigned n = 0;
  bool last() const { return n % 3 != 0; }
  friend bool operator==(const AtTheEdge&, const AtTheEdge&) = default;
};

}  // namespace
}  // namespace tributary::crdt

template <>
struct std::hash<tributary::crdt::Twin> {
  std::size_t operator()(const tributary::crdt::Twin&) const noexcept { return 42; }
};
template <>
struct std::hash<tributary::crdt::AtTheEdge> {
  std::size_t operator()(const tributary::crdt::AtTheEdge& a) const noexcept {
    constexpr std::uint64_t spreads_to_one = 0xF1DE83E19937733D;  // times PartMap's multiplier: 1
    return a.last() ? 0 - spreads_to_one : 0;
  }
};

namespace tributary::crdt {
namespace {

TEST(PartMap, SurvivesEqualHashes) {
  PartMap<Twin, int> parts;
  for (int i = 0; i < 100; ++i) parts[Twin{i}] = i;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(parts.find(Twin{i})->second, i);
  for (int i = 0; i < 100; i += 2) parts.erase(Twin{i});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(parts.count(Twin{i}), static_cast<std::size_t>(i % 2));
}

RC_GTEST_PROP(PartMap, PartsComeAndGoAroundTheEndOfTheIndex, ()) {
  PartMap<AtTheEdge, int> ours;
  std::map<unsigned, int> theirs;
  for (int step = 0; step < 200; ++step) {
    const unsigned n = *rc::gen::inRange(0u, 40u);
    if (*rc::gen::inRange(0, 3) == 0) {
      ours.erase({n}), theirs.erase(n);
    } else {
      ours[{n}] = theirs[n] = step;
    }
    for (unsigned i = 0; i < 40; ++i) {
      const auto at = ours.find({i});
      const auto wanted = theirs.find(i);
      RC_ASSERT((at == ours.end()) == (wanted == theirs.end()));
      if (wanted != theirs.end()) RC_ASSERT(at->second == wanted->second);
    }
  }
}

// What leaves a counter stays in its value, whatever comes and goes meanwhile, and is whole when it
// came back in pieces.
RC_GTEST_PROP(PartMap, WhatIsSetAsideIsCountedAndComesBack, ()) {
  const auto actors = *rc::gen::inRange(1, 300);
  PnCounter<int> all, some;
  for (int i = 0; i < actors; ++i) {
    (void)all.increment(i, static_cast<std::uint64_t>(2 * i + 1));
    (void)all.decrement(i, static_cast<std::uint64_t>(i));
  }
  some.join(all);
  std::map<int, PnCounterPart> aside;
  for (int step = 0; step < 600; ++step) {
    const int i = *rc::gen::inRange(0, actors);
    if (const auto at = aside.find(i); at != aside.end()) {
      const bool up_first = *rc::gen::arbitrary<bool>();
      some.take_back(i, up_first ? PnCounterPart{at->second.p, 0} : PnCounterPart{0, at->second.n});
      some.take_back(i, at->second);
      RC_ASSERT(*some.part(i) == at->second);
      aside.erase(at);
    } else if (*rc::gen::inRange(0, 4) == 0) {
      (void)some.increment(i, 5);
      (void)all.increment(i, 5);
    } else {
      aside[i] = *some.part(i);
      some.set_aside(i);
      RC_ASSERT(!some.part(i));
    }
    RC_ASSERT(some.value() == all.value());
    RC_ASSERT(some.parts().size() + aside.size() == static_cast<std::size_t>(actors));
  }
  const auto even = [](int i) { return i % 2 == 0; };
  for (const auto& [i, part] : std::exchange(aside, {})) {
    if (even(i)) {
      some.take_back(i, part);
    } else {
      aside[i] = part;
    }
  }
  RC_ASSERT(some.without(even).value() == all.without(even).value());
}

TEST(PartMap, GivesMemoryBackWhenMostLeave) {
  GCounter<int> c;
  for (int i = 0; i < 10'000; ++i) (void)c.increment(i, 1);
  for (int i = 0; i < 9'990; ++i) c.set_aside(i);
  EXPECT_EQ(c.value(), uint128{10'000});
  for (int i = 9'990; i < 10'000; ++i) EXPECT_EQ(c.part(i)->p, 1u);
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(c.part(i) != nullptr, i >= 9'990);
  c.take_back(5, GCounterPart{1});
  EXPECT_EQ(c.parts().size(), 11u);
  EXPECT_EQ(c.value(), uint128{10'000});
}

TEST(PartMap, ACopyOfACounterIsItsOwn) {
  PnCounter<int> a;
  for (int i = 0; i < 50; ++i) (void)a.increment(i, 1);
  PnCounter<int> b = a;
  (void)b.increment(7, 1);
  EXPECT_EQ(a.value(), 50);
  EXPECT_EQ(b.value(), 51);
  EXPECT_TRUE(a.leq(b));
  EXPECT_FALSE(b.leq(a));
}

}  // namespace
}  // namespace tributary::crdt
