// SPDX-License-Identifier: Apache-2.0
// One operation as data: what a model does, a recording holds, and an oracle counts.
//
//   Operation op{"hall/people", wire::Type::pncounter, Operation::What::add, 3};
//   sdk::Outcome done = apply(device, op, now_ms);
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "firmware-sim/sdk/device.h"
#include "transports/wire/envelope.h"
#include "transports/wire/scalar.h"

namespace tributary::devices {

struct Operation {
  enum class What : std::uint8_t { add, subtract, insert, erase, set };
  std::string key{};
  wire::Type type = wire::Type::gcounter;
  What what = What::add;
  std::uint64_t amount = 0;  // add, subtract
  std::string element{};     // insert, erase
  wire::Scalar value{};      // set
};

// REQUIRES: `what` fits `type`: valid(op.type, op.what). A register's stamp is at_ms.
sdk::Outcome apply(sdk::Device& device, const Operation& op, std::uint64_t at_ms);

bool valid(wire::Type type, Operation::What what);
const char* name(Operation::What what);  // "add" …
std::optional<Operation::What> what_named(std::string_view name);
std::optional<wire::Type> type_named(std::string_view name);  // "gcounter" …

}  // namespace tributary::devices
