// SPDX-License-Identifier: Apache-2.0
// Corners that the laws and the examples come past, each named after what it protects.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "crdt/dot_index.h"
#include "crdt/gset.h"
#include "crdt/interval_set.h"
#include "crdt/lww_register.h"
#include "crdt/orset.h"

namespace tributary::crdt {
namespace {

const Actor a{"a", 1}, b{"b", 1}, c{"c", 1};
using Words = std::vector<std::string>;

TEST(Bottom, IsBelowEverythingAndJoiningItChangesNothing) {
  IntervalSet none, some;
  some.add(0, 3);
  EXPECT_TRUE(none.is_bottom());
  EXPECT_FALSE(some.is_bottom());
  EXPECT_TRUE(none.leq(some));
  EXPECT_FALSE(some.leq(none));
  EXPECT_FALSE(some.join(none));
  LwwPart write{3, Hlc{9}, "x"};
  EXPECT_TRUE(LwwPart{}.leq(write));
  EXPECT_FALSE(write.leq(LwwPart{}));
  LwwRegister<> r;
  EXPECT_FALSE(r.join_part(a, LwwPart{}));
  EXPECT_TRUE(r.is_bottom());
  GSetPart empty;
  EXPECT_TRUE(empty.is_bottom());
  EXPECT_TRUE(empty.join(GSetPart{{"x"}}));
  EXPECT_FALSE(empty.is_bottom());
}

TEST(Bottom, APartOfAnOrSetIsMoreAsSoonAsItSaysAnything) {
  OrSetPart<> covering, removing;
  EXPECT_TRUE(covering.is_bottom());
  covering.covered.add(1);
  EXPECT_FALSE(covering.is_bottom());
  removing.foreign.insert({b, 1});
  EXPECT_FALSE(removing.is_bottom());
  OrSet<> s;
  EXPECT_TRUE(s.join_part(a, removing));
  EXPECT_FALSE(s.is_bottom());
}

TEST(Self, JoiningAPartToItselfChangesNothing) {
  GSetPart g{{"x", "y"}};
  EXPECT_FALSE(g.join(g));
  EXPECT_EQ(g.elements.size(), 2u);
  OrSet<> s;
  s.add(a, 1, "x");
  s.add(b, 1, "y");
  s.remove(a, "y");
  const OrSet<> before = s;
  EXPECT_FALSE(s.join_part(a, *s.part(a)));
  EXPECT_EQ(s, before);
  OrSetPart<> part = *s.part(a);
  EXPECT_FALSE(part.join(part));
  EXPECT_EQ(part, *s.part(a));
}

TEST(DotIndex, ADotTwiceIsOne) {
  const Dot<> one{a, 1}, two{b, 1};
  const auto bytes = [](const Dot<>&) { return std::string_view("x"); };
  DotIndex<Actor> dots;
  dots.insert(one, "x", bytes);
  dots.insert(one, "x", bytes);
  dots.erase(one, "x");
  EXPECT_FALSE(dots.contains("x", bytes)) << "it was the only one";
  dots.insert(one, "x", bytes);
  dots.insert(two, "x", bytes);
  dots.insert(two, "x", bytes);
  EXPECT_EQ(dots.size(), 1u);
  dots.erase(two, "x");
  EXPECT_TRUE(dots.contains("x", bytes));
  dots.erase(one, "x");
  EXPECT_EQ(dots.size(), 0u);
}

// A removal is below another state when that one removed the add, too, or knows it dead.
// With more than a few adds an add looks at the index once and does not join: it must be as if.
TEST(OrSet, AnAddIsTheJoinOfItsDelta) {
  std::mt19937 random(7);
  for (int history = 0; history < 200; ++history) {
    OrSet<> set;
    std::map<std::string, std::uint64_t> ops;
    for (int step = 0; step < 60; ++step) {
      const Actor actor{"reader-" + std::to_string(random() % 3), 1};
      const std::string element = "badge-" + std::to_string(random() % 30);
      if (random() % 4 == 0) {
        set.remove(actor, element);
        continue;
      }
      OrSet<> before = set;
      const std::uint64_t op = ops[actor.device] += 1 + random() % 2;
      const OrSet<> delta = set.add(actor, op, element);
      ASSERT_TRUE(before.join(delta));
      ASSERT_EQ(before, set) << "history " << history << ", step " << step;
      ASSERT_EQ(delta.elements(), std::vector<std::string>{element});
      ASSERT_EQ(before.dots(element), set.dots(element));
      ASSERT_EQ(std::ranges::count(set.dots(element), actor, &Dot<>::actor), 1);
      ASSERT_EQ(before.size(), set.size());
    }
  }
}

TEST(OrSet, TheOrderSeesRemovalsByOthers) {
  OrSet<> base;
  base.add(a, 1, "x");
  OrSet<> removed = base;
  removed.remove(b, "x");
  EXPECT_FALSE(removed.leq(base));
  EXPECT_TRUE(base.leq(removed));
  OrSet<> removed_by_both = removed;
  removed_by_both.join_part(c, OrSetPart<>{{}, {}, {{a, 1}}});
  EXPECT_TRUE(removed.leq(removed_by_both));
  EXPECT_FALSE(removed_by_both.leq(removed)) << "c said so as well";
  OrSet<> dead = base;
  dead.remove(a, "x");
  EXPECT_TRUE(removed.leq(dead)) << "nobody needs the removal of what its owner shows dead";
  OrSet<> both = removed;
  both.join(dead);
  EXPECT_EQ(both, dead);
}

// The owner retires an add: who had removed it keeps what else it said, and is gone if that was
// all.
TEST(OrSet, ARemoverKeepsItsOwnAddsWhenTheRemovalIsForgotten) {
  OrSet<> s;
  s.add(a, 1, "x");
  s.add(b, 1, "y");
  s.remove(b, "x");
  s.join_part(c, OrSetPart<>{{}, {}, {{a, 1}}});
  EXPECT_EQ(s.removers({a, 1}), (std::vector<Actor>{b, c}));
  OrSetPart<> retired;
  retired.covered.add(1);
  s.join_part(a, retired);
  EXPECT_TRUE(s.removers({a, 1}).empty());
  EXPECT_EQ(s.elements(), Words{"y"});
  ASSERT_NE(s.part(b), nullptr);
  EXPECT_TRUE(s.part(b)->foreign.empty());
  EXPECT_EQ(s.part(c), nullptr);
}

}  // namespace
}  // namespace tributary::crdt
