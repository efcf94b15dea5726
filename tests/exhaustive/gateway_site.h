// SPDX-License-Identifier: Apache-2.0
// One shipping gateway and its disk as the model sees them: numbered local states, and what each
// event makes of them. A state is kept as the disk that it last started from and the events since;
// a transition starts a gateway from that disk, replays the events, and applies one more.
//
// At rest (no commit under way, nothing waits) memory must be what the disk rebuilds: that is
// checked, and so the disk, with the devices heard since the start, is the state's key. Otherwise
// the key is that of the last rest and the events since.
//
//   GatewaySite site(0, Fault::none, messages);
//   Step step = site.step(0, {GatewayEvent::Type::receive, envelope});
//   step = site.step(step.next, {GatewayEvent::Type::commit});      // step.sent: its ack, its
//   batch
#pragma once
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/core/gateway.h"
#include "tests/exhaustive/faults.h"
#include "tests/exhaustive/messages.h"

namespace tributary::exhaustive {

// What survives a crash: the rows of finished commits.
struct Disk {
  std::map<std::uint64_t, core::EnvelopeRow> envelopes;
  std::map<std::uint64_t, core::ActorRow> actors;
  void apply(const core::Commit&, Fault);
};

struct GatewayEvent {
  enum class Type : std::uint8_t {
    receive,     // `message`, an upload or a batch, arrives
    read,        // `message`, the state of the other, is read as a broker retains it
    commit,      // the commit under way is done, and it is told
    fail,        // … is not done, it is told, and asks again
    fail_done,   // … is done, it is told that it is not, and asks again
    crash,       // all is lost but the disk; it starts again
    crash_done,  // the same, when the commit under way was just done
  };
  Type type = Type::receive;
  MessageId message = no_message;
};

struct GatewayState {
  // how to get there
  std::shared_ptr<const Disk> start;
  std::vector<GatewayEvent> events;
  std::string key;
  std::uint32_t depth = 0;  // events since the first state, by this way
  // what it is
  bool at_rest = true;
  std::uint32_t waiting = 0;  // messages since the last rest
  std::uint32_t heard = 0;    // devices, as bits, since the start
  Known known{};
  Ops on_disk{};  // a gateway made from its disk would acknowledge so much
  Shown shown;
  std::uint32_t digest = 0;      // equal numbers are equal digests
  MessageId state = no_message;  // what a broker retains of it
};

class GatewayRun;

class GatewaySite {
 public:
  // `digests` numbers digests for all gateways alike.
  GatewaySite(std::size_t index, std::uint32_t waiting_max, Fault, Messages&,
              std::map<std::string, std::uint32_t>& digests);

  bool enabled(std::uint32_t state, const GatewayEvent&) const;
  // Throws Violation.
  Step step(std::uint32_t state, const GatewayEvent&);

  const GatewayState& operator[](std::uint32_t state) const { return states_[state]; }
  std::size_t size() const { return states_.size(); }
  std::uint64_t runs() const { return runs_; }
  // How often two ways into one state were compared by what follows from it.
  std::uint64_t probes() const { return probes_; }

 private:
  // What an event makes of a state, by the way to it that the state tells.
  GatewayState evaluate(const GatewayState&, const GatewayEvent&, Step&);
  void rest(GatewayRun&, GatewayState&);
  void probe(const GatewayState& other_way, std::uint32_t state);

  std::size_t index_;
  std::uint32_t waiting_max_;
  Fault fault_;
  Messages& messages_;
  std::map<std::string, std::uint32_t>& digests_;
  std::vector<GatewayState> states_;
  std::vector<std::vector<std::pair<GatewayEvent, Step>>> taken_;  // by state
  std::unordered_map<std::string, std::uint32_t> known_;
  std::uint64_t runs_ = 0, merges_ = 0, probes_ = 0;
};

}  // namespace tributary::exhaustive
