// SPDX-License-Identifier: Apache-2.0
// Estimates of what one thing costs in memory beside its own bytes and its live envelope, rounded
// from what bench_scale measured. Private to the Keyspace.
#pragma once
#include <cstddef>
#include <cstdint>

#include "transports/wire/envelope.h"

namespace tributary::core::footprint {

constexpr std::size_t key = 224;
constexpr std::size_t part(std::uint8_t type) {
  switch (static_cast<wire::Type>(type)) {
    case wire::Type::gcounter:
    case wire::Type::pncounter:
      return 56;
    case wire::Type::lww:
      return 160;
    default:
      return 80;
  }
}
// An element of a G-Set is held twice where several devices have parts.
constexpr std::size_t grown(std::size_t element) {
  return 2 * element + 40;
}
constexpr std::size_t add(std::size_t element) {  // of an OR-Set
  return element + 72;
}
constexpr std::size_t removal = 232;  // of another's add

}  // namespace tributary::core::footprint
