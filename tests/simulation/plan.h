// SPDX-License-Identifier: Apache-2.0
// What one seed is: the shape of a fleet, its tempo, the mix of faults (swarm testing: each seed
// leaves some kinds out and has plenty of others), and the schedule of misfortunes. Its promise: a
// plan follows from its seed alone, and a misfortune can be left out without changing the others,
// which is what makes schedules small.
//
//   Plan plan = make_plan(7);
//   std::puts(describe(plan).c_str());
//   plan.keep({3, 17});              // only these misfortunes
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "transports/memory/broker.h"

namespace tributary::simulation {

struct Misfortune {
  enum class Kind : std::uint8_t {
    // a gateway's life
    gateway_killed,            // -9
    gateway_killed_in_commit,  // -9 between two writes of a commit
    power_cut_in_commit,       // the same, and what was not synced is lost, torn or reordered
    gateway_terminated,        // SIGTERM
    gateway_wiped,             // with its disk
    gateway_set_back,          // an old copy of its disk is put in place
    gateway_cloned,            // a copy of it runs as well, for a while
    gateway_stopped,           // SIGSTOP
    // its disk
    disk_full,
    disk_slow,
    sync_fails,
    write_fails,
    sync_fails_then_power_cut,
    bits_rot,          // while it is off
    database_cut_off,  // truncated while it is off
    // a device's life
    device_rebooted,
    device_forgets,  // reboots without its memory
    device_cloned,
    device_rolled_back,  // an old copy of its memory is put in place
    save_fails,
    // clocks
    gateway_clock_steps,
    device_clock_steps,
    device_in_2100,
    // network and broker
    partition,  // of one client: both ways or one
    flapping,
    disconnect,
    broker_killed,  // its retained messages forgotten, kept, or rolled back
    count_
  };
  Kind kind = Kind::gateway_killed;
  std::uint64_t at_ms = 0;   // since the start
  std::uint64_t for_ms = 0;  // how long, where that has a meaning
  std::uint64_t luck = 0;    // whom it strikes, and every detail
};
const char* name(Misfortune::Kind);

struct Plan {
  std::uint64_t seed = 0;
  // the fleet
  std::size_t gateways = 3, devices = 4;
  std::size_t sites = 1;   // > 1: a broker for each site's devices, and one for the peers
  std::size_t older = 0;   // so many of the gateways neither ask their peers nor answer them
  bool some_deaf = false;  // on one broker: not every gateway hears every device
  double memoryless = 0;   // share of devices without a memory
  std::uint32_t acks_needed = 1;
  // the tempo
  std::uint64_t chaos_ms = 60'000;
  double operation_every_ms = 1'000;  // of each device
  double bursts = 0.2;                // share of the moments at which several operations come
  std::uint64_t burst_max = 12;
  std::uint64_t keys = 4;  // of each type
  bool foreign_removals = false;
  bool views = false;        // gateways retain views for dashboards, which is most of the traffic
  bool always_saves = true;  // after each operation; otherwise when the SDK does
  std::size_t register_bytes = 8;
  bool one_register = false;  // of a large value beside many small counters
  bool ticks = false;         // each device counts on in one counter, and says each count at once
  // limits, small enough that they are met
  std::size_t body_bytes_max = 1'300, small_set_bytes = 512, element_bytes = 12;
  std::size_t state_part_bytes = 262'144;
  bool rests = true;  // what rests leaves the memory of some gateways
  std::uint32_t checkpoint_pages = 40;
  std::uint32_t pending_envelopes_max = 20'000;
  std::uint32_t commit_ms = 3;  // of one commit, on average
  std::size_t queued_max = 1'000, broker_in_flight_max = 20;
  // Views a gateway may have at a broker that queues so few: what an earlier life left must fit.
  std::size_t views_max() const { return std::min<std::size_t>(500, queued_max / 4); }
  // keys: a fleet that signs, some of it enrolled late, and perhaps gateways gone bad in it beside
  // those counted above, each with the vices of its bits (traitor.h)
  bool signs = false, registry_everywhere = true;
  std::vector<std::uint32_t> traitors;
  std::uint64_t settle_at_ms = 0;  // the admin closes what some device said so far; 0: never
  bool withdraws = false;          // or permissions are on, and he withdraws its grant instead
  // the air
  transports::memory::LinkFaults faults{};
  std::int64_t skew_max_ms = 0;
  double drift_max = 0;

  std::vector<Misfortune> misfortunes;  // by time

  // Leaves only the misfortunes at these places.
  void keep(const std::vector<std::size_t>& places);
};

Plan make_plan(std::uint64_t seed);
// The fleet of the speed figure: 5 gateways, 50 devices, a moderate mix of everything.
Plan speed_plan(std::uint64_t seed);
std::string describe(const Plan&);  // the shape, one line
std::string describe(const Misfortune&);

}  // namespace tributary::simulation
