// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/alerts.h"

#include <cmath>
#include <utility>

namespace tributary::app {
namespace {

constexpr double day_s = 86'400;

// The one place of every threshold.
constexpr Threshold table[] = {
    {"sync-latency", "TributarySyncLatency", "warning", Signal::sync_latency, false, 0.1, 120,
     "envelopes take longer than 100 ms until they are durable and passed on",
     "look at the commit time in the pipeline view: a slow disk, or too much for it"},
    {"sync-latency", "TributarySyncLatency", "critical", Signal::sync_latency, false, 1, 120,
     "envelopes take longer than a second until they are durable and passed on",
     "the disk does not keep up: a faster one, or fewer devices at this gateway"},
    {"conflicts", "TributaryConflicts", "warning", Signal::conflicts, false, 0.05, 300,
     "one register write in twenty was overtaken by another device's",
     "two devices write one register: give each its own key"},
    {"conflicts", "TributaryConflicts", "critical", Signal::conflicts, false, 0.2, 300,
     "one register write in five was overtaken by another device's",
     "two devices write one register, or a clock is wrong: give each its own key"},
    {"memory", "TributaryMemory", "warning", Signal::memory, false, 0.8, 60,
     "the state fills 80 % of what [memory] allows",
     "raise the limit of that type, or retire devices and keys"},
    {"memory", "TributaryMemory", "critical", Signal::memory, false, 0.95, 60,
     "the state fills 95 % of what [memory] allows: at the limit new keys are refused",
     "raise the limit of that type now"},
    {"errors", "TributaryErrors", "warning", Signal::errors, false, 0.01, 120,
     "one message in a hundred is refused", "the reasons stand in the pipeline view and the log"},
    {"errors", "TributaryErrors", "critical", Signal::errors, false, 0.05, 120,
     "one message in twenty is refused", "the reasons stand in the pipeline view and the log"},
    {"behind", "TributaryBehind", "warning", Signal::behind, false, 60, 60,
     "a peer has differed for more than a minute",
     "see the peers view: who differs from all others is behind"},
    {"behind", "TributaryBehind", "critical", Signal::behind, false, 600, 60,
     "a peer has differed for more than ten minutes",
     "check that its broker passes on retained messages, and its memory limits"},
    {"peer-away", "TributaryPeerAway", "warning", Signal::peers_away, false, 0, 120,
     "another gateway is not online",
     "start it; when it is gone for good, clear its retained status"},
    {"broker-away", "TributaryBrokerAway", "critical", Signal::brokers_away, false, 0, 60,
     "a broker is not reachable", "the pipeline view says why; devices keep what they have"},
    {"disk", "TributaryDisk", "warning", Signal::disk_free, true, 0.1, 60,
     "the disk has less than 10 % free", "free some space, or lower history.file_max_mb"},
    {"disk", "TributaryDisk", "critical", Signal::disk_free, true, 0.03, 60,
     "the disk has less than 3 % free: when it is full, nothing is acknowledged",
     "free some space now"},
    {"database", "TributaryDatabase", "critical", Signal::database, false, 0, 30,
     "the database takes no commits: nothing is acknowledged",
     "the status says why: a full disk, one that fails, or permissions"},
    {"certificate", "TributaryCertificate", "warning", Signal::certificate, true, 14 * day_s, 0,
     "a certificate ends within 14 days", "renew it with `tributary fleet`; no restart is needed"},
    {"certificate", "TributaryCertificate", "critical", Signal::certificate, true, 3 * day_s, 0,
     "a certificate ends within 3 days", "renew it with `tributary fleet` now"},
    {"equivocation", "TributaryEquivocation", "critical", Signal::equivocations, false, 0, 0,
     "a device tells two stories: it is cloned, or lies", "see them: `tributary evidence list`"},
    {"dead-letters", "TributaryDeadLetters", "warning", Signal::dead_letters, false, 10, 0,
     "refused messages are piling up: more than 10 in 15 minutes",
     "look at them: `tributary dead-letters`"},
    {"device-clock", "TributaryDeviceClock", "warning", Signal::device_clock, false, 5, 300,
     "a device's clock is more than 5 s ahead: its registers are held back",
     "see the devices view, and set its clock"},
    {"gateway-clock", "TributaryGatewayClock", "warning", Signal::gateway_clock, false, 60, 300,
     "this gateway's clock is a minute away from its devices'",
     "check this machine's time (timedatectl)"},
    {"history", "TributaryHistory", "warning", Signal::history, true, 1, 600,
     "history is not written; the totals are not affected",
     "the status says why: space, permissions, or history.keep_free_mb"},
};

}  // namespace

std::span<const Threshold> thresholds() {
  return table;
}

void Alerts::take(const Reading& reading, core::Instant now) {
  states_.resize(std::size(table));
  // A gateway's counters begin with it, and never go back while it lives.
  if (samples_.size() >= 2 && now.mono_ms < samples_[samples_.size() - 2].at_ms + sample_ms)
    samples_.pop_back();  // the newest is always there, the others in their distance
  samples_.push_back({now.mono_ms, reading});
  while (samples_.size() > 2 && samples_[1].at_ms + kept_ms < now.mono_ms) samples_.pop_front();
  for (std::size_t i = 0; i < std::size(table); ++i) {
    const Threshold& t = table[i];
    State& s = states_[i];
    const auto v = value(t.signal);
    const bool holds = v && (t.below ? *v < t.limit : *v > t.limit);
    if (v) s.value = *v;
    if (!holds) {
      if (s.firing) changes_.push_back({alert_of(i), true});
      s = {};
      continue;
    }
    if (!s.since_ms) {
      s.since_ms = now.mono_ms;
      s.since_wall_ms = now.wall_ms;
    }
    if (s.firing || now.mono_ms < *s.since_ms + std::uint64_t{t.for_s} * 1'000) continue;
    s.firing = true;
    changes_.push_back({alert_of(i), false});
  }
}

Aside::Alert Alerts::alert_of(std::size_t i) const {
  const Threshold& t = table[i];
  const State& s = states_[i];
  return {.name = t.name,
          .severity = t.severity,
          .summary = t.summary,
          .advice = t.advice,
          .value = s.value,
          .threshold = t.limit,
          .since_ms = s.since_wall_ms,
          .firing = s.firing};
}

std::vector<Aside::Alert> Alerts::current() const {
  std::vector<Aside::Alert> out;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (!states_[i].since_ms) continue;
    Aside::Alert a = alert_of(i);
    // The table goes from warning to critical of one name.
    if (!out.empty() && out.back().name == a.name) {
      if (a.firing || !out.back().firing) out.back() = std::move(a);
    } else {
      out.push_back(std::move(a));
    }
  }
  return out;
}

std::vector<Alerts::Change> Alerts::take_changes() {
  return std::exchange(changes_, {});
}

// The oldest sample within the window; the newest alone when there is no other.
const Alerts::Sample& Alerts::since(std::uint64_t window) const {
  const std::uint64_t now_ms = samples_.back().at_ms;
  for (const Sample& s : samples_) {
    if (s.at_ms + window >= now_ms) return s;
  }
  return samples_.back();
}

// Between the bounds of its class in proportion, as Prometheus' histogram_quantile does.
std::optional<double> Alerts::latency() const {
  const auto& now = samples_.back().reading.acks;
  const auto& then = since(window_ms).reading.acks;
  double all = 0;
  for (std::size_t i = 0; i < now.size(); ++i) all += static_cast<double>(now[i] - then[i]);
  if (all == 0) return std::nullopt;
  const double wanted = 0.95 * all;
  double seen = 0, low = 0;
  for (std::size_t i = 0; i < core::Histogram::bounds_us.size(); ++i) {
    const double high = static_cast<double>(core::Histogram::bounds_us[i]) / 1e6;
    const double here = static_cast<double>(now[i] - then[i]);
    if (here > 0 && seen + here >= wanted) return low + (high - low) * (wanted - seen) / here;
    seen += here;
    low = high;
  }
  return low;
}

std::optional<double> Alerts::value(Signal signal) const {
  const Reading& r = samples_.back().reading;
  const auto grown = [&](std::uint64_t Reading::*counter, std::uint64_t window) {
    return static_cast<double>(r.*counter - since(window).reading.*counter);
  };
  const auto share = [&](std::uint64_t Reading::*part,
                         std::uint64_t Reading::*all) -> std::optional<double> {
    const double of = grown(all, window_ms);
    if (of <= 0) return std::nullopt;
    return grown(part, window_ms) / of;
  };
  switch (signal) {
    case Signal::sync_latency:
      return latency();
    case Signal::conflicts:
      return share(&Reading::register_conflicts, &Reading::register_writes);
    case Signal::memory:
      return r.memory;
    case Signal::errors:
      return share(&Reading::errors, &Reading::messages);
    case Signal::behind:
      return r.behind_s;
    case Signal::peers_away:
      return r.peers_away;
    case Signal::brokers_away:
      return r.brokers_away;
    case Signal::disk_free:
      return r.disk_free;
    case Signal::database:
      return r.degraded ? 1 : 0;
    case Signal::certificate:
      return r.certificate_s;
    case Signal::equivocations:
      return grown(&Reading::equivocations, kept_ms);
    case Signal::dead_letters:
      return grown(&Reading::dead_letters, dead_letters_window_ms);
    case Signal::device_clock:
      return r.device_clock_s;
    case Signal::gateway_clock:
      return std::abs(r.gateway_clock_s);
    case Signal::history:
      if (!r.history_written) return std::nullopt;
      return *r.history_written ? 1 : 0;
  }
  return std::nullopt;
}

}  // namespace tributary::app
