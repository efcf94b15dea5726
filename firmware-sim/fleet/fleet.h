// SPDX-License-Identifier: Apache-2.0
// N simulated devices behind a few MQTT sessions, each behind its own lossy link, and an oracle of
// what they issued.
//
//   fleet::Fleet fleet({.devices = 200, .seed = 7, .faults = {.loss = 0.3}}, {session.get()},
//   now_ms); session->start(); while (running) { fleet.step(now_ms());
//   waker.wait(fleet.pause_ms(now_ms())); } fleet.quiesce();                            // no new
//   operations; the links stay as bad as they are while (!fleet.settled()) …                  //
//   everything issued is acknowledged Verdict v = judge(fleet.oracle(), shown);   // what each
//   gateway shows, fetched elsewhere
//
// Promise: with memory, what the oracle expects is exact, however often devices reboot; without, it
// is exact up to the operations that a reboot lost before any gateway acknowledged them. Same seed
// and same times: same run.
//
// Who hears whom: a device's id ends in -h<mask>; gateway number i (from 0) is in its earshot when
// bit i of the mask is set. Gateways are configured with the patterns of earshot_patterns(i, n): on
// one broker it is the id that decides. With `sites` it is the place: a device speaks at the broker
// of every site i whose bit is set, and hears what is said to it there.
//
// One thread. The sessions' events are the fleet's alone.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "firmware-sim/fleet/link.h"
#include "firmware-sim/fleet/oracle.h"
#include "firmware-sim/fleet/verdict.h"
#include "firmware-sim/sdk/device.h"
#include "transports/session.h"

namespace tributary::fleet {

// What a device signs with, and whose signatures it can verify.
struct Keys {
  std::optional<signing::Signer> signer{};
  std::vector<sdk::MemberKey> members{};
};

struct Options {
  std::string fleet{"demo"};
  std::string topic_root{"tributary/v1"};
  std::string prefix{"sim"};  // of device ids: sim-0042-h5
  std::uint32_t devices = 200;
  std::uint32_t gateways = 3;  // in all; each device is heard by 1 … gateways of them
  std::uint32_t sites =
      0;  // brokers; 0: one for everybody. Else: each device is at 1 … sites of them
  std::string place{"site"};  // keys are site-<n>/people …
  std::uint32_t places = 10;  // devices of one place share its keys
  std::uint64_t seed = 1;
  double ops_per_s = 2;               // of each device, on average
  LinkFaults faults{};                // each way
  double reboots_per_s = 0;           // of each device, on average
  std::uint32_t down_max_ms = 1'000;  // how long a reboot takes at most
  double memoryless = 0;              // share of devices that forget everything at a reboot
  std::uint32_t resend_min_ms = 250;  // shorter than the SDK's own: a run lasts seconds
  std::uint32_t resend_max_ms = 2'000;
  std::uint32_t catch_up_ms = 2'000;
  std::uint32_t acks_needed = 1;       // gateways that must hold an operation until it is safe
  std::uint32_t batch_ms = 50;         // an operation waits so long for others to go with it
  std::uint32_t refresh_ms = 600'000;  // a device at rest asks so often whether it is still known
  std::function<Keys(const std::string& device)> keys{};  // empty: nothing is signed
  std::string state_dir{};  // see keeper.h; empty: the fleet ends with its process
};

struct Stats {
  std::uint64_t operations = 0;
  std::uint64_t packets_up = 0, packets_down = 0;  // through the links
  std::uint64_t packets_lost = 0, packets_duplicated = 0;
  std::uint64_t reboots = 0;
  std::uint64_t unacknowledged = 0;                    // operations, of all devices now
  std::uint64_t devices_behind = 0;                    // devices with such
  std::uint64_t refused = 0, bad_acks = 0, twins = 0;  // none is expected
  std::uint64_t sessions_connected = 0;
  std::uint64_t reconnects = 0;  // of all sessions: each one's connects but the first
};

class Keeper;

class Fleet {
 public:
  // Subscribes to the devices' acks. With sites, session s is one with the broker of site s %
  // sites. REQUIRES: at least one session, and as many for each site; they outlive the fleet; at
  // most 99,999 devices. Throws std::runtime_error when state_dir cannot be used.
  Fleet(Options options, std::vector<transports::Session*> sessions, std::uint64_t now_ms);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Does everything that is due. Call it when a session is ready and at pause_ms().
  void step(std::uint64_t now_ms);
  std::uint64_t pause_ms(std::uint64_t now_ms) const;  // at most 1,000

  void quiesce();
  bool settled() const;

  const Oracle& oracle() const;
  std::uint64_t seed() const { return options_.seed; }  // that of the first life
  Stats stats() const;
  std::vector<std::string> device_ids() const;

 private:
  class SimDevice;
  std::vector<std::size_t> homes_of(std::size_t index) const;
  void take_events();
  void take_connected(std::size_t session);
  void step_device(std::size_t index);
  void schedule(std::size_t index);

  const std::unique_ptr<Keeper> keeper_;  // nothing without a state_dir
  const Options options_;
  std::vector<transports::Session*> sessions_;
  std::vector<std::uint64_t> connects_;          // of each session
  std::vector<std::vector<std::size_t>> homes_;  // of each device: the sessions that it speaks on
  Oracle oracle_;
  std::vector<std::unique_ptr<SimDevice>> devices_;
  std::unordered_map<std::string, std::size_t> by_ack_topic_;
  std::unordered_map<std::size_t, std::uint64_t> due_of_;  // when each device is in due_
  std::set<std::pair<std::uint64_t, std::size_t>> due_;    // (when, device)
  std::uint64_t now_ms_ = 0;
};

// The id of this device, 0 …: of the seed, the prefix and the number of gateways or sites alone, so
// that keys can be made for a fleet before it runs.
std::string device_id(const Options& options, std::uint32_t index);
// Which gateways (a bit each) are in earshot of a device, by its id; all when the id does not say.
std::uint32_t earshot(const std::string& device_id);
// Patterns (* stands for anything) of the device ids that gateway `index` of `gateways` hears, for
// its configuration.
std::vector<std::string> earshot_patterns(std::uint32_t index, std::uint32_t gateways);

}  // namespace tributary::fleet
