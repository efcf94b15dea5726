// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/scale_states.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <utility>

#include "firmware-sim/sdk/device.h"
#include "gateway/core/gateway.h"
#include "gateway/store/store.h"
#include "tests/bench/peers.h"

namespace tributary::bench {
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

}  // namespace

// A gateway with its store; commits are done at once.
struct Rig {
  explicit Rig(const std::string& path, bool rests = false) {
    store::Options o;
    o.identity = {"bench", "g1"};
    o.random = [] { return std::uint64_t{42}; };
    auto opened = store::Store::open(path, o);
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().message.c_str());
      std::exit(5);
    }
    store = std::move(*opened);
    core::Options options = core_options();
    if (rests) options.warm_bytes_max = 0;
    gateway = std::make_unique<core::Gateway>(options, store->incarnation(), 7);
    gateway->read_back_with([this](const core::RowsWanted& rows) {
      auto read = store->read(rows);
      return read ? std::optional(*std::move(read)) : std::nullopt;
    });
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
      if (!store->commit(*out.commit->rows)) std::exit(5);
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

namespace {

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

enum class Of { gcounter, pncounter, lww };

// Up-down counters, each with a key of its own.
void counters(Rig& rig, std::size_t devices, std::size_t keys) {
  for (std::size_t d = 0; d < devices; ++d) {
    const std::string name = "dev-" + std::to_string(d);
    sdk::Device dev = device(name, d + 1);
    dev.time(wall_ms);
    for (std::size_t k = 0; k < keys; ++k)
      dev.up_down(name + "/key-" + std::to_string(k)).add(k + 1);
    for (auto& p : dev.poll(wall_ms + 100)) rig.send(name, std::move(p.payload));
  }
}

void operate(sdk::Device& dev, Of of, std::size_t k) {
  const std::string key = "site/key-" + std::to_string(k);
  if (of == Of::gcounter) {
    dev.counter(key).add(k + 1);
  } else if (of == Of::pncounter) {
    dev.up_down(key).add(k + 2);
    dev.up_down(key).subtract(1);
  } else {
    dev.reg(key).set(k);
  }
}

// Keys that all devices share, all of them in a device's first packet.
void shared(Rig& rig, Of of, std::size_t devices, std::size_t keys) {
  for (std::size_t d = 0; d < devices; ++d) {
    const std::string name = "dev-" + std::to_string(d);
    sdk::Device dev = device(name, d + 1);
    dev.time(wall_ms);
    for (std::size_t k = 0; k < keys; ++k) operate(dev, of, k);
    for (auto& p : dev.poll(wall_ms + 100)) rig.send(name, std::move(p.payload));
  }
}

// The same of counters, a packet a key, each acknowledged before the next: as many live envelopes,
// for nothing that comes later says what an earlier one does.
void one_by_one(Rig& rig, std::size_t devices, std::size_t keys) {
  std::vector<sdk::Device> all;
  std::size_t waiting = 0;
  for (std::size_t d = 0; d < devices; ++d) {
    all.push_back(device("dev-" + std::to_string(d), d + 1));
    all.back().time(wall_ms);
  }
  rig.on_publish = [&](const core::Publish& p) {
    const std::size_t at = p.topic.find("/ack/dev-");
    if (at == std::string::npos) return;
    sdk::Device& dev = all[std::strtoul(p.topic.c_str() + at + 9, nullptr, 10)];
    const bool waited = dev.unacknowledged() > 0;
    (void)dev.receive(wall_ms + rig.now, p.payload);
    if (waited && dev.unacknowledged() == 0) --waiting;
  };
  for (std::size_t k = 0; k < keys; ++k) {
    rig.now += 100;
    for (std::size_t d = 0; d < devices; ++d) {
      operate(all[d], Of::gcounter, k);
      ++waiting;
      for (auto& p : all[d].poll(wall_ms + rig.now))
        rig.send("dev-" + std::to_string(d), std::move(p.payload));
    }
    for (int i = 0; waiting > 0 && i < 100; ++i) rig.settle(50);
  }
  rig.on_publish = nullptr;
  if (waiting == 0) return;
  std::fprintf(stderr, "bench_scale: %zu devices were not acknowledged\n", waiting);
  std::exit(1);
}

// One device's set of so many elements of 16 bytes.
template <class Open>
void one_set(Rig& rig, std::size_t elements, const Open& open) {
  sdk::Device dev = device("librarian", 1);
  dev.time(wall_ms);
  auto set = open(dev);
  rig.on_publish = [&](const core::Publish& p) {
    if (p.topic.ends_with("/ack/librarian")) (void)dev.receive(wall_ms, p.payload);
  };
  for (std::size_t i = 0; i < elements;) {
    for (std::size_t n = 0; n < 2'000 && i < elements; ++n, ++i) set.insert(element(i));
    rig.now += 100;
    for (auto& p : dev.poll(wall_ms + rig.now)) rig.send("librarian", std::move(p.payload));
    rig.settle(100);
  }
  rig.on_publish = nullptr;
}

void gset(Rig& rig, std::size_t elements) {
  one_set(rig, elements, [](sdk::Device& dev) { return dev.grow_set("library/books"); });
}

void orset(Rig& rig, std::size_t elements) {
  one_set(rig, elements, [](sdk::Device& dev) { return dev.set("library/books"); });
}

void large_registers(Rig& rig, std::size_t count) {
  for (std::size_t d = 0; d < count; ++d) {
    const std::string name = "camera-" + std::to_string(d);
    sdk::Device dev = device(name, d + 1);
    dev.time(wall_ms);
    dev.reg(name + "/frame").set(std::string(65'000, static_cast<char>('a' + d % 26)));
    for (auto& p : dev.poll(wall_ms + 100)) rig.send(name, std::move(p.payload));
  }
}

}  // namespace

Measured measure(const State& s, const std::filesystem::path& directory) {
  const std::string path = directory / (s.name + ".db");
  Measured out{.name = s.name, .operations = s.operations};
  const std::size_t before = allocated_bytes();
  std::string digest;
  {
    Rig rig(path, s.rests);
    rig.load();
    const auto start = Clock::now();
    s.feed(rig);
    rig.settle(10'000);
    out.feed_s = seconds_since(start);
    out.memory = allocated_bytes() - std::min(before, allocated_bytes());
    const core::Summary made = rig.gateway->summary();
    out.parts = made.parts;
    out.live_envelopes = made.live_envelopes;
    out.live_bytes = made.live_bytes;
    digest = made.digest;
  }
  const auto start = Clock::now();
  Rig again(path);
  again.load();
  out.start_s = seconds_since(start);
  out.file = again.store->file_bytes();
  if (again.gateway->summary().digest != digest) {
    std::fprintf(stderr, "bench_scale: %s: another digest after the restart\n", s.name.c_str());
    std::exit(1);
  }
  return out;
}

std::string name_of(const std::string& what, std::size_t n) {
  return what + '-' +
         (n % 1'000'000 == 0 ? std::to_string(n / 1'000'000) + 'm'
          : n % 1'000 == 0   ? std::to_string(n / 1'000) + 'k'
                             : std::to_string(n));
}
std::string name_of(const std::string& what, std::size_t devices, std::size_t of_each) {
  return name_of(what, devices) + "-x-" + std::to_string(of_each);
}

std::vector<State> states(const Sizes& n) {
  std::vector<State> all = {{.name = name_of("own", n.few, 10),
                             .operations = n.few * 10,
                             .feed = [n](Rig& r) { counters(r, n.few, 10); }}};
  const auto add = [&](const std::string& name, Of of, std::size_t devices, std::size_t of_each) {
    const std::size_t operations = devices * of_each * (of == Of::pncounter ? 2 : 1);
    all.push_back({.name = name_of(name, devices, of_each),
                   .operations = operations,
                   .feed = [=](Rig& r) { shared(r, of, devices, of_each); }});
  };
  add("gcounter", Of::gcounter, n.many, 1);
  for (const auto& [name, of] :
       {std::pair{"gcounter", Of::gcounter}, {"pncounter", Of::pncounter}, {"lww", Of::lww}}) {
    add(name, of, n.few, 1);
    add(name, of, n.few, keys);
  }
  for (const auto& [devices, of_each] :
       {std::pair{n.few, std::size_t{1}}, {n.many, std::size_t{1}}, {n.few, keys}}) {
    add("at-rest", Of::gcounter, devices, of_each);
    all.back().rests = true;
  }
  add("at-once", Of::gcounter, n.few, packets);
  all.push_back({.name = name_of("one-by-one", n.few, packets),
                 .operations = n.few * packets,
                 .feed = [n](Rig& r) { one_by_one(r, n.few, packets); }});
  for (const std::size_t size : {n.elements, n.more_elements}) {
    all.push_back({.name = name_of("gset", size), .operations = size, .feed = [=](Rig& r) {
                     gset(r, size);
                   }});
    all.push_back({.name = name_of("orset", size), .operations = size, .feed = [=](Rig& r) {
                     orset(r, size);
                   }});
  }
  all.push_back({.name = name_of("registers-64k", n.cameras),
                 .operations = n.cameras,
                 .feed = [n](Rig& r) { large_registers(r, n.cameras); }});
  return all;
}

}  // namespace tributary::bench
