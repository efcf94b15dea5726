// SPDX-License-Identifier: Apache-2.0
// Chance, for epochs, incarnations and sessions: 64 bits that nobody foretells. Everything below
// gateway/app takes it as a parameter.
#pragma once
#include <cstdint>
#include <random>

namespace tributary::app {

inline std::uint64_t random64() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace tributary::app
