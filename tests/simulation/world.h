// SPDX-License-Identifier: Apache-2.0
// A whole fleet in virtual time: seed in, verdict out. Chaos as planned, then heal, then it must
// converge within a bounded number of exchanges and a bounded time. Its promise: the same plan runs
// the same way, to the last byte sent (see Trace).
//
//   World world(make_plan(7));
//   Outcome outcome = world.run();
//   if (!outcome.wrong.empty()) …
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/device_node.h"
#include "tests/simulation/fleet_keys.h"
#include "tests/simulation/gateway_node.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/traitor.h"

namespace tributary::simulation {

struct Outcome {
  std::string wrong;  // "" when every promise held
  std::uint64_t trace = 0;
  std::uint64_t simulated_ms = 0, converged_ms = 0;  // in all; after the heal
  Exchanges exchanges;  // from the heal until then, of the gateway that needed most
  std::uint64_t operations = 0, misfortunes = 0, events = 0;
  Reached reached;
};

class World {
 public:
  explicit World(const Plan& plan, bool print = false);
  Outcome run();

 private:
  struct Later {  // the end of a misfortune, or a boot
    std::uint64_t at_ms = 0, order = 0;
    std::function<void()> run;
  };

  // building (world.cc)
  void build_keys();
  std::string device_id(std::size_t index) const;
  void build_brokers();
  void build_gateways();
  void build_devices();
  std::unique_ptr<GatewayNode> make_gateway(std::size_t index, bool ghost, storage::Image image);
  DeviceNode::World device_world();

  // time (world.cc)
  void run_until(std::uint64_t ms);
  std::uint64_t next_ms();
  void step();
  void operate_devices();
  void step_devices();
  void turn_gateways();
  void later(std::uint64_t at_ms, std::function<void()> run);
  void boot(GatewayNode& node);
  std::vector<Book*> books(bool with_ghosts = true);

  // misfortunes (misfortunes.cc)
  void strike(const Misfortune&);
  void strike_gateway(const Misfortune&, Random&, GatewayNode&);
  void strike_disk(const Misfortune&, Random&, GatewayNode&);
  void strike_device(const Misfortune&, Random&);
  void strike_clock(const Misfortune&, Random&);
  void strike_network(const Misfortune&, Random&);
  void damage(GatewayNode&, Random&, Misfortune::Kind);
  void flap(transports::memory::Broker&, const std::string& client, std::uint64_t until_ms,
            Random random);
  void down_for(GatewayNode&, std::uint64_t ms);
  void settle_device(Random);

  // the end (world.cc)
  void heal();
  void settle();
  std::string unsettled();
  std::string disks_differ(Shadow::Compare) const;
  Exchanges exchanges() const;
  std::map<Actor, std::uint64_t> owed();
  std::vector<Judge::Device> alive();
  void judge_end();
  void judge_settled();

  Plan plan_;
  Judge judge_;
  Random random_;
  std::uint64_t now_ms_;
  const std::uint64_t began_ms_;
  std::uint64_t events_ = 0, order_ = 0, converged_ms_ = 0;
  std::uint64_t memories_ = 1'000;  // numbers of memories given so far
  std::vector<Exchanges> healed_;   // at the heal, by gateway
  Exchanges exchanges_;             // since
  bool chaos_ = true;
  std::vector<std::unique_ptr<transports::memory::Broker>> brokers_;  // before what uses them
  std::optional<FleetKeys> keys_;                                     // of a fleet that signs
  bool all_enrolled_ = false;
  // Whose word was settled, in which epochs, and which of its envelopes stay.
  std::string settled_device_;
  std::set<std::uint64_t> settled_epochs_;
  std::set<wire::Hash> stay_;
  std::vector<std::unique_ptr<Traitor>> traitors_;
  std::vector<std::unique_ptr<GatewayNode>> gateways_, ghosts_;
  std::vector<std::unique_ptr<DeviceNode>> devices_, copies_;
  std::map<const GatewayNode*, storage::Image> old_disks_;
  std::map<const DeviceNode*, DeviceNode::Saved> old_memories_;
  std::vector<std::uint64_t> next_operation_ms_;  // of each device
  // The earliest of all devices; 0: to be looked up.
  std::uint64_t devices_due_ms_ = 0, operations_due_ms_ = 0;
  std::size_t next_misfortune_ = 0;
  std::vector<Later> later_;
};

}  // namespace tributary::simulation
