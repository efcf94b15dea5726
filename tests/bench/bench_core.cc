// SPDX-License-Identifier: Apache-2.0
// What the core alone costs a packet: decode, join, rows, acknowledgement, relay, heads and views.
// No broker and no disk: a commit is answered at once. One thread.
//
//   bench_core --benchmark_filter=Ingest/1/
//
// Ingest/OPERATIONS/ROUNDS: packets of so many counters each; every device sends ROUNDS of them, so
// 1 is all new devices, and 10 mostly updates of what is known. `packet` and `op` are
// the time of one, `allocs` the allocations of one packet.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "gateway/core/gateway.h"
#include "tests/bench/packets.h"

namespace {
std::uint64_t allocations = 0;  // of this program's one thread
}

// Replaced for the whole program; the array forms come here as well.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace tributary::bench {
namespace {

constexpr std::uint64_t wall_ms = 1'700'000'000'000;

// Packet i is the (i / devices)-th delta of device i % devices.
std::vector<Packet> make(std::size_t packets, std::size_t operations, std::size_t rounds) {
  const std::size_t devices = packets / rounds;
  std::vector<Packet> out;
  for (std::size_t i = 0; i < devices * rounds; ++i) {
    out.push_back(counters_packet("dev-" + std::to_string(i % devices), i / devices, operations));
  }
  return out;
}

// Effects are looked at and thrown away; a commit is done at once.
std::size_t answer(core::Gateway& gateway, core::Instant now) {
  std::size_t acks = 0;
  while (true) {
    const core::Output out = gateway.take_output();
    for (const core::Publish& p : out.publishes) acks += p.at_least_once ? 0 : 1;
    if (!out.commit) return acks;
    gateway.committed(now, out.commit->ticket);
  }
}

void Ingest(benchmark::State& state) {
  const auto operations = static_cast<std::size_t>(state.range(0));
  const std::vector<Packet> packets = make(100'000 / (operations < 10 ? 1 : operations), operations,
                                           static_cast<std::size_t>(state.range(1)));
  std::size_t acks = 0;
  std::uint64_t allocated = 0;
  for (auto _ : state) {
    state.PauseTiming();
    core::Options o;
    o.fleet = "bench";
    o.gateway = "g1";
    auto gateway = std::make_unique<core::Gateway>(o, 1, 1);
    gateway->attach({"local", true, true, {"*"}});
    gateway->start({0, wall_ms});
    gateway->connected({0, wall_ms}, 0);
    std::vector<Packet> arriving = packets;
    const std::uint64_t before = allocations;
    state.ResumeTiming();
    std::uint64_t n = 0;
    for (Packet& p : arriving) {
      const std::uint64_t ms = ++n / 50;  // 50,000 packets a second
      const core::Instant now{ms, wall_ms + ms};
      gateway->receive(now, {0, std::move(p.topic), std::move(p.payload), false});
      if (n % 64 != 0) continue;  // as many as one turn of the daemon reads, or so
      if (gateway->deadline().value_or(~std::uint64_t{0}) <= ms) gateway->tick(now);
      acks += answer(*gateway, now);
    }
    state.PauseTiming();
    allocated += allocations - before;
    gateway.reset();
    state.ResumeTiming();
  }
  const auto count = static_cast<double>(packets.size()) * static_cast<double>(state.iterations());
  using benchmark::Counter;
  const auto per = Counter::kIsRate | Counter::kInvert;  // seconds
  state.counters["packet"] = Counter(count, per);
  state.counters["op"] = Counter(count * static_cast<double>(operations), per);
  state.counters["allocs"] = static_cast<double>(allocated) / count;
  state.counters["acks"] = static_cast<double>(acks) / count;
}
BENCHMARK(Ingest)->ArgsProduct({{1, 10, 100}, {1, 10}})->Unit(benchmark::kMillisecond)->MinTime(1);

}  // namespace
}  // namespace tributary::bench
