// SPDX-License-Identifier: Apache-2.0
// One shipping device as the model sees it: numbered local states, and what each event makes of
// them. A state is kept as the memory it last started from and the events since; a transition opens
// the device from that memory, replays the events, and applies one more. What can tell two states
// apart (the memory now, the memory saved, the delta in the air, acks in doubt) makes the state's
// key: equal keys are one state.
//
//   DeviceSite site(0, "iar", 0, messages);
//   Step step = site.step(0, {DeviceEvent::Type::operate});   // from the first state
//   site[step.next].log == "i"
#pragma once
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/exhaustive/faults.h"
#include "tests/exhaustive/messages.h"

namespace tributary::exhaustive {

inline constexpr std::uint64_t now_ms = 1'700'000'000'000;  // it does not pass

struct DeviceEvent {
  enum class Type : std::uint8_t {
    operate,  // the next operation of its program
    send,     // it is due
    late,     // an hour of silence: catch-up and refresh are due
    ack,      // `message` arrives
    reboot,   // and starts again from what it saved last
  };
  Type type = Type::operate;
  MessageId message = no_message;
};

// What a device has heard from each gateway.
struct DeviceLinks {
  Ops points{};
  std::array<bool, 2> met{};
};

struct DeviceState {
  // how to get there
  std::string start;  // the memory; empty at the very first start
  std::string start_log;
  std::uint32_t start_done = 0, boots = 0;
  DeviceLinks start_links;
  std::uint64_t start_deltas = 0;
  std::vector<DeviceEvent> events;
  std::uint32_t depth = 0;  // events since the first state, by this way
  // what it is
  std::string key;
  std::uint32_t done = 0;    // of its program
  std::string log;           // its numbered operations
  std::uint64_t deltas = 0;  // made, not counting repetitions
  std::uint64_t safe = 0;
  Ops points{};  // by gateway: acknowledged up to
  Ops stale{};   // by gateway: acks in a row that were overtaken
  bool unsaved = false;
};

class DeviceSite {
 public:
  DeviceSite(std::size_t index, std::string program, std::uint64_t other_first_add, Fault,
             Messages&);

  // Whether the event can happen at all; in doubt it may.
  bool enabled(std::uint32_t state, const DeviceEvent&) const;
  // Throws Violation.
  Step step(std::uint32_t state, const DeviceEvent&);

  const DeviceState& operator[](std::uint32_t state) const { return states_[state]; }
  std::size_t size() const { return states_.size(); }
  std::uint64_t runs() const { return runs_; }
  // How often two ways into one state were compared by what follows from it.
  std::uint64_t probes() const { return probes_; }
  static std::uint64_t epoch(std::size_t index);

 private:
  class Run;
  // What an event makes of a state, by the way to it that the state tells.
  DeviceState evaluate(const DeviceState&, const DeviceEvent&, Step&);
  void probe(const DeviceState& other_way, std::uint32_t state);

  std::size_t index_;
  std::string program_;
  std::uint64_t other_first_add_;
  Fault fault_;
  Messages& messages_;
  std::vector<DeviceState> states_;
  std::vector<std::vector<std::pair<DeviceEvent, Step>>> taken_;  // by state
  std::unordered_map<std::string, std::uint32_t> known_;
  std::uint64_t runs_ = 0, merges_ = 0, probes_ = 0;
};

}  // namespace tributary::exhaustive
