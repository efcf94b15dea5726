// SPDX-License-Identifier: Apache-2.0
// Whether an operation costs the core more when the fleet is larger, when it has run for long, or
// when a device has rebooted without its memory many times. No broker, no disk: a commit is done at
// once. One thread.
//
//   growth devices DEVICES PACKETS      so many packets of one operation from so many known
//   devices,
//                                       100 a commit: each is joined and acknowledged by itself
//   growth constant OPERATIONS          on a constant state of 10,000 counters, 100 a packet
//   growth reboots REBOOTS              a device with a fresh epoch each time, one operation each
//
// Prints one line of JSON: CPU microseconds of a packet at the beginning and at the end, memory,
// and how much state there is in the end.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/gateway.h"
#include "tests/bench/packets.h"

namespace tributary::bench {
namespace {

constexpr std::uint64_t wall_ms = 1'700'000'000'000;

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Of this process: what others do on the machine does not count.
double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// A core that answers its commits itself; `take` is what is measured.
class Rig {
 public:
  // `commit_of`: packets; 0: as many as the core takes by itself.
  explicit Rig(std::size_t commit_of = 0) : look_every_(commit_of > 0 ? commit_of : 64) {
    core::Options o;
    if (commit_of > 0) o.batch_envelopes_max = static_cast<std::uint32_t>(commit_of);
    o.fleet = "bench";
    o.gateway = "g1";
    gateway_ = std::make_unique<core::Gateway>(o, 1, 1);
    gateway_->attach({"local", true, true, {"*"}});
    gateway_->start(now());
    gateway_->connected(now(), 0);
    answer();
  }
  // CPU seconds that these packets took, 50,000 of them a second of the core's time.
  double take(std::vector<Packet>&& packets) {
    const double start = cpu_seconds();
    for (Packet& p : packets) {
      if (++taken_ % 50 == 0) ++ms_;
      gateway_->receive(now(), {0, std::move(p.topic), std::move(p.payload), false});
      if (taken_ % look_every_ != 0) continue;
      if (gateway_->deadline().value_or(~std::uint64_t{0}) <= ms_) gateway_->tick(now());
      answer();
    }
    return cpu_seconds() - start;
  }
  // Commits what waits, and does what is due every minute.
  void settle() {
    for (const std::uint64_t end = ms_ + 120'000; ms_ < end; ms_ += 100) {
      gateway_->tick(now());
      answer();
    }
  }
  core::Summary summary() const { return gateway_->summary(); }

 private:
  core::Instant now() const { return {ms_, wall_ms + ms_}; }
  void answer() {
    while (true) {
      const core::Output out = gateway_->take_output();
      if (!out.commit) return;
      gateway_->committed(now(), out.commit->ticket);
    }
  }
  const std::size_t look_every_;
  std::unique_ptr<core::Gateway> gateway_;
  std::uint64_t ms_ = 1'000, taken_ = 0;
};

struct Cost {
  double mean_us = 0, first_us = 0, last_us = 0;
};

void print(const Rig& rig, const Cost& cost, std::size_t packets, std::size_t before) {
  const core::Summary s = rig.summary();
  const double grown = static_cast<double>(resident_bytes()) - static_cast<double>(before);
  std::printf(
      "{\"packets\":%zu,\"mean_us\":%.3f,\"first_us\":%.3f,\"last_us\":%.3f,\"resident_mb\":%.1f,"
      "\"grown_mb\":%.2f,\"actors\":%zu,\"parts\":%zu,\"live_envelopes\":%zu}\n",
      packets, cost.mean_us, cost.first_us, cost.last_us,
      static_cast<double>(resident_bytes()) / 1e6, grown / 1e6, static_cast<std::size_t>(s.actors),
      static_cast<std::size_t>(s.parts), static_cast<std::size_t>(s.live_envelopes));
}

// In chunks, so that making packets does not count; first_us and last_us are of the first and the
// last tenth of the chunks. `make(i)` is packet i.
template <class Make>
void measure(Rig& rig, std::size_t packets, const Make& make) {
  const std::size_t chunk = std::max<std::size_t>(64, packets / 100);
  std::vector<double> us;
  std::size_t before = 0;
  for (std::size_t at = 0; at < packets; at += chunk) {
    std::vector<Packet> some;
    for (std::size_t i = at; i < std::min(at + chunk, packets); ++i) some.push_back(make(i));
    const auto count = static_cast<double>(some.size());
    us.push_back(rig.take(std::move(some)) / count * 1e6);
    if (us.size() == std::max<std::size_t>(1, packets / chunk / 10)) before = resident_bytes();
  }
  const std::size_t tenth = std::max<std::size_t>(1, us.size() / 10);
  const auto share = static_cast<double>(tenth);
  Cost cost;
  for (std::size_t i = 0; i < tenth; ++i) {
    cost.first_us += us[i] / share;
    cost.last_us += us[us.size() - 1 - i] / share;
  }
  for (const double each : us) cost.mean_us += each / static_cast<double>(us.size());
  rig.settle();
  print(rig, cost, packets, before);
}

std::string name_of(std::size_t device) {
  return "dev-" + std::to_string(device);
}

int run(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[1] : "";
  const std::size_t n = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (n == 0 || (what == "devices" && argc < 4)) return 2;
  Rig rig(what == "devices" ? 100 : 0);
  if (what == "devices") {
    std::vector<Packet> known;
    for (std::size_t d = 0; d < n; ++d) known.push_back(counters_packet(name_of(d), 0, 1));
    (void)rig.take(std::move(known));
    rig.settle();
    measure(rig, std::strtoul(argv[3], nullptr, 10),
            [&](std::size_t i) { return counters_packet(name_of(i % n), 1 + i / n, 1); });
  } else if (what == "constant") {
    measure(rig, n / 100,
            [](std::size_t i) { return counters_packet(name_of(i % 100), i / 100, 100); });
  } else if (what == "reboots") {
    measure(rig, n, [](std::size_t i) { return counters_packet("dev-0", 0, 1, 1 + i); });
  } else {
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  const int status = tributary::bench::run(argc, argv);
  if (status == 2) {
    std::fprintf(stderr,
                 "growth devices DEVICES PACKETS | constant OPERATIONS | reboots REBOOTS\n");
  }
  return status;
}
