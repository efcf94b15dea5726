// SPDX-License-Identifier: Apache-2.0
// A snapshot: all that a device must remember, in one checksummed string. Format: README.md,
// "Snapshot".
//
//   save(encode_snapshot(memory));
//   std::optional<Error> bad = decode_snapshot(bytes, memory);
//
// Bytes that were damaged, cut short, or written for another device or a later version are refused
// whole.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "firmware-sim/sdk/device.h"
#include "firmware-sim/sdk/gateways.h"
#include "firmware-sim/sdk/points.h"
#include "firmware-sim/sdk/state.h"

namespace tributary::sdk {

struct Memory {
  std::uint64_t epoch = 0;
  State state;
  Points points;
  Gateways gateways;
};

std::string encode_snapshot(std::string_view fleet, std::string_view device, const Memory&);
// REQUIRES: `memory` is new. On an error it is left in an unspecified state.
std::optional<Error> decode_snapshot(std::string_view bytes, std::string_view fleet,
                                     std::string_view device, Memory& memory);

}  // namespace tributary::sdk
