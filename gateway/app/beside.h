// SPDX-License-Identifier: Apache-2.0
// Who looks on from beside the gateway: history, alerts, what brokers say of themselves, Home
// Assistant. The pump and the door know only this; the simulator has none of it. Its promise: it
// sees what is committed and said, and decides nothing.
//
//   options.beside = &steward;                     // steward.h; outlives the pump and the door
//   state.aside->history                           // what metrics and answers show of it
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/commit.h"
#include "transports/session.h"

namespace tributary::app {

// What it knows, as plain values.
struct Aside {
  struct History {
    std::uint64_t series = 0, bytes = 0, rows = 0, skipped = 0, dropped = 0, failures = 0;
    std::uint64_t renewed = 0, cpu_us = 0;
    std::string wrong;  // why nothing is written; empty: all is well
  };
  struct Alert {
    std::string name, severity;  // "memory-critical", "critical"
    std::string summary, advice;
    double value = 0, threshold = 0;
    std::uint64_t since_ms = 0;  // wall: when the condition began to hold
    bool firing = false;         // it has held for long enough
  };
  struct Clocks {  // of devices that were heard in the last ten minutes, in seconds
    std::uint64_t devices = 0;
    double ahead_most = 0;  // the one furthest ahead of ours; 0: none is
    double median = 0;      // far from 0: ours is wrong, rather
  };
  struct Seals {  // of windows of time: seals.h
    std::uint64_t members = 0, quorum = 0;
    std::uint64_t sealed = 0;   // windows, since the start
    std::uint64_t votes = 0;    // given, since the start
    std::uint64_t refused = 0;  // proposals of others that were not cosigned, since the start
    std::uint64_t proofs = 0;   // members that cosigned two things for one window: known
    std::uint64_t last_closes_ms = 0;    // wall: the close of the newest sealed window; 0: none is
    std::uint64_t window_closed_ms = 0;  // wall: of the latest window that has closed
    std::uint64_t cosigned = 0;          // by how many members that one is, as far as is known
    std::string wrong;                   // why this gateway does not seal; empty: all is well
  };
  std::optional<History> history;
  std::optional<Seals> seals;
  std::vector<Alert> alerts;  // pending and firing
  Clocks clocks;
  std::uint64_t dead_letters = 0;  // written since the start
  // By link and name (at most 16 of each): "clients/connected" → 12.
  std::map<std::string, std::map<std::string, double>> brokers;
};

class Pump;

class Beside {
 public:
  virtual ~Beside() = default;
  // The owner, as it hands a transaction to the disk.
  virtual void committing(const core::Commit& rows) = 0;
  // What keys that changed show, every store.values_interval_ms: the owner.
  virtual void changed(const std::vector<core::ValueRow>& rows) = 0;
  // A message on a topic that is not the fleet's, or gw/<gateway>/seal/…: the owner.
  virtual void message(std::size_t link, const transports::Message& message) = 0;
  // From any thread. True: `reply` is called once, from any thread, now or later.
  virtual bool request(std::string_view command, std::string_view arguments,
                       std::function<void(std::string)> reply) = 0;
  virtual const Aside& aside() const = 0;  // the owner
  // Every message of the core's, before it goes out: the owner. Cheap.
  virtual void publishing(std::string_view topic, std::string_view payload) = 0;
  // Why who gives this token may not change anything here; empty: he may. From any thread.
  virtual std::string refuse_change(std::string_view token) const = 0;
  // Commands that change something: the owner. nullopt: none of its.
  virtual std::optional<std::string> operate(Pump& pump, std::string_view command,
                                             std::string_view arguments) = 0;
};

}  // namespace tributary::app
