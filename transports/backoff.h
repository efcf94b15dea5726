// SPDX-License-Identifier: Apache-2.0
// Pauses between connects: doubling from min to max, each drawn evenly between its half and itself,
// so that a fleet whose broker died does not come back in step. A connection that breaks at once
// must not be made again at once, for ever: only one that outlasted the longest pause ends the
// doubling.
//
//   Backoff backoff(250, 30'000);
//   wait(backoff.next_ms(random())); …  backoff.connection_lasted(ms);
#pragma once
#include <algorithm>
#include <cstdint>

namespace tributary::transports {

class Backoff {
 public:
  Backoff(std::uint32_t min_ms, std::uint32_t max_ms)
      : min_ms_(std::max(min_ms, 1U)), max_ms_(std::max(max_ms, min_ms_)), pause_ms_(min_ms_) {}

  // `random`: 64 bits drawn evenly.
  std::uint32_t next_ms(std::uint64_t random) {
    const std::uint32_t half = pause_ms_ / 2;
    const auto drawn = static_cast<std::uint32_t>(random % (std::uint64_t{pause_ms_} - half + 1));
    pause_ms_ = pause_ms_ > max_ms_ / 2 ? max_ms_ : pause_ms_ * 2;
    return half + drawn;
  }

  void connection_lasted(std::uint64_t ms) {
    if (ms > max_ms_) pause_ms_ = min_ms_;
  }

 private:
  std::uint32_t min_ms_;
  std::uint32_t max_ms_;
  std::uint32_t pause_ms_;
};

}  // namespace tributary::transports
