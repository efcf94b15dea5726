// SPDX-License-Identifier: Apache-2.0
// An envelope by hand, as a device of one counter would send it: for tests that damage it, send it
// as somebody else, or send many.
//
//   const std::string sealed = counted({.device = "dev-9", .key = "bad/key", .p = 1'000'000});
#pragma once
#include <cstdint>
#include <string>

#include "transports/wire/envelope.h"

namespace tributary::e2e {

struct Counted {
  std::string device, key;
  std::uint64_t p = 1;     // the counter
  std::uint64_t from = 0;  // operations that the delta follows; it brings one
  std::string fleet = "demo";
};

inline std::string counted(const Counted& c) {
  wire::Delta delta;
  delta.fleet = c.fleet;
  delta.device = c.device;
  delta.epoch = 7;
  delta.from = c.from;
  delta.to = c.from + 1;
  delta.id = c.from + 1;
  delta.hlc = crdt::Hlc::at(1'700'000'000'000 + c.from);
  delta.entries.push_back({.key = c.key,
                           .type = 1,
                           .lo = 0,
                           .hi = delta.to,
                           .payload = wire::GCounterPayload{.p = c.p},
                           .bytes = 0});
  return wire::seal(wire::encode_delta(delta));
}

}  // namespace tributary::e2e
