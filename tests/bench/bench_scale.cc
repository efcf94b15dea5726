// SPDX-License-Identifier: Apache-2.0
// The gateway's core and store at the sizes that users asked about: time, memory and start-up,
// printed as a table.
//
//   bench_scale [DIR]      DIR: where the databases go (a temporary directory when left out)
//
// Each row: a fleet's state is made by the shipping SDK or codec, taken by the shipping core,
// committed to SQLite at synchronous=FULL, and loaded again. `memory` is what is allocated for core
// and state once all has settled (glibc's mallinfo2: without what the allocator keeps for later).
// The last lines divide it: what a device, a key and a part cost.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "gateway/core/gateway.h"
#include "gateway/store/store.h"
#include "transports/wire/ack.h"

namespace tributary {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::size_t allocated_bytes() {
  const struct mallinfo2 m = mallinfo2();
  return m.uordblks + m.hblkhd;
}

core::Options core_options() {
  core::Options o;
  o.fleet = "bench";
  o.gateway = "g1";
  o.pending_envelopes_max = 1'000'000;
  return o;
}

constexpr std::uint64_t wall_ms = 1'700'000'000'000;

// A gateway with its store; commits are done at once.
struct Rig {
  explicit Rig(const std::string& path) {
    store::Options o;
    o.identity = {"bench", "g1"};
    o.random = [] { return std::uint64_t{42}; };
    auto opened = store::Store::open(path, o);
    if (!opened) {
      std::cerr << opened.error().message << '\n';
      std::exit(5);
    }
    store = std::move(*opened);
    gateway = std::make_unique<core::Gateway>(core_options(), store->incarnation(), 7);
  }
  void load() {
    gateway->restore_on_two_threads();  // as the daemon does
    const auto loaded =
        store->load({[&](core::EnvelopeRow&& row) { gateway->restore(std::move(row)); },
                     [&](core::ActorRow&& row) { gateway->restore(std::move(row)); }});
    if (!loaded) std::exit(5);
    gateway->attach({"local", true, true, {"*"}});
    gateway->start({now, wall_ms + now});
    gateway->connected({now, wall_ms + now}, 0);
    pump();
  }
  void pump() {
    for (;;) {
      core::Output out = gateway->take_output();
      for (core::Publish& p : out.publishes) {
        bytes_out += p.payload.size();
        if (on_publish) on_publish(p);
      }
      if (!out.commit) return;
      if (!store->commit(out.commit->rows)) std::exit(5);
      ++commits;
      gateway->committed({now, wall_ms + now}, out.commit->ticket);
    }
  }
  void send(const std::string& device, std::string payload) {
    gateway->receive({now, wall_ms + now},
                     {0, "tributary/v1/bench/up/" + device, std::move(payload), false});
    pump();
  }
  void settle(std::uint64_t ms) {
    for (const std::uint64_t end = now + ms; now < end; now += 50) {
      gateway->tick({now, wall_ms + now});
      pump();
    }
  }
  std::unique_ptr<store::Store> store;
  std::unique_ptr<core::Gateway> gateway;
  std::function<void(const core::Publish&)> on_publish;
  std::uint64_t now = 1'000, commits = 0, bytes_out = 0;
};

sdk::Device device(const std::string& name, std::uint64_t seed) {
  sdk::Options o;
  o.fleet = "bench";
  o.device = name;
  o.random = [random = std::make_shared<std::mt19937_64>(seed)] { return (*random)(); };
  o.inflight_max = 1'000'000;
  o.burst_packets_max = 1'000'000;
  auto opened = sdk::Device::open(std::move(o));
  return std::move(*opened);
}

struct Scenario {
  const char* name;
  std::size_t operations;
  std::function<void(Rig&)> feed;
};

void counters(Rig& rig, int devices, int keys) {
  for (int d = 0; d < devices; ++d) {
    const std::string name = "dev-" + std::to_string(d);
    sdk::Device dev = device(name, static_cast<std::uint64_t>(d) + 1);
    dev.time(wall_ms);
    for (int k = 0; k < keys; ++k)
      dev.up_down(name + "/key-" + std::to_string(k)).add(static_cast<std::uint64_t>(k) + 1);
    for (auto& p : dev.poll(wall_ms + 100)) rig.send(name, std::move(p.payload));
  }
}

enum class Of { counters, registers };

// Counters or registers that all devices share: what a part costs beside its device and its key.
void shared(Rig& rig, int devices, int keys, Of of = Of::counters) {
  for (int d = 0; d < devices; ++d) {
    const std::string name = "dev-" + std::to_string(d);
    sdk::Device dev = device(name, static_cast<std::uint64_t>(d) + 1);
    dev.time(wall_ms);
    for (int k = 0; k < keys; ++k) {
      const std::string key = "site/key-" + std::to_string(k);
      if (of == Of::counters) {
        dev.counter(key).add(static_cast<std::uint64_t>(k) + 1);
      } else {
        dev.reg(key).set(static_cast<std::uint64_t>(k));
      }
    }
    for (auto& p : dev.poll(wall_ms + 100)) rig.send(name, std::move(p.payload));
  }
}

void one_set(Rig& rig, int elements) {
  sdk::Device dev = device("librarian", 1);
  dev.time(wall_ms);
  sdk::Set set = dev.set("library/books");
  rig.on_publish = [&](const core::Publish& p) {
    if (p.topic.ends_with("/ack/librarian")) (void)dev.receive(wall_ms, p.payload);
  };
  for (int i = 0; i < elements;) {
    for (int n = 0; n < 2'000 && i < elements; ++n, ++i) {
      char text[32];
      std::snprintf(text, sizeof text, "element-%08d", i);
      set.insert(text);
    }
    rig.now += 100;
    for (auto& p : dev.poll(wall_ms + rig.now)) rig.send("librarian", std::move(p.payload));
    rig.settle(100);
  }
  rig.on_publish = nullptr;
}

void registers(Rig& rig, int count) {
  for (int d = 0; d < count; ++d) {
    const std::string name = "camera-" + std::to_string(d);
    sdk::Device dev = device(name, static_cast<std::uint64_t>(d) + 1);
    dev.time(wall_ms);
    dev.reg(name + "/frame").set(std::string(65'000, static_cast<char>('a' + d % 26)));
    for (auto& p : dev.poll(wall_ms + 100)) rig.send(name, std::move(p.payload));
  }
}

// What it takes in memory.
double run(const Scenario& s, const std::filesystem::path& dir) {
  const std::string path = dir / (std::string(s.name) + ".db");
  const std::size_t before = allocated_bytes();
  double feed_s = 0, start_s = 0;
  std::string digest;
  std::size_t memory = 0;
  core::Summary made;
  {
    Rig rig(path);
    rig.load();
    const auto start = Clock::now();
    s.feed(rig);
    rig.settle(10'000);
    feed_s = seconds_since(start);
    memory = allocated_bytes() - std::min(before, allocated_bytes());
    made = rig.gateway->summary();
    digest = made.digest;
  }
  const auto start = Clock::now();
  Rig again(path);
  again.load();
  start_s = seconds_since(start);
  const bool same = again.gateway->summary().digest == digest;
  std::printf(
      "%-22s %10zu ops %8.2f s feed %9zu parts %8zu live %7.1f MB live %8.1f MB memory %7.2f s "
      "start %6.1f MB file  %s\n",
      s.name, s.operations, feed_s, static_cast<std::size_t>(made.parts),
      static_cast<std::size_t>(made.live_envelopes), static_cast<double>(made.live_bytes) / 1e6,
      static_cast<double>(memory) / 1e6, start_s,
      static_cast<double>(again.store->file_bytes()) / 1e6,
      same ? "same digest after restart" : "DIGEST DIFFERS");
  std::fflush(stdout);
  if (!same) std::exit(1);
  return static_cast<double>(memory);
}

}  // namespace
}  // namespace tributary

int main(int argc, char** argv) {
  using namespace tributary;
  std::string made = (std::filesystem::temp_directory_path() / "tributary-bench-XXXXXX").string();
  const bool own = argc < 2;
  if (own && mkdtemp(made.data()) == nullptr) return 5;
  const std::filesystem::path dir = own ? made : argv[1];
  const std::string only = argc > 2 ? argv[2] : "";
  const Scenario all[] = {
      {"counters-10k-x-10", 100'000, [](Rig& r) { counters(r, 10'000, 10); }},
      {"shared-10k-x-1", 10'000, [](Rig& r) { shared(r, 10'000, 1); }},
      {"shared-100k-x-1", 100'000, [](Rig& r) { shared(r, 100'000, 1); }},
      {"shared-10k-x-101", 1'010'000, [](Rig& r) { shared(r, 10'000, 101); }},
      {"last-10k-x-1", 10'000, [](Rig& r) { shared(r, 10'000, 1, Of::registers); }},
      {"last-10k-x-101", 1'010'000, [](Rig& r) { shared(r, 10'000, 101, Of::registers); }},
      {"orset-100k", 100'000, [](Rig& r) { one_set(r, 100'000); }},
      {"orset-1m", 1'000'000, [](Rig& r) { one_set(r, 1'000'000); }},
      {"registers-64k-x-200", 200, [](Rig& r) { registers(r, 200); }},
  };
  std::map<std::string, double> memory;
  for (const Scenario& s : all) {
    if (only.empty() || std::string(s.name).find(only) != std::string::npos)
      memory[s.name] = run(s, dir);
  }
  // Differences: what a gateway takes anyway is in neither.
  if (memory.count("shared-10k-x-1") != 0 && memory.count("shared-100k-x-1") != 0 &&
      memory.count("shared-10k-x-101") != 0) {
    const double part = (memory["shared-10k-x-101"] - memory["shared-10k-x-1"]) / 1e6;
    const double device = (memory["shared-100k-x-1"] - memory["shared-10k-x-1"]) / 9e4 - part;
    std::printf("a counter part %.0f B, a device with its first envelope %.0f B\n", part, device);
  }
  if (memory.count("last-10k-x-1") != 0 && memory.count("last-10k-x-101") != 0) {
    std::printf("a register part %.0f B\n",
                (memory["last-10k-x-101"] - memory["last-10k-x-1"]) / 1e6);
  }
  for (const auto& [name, elements] : {std::pair{"orset-100k", 1e5}, {"orset-1m", 1e6}}) {
    if (memory.count(name) != 0)
      std::printf("an OR-Set element of 16 B %.0f B (%s)\n", memory[name] / elements, name);
  }
  if (own) std::filesystem::remove_all(dir);
}
