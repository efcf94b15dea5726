// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/plan.h"

#include <algorithm>
#include <cstdio>

#include "tests/simulation/random.h"
#include "tests/simulation/traitor.h"

namespace tributary::simulation {

using Kind = Misfortune::Kind;

namespace {

constexpr std::size_t kinds = static_cast<std::size_t>(Kind::count_);

void draw_air(Plan& p, Random& r) {
  auto& f = p.faults;
  if (r.chance(0.7)) f.loss = r.chance(0.5) ? 0.3 : 0.5 * r.unit();
  if (r.chance(0.5)) f.duplicate = 0.5 * r.unit();
  if (r.chance(0.5)) {
    f.reorder = 0.5 * r.unit();
    f.reorder_ms = static_cast<std::uint32_t>(r.log_between(10, 60'000));
  }
  if (r.chance(0.3)) f.disconnect = 0.01 * r.unit();
  f.delay_max_ms = static_cast<std::uint32_t>(r.chance(0.1) ? r.log_between(1'000, 120'000)
                                                            : r.log_between(1, 200));
  f.retry_ms = static_cast<std::uint32_t>(r.log_between(50, 2'000));
  if (r.chance(0.5)) p.skew_max_ms = static_cast<std::int64_t>(r.log_between(10, 20'000));
  if (r.chance(0.3)) p.drift_max = 0.001 * r.unit();
  // A broker must hold what a whole bucket is published in: Mosquitto 1,000, a gateway 512 at most.
  if (r.chance(0.3)) {
    p.queued_max = r.between(10, 60);
  } else if (r.chance(0.7)) {
    p.queued_max = r.between(550, 1'000);
    p.state_part_bytes = r.between(200, 1'000);
  }
  if (r.chance(0.3)) p.broker_in_flight_max = r.between(1, 5);
}

// Most links lose alike both ways; some lose otherwise, or nothing, on the way to the client.
void draw_ways(Plan& p, Random r) {
  if (r.chance(0.3)) p.faults.loss_to_client = r.chance(0.3) ? 0 : 0.5 * r.unit();
}

void draw_limits(Plan& p, Random& r) {
  if (r.chance(0.4)) p.body_bytes_max = r.between(256, 400);
  if (r.chance(0.5)) p.small_set_bytes = r.between(0, 200);
  if (r.chance(0.4)) p.element_bytes = r.between(4, 120);
  if (r.chance(0.3)) p.pending_envelopes_max = static_cast<std::uint32_t>(r.between(1, 30));
  p.checkpoint_pages = static_cast<std::uint32_t>(r.between(4, 60));
  p.commit_ms = static_cast<std::uint32_t>(r.log_between(1, 40));
}

// Some kinds are left out, the others come as often as their luck has it.
void draw_misfortunes(Plan& p, Random& r, double mean_count) {
  double weight[kinds] = {};
  double total = 0;
  const double present = 0.2 + 0.6 * r.unit();
  for (std::size_t k = 0; k < kinds; ++k) {
    if (r.chance(present)) total += weight[k] = r.log_between(0.1, 1);
  }
  if (total <= 0) return;
  const std::uint64_t count = r.between(1, static_cast<std::uint64_t>(2 * mean_count));
  const double mean_for_ms = static_cast<double>(p.chaos_ms) / 12;
  for (std::uint64_t i = 0; i < count; ++i) {
    double at = r.unit() * total;
    std::size_t k = 0;
    while (k + 1 < kinds && at >= weight[k]) at -= weight[k++];
    Misfortune m;
    m.kind = static_cast<Kind>(k);
    m.at_ms = r.below(p.chaos_ms);
    m.for_ms = std::min<std::uint64_t>(r.pause(mean_for_ms), p.chaos_ms);
    m.luck = r.next();
    if (weight[k] > 0) p.misfortunes.push_back(m);
  }
  std::sort(p.misfortunes.begin(), p.misfortunes.end(),
            [](const Misfortune& a, const Misfortune& b) { return a.at_ms < b.at_ms; });
}

}  // namespace

const char* name(Kind kind) {
  static const char* const names[kinds] = {"gateway killed",
                                           "gateway killed in a commit",
                                           "power cut in a commit",
                                           "gateway terminated",
                                           "gateway wiped",
                                           "gateway's disk set back",
                                           "gateway cloned",
                                           "gateway stopped",
                                           "disk full",
                                           "disk slow",
                                           "syncs fail",
                                           "writes fail",
                                           "sync fails, then power cut",
                                           "bits rot",
                                           "database cut off",
                                           "device rebooted",
                                           "device forgets",
                                           "device cloned",
                                           "device rolled back",
                                           "device cannot save",
                                           "gateway's clock steps",
                                           "device's clock steps",
                                           "device in 2100",
                                           "partition",
                                           "flapping link",
                                           "disconnect",
                                           "broker killed"};
  return names[static_cast<std::size_t>(kind)];
}

void Plan::keep(const std::vector<std::size_t>& places) {
  std::vector<Misfortune> kept;
  for (const std::size_t at : places) {
    if (at < misfortunes.size()) kept.push_back(misfortunes[at]);
  }
  misfortunes = std::move(kept);
}

namespace {

// One, or up to all but one of five.
void draw_traitors(Plan& p, Random& r) {
  p.traitors.resize(r.chance(0.5) ? 1 : r.between(2, 4));
  if (r.chance(0.5)) p.gateways = std::min(p.gateways, 5 - p.traitors.size());
  p.sites = std::min(p.sites, p.gateways);
  p.older = std::min(p.older, p.gateways);
  p.acks_needed = std::min(p.acks_needed, static_cast<std::uint32_t>(p.gateways));
  constexpr auto lie_in_acks = static_cast<unsigned>(Vice::lie_in_acks);
  for (std::uint32_t& vices : p.traitors) {
    for (unsigned v = 0; v < lie_in_acks; ++v) vices |= r.chance(0.35) ? 1U << v : 0U;
  }
  p.traitors.front() |= 1U << static_cast<unsigned>(Vice::forge);
  // A device that wants one more acknowledgement than there are liars has a true one among them.
  const bool all_hear = !p.some_deaf && p.sites == 1;
  if (!all_hear || p.gateways <= p.traitors.size() || !r.chance(0.5)) return;
  p.acks_needed = static_cast<std::uint32_t>(p.traitors.size()) + 1;
  for (std::uint32_t& vices : p.traitors) vices |= 1U << lie_in_acks;
}

void draw_keys(Plan& p, Random r) {
  p.signs = r.chance(0.25);
  p.registry_everywhere = r.chance(0.5);
  if (p.signs && r.chance(0.6)) draw_traitors(p, r);
  Random later = r.fork();
  if (p.signs && later.chance(0.5)) p.settle_at_ms = later.between(1, p.chaos_ms);
  if (p.settle_at_ms > 0) p.withdraws = later.chance(0.5);
}

}  // namespace

Plan make_plan(std::uint64_t seed) {
  Plan p;
  p.seed = seed;
  Random r = Random(seed).fork();  // neighbours have nothing in common
  p.gateways = r.between(2, 5);
  p.devices = r.between(1, r.chance(0.1) ? 30 : 8);
  if (r.chance(0.4)) p.sites = r.between(2, std::min<std::uint64_t>(3, p.gateways));
  p.some_deaf = r.chance(0.5);
  if (r.chance(0.4)) p.memoryless = r.unit();
  if (r.chance(0.2)) p.acks_needed = 2;
  p.operation_every_ms = r.log_between(100, 1'200'000);
  // As many operations whatever the tempo: a fast fleet lives for a minute, a slow one for hours.
  const double operations = r.log_between(8, 60);
  p.chaos_ms = static_cast<std::uint64_t>(
      std::clamp(operations * p.operation_every_ms, 5'000.0, 12.0 * 3'600'000));
  p.keys = r.chance(0.15) ? r.between(10, 40) : r.between(1, 4);
  if (r.chance(0.15)) p.burst_max = 60;
  if (r.chance(0.2)) p.register_bytes = r.between(100, 900);
  if (r.chance(0.06)) {  // envelopes that outweigh their parts many times
    p.one_register = true;
    p.register_bytes = 900;
    p.keys = 30;
    p.burst_max = 60;
    p.bursts = 0.6;
    p.devices = std::min<std::size_t>(p.devices, 4);
    p.operation_every_ms = std::min(p.operation_every_ms, 20'000.0);
    p.chaos_ms = static_cast<std::uint64_t>(80 * p.operation_every_ms);
  }
  // Each of its own: old seeds keep the rest of their plans.
  Random own(~seed);
  const Random keys = own.fork(), ways = own.fork();
  if (own.fork().chance(0.08)) {
    p.ticks = true;
    p.devices = std::min<std::size_t>(p.devices, 4);
    p.operation_every_ms = r.log_between(10, 40);
    p.chaos_ms = 5'000;
  }
  p.foreign_removals = r.chance(0.5);
  p.always_saves = r.chance(0.5);
  p.views = r.chance(0.15);
  draw_air(p, r);
  draw_limits(p, r);
  draw_misfortunes(p, r, r.log_between(1, 20));
  if (r.chance(0.3)) p.older = r.between(1, p.gateways);
  if (!p.ticks) draw_keys(p, keys);
  draw_ways(p, ways);
  return p;
}

Plan speed_plan(std::uint64_t seed) {
  Plan p;
  p.seed = seed;
  Random r = Random(seed).fork();
  p.gateways = 5;
  p.devices = 50;
  p.rests = false;
  p.some_deaf = true;
  p.chaos_ms = 12 * 3'600'000;
  p.operation_every_ms = 1'200'000;
  p.faults.loss = 0.3;
  p.faults.duplicate = 0.1;
  p.faults.delay_max_ms = 100;
  p.skew_max_ms = 1'000;
  draw_misfortunes(p, r, 30);
  return p;
}

std::string describe(const Plan& p) {
  std::string keys = p.signs ? ", signed" : p.ticks ? ", which say each count at once" : "";
  if (!p.traitors.empty()) keys += ", " + std::to_string(p.traitors.size()) + " gateways gone bad";
  if (p.settle_at_ms > 0) keys += p.withdraws ? ", one grant withdrawn" : ", one device closed";
  char otherwise[40] = "";
  if (p.faults.loss_to_client) {
    std::snprintf(otherwise, sizeof otherwise, " to brokers and %.0f%% to clients",
                  100 * *p.faults.loss_to_client);
  }
  char out[600];
  std::snprintf(
      out, sizeof out,
      "%zu gateways, %zu devices (%.0f%% without memory) at %zu site(s)%s, an operation every "
      "%.1f s of each%s, chaos for %.1f min, loss %.0f%%%s, duplicates %.0f%%, reordered %.0f%% by "
      "up to %.1f s, delay up to %.1f s, skew %.1f s, queues %zu, %zu misfortunes",
      p.gateways, p.devices, 100 * p.memoryless, p.sites, p.some_deaf ? ", some deaf" : "",
      p.operation_every_ms / 1'000, keys.c_str(), static_cast<double>(p.chaos_ms) / 60'000,
      100 * p.faults.loss, otherwise, 100 * p.faults.duplicate, 100 * p.faults.reorder,
      p.faults.reorder_ms / 1'000.0, p.faults.delay_max_ms / 1'000.0,
      static_cast<double>(p.skew_max_ms) / 1'000, p.queued_max, p.misfortunes.size());
  return out;
}

std::string describe(const Misfortune& m) {
  char out[120];
  std::snprintf(out, sizeof out, "%10.3f s  %s, %.1f s, luck %llu",
                static_cast<double>(m.at_ms) / 1'000, name(m.kind),
                static_cast<double>(m.for_ms) / 1'000, static_cast<unsigned long long>(m.luck));
  return out;
}

}  // namespace tributary::simulation
