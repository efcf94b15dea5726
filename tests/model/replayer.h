// SPDX-License-Identifier: Apache-2.0
// Executes a schedule on the shipping code: devices of the SDK and gateways of the core, one
// command at a time, each answered with what can be seen from outside. The network is the schedule:
// what is sent goes to a pool, and reaches who is told to hear it.
//
//   Replayer r(["begin", 3, ["d0", "d1"], ["op-g0"]]);
//   r.execute(["op", "d0", "insert", "s1", "x"])       {"op": 1}
//   r.execute(["send", "d0"])                          {"made": [envelope, …]}
//   r.execute(["deliver", 0, "d0", 4])                 to gateway 0, from d0's pool, 4 before the
//   newest r.execute(["commit", 0])                           {"values": …, "acked": …}
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/gateway/core/support/rig.h"
#include "tests/gateway/core/support/writer.h"

namespace tributary::model {

class Replayer {
 public:
  using json = nlohmann::json;

  // ["begin", gateways, [device, …], [name of a device that the model plays, …]]
  explicit Replayer(const json& begin);
  json execute(const json& command);

 private:
  struct Node {
    std::unique_ptr<core::testing::Rig> rig;
    std::map<std::string, std::string> acks;  // the newest for each device
    std::vector<core::Publish> batches;       // published and not relayed yet
    bool settled = false;                     // it was given the settlement, and has its disk still
  };

  json operate(const json& c);
  json send(const json& c);
  json made(const json& c);
  json deliver(const json& c);
  json flood(const json& c);
  json restart(const json& c);
  json settle(const json& c);
  json acknowledge(const json& c);
  json unlist(const json& c);
  json forget(const json& c);
  json relay(const json& c);
  json fetch(const json& c);
  json reopen(const json& c);

  Node& node(const json& number) { return nodes_.at(number.get<std::size_t>()); }
  core::testing::Writer& writer(const json& name) { return writers_.at(name.get<std::string>()); }
  void collect(Node&);
  void boot(Node&);
  // Envelopes of a pack that are not the admin's, by hash, and who tells two stories.
  static void list(std::string_view pack, json& answer);
  // What somebody beside the gateway sees: values, operations acknowledged of each actor, and the
  // pair that shows who tells two stories.
  json seen(Node&) const;
  json acked(Node&) const;

  std::uint64_t now_ = 1'700'000'000'000;
  std::uint64_t drawn_ = 0;
  std::vector<std::string> settlement_;  // what the registry's file has besides the members
  std::deque<Node> nodes_;
  std::map<std::string, core::testing::Writer> writers_;
  std::map<std::string, std::vector<std::string>> pool_;  // all ever sent, by device
};

}  // namespace tributary::model
