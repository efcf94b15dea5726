// SPDX-License-Identifier: Apache-2.0
// Pauses between connects: doubling from min to max, each drawn evenly between its half and itself,
// so that a fleet whose broker died does not come back in step.
//
//   Backoff backoff(250, 30'000, seed);
//   wait(backoff.next_ms()); …  backoff.reset();
#pragma once
#include <algorithm>
#include <cstdint>
#include <random>

namespace tributary::transports::mqtt {

class Backoff {
 public:
  Backoff(std::uint32_t min_ms, std::uint32_t max_ms, std::uint64_t seed)
      : min_ms_(std::max(min_ms, 1U)),
        max_ms_(std::max(max_ms, min_ms_)),
        pause_ms_(min_ms_),
        random_(seed) {}

  std::uint32_t next_ms() {
    const std::uint32_t half = pause_ms_ / 2;
    const auto drawn =
        static_cast<std::uint32_t>(random_() % (std::uint64_t{pause_ms_} - half + 1));
    pause_ms_ = pause_ms_ > max_ms_ / 2 ? max_ms_ : pause_ms_ * 2;
    return half + drawn;
  }

  void reset() { pause_ms_ = min_ms_; }

 private:
  std::uint32_t min_ms_;
  std::uint32_t max_ms_;
  std::uint32_t pause_ms_;
  std::mt19937_64 random_;
};

}  // namespace tributary::transports::mqtt
