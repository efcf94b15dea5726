// SPDX-License-Identifier: Apache-2.0
// Makes a delta: everything that the actor did since an acknowledged point, as sealed envelopes
// that each fit a packet.
//
//   MadeDelta d = make_delta(state, {.fleet = "demo", .device = "door-7", .epoch = e}, from,
//   random_id); for (const std::string& bytes : d.envelopes) send(bytes);
//
// Every entry is sufficient by itself (docs/protocol.md section 3). A set that does not fit is cut
// into sub-intervals of operation numbers; pieces of one key go into different parts.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/sdk/state.h"
#include "transports/signing/seal.h"
#include "transports/wire/bytes.h"

namespace tributary::sdk {

struct DeltaFrame {
  std::string_view fleet, device;
  std::uint64_t epoch = 0;
  std::size_t body_bytes_max = 1'300;
  std::size_t small_set_bytes = 512;
  const signing::Signer* signer = nullptr;  // null: not signed
};

struct MadeDelta {
  std::uint64_t from = 0, to = 0;
  std::vector<std::string> envelopes;  // part 1 … n, sealed; never empty
  wire::Hash last_part;  // hash of the last part's body: the point that gateways acknowledge
};

// REQUIRES: from < state.last_op(). Notes in the state which sets were sent complete and how much
// was sent since.
MadeDelta make_delta(State& state, const DeltaFrame& frame, std::uint64_t from, std::uint64_t id);

}  // namespace tributary::sdk
