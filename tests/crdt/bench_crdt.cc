// SPDX-License-Identifier: Apache-2.0
// What the data types cost at the sizes we promise: sets of 1,000,000 elements, counters of 10,000
// actors. Actors are handles, as in the gateway.
//
//   bench_crdt --benchmark_filter=OrSet
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "crdt/gcounter.h"
#include "crdt/gset.h"
#include "crdt/lww_register.h"
#include "crdt/orset.h"
#include "crdt/pncounter.h"

namespace tributary::crdt {
namespace {

// A handle compared by what it points to.
struct Handle {
  const Actor* p = nullptr;
  friend bool operator==(const Handle& a, const Handle& b) { return a.p == b.p; }
  friend std::strong_ordering operator<=>(const Handle& a, const Handle& b) {
    return a.p == b.p ? std::strong_ordering::equal : *a.p <=> *b.p;
  }
};

}  // namespace
}  // namespace tributary::crdt

template <>
struct std::hash<tributary::crdt::Handle> {
  std::size_t operator()(const tributary::crdt::Handle& h) const noexcept {
    return std::hash<const void*>{}(h.p);
  }
};

namespace tributary::crdt {
namespace {

constexpr std::size_t actors = 10'000;
constexpr std::uint64_t elements = 1'000'000;

const std::vector<Actor>& pool() {
  static const std::vector<Actor> all = [] {
    std::vector<Actor> made;
    for (std::size_t i = 0; i < actors; ++i) made.push_back({"device-" + std::to_string(i), i});
    return made;
  }();
  return all;
}
Handle actor(std::size_t i) {
  return Handle{&pool()[i % actors]};
}
std::string element(std::uint64_t i) {
  return "badge-" + std::to_string(i);
}

void per_item(benchmark::State& state, std::uint64_t items) {
  state.SetItemsProcessed(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(state.iterations()) * items));
}

template <class Counter>
Counter counter_of_many() {
  Counter counter;
  for (std::size_t i = 0; i < actors; ++i) (void)counter.increment(actor(i), i + 1);
  return counter;
}

// One part after the other, each a little larger than what is held: the gateway's hot path.
void GCounter_join_part(benchmark::State& state) {
  auto counter = counter_of_many<GCounter<Handle>>();
  std::uint64_t p = actors;
  std::size_t i = 0;
  for (auto _ : state) {
    if (++i == actors) i = 0;
    counter.join_part(actor(i), GCounterPart{++p});
  }
  benchmark::DoNotOptimize(counter.value());
  per_item(state, 1);
}
BENCHMARK(GCounter_join_part);

void PnCounter_join_part(benchmark::State& state) {
  auto counter = counter_of_many<PnCounter<Handle>>();
  std::uint64_t p = actors;
  std::size_t i = 0;
  for (auto _ : state) {
    if (++i == actors) i = 0;
    ++p;
    counter.join_part(actor(i), PnCounterPart{p, p / 2});
  }
  benchmark::DoNotOptimize(counter.value());
  per_item(state, 1);
}
BENCHMARK(PnCounter_join_part);

void PnCounter_increment_with_delta(benchmark::State& state) {
  auto counter = counter_of_many<PnCounter<Handle>>();
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(counter.increment(actor(++i)));
  per_item(state, 1);
}
BENCHMARK(PnCounter_increment_with_delta);

void PnCounter_value_of_10000_actors(benchmark::State& state) {
  const auto counter = counter_of_many<PnCounter<Handle>>();
  for (auto _ : state) benchmark::DoNotOptimize(counter.value());
}
BENCHMARK(PnCounter_value_of_10000_actors);

void PnCounter_join_of_10000_actors(benchmark::State& state) {
  const auto counter = counter_of_many<PnCounter<Handle>>();
  for (auto _ : state) {
    PnCounter<Handle> fresh;
    fresh.join(counter);
    benchmark::DoNotOptimize(fresh);
  }
  per_item(state, actors);
}
BENCHMARK(PnCounter_join_of_10000_actors)->Unit(benchmark::kMicrosecond);

// A replica of 1,000,000 parts hears of all of them again, half of them grown; it heard of them in
// the same order (0), or in another one (1).
void PnCounter_join_1000000_parts(benchmark::State& state) {
  constexpr std::size_t parts = 1'000'000;
  std::vector<std::uint32_t> order(parts);
  for (std::uint32_t i = 0; i < parts; ++i) order[i] = i;
  PnCounter<std::uint32_t> held, there;
  for (const std::uint32_t a : order) held.join_part(a, {a + 1ULL, 0});
  if (state.range(0) == 1) std::shuffle(order.begin(), order.end(), std::mt19937(1));
  for (const std::uint32_t a : order) there.join_part(a, {a + 1ULL + a % 2, 0});
  for (auto _ : state) {
    state.PauseTiming();
    PnCounter<std::uint32_t> replica = held;
    state.ResumeTiming();
    benchmark::DoNotOptimize(replica.join(there));
  }
  per_item(state, parts);
}
BENCHMARK(PnCounter_join_1000000_parts)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void LwwRegister_join_part(benchmark::State& state) {
  LwwRegister<Handle> reg;
  std::uint64_t n = 0;
  for (auto _ : state) {
    ++n;
    reg.join_part(actor(n), LwwPart{n, Hlc{n}, "21.5"});
    benchmark::DoNotOptimize(reg.winner());
  }
  per_item(state, 1);
}
BENCHMARK(LwwRegister_join_part);

void GSet_build_1000000(benchmark::State& state) {
  for (auto _ : state) {
    GSet<Handle> set;
    for (std::uint64_t i = 0; i < elements; ++i) {
      const std::string made = element(i);
      const std::string_view view = made;
      set.join_elements(actor(i), std::span(&view, 1));
    }
    benchmark::DoNotOptimize(set.size());
  }
  per_item(state, elements);
}
BENCHMARK(GSet_build_1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

// A set of 1,000,000 elements, made once by ten actors with one entry of one add at a time.
const OrSet<Handle>& large_set() {
  static const std::unique_ptr<OrSet<Handle>> set = [] {
    auto made = std::make_unique<OrSet<Handle>>();
    for (std::uint64_t i = 0; i < elements; ++i) {
      OrSetPart<Handle> part;
      part.covered.add(i / 10, i / 10 + 1);
      part.live.insert(i / 10 + 1, element(i));
      made->join_part(actor(i % 10), std::move(part));
    }
    return made;
  }();
  return *set;
}

void OrSet_build_1000000(benchmark::State& state) {
  for (auto _ : state) {
    OrSet<Handle> set;
    for (std::uint64_t i = 0; i < elements; ++i) {
      OrSetPart<Handle> part;
      part.covered.add(i / 10, i / 10 + 1);
      part.live.insert(i / 10 + 1, element(i));
      set.join_part(actor(i % 10), std::move(part));
    }
    benchmark::DoNotOptimize(set.size());
  }
  per_item(state, elements);
}
BENCHMARK(OrSet_build_1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

void OrSet_join_part_into_1000000(benchmark::State& state) {
  OrSet<Handle> set = large_set();
  std::uint64_t op = elements;
  for (auto _ : state) {  // one add that replaces the last one: the set keeps its size
    OrSetPart<Handle> part;
    ++op;
    part.covered.add(op - 2, op);
    part.live.insert(op, element(op));
    benchmark::DoNotOptimize(set.join_part(actor(0), std::move(part)));
  }
  per_item(state, 1);
}
BENCHMARK(OrSet_join_part_into_1000000);

void OrSet_add_and_remove_in_1000000(benchmark::State& state) {
  OrSet<Handle> set = large_set();
  std::uint64_t op = elements;
  for (auto _ : state) {
    benchmark::DoNotOptimize(set.add(actor(1), ++op, "visitor"));
    benchmark::DoNotOptimize(set.remove(actor(2), "visitor"));
  }
  per_item(state, 2);
}
BENCHMARK(OrSet_add_and_remove_in_1000000);

void OrSet_contains_in_1000000(benchmark::State& state) {
  const OrSet<Handle>& set = large_set();
  std::uint64_t i = 0;
  const std::string present = element(elements / 2);
  for (auto _ : state) {
    benchmark::DoNotOptimize(set.contains(present));
    benchmark::DoNotOptimize(++i);
  }
  per_item(state, 1);
}
BENCHMARK(OrSet_contains_in_1000000);

// A complete entry of 100,000 adds that changes nothing: a late duplicate.
void OrSet_duplicate_of_a_large_part(benchmark::State& state) {
  OrSet<Handle> set = large_set();
  const OrSetPart<Handle> part = *set.part(actor(0));
  for (auto _ : state) benchmark::DoNotOptimize(set.join_part(actor(0), part));
  per_item(state, part.live.size());
}
BENCHMARK(OrSet_duplicate_of_a_large_part)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tributary::crdt
