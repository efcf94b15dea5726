// SPDX-License-Identifier: Apache-2.0
// The laws of a join-semilattice, stated once for every type and every part. RapidCheck prints its
// seed and, when a law fails, the smallest values that break it and what to put into RC_PARAMS to
// see them again.
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Counters, Laws, testing::Types<GCounterPart, GCounter<>>);
#pragma once
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "tests/crdt/support/generate.h"
#include "tests/crdt/support/mirror.h"
#include "tests/crdt/support/pieces.h"

namespace tributary::crdt {

template <class T>
class Laws : public testing::Test {
 protected:
  using Law = bool (*)(const T&, const T&, const T&);

  // One property for all laws: what RapidCheck generates around it is slow to compile.
  static void check(Law law) {
    ASSERT_TRUE(rc::check([law](const T& a, const T& b, const T& c) { RC_ASSERT(law(a, b, c)); }));
  }
};
TYPED_TEST_SUITE_P(Laws);

TYPED_TEST_P(Laws, JoinIsCommutative) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) { return joined(a, b) == joined(b, a); });
}

TYPED_TEST_P(Laws, JoinIsAssociative) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T& c) {
    return joined(joined(a, b), c) == joined(a, joined(b, c));
  });
}

TYPED_TEST_P(Laws, JoinIsIdempotent) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) {
    T both = a;
    if (both.join(a) || both.join(both) || !(both == a)) return false;
    both.join(b);
    return !both.join(b) && !both.join(a);
  });
}

TYPED_TEST_P(Laws, JoinSaysWhetherItChanged) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) {
    T both = a;
    const bool changed = both.join(b);
    return changed == !(both == a);
  });
}

TYPED_TEST_P(Laws, BottomIsNeutral) {
  using T = TypeParam;
  this->check([](const T& a, const T&, const T&) {
    return T{}.is_bottom() && a.is_bottom() == (a == T{}) && joined(a, T{}) == a &&
           joined(T{}, a) == a && T{}.leq(a);
  });
}

TYPED_TEST_P(Laws, JoinIsMonotone) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T& c) {
    const T both = joined(a, b);
    return a.leq(both) && b.leq(both) && joined(a, c).leq(joined(both, c));
  });
}

// leq is the order that join makes, and join the least upper bound.
TYPED_TEST_P(Laws, OrderIsThatOfJoin) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T& c) {
    return a.leq(a) && a.leq(b) == (joined(b, a) == b) && (a.leq(b) && b.leq(a)) == (a == b) &&
           joined(a, b).leq(c) == (a.leq(c) && b.leq(c));
  });
}

TYPED_TEST_P(Laws, CopiesAndMovesStandAlone) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) {
    T copy = a;
    T changed = copy;
    changed.join(b);
    if (!(copy == a)) return false;
    T moved = std::move(changed);
    if (!(moved == joined(a, b))) return false;
    copy = moved;
    return !copy.join(b);
  });
}

REGISTER_TYPED_TEST_SUITE_P(Laws, JoinIsCommutative, JoinIsAssociative, JoinIsIdempotent,
                            JoinSaysWhetherItChanged, BottomIsNeutral, JoinIsMonotone,
                            OrderIsThatOfJoin, CopiesAndMovesStandAlone);

template <class T>
class ValueLaws : public testing::Test {};

TYPED_TEST_SUITE_P(ValueLaws);

template <class T>
using ActorOf = typename T::PartMap::key_type;

// Deltas cut into sub-intervals, shuffled, sent twice and grouped at random are the same state.
TYPED_TEST_P(ValueLaws, AnyCutShuffledRepeatedAndRegroupedIsTheSame) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([](const std::vector<T>& deltas) {
    T whole;
    std::vector<T> pool;
    for (const T& delta : deltas) {
      whole.join(delta);
      for (T& piece : pieces(delta)) pool.push_back(std::move(piece));
    }
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const std::size_t once = pool.size();
    for (std::size_t i = 0; i < once; i += 1 + random() % 2) pool.push_back(pool[i]);
    while (pool.size() > 1) {
      std::swap(pool[random() % pool.size()], pool.back());
      const T taken = std::move(pool.back());
      pool.pop_back();
      pool[random() % pool.size()].join(taken);
    }
    RC_ASSERT((pool.empty() ? T{} : pool.front()) == whole);
  }));
}

TYPED_TEST_P(ValueLaws, ObserverEventsRebuildTheNormalForm) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([] {
    const auto steps = *rc::gen::container<Contributions<T>>(rc::gen::pair(
        rc::gen::inRange<std::size_t>(0, actors_max), rc::gen::arbitrary<typename T::Part>()));
    T value, unobserved;
    Mirror<T> mirror;
    for (const auto& step : steps) {
      const auto actor = actor_of<ActorOf<T>>(step.first);
      const T before = value;
      const bool changed = value.join_part(actor, step.second, mirror);
      RC_ASSERT(changed == !(value == before));
      RC_ASSERT(mirror.shows(value));
      typename T::Part given = step.second;
      RC_ASSERT(unobserved.join_part(actor, std::move(given)) == changed);
      RC_ASSERT(unobserved == value);
    }
  }));
}

TYPED_TEST_P(ValueLaws, PartsJoinLikeTheirValues) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([](const T& a, const T& b) {
    T by_part = a;
    for (const auto& [actor, part] : b.parts()) by_part.join_part(actor, part);
    RC_ASSERT(by_part == joined(a, b));
    for (const auto& [actor, part] : by_part.parts()) RC_ASSERT(!part.is_bottom());
  }));
}

REGISTER_TYPED_TEST_SUITE_P(ValueLaws, AnyCutShuffledRepeatedAndRegroupedIsTheSame,
                            ObserverEventsRebuildTheNormalForm, PartsJoinLikeTheirValues);

}  // namespace tributary::crdt
