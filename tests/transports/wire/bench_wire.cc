// SPDX-License-Identifier: Apache-2.0
// What the codec costs: packets of 1, 10 and 100 operations, their hash, and packs. `items` are
// operations (of packs: envelopes).
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "transports/wire/ack.h"
#include "transports/wire/pack.h"

namespace tributary::wire {
namespace {

// A device's delta of n counters, as most packets are.
struct Packet {
  explicit Packet(std::size_t n) {
    delta.fleet = "demo";
    delta.device = "meter-0042";
    delta.epoch = 0x0123456789ABCDEF;
    delta.from = 1'000'000;
    delta.to = 1'000'000 + n;
    delta.id = 0xFEDCBA9876543210;
    delta.hlc = crdt::Hlc::at(1'700'000'000'000);
    for (std::size_t i = 0; i < n; ++i)
      keys.push_back("plant-1/line-3/parts-" + std::to_string(1'000 + i));
    for (const std::string& k : keys)
      delta.entries.push_back({k, 1, 0, delta.to, GCounterPayload{123'456}, 0});
  }
  std::vector<std::string> keys;
  Delta delta;
};

template <class T>
void require(const T& result) {
  if (!result) std::abort();
}

void encode_envelope_of(benchmark::State& state) {
  const Packet p(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(seal(encode_delta(p.delta)));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode_envelope_of)->Arg(1)->Arg(10)->Arg(100);

void decode_envelope_of(benchmark::State& state) {
  const Packet p(static_cast<std::size_t>(state.range(0)));
  const auto bytes = std::make_shared<const std::string>(seal(encode_delta(p.delta)));
  const Limits limits;
  for (auto _ : state) {
    const auto e = decode_envelope(bytes, limits);
    require(e);
    benchmark::DoNotOptimize(e->delta.entries.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes->size()));
}
BENCHMARK(decode_envelope_of)->Arg(1)->Arg(10)->Arg(100);

// Without the hash and the frame.
void decode_delta_of(benchmark::State& state) {
  const Packet p(static_cast<std::size_t>(state.range(0)));
  const std::string body = encode_delta(p.delta);
  const Limits limits;
  for (auto _ : state) {
    const auto d = decode_delta(body, limits);
    require(d);
    benchmark::DoNotOptimize(d->entries.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_delta_of)->Arg(1)->Arg(10)->Arg(100);

void decode_or_set(benchmark::State& state) {
  Packet p(0);
  std::vector<std::string> elements;
  OrSetPayload set;
  for (std::uint64_t i = 1; i <= 100; ++i)
    elements.push_back("badge-" + std::to_string(10'000 + i));
  for (std::size_t i = 0; i < elements.size(); ++i) set.adds.push_back({i + 1, elements[i]});
  p.delta.entries.push_back({"door/badges", 4, 0, p.delta.to = 1'000'100, set, 0});
  const std::string body = encode_delta(p.delta);
  const Limits limits;
  for (auto _ : state) {
    const auto d = decode_delta(body, limits);
    require(d);
    benchmark::DoNotOptimize(d->entries.data());
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(decode_or_set);

void sha256_of(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sha256_of)->Arg(64)->Arg(200)->Arg(1'300)->Arg(4'096);

std::vector<std::string> envelopes(std::size_t n) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < n; ++i) {
    Packet p(10);
    p.delta.epoch += i * 0x9E3779B97F4A7C15u;
    out.push_back(seal(encode_delta(p.delta)));
  }
  return out;
}

void encode_pack_of(benchmark::State& state) {
  const std::vector<std::string> all = envelopes(100);
  const std::vector<std::string_view> views(all.begin(), all.end());
  const auto codec = static_cast<Codec>(state.range(0));
  std::size_t size = 0;
  for (auto _ : state) size = encode_pack(views, codec).size();
  state.SetItemsProcessed(state.iterations() * 100);
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(encode_pack_of)->ArgName("codec")->Arg(0)->Arg(1)->Arg(2);

void decode_pack_of(benchmark::State& state) {
  const std::vector<std::string> all = envelopes(100);
  const std::vector<std::string_view> views(all.begin(), all.end());
  const std::string bytes = encode_pack(views, static_cast<Codec>(state.range(0)));
  const Limits limits;
  for (auto _ : state) {
    const auto p = decode_pack(bytes, limits);
    require(p);
    benchmark::DoNotOptimize(p->envelopes.data());
  }
  state.SetItemsProcessed(state.iterations() * 100);
}
BENCHMARK(decode_pack_of)->ArgName("codec")->Arg(0)->Arg(1)->Arg(2);

void encode_and_decode_ack(benchmark::State& state) {
  Ack a;
  a.fleet = "demo";
  a.gateway = "gw-a";
  a.device = "meter-0042";
  a.actors.emplace_back();
  a.actors[0].op = 1'000'000;
  for (auto _ : state) {
    const std::string bytes = seal(encode_body(a));
    require(decode_ack(bytes, Limits{}));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_and_decode_ack);

}  // namespace
}  // namespace tributary::wire
