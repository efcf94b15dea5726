// SPDX-License-Identifier: Apache-2.0
// A small world in virtual time: shipping gateways, shipping devices, the in-process broker with
// its faults, and disks that keep just what was committed. Beside it an oracle that remembers every
// operation.
//
//   World world({.seed = 7, .gateways = 3, .devices = 5});
//   world.chaos(60'000);
//   world.heal();
//   EXPECT_EQ(world.settle(60'000), "");     // "" or what is wrong
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "gateway/core/gateway.h"
#include "transports/memory/broker.h"

namespace tributary::core::testing {

// What survives a crash: the rows of finished commits.
struct Disk {
  std::map<std::uint64_t, EnvelopeRow> envelopes;
  std::map<std::uint64_t, ActorRow> actors;
  std::map<std::pair<std::string, std::string>, ValueRow> values;
  std::vector<DeadLetterRow> dead_letters;
  std::vector<QuarantineRow> quarantine;
  std::uint64_t incarnation = 0;
  bool full = false;

  void apply(const Commit&);
};

// One gateway with its sessions and its disk, run by step().
class Node {
 public:
  Node(Options options, std::vector<transports::memory::Broker*> brokers,
       std::vector<LinkOptions> links, std::uint64_t seed);

  void boot(std::uint64_t now_ms);
  void crash();  // kill -9: what was not committed is gone
  void wipe();   // and the disk with it
  bool running() const { return gateway_ != nullptr; }
  // Events in, effects out. Commits finish after commit_delay_ms.
  void step(std::uint64_t now_ms);
  Gateway& gateway() { return *gateway_; }
  Disk& disk() { return disk_; }

  std::uint32_t commit_delay_ms = 3;
  std::int64_t wall_offset_ms = 0;
  std::vector<Notice> notices;

 private:
  void perform(std::uint64_t now_ms);
  Instant instant(std::uint64_t now_ms) const {
    return {now_ms, static_cast<std::uint64_t>(static_cast<std::int64_t>(now_ms) + wall_offset_ms)};
  }
  struct Line {
    std::unique_ptr<transports::Session> session;
    std::map<std::string, transports::Message> retained;  // the newest of each topic
    std::vector<transports::Message> queue;
  };
  Options options_;
  std::vector<transports::memory::Broker*> brokers_;
  std::vector<LinkOptions> link_options_;
  std::mt19937_64 random_;
  Disk disk_;
  std::unique_ptr<Gateway> gateway_;
  std::vector<Line> lines_;
  std::optional<std::pair<std::uint64_t, CommitRequest>> commit_;  // due at
};

// One device with a memory, and the oracle of what its application asked for.
class Sensor {
 public:
  Sensor(std::string fleet, std::string id, transports::memory::Broker& broker, std::uint64_t seed,
         bool memory);

  void boot(std::uint64_t now_ms);
  void crash() { session_.reset(), device_.reset(); }
  void step(std::uint64_t now_ms);
  // One random operation on one of the shared or own keys.
  void act(std::uint64_t now_ms);
  sdk::Device& device() { return *device_; }

  const std::string id;
  std::map<std::string, std::uint64_t> up, down;  // counters, over all epochs that have a memory
  std::map<std::string, std::set<std::string>> grown;    // grow-only sets
  std::map<std::string, std::set<std::string>> members;  // sets, as they should be
  std::uint32_t twins = 0;

 private:
  std::string fleet_;
  transports::memory::Broker& broker_;
  std::mt19937_64 random_;
  bool memory_;
  std::string saved_;
  std::optional<sdk::Device> device_;
  std::unique_ptr<transports::Session> session_;
  std::vector<transports::Message> queue_;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  std::size_t gateways = 3, devices = 4;
  transports::memory::LinkFaults faults{};
  bool gateways_crash = true, gateways_wiped = false, devices_reboot = true, broker_dies = true;
  std::size_t sites = 1;  // > 1: a broker for each site's devices, and one for the peers
};

class World {
 public:
  explicit World(const WorldOptions&);

  void run(std::uint64_t ms, bool acting);
  void chaos(std::uint64_t ms);
  void heal();
  // Runs without operations until everything agrees, at most max_ms. "" or what is wrong.
  std::string settle(std::uint64_t max_ms);
  // No gateway shows more than was issued. "" or what is wrong.
  std::string safe();
  std::string exact();
  // Who holds what, for reading after a failure.
  std::string describe();

  std::uint64_t now() const { return now_; }
  std::vector<std::unique_ptr<transports::memory::Broker>> brokers;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<Sensor>> sensors;

 private:
  void step(bool acting);
  void misfortune();
  WorldOptions options_;
  std::mt19937_64 random_;
  std::uint64_t now_ = 1'700'000'000'000;
  std::vector<std::pair<std::uint64_t, Node*>> down_;  // to boot again at
  std::optional<std::pair<std::uint64_t, std::size_t>> broker_down_;
};

}  // namespace tributary::core::testing
