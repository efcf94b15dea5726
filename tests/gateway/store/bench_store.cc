// SPDX-License-Identifier: Apache-2.0
// Commits a second at synchronous=FULL by envelopes a commit, in the steady state: as many go as
// come, 100,000 live. And what a start costs: open with its check, and load. Directory:
// TRIBUTARY_BENCH_DIR, or the current one.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "gateway/store/store.h"

namespace tributary::store {
namespace {

constexpr std::uint64_t live_rows = 100'000;

class Bench {
 public:
  Bench() {
    const char* where = std::getenv("TRIBUTARY_BENCH_DIR");
    std::string pattern = std::string(where ? where : ".") + "/bench-store-XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
    open();
  }
  ~Bench() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  bool open() {
    store_.reset();
    Options o;
    o.identity = {"bench", "g1"};
    o.random = [] { return std::uint64_t{1}; };
    auto opened = Store::open(dir_ + "/gateway.db", o);
    if (opened) store_ = std::move(*opened);
    return store_ != nullptr;
  }
  // `count` envelopes of 400 bytes in, the oldest ones out beyond live_rows, one actor row an
  // envelope.
  bool commit(std::uint64_t count) {
    Commit c;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t row = next_++;
      c.insert.push_back(
          {row, std::string(32, 'h'), "device-1", row, 0, row, std::string(400, 'b')});
      if (row > live_rows) c.erase.push_back(row - live_rows);
      c.actors.push_back({row % 10'000 + 1, "device-1", 1, std::string(40, 'i'), row});
    }
    return static_cast<bool>(store_->commit(c));
  }
  void fill() {
    while (next_ <= live_rows) commit(5'000);
  }
  Store& store() { return *store_; }

 private:
  std::string dir_;
  std::unique_ptr<Store> store_;
  std::uint64_t next_ = 1;
};

void commits(benchmark::State& state) {
  Bench bench;
  bench.fill();
  const auto count = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    if (!bench.commit(count)) return state.SkipWithError("commit failed");
  }
  const auto rounds = static_cast<double>(state.iterations());
  state.counters["commits/s"] = benchmark::Counter(rounds, benchmark::Counter::kIsRate);
  state.counters["envelopes/s"] =
      benchmark::Counter(rounds * static_cast<double>(count), benchmark::Counter::kIsRate);
}
BENCHMARK(commits)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

void open_and_load(benchmark::State& state) {
  Bench bench;
  bench.fill();
  std::uint64_t bytes = 0;
  Store::Visitor visitor;
  visitor.envelope = [&](EnvelopeRow&& e) { bytes += e.bytes.size(); };
  for (auto _ : state) {
    if (!bench.open() || !bench.store().load(visitor)) return state.SkipWithError("open failed");
  }
  state.counters["envelopes"] = static_cast<double>(live_rows);
  state.counters["file_mb"] = static_cast<double>(bench.store().file_bytes()) / (1 << 20);
  benchmark::DoNotOptimize(bytes);
}
BENCHMARK(open_and_load)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace tributary::store
