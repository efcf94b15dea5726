// SPDX-License-Identifier: Apache-2.0
// All that can happen to two shipping devices and two shipping gateways with their disks, in any
// order: a breadth-first search over states, each visited once.
//
//   Model model({.programs = {"ia", "ir"}});
//   Report report = model.explore();
//   report.wrong == ""                       // or what is wrong, with the shortest schedule to it
//
// A state is the four local states (see DeviceSite, GatewaySite), the set of messages in flight and
// what is left of the bounds. Whatever was sent stays in flight: it may arrive now, later, again,
// or never. So loss, delay, repetition and reordering have no bounds of their own; crashes,
// reboots, failing commits and long silences have.
//
// What is shared by many states is run once: the shipping code is executed once for each local
// state and event, and the global search goes over the numbers of the results.
//
// In every state: nothing is shown that was not issued, what was received whole is shown, what a
// gateway acknowledged is on its disk, memory at rest is what the disk rebuilds, equal digests mean
// equal values, nobody is told of a twin. And from every state: when everything in flight is lost,
// devices send again and gateways read each other's retained state, then all is equal and exact.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/exhaustive/device_site.h"
#include "tests/exhaustive/gateway_site.h"
#include "tests/exhaustive/table.h"

namespace tributary::exhaustive {

struct Bounds {
  std::uint8_t crashes = 1;  // of gateways, in all
  std::uint8_t reboots = 1;  // of devices, in all
  std::uint8_t fails = 0;    // of commits, in all
  std::uint8_t lates = 0;    // long silences of devices, in all
  std::uint8_t deltas = 9;   // different ones of each device
  std::uint8_t waiting = 1;  // messages that one gateway holds behind a commit
  std::uint64_t states = 20'000'000;
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

struct Setting {
  std::array<std::string, 2> programs;
  Bounds bounds{};
  Fault fault = Fault::none;
};

// Site 0 and 1 are devices, 2 and 3 gateways; `type` is a DeviceEvent::Type or GatewayEvent::Type.
struct Action {
  std::uint8_t site = 0, type = 0;
  MessageId message = no_message;
};

struct Locals {
  std::array<std::uint32_t, 4> site{};
  std::uint64_t hash() const {
    return mixed(mixed(std::uint64_t{site[0]} << 32 | site[1]) +
                 (std::uint64_t{site[2]} << 32 | site[3]));
  }
  bool same(const Locals& o) const { return site == o.site; }
};

// A state but for the messages in flight.
struct Place {
  Locals locals;
  std::array<std::uint8_t, 4> left{};  // crashes, reboots, fails, lates
  std::uint8_t turn = nobody;          // the one site that may act: see Model::apply()
  static constexpr std::uint8_t nobody = 4;

  std::uint64_t hash() const {
    const std::uint64_t rest = std::uint64_t{left[0]} << 24 | std::uint64_t{left[1]} << 16 |
                               std::uint64_t{left[2]} << 8 | left[3];
    return mixed(locals.hash() ^ (rest << 8 | turn));
  }
  bool same(const Place& o) const {
    return locals.same(o.locals) && left == o.left && turn == o.turn;
  }
};

struct State {
  Place place;
  std::uint32_t net = 0;
  std::uint32_t parent = 0;  // how it was reached first
  Action action{};
  bool covered = false;  // by one at the same place with more in flight
  bool expanded = false;
};

struct Report {
  std::uint64_t states = 0, transitions = 0, pruned = 0, healed = 0, runs = 0, probes = 0;
  std::uint64_t local_states = 0;
  std::uint32_t depth = 0;
  bool whole = true;  // false: stopped at the bound on states
  std::array<std::uint64_t, reached_count> reached{};
  std::string wrong;
  std::vector<Action> schedule;  // to what is wrong

  void add(const Report& other);
};

class Model {
 public:
  explicit Model(Setting);

  Report explore();

  // One step at a time, for replays.
  State first() const;
  // Every action that is possible and changes something, in a fixed order.
  std::vector<Action> actions(const State&);
  // Throws Violation. `reached`: bits of Reached.
  State apply(const State&, const Action&, std::uint32_t& reached);
  void check(const State&);
  // Everything in flight is lost; from now on things work. The actions taken are left in tail().
  void heal(const Locals&);

  const std::vector<Action>& tail() const { return tail_; }
  const Setting& setting() const { return setting_; }
  const Messages& messages() const { return messages_; }
  const std::vector<MessageId>& net(std::uint32_t id) const { return nets_[id]; }
  const DeviceSite& device(std::size_t d) const { return devices_[d]; }
  const GatewaySite& gateway(std::size_t g) const { return gateways_[g]; }

 private:
  const Step& step(std::size_t site, std::uint32_t local, std::uint8_t type, MessageId);
  bool enabled(std::size_t site, std::uint32_t local, std::uint8_t type, MessageId) const;
  std::uint32_t add_to_net(std::uint32_t net, MessageId);
  std::uint32_t log_id(std::size_t device, std::uint32_t local);
  bool expand(std::uint32_t index, Report&);
  bool add(const State&);
  std::size_t rank(const Locals&) const;
  bool heal_through(Locals, std::size_t gateway);
  bool heal_round(Locals&, std::size_t gateway);
  void judge_healed(const Locals&);
  void take(Locals&, std::size_t site, std::uint8_t type, MessageId);
  void come_to_rest(Locals&, std::size_t gateway);
  std::vector<Action> path(std::uint32_t index) const;
  Report finish(Report) const;

  Setting setting_;
  Messages messages_;
  std::map<std::string, std::uint32_t> digests_;
  Ops first_adds_;
  std::vector<DeviceSite> devices_;
  std::vector<GatewaySite> gateways_;
  std::deque<Step> steps_;  // they stay where they are
  WordMap step_of_;
  std::vector<std::vector<MessageId>> nets_;
  std::map<std::vector<MessageId>, std::uint32_t> net_of_;
  WordMap grown_;
  std::array<std::map<std::string, std::uint32_t>, 2> logs_;
  WordMap judged_;
  Table<Place> places_;
  std::vector<std::vector<std::uint32_t>> at_place_;  // states there, none of which covers another
  std::vector<State> states_;
  std::vector<std::vector<std::uint32_t>> queue_;  // by rank
  std::array<Table<Locals>, 2> healed_;
  std::vector<Action> tail_;
};

}  // namespace tributary::exhaustive
