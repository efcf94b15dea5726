// SPDX-License-Identifier: Apache-2.0
// The only clocks of the program. Everything below gateway/app takes the time as a parameter.
//
//   core.tick(now());
#pragma once
#include <chrono>
#include <cstdint>

#include "gateway/core/types.h"

namespace tributary::app {

// Never goes back.
inline std::uint64_t mono_now_ms() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count());
}

// The time of day: milliseconds since 1970, 0 when the system believes in an earlier year.
inline std::uint64_t wall_now_ms() {
  using namespace std::chrono;
  const auto ms = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

inline core::Instant now() {
  return {.mono_ms = mono_now_ms(), .wall_ms = wall_now_ms()};
}

}  // namespace tributary::app
