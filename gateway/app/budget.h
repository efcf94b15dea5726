// SPDX-License-Identifier: Apache-2.0
// So many a second, and no more than that at once after a rest: a token bucket. Its promise: over
// any span of s seconds at most `per_second` · (s + 1) are let through.
//
//   Budget budget(100);
//   if (!budget.take(now_ms)) …            // too many
#pragma once
#include <algorithm>
#include <cstdint>

namespace tributary::app {

class Budget {
 public:
  explicit Budget(std::uint32_t per_second) : per_second_(per_second), left_(per_second * 1'000) {}

  bool take(std::uint64_t mono_ms) {
    const std::uint64_t full = per_second_ * 1'000;
    const std::uint64_t rest_ms =
        std::min<std::uint64_t>(mono_ms - std::min(mono_ms, at_ms_), 1'000);
    left_ = std::min(full, left_ + rest_ms * per_second_);
    at_ms_ = std::max(at_ms_, mono_ms);
    if (left_ < 1'000) return false;
    left_ -= 1'000;
    return true;
  }

 private:
  const std::uint64_t per_second_;
  std::uint64_t left_;  // thousandths
  std::uint64_t at_ms_ = 0;
};

}  // namespace tributary::app
