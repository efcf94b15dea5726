// SPDX-License-Identifier: Apache-2.0
// The laws of a join-semilattice, once for every type and every part. RapidCheck prints its seed
// and, when a law fails, the smallest values that break it and what to put into RC_PARAMS to see
// them again.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "tests/crdt/support/generate.h"
#include "tests/crdt/support/mirror.h"
#include "tests/crdt/support/pieces.h"

namespace tributary::crdt {
namespace {

template <class T>
class Laws : public testing::Test {
 protected:
  using Law = void (*)(const T&, const T&, const T&);

  static void check(Law law) {
    ASSERT_TRUE(rc::check([law](const T& a, const T& b, const T& c) { law(a, b, c); }));
  }
};

using Lattices =
    testing::Types<IntervalSet, GCounterPart, PnCounterPart, GSetPart, OrSetPart<Actor>, LwwPart,
                   GCounter<Actor>, PnCounter<Actor>, GSet<Actor>, OrSet<Actor>, LwwRegister<Actor>,
                   GCounter<ActorRef>, PnCounter<ActorRef>, GSet<ActorRef>, OrSet<ActorRef>,
                   LwwRegister<ActorRef>>;
TYPED_TEST_SUITE(Laws, Lattices);

TYPED_TEST(Laws, JoinIsCommutative) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) { RC_ASSERT(joined(a, b) == joined(b, a)); });
}

TYPED_TEST(Laws, JoinIsAssociative) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T& c) {
    RC_ASSERT(joined(joined(a, b), c) == joined(a, joined(b, c)));
  });
}

TYPED_TEST(Laws, JoinIsIdempotent) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) {
    T both = a;
    RC_ASSERT(!both.join(a));
    RC_ASSERT(!both.join(both));
    RC_ASSERT(both == a);
    both.join(b);
    RC_ASSERT(!both.join(b));
    RC_ASSERT(!both.join(a));
  });
}

TYPED_TEST(Laws, JoinSaysWhetherItChanged) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) {
    T both = a;
    const bool changed = both.join(b);
    RC_ASSERT(changed == !(both == a));
  });
}

TYPED_TEST(Laws, BottomIsNeutral) {
  using T = TypeParam;
  this->check([](const T& a, const T&, const T&) {
    RC_ASSERT(T{}.is_bottom());
    RC_ASSERT(a.is_bottom() == (a == T{}));
    RC_ASSERT(joined(a, T{}) == a);
    RC_ASSERT(joined(T{}, a) == a);
    RC_ASSERT(T{}.leq(a));
  });
}

TYPED_TEST(Laws, JoinIsMonotone) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T& c) {
    const T both = joined(a, b);
    RC_ASSERT(a.leq(both));
    RC_ASSERT(b.leq(both));
    RC_ASSERT(joined(a, c).leq(joined(both, c)));
  });
}

TYPED_TEST(Laws, OrderIsThatOfJoin) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T& c) {
    RC_ASSERT(a.leq(a));
    RC_ASSERT(a.leq(b) == (joined(b, a) == b));
    RC_ASSERT((a.leq(b) && b.leq(a)) == (a == b));
    const T both = joined(a, b);
    RC_ASSERT(both.leq(c) == (a.leq(c) && b.leq(c)));  // the least upper bound
  });
}

TYPED_TEST(Laws, CopiesAndMovesStandAlone) {
  using T = TypeParam;
  this->check([](const T& a, const T& b, const T&) {
    T copy = a;
    T changed = copy;
    changed.join(b);
    RC_ASSERT(copy == a);
    T moved = std::move(changed);
    RC_ASSERT(moved == joined(a, b));
    copy = moved;
    RC_ASSERT(!copy.join(b));
  });
}

template <class T>
class ValueLaws : public testing::Test {};

using Values =
    testing::Types<GCounter<Actor>, PnCounter<Actor>, GSet<Actor>, OrSet<Actor>, LwwRegister<Actor>,
                   GCounter<ActorRef>, OrSet<ActorRef>, LwwRegister<ActorRef>>;
TYPED_TEST_SUITE(ValueLaws, Values);

template <class T>
using ActorOf = typename T::PartMap::key_type;

// Deltas cut into sub-intervals, shuffled, sent twice and grouped at random are the same state.
TYPED_TEST(ValueLaws, AnyCutShuffledRepeatedAndRegroupedIsTheSame) {
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

TYPED_TEST(ValueLaws, ObserverEventsRebuildTheNormalForm) {
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

TYPED_TEST(ValueLaws, PartsJoinLikeTheirValues) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([](const T& a, const T& b) {
    T by_part = a;
    for (const auto& [actor, part] : b.parts()) by_part.join_part(actor, part);
    RC_ASSERT(by_part == joined(a, b));
    for (const auto& [actor, part] : by_part.parts()) RC_ASSERT(!part.is_bottom());
  }));
}

// The parts of an OR-Set join alone as they do inside of it, but for removals that nobody needs.
TEST(OrSetLaws, NormalFormDropsOnlyRemovalsOfTheDead) {
  ASSERT_TRUE(rc::check([](const OrSet<>& a, const OrSet<>& b) {
    const OrSet<> both = joined(a, b);
    std::map<Actor, OrSetPart<>> naive;
    for (const OrSet<>* s : {&a, &b}) {
      for (const auto& [actor, part] : s->parts()) naive[actor].join(part);
    }
    for (auto& [actor, part] : naive) {
      std::erase_if(part.foreign, [&](const Dot<>& dot) {
        const auto owner = naive.find(dot.actor);
        return owner != naive.end() && owner->second.dead(dot.op);
      });
    }
    std::erase_if(naive, [](const auto& entry) { return entry.second.is_bottom(); });
    RC_ASSERT(both.parts().size() == naive.size());
    for (const auto& [actor, part] : naive) RC_ASSERT(*both.part(actor) == part);
  }));
}

// What is shown, from the definition: live adds that are in nobody's `foreign`.
TEST(OrSetLaws, ShowsLiveAddsThatNobodyRemoved) {
  ASSERT_TRUE(rc::check([](const OrSet<>& s) {
    std::map<Dot<>, std::set<Actor>> removers;
    for (const auto& [actor, part] : s.parts()) {
      for (const Dot<>& dot : part.foreign) removers[dot].insert(actor);
    }
    std::map<std::string, std::vector<Dot<>>> visible;
    for (const auto& [actor, part] :
         std::map<Actor, OrSetPart<>>(s.parts().begin(), s.parts().end())) {
      for (const auto& [op, element] : part.live) {
        if (!removers.contains(Dot<>{actor, op})) visible[element].push_back({actor, op});
      }
    }
    RC_ASSERT(s.size() == visible.size());
    std::vector<std::string> elements;
    for (const auto& [element, dots] : visible) {
      elements.push_back(element);
      RC_ASSERT(s.contains(element));
      RC_ASSERT(s.dots(element) == dots);
    }
    RC_ASSERT(s.elements() == elements);
    for (const auto& [dot, who] : removers) {
      RC_ASSERT(!s.dead(dot));
      RC_ASSERT(s.removers(dot) == std::vector<Actor>(who.begin(), who.end()));
    }
  }));
}

}  // namespace
}  // namespace tributary::crdt
