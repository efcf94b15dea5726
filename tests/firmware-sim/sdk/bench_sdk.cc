// SPDX-License-Identifier: Apache-2.0
// What the SDK costs a device: an operation, a packet, a large set, a snapshot.
#include <benchmark/benchmark.h>

#include <random>

#include "firmware-sim/sdk/device.h"
#include "transports/wire/ack.h"
#include "transports/wire/pack.h"

namespace tributary::sdk {
namespace {

std::mt19937_64 random_bits(1);

Options options() {
  Options o;
  o.fleet = "demo";
  o.device = "d1";
  o.random = [] { return random_bits(); };
  return o;
}

Device opened() {
  return std::move(*Device::open(options()));
}

void BM_CounterAdd(benchmark::State& state) {
  Device d = opened();
  Counter c = d.counter("hall/people");
  for (auto _ : state) benchmark::DoNotOptimize(c.add(1));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CounterAdd);

void BM_SetInsertErase(benchmark::State& state) {
  Device d = opened();
  Set s = d.set("hall/alarms");
  const auto elements = static_cast<std::uint64_t>(state.range(0));
  for (std::uint64_t i = 0; i < elements; ++i) s.insert("element-" + std::to_string(i));
  for (auto _ : state) {
    s.insert("door-open");
    s.erase("door-open");
  }
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(BM_SetInsertErase)->Arg(10)->Arg(100'000);

// 100 operations on 10 keys, one packet, one ack; packed or not.
void BM_HundredOperationsOnePacket(benchmark::State& state) {
  Options o = options();
  o.compress = state.range(0) != 0;
  Device d = std::move(*Device::open(std::move(o)));
  std::vector<Counter> counters;
  for (int i = 0; i < 10; ++i) counters.push_back(d.counter("line-3/part-" + std::to_string(i)));
  wire::Ack ack;
  ack.fleet = "demo";
  ack.gateway = "g1";
  ack.device = "d1";
  std::uint64_t now_ms = 1'700'000'000'000;
  for (auto _ : state) {
    for (int i = 0; i < 100; ++i) counters[static_cast<std::size_t>(i) % 10].add(1);
    const std::vector<Packet> packets = d.poll(++now_ms);
    state.PauseTiming();
    wire::Pack storage;
    const auto envelopes = wire::split_upload(packets.at(0).payload, {}, storage);
    const auto e = wire::decode_envelope(envelopes->at(0), {});
    wire::ActorAck a;
    a.epoch = d.epoch();
    a.op = e->delta.to;
    a.hash = e->hash;
    ack.actors = {a};
    const std::string answer = wire::seal(wire::encode_body(ack));
    state.ResumeTiming();
    benchmark::DoNotOptimize(d.receive(now_ms, answer));
  }
  state.SetItemsProcessed(100 * state.iterations());
}
BENCHMARK(BM_HundredOperationsOnePacket)->ArgName("packed")->Arg(0)->Arg(1);

// Everything from zero: what a gateway with a new disk costs.
void BM_CompleteSet(benchmark::State& state) {
  const auto elements = static_cast<std::uint64_t>(state.range(0));
  std::size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Device d = opened();
    Set s = d.set("hall/alarms");
    for (std::uint64_t i = 0; i < elements; ++i) s.insert("element-" + std::to_string(i));
    state.ResumeTiming();
    bytes = 0;
    for (std::vector<Packet> p = d.poll(1'000); !p.empty(); p = d.poll(1'000)) {
      for (const Packet& x : p) bytes += x.payload.size();
    }
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.SetItemsProcessed(static_cast<std::int64_t>(elements) * state.iterations());
}
BENCHMARK(BM_CompleteSet)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void BM_Snapshot(benchmark::State& state) {
  std::size_t bytes = 0;
  Options o = options();
  o.save = [&](std::string_view s) {
    bytes = s.size();
    return true;
  };
  Device d = std::move(*Device::open(std::move(o)));
  for (std::int64_t i = 0; i < state.range(0); ++i) d.counter("key-" + std::to_string(i)).add(1);
  Counter c = d.counter("key-0");
  for (auto _ : state) {
    c.add(1);
    benchmark::DoNotOptimize(d.persist());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_Snapshot)->Arg(10)->Arg(1'000);

}  // namespace
}  // namespace tributary::sdk
