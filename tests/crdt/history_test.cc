// SPDX-License-Identifier: Apache-2.0
// Random histories of every type against an oracle that keeps all operations: what each replica
// shows is exactly what the operations that reached it say, never more than was issued, and an add
// wins over a removal that did not see it.
#include "tests/crdt/support/history.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>
#include <vector>

namespace tributary::crdt {
namespace {

template <class T>
class History : public testing::Test {};

using Values = testing::Types<GCounter<Actor>, PnCounter<Actor>, GSet<Actor>, OrSet<Actor>,
                              LwwRegister<Actor>, OrSet<ActorRef>, LwwRegister<ActorRef>>;
TYPED_TEST_SUITE(History, Values);

template <class T>
World<T> any_world() {
  World<T> world;
  for (const Step& step : *any_steps()) world.take(step);
  return world;
}

TYPED_TEST(History, ReplicasShowWhatTheirOperationsSay) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([] {
    const World<T> world = any_world<T>();
    Known all;
    for (std::size_t i = 0; i < world.log.size(); ++i) all.insert(i);
    RC_ASSERT(World<T>::Oracle::shown(world.everything()) ==
              World<T>::Oracle::expected(world.log, all));
  }));
}

// Deltas alone, in any order, as often as they come, are as good as whole states.
TYPED_TEST(History, ShuffledAndRepeatedDeltasGiveTheOneState) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([] {
    const World<T> world = any_world<T>();
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    auto order = world.deltas;
    const std::size_t once = order.size();
    for (std::size_t i = 0; i < once; i += 1 + random() % 3) order.push_back(order[i]);
    std::shuffle(order.begin(), order.end(), random);
    T late;
    Known known;
    for (const auto& delta : order) {
      late.join(delta.value);
      known.insert(delta.known.begin(), delta.known.end());
      RC_ASSERT(World<T>::Oracle::shown(late) == World<T>::Oracle::expected(world.log, known));
    }
    RC_ASSERT(late == world.everything());
  }));
}

// Increments that sum up near the limit: refused exactly when the part would pass it, and nothing
// changes then.
template <class Counter>
void check_overflow() {
  ASSERT_TRUE(rc::check([](const std::vector<std::uint64_t>& steps) {
    Counter counter;
    uint128 model = 0;
    for (const std::uint64_t step : steps) {
      const std::uint64_t n = ~std::uint64_t{0} / (1 + step % 9) - step % 3;
      const Counter before = counter;
      const auto delta = counter.increment(Actor{"a", 1}, n);
      const bool room = model + n <= ~std::uint64_t{0};
      RC_ASSERT(static_cast<bool>(delta) == room);
      if (room) model += n;
      if (!room) RC_ASSERT(counter == before);
      RC_ASSERT(!counter.part(Actor{"a", 1}) || counter.part(Actor{"a", 1})->p == model);
    }
  }));
}
TEST(Overflow, IsRefusedWithoutChange) {
  check_overflow<GCounter<>>();
  check_overflow<PnCounter<>>();
}

}  // namespace
}  // namespace tributary::crdt
