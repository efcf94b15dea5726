// SPDX-License-Identifier: Apache-2.0
// How long a broker may owe us answers before the connection is given up. TCP itself would go on
// for a quarter of an hour: after a few losses in a row its pauses have doubled to a minute, while
// a new connection gets through in seconds. Paho's keepalive looks only every now and then.
//
//   Patience patience(30s);
//   if (patience.lost({.owed = true, .answers = n, .bytes = in_flight}, since_the_last_look)) …
//
// Promise: never lost while answers come, however slowly, nor for the time in which the slowest
// link we allow could carry what is under way: else a large message would be begun for ever anew.
// Time in which nobody looked (this process was stopped) does not count. Not thread-safe.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tributary::transports::mqtt {

class Patience {
 public:
  using milliseconds = std::chrono::milliseconds;
  static constexpr std::size_t slowest_bytes_per_s = 1'024;
  static constexpr milliseconds look_max_ms{1'000};

  struct Look {
    bool owed = false;          // something is under way that is answered
    std::uint64_t answers = 0;  // that ever came
    std::size_t bytes = 0;      // of what is under way
  };

  explicit Patience(milliseconds silence) : silence_ms_(silence) {}

  bool lost(const Look& now, milliseconds since_last) {
    if (!now.owed || now.answers != answers_) {
      answers_ = now.answers;
      silent_ms_ = milliseconds{0};
      return false;
    }
    silent_ms_ += std::min(since_last, look_max_ms);
    return silent_ms_ >= silence_ms_ + milliseconds(now.bytes * 1'000 / slowest_bytes_per_s);
  }
  void reset() { silent_ms_ = milliseconds{0}; }

 private:
  milliseconds silence_ms_;
  milliseconds silent_ms_{0};
  std::uint64_t answers_ = 0;
};

}  // namespace tributary::transports::mqtt
