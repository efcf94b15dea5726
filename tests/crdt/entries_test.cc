// SPDX-License-Identifier: Apache-2.0
// Garbage collection by supersession, over every type: collecting at any moment never changes the
// state, nor what a late duplicate does to it, and what is left depends on what arrived, not on the
// order.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/crdt/support/writer.h"

namespace tributary::crdt {
namespace {

template <class T>
class Entries : public testing::Test {};

using Values = testing::Types<GCounter<Actor>, PnCounter<Actor>, GSet<Actor>, OrSet<Actor>,
                              LwwRegister<Actor>, OrSet<ActorRef>>;
TYPED_TEST_SUITE(Entries, Values);

template <class T>
struct Traffic {
  std::vector<ModelEntry<T>> entries;
  T truth;  // the join of what the writers themselves hold
};

// Honest writers that see some of each other's entries and make deltas since random points. With
// `clones`, two writers are one actor without knowing.
template <class T>
Traffic<T> any_traffic(std::mt19937_64& random, bool clones) {
  using A = typename Writer<T>::A;
  std::vector<Writer<T>> writers;
  for (std::size_t i = 0; i < 3; ++i) {
    writers.emplace_back(actor_of<A>(clones ? i / 2 : i));
  }
  Traffic<T> traffic;
  T seen;
  std::uint64_t bodies = 0;
  for (const Step& step : *any_steps()) {
    Writer<T>& writer = writers[step.replica];
    if (step.what < 5) {
      writer.write(step, seen);
    } else if (writer.now() > 0) {
      const std::uint64_t from = step.what == 7 ? 0 : step.arg % writer.now();
      for (auto& e : writer.entries(from, random, bodies)) traffic.entries.push_back(e);
    }
    if (step.arg % 3 == 0 && !traffic.entries.empty()) {
      const auto& e = traffic.entries[random() % traffic.entries.size()];
      seen.join_part(e.actor, e.part);
    }
  }
  for (const Writer<T>& writer : writers) {
    if (writer.now() > 0) {
      for (auto& e : writer.entries(0, random, bodies)) traffic.entries.push_back(e);
    }
    traffic.truth.join(writer.whole());
  }
  return traffic;
}

template <class T>
std::vector<ModelEntry<T>> shuffled_with_duplicates(std::vector<ModelEntry<T>> entries,
                                                    std::mt19937_64& random) {
  const std::size_t once = entries.size();
  for (std::size_t i = 0; i < once; i += 1 + random() % 4) entries.push_back(entries[i]);
  std::shuffle(entries.begin(), entries.end(), random);
  return entries;
}

template <class T>
void check_collecting(bool clones) {
  ASSERT_TRUE(rc::check([clones] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const Traffic<T> traffic = any_traffic<T>(random, clones);
    T never_collected;
    Held<T> held;
    for (const auto& e : shuffled_with_duplicates(traffic.entries, random)) {
      never_collected.join_part(e.actor, e.part);
      held.join(e);
      if (random() % 2 == 0) held.collect();
      RC_ASSERT(held.state == never_collected);
      RC_ASSERT(held.rebuilt() == never_collected);
      if (random() % 4 == 0) held.state = held.rebuilt();  // a restart
    }
    if (!clones) RC_ASSERT(held.state == traffic.truth);
    held.collect();
    const auto left = held.sorted();
    for (const auto& e : shuffled_with_duplicates(traffic.entries, random)) {
      held.take(e);  // late duplicates, also of what was collected long ago
      RC_ASSERT(held.state == never_collected);
      RC_ASSERT(held.sorted() == left);
    }
  }));
}

TYPED_TEST(Entries, CollectingNeverChangesTheState) {
  check_collecting<TypeParam>(false);
}

TYPED_TEST(Entries, CollectingNeverChangesTheStateAmongClones) {
  check_collecting<TypeParam>(true);
}

TYPED_TEST(Entries, WhatIsLeftDoesNotDependOnTheOrder) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const Traffic<T> traffic = any_traffic<T>(random, random() % 2 == 0);
    Held<T> one, two;
    for (const auto& e : shuffled_with_duplicates(traffic.entries, random)) one.take(e);
    for (const auto& e : shuffled_with_duplicates(traffic.entries, random)) two.take(e);
    RC_ASSERT(one.sorted() == two.sorted());
    RC_ASSERT(one.state == two.state);
  }));
}

// A gateway that holds only what another one did not collect shows the same.
TYPED_TEST(Entries, AGatewayBootstrapsFromTheLiveEntriesOfAnother) {
  using T = TypeParam;
  ASSERT_TRUE(rc::check([] {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const Traffic<T> traffic = any_traffic<T>(random, false);
    Held<T> one, two;
    for (const auto& e : traffic.entries) (random() % 2 == 0 ? one : two).take(e);
    for (const auto& e : one.sorted()) two.take(e);
    for (const auto& e : two.sorted()) one.take(e);
    RC_ASSERT(one.state == traffic.truth);
    RC_ASSERT(two.state == traffic.truth);
    RC_ASSERT(one.rebuilt() == traffic.truth);
  }));
}

}  // namespace
}  // namespace tributary::crdt
