// SPDX-License-Identifier: Apache-2.0
// What a person should be told, and when: one table of thresholds, which config/alerts.rules.yml
// says again for Prometheus (a test compares, docs/alerts.md explains each). Its promise: pure:
// what is read comes in, what is wrong comes out; the same readings give the same alerts.
//
//   Alerts alerts;
//   alerts.take(reading, now);                        // every sample_ms, or so
//   for (const Alerts::Change& c : alerts.take_changes()) …      // began, or is over
//
// Shares and quantiles are over the last five minutes, as far as there are readings.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/app/beside.h"
#include "gateway/core/types.h"

namespace tributary::app {

enum class Signal : std::uint8_t {
  sync_latency,   // s: 95 % were durable and acknowledged within
  conflicts,      // share of register writes that were not shown, because a newer one stood there
  memory,         // share of its limit, of the type or total that is nearest to it
  errors,         // refused messages and failed commits, as a share of the messages
  behind,         // s: since when the peer that is furthest behind differs
  peers_away,     // known peers that are not online
  brokers_away,   // links that are not connected
  disk_free,      // share of the file system
  database,       // 1 while it takes no commits
  certificate,    // s left, of the one that ends first
  equivocations,  // proofs, in the last hour
  dead_letters,   // written in the last 15 minutes
  device_clock,   // s that the device furthest ahead is ahead of us
  gateway_clock,  // s between our clock and the devices' (median), either way
  history,        // 1 while it is written
};

struct Threshold {
  const char* name;      // of the topic, in the API
  const char* rule;      // in config/alerts.rules.yml
  const char* severity;  // "warning", "critical"
  Signal signal;
  bool below;  // wrong when it is below, not above
  double limit;
  std::uint32_t for_s;  // it holds that long before anybody is told
  const char* summary;  // what is wrong
  const char* advice;   // what to do; more of it in docs/alerts.md
};
std::span<const Threshold> thresholds();

// What everything is computed from. Counters are those of metrics.
struct Reading {
  std::array<std::uint64_t, core::Histogram::bounds_us.size() + 1> acks{};
  std::uint64_t messages = 0, errors = 0;
  std::uint64_t register_writes = 0, register_conflicts = 0;
  std::uint64_t dead_letters = 0, equivocations = 0;
  double memory = 0;
  double behind_s = 0;
  double peers_away = 0, brokers_away = 0;
  std::optional<double> disk_free;
  bool degraded = false;
  std::optional<double> certificate_s;
  double device_clock_s = 0, gateway_clock_s = 0;
  std::optional<bool> history_written;
};

class Alerts {
 public:
  static constexpr std::uint64_t sample_ms = 15'000;
  static constexpr std::uint64_t window_ms = 300'000;
  static constexpr std::uint64_t dead_letters_window_ms = 900'000;
  static constexpr std::uint64_t kept_ms = 3'600'000;

  struct Change {
    Aside::Alert alert;
    bool over = false;
  };

  void take(const Reading& reading, core::Instant now);
  // Pending and firing; of one name only the worst severity that fires.
  std::vector<Aside::Alert> current() const;
  std::vector<Change> take_changes();
  // nullopt: there is nothing to say it from.
  std::optional<double> value(Signal signal) const;

 private:
  struct Sample {
    std::uint64_t at_ms = 0;  // mono
    Reading reading;
  };
  struct State {
    std::optional<std::uint64_t> since_ms;  // mono: holds since
    std::uint64_t since_wall_ms = 0;
    bool firing = false;
    double value = 0;
  };
  const Sample& since(std::uint64_t window) const;
  std::optional<double> latency() const;
  Aside::Alert alert_of(std::size_t index) const;

  std::deque<Sample> samples_;  // ascending; not empty once take() was called
  std::vector<State> states_;   // by the table's index
  std::vector<Change> changes_;
};

}  // namespace tributary::app
