// SPDX-License-Identifier: Apache-2.0
// The packets of the benchmarks: cumulative deltas of devices that count up their own counters.
//
//   Packet p = counters_packet("dev-7", 0, 100);   // its first: a hundred counters
//   p.topic;                                       // tributary/v1/bench/up/dev-7
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::bench {

struct Packet {
  std::string topic, payload;
};

inline std::string up_topic(const std::string& device) {
  return "tributary/v1/bench/up/" + device;
}

struct Made {
  std::uint64_t epoch = 1;
  bool is_signed = false;  // what seals the body signs it
};

// The body of the device's delta number `round` (from 0): each of its `operations` counters once
// more, so the operations up to (round + 1) * operations are said.
inline std::string counters_body(const std::string& device, std::uint64_t round,
                                 std::size_t operations, Made made = {}) {
  std::vector<std::string> keys(operations);
  wire::Delta delta;
  delta.fleet = "bench";
  delta.is_signed = made.is_signed;
  delta.device = device;
  delta.epoch = made.epoch;
  delta.from = round * operations;
  delta.to = delta.from + operations;
  delta.id = round + 1;
  delta.hlc = crdt::Hlc::at(1'700'000'000'000 + round, 0);
  for (std::size_t k = 0; k < operations; ++k) {
    keys[k] = device + "/key-" + std::to_string(1'000 + k);  // in order
    wire::Entry e;
    e.key = keys[k];
    e.type = static_cast<std::uint8_t>(wire::Type::pncounter);
    e.hi = delta.to;
    e.payload = wire::PnCounterPayload{1'000 * (round + 1), round};
    delta.entries.push_back(e);
  }
  return wire::encode_delta(delta);
}

// The whole packet, not signed.
inline Packet counters_packet(const std::string& device, std::uint64_t round,
                              std::size_t operations, std::uint64_t epoch = 1) {
  return {up_topic(device), wire::seal(counters_body(device, round, operations, {.epoch = epoch}))};
}

}  // namespace tributary::bench
