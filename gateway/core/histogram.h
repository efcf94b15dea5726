// SPDX-License-Identifier: Apache-2.0
// How often something took how long, in fixed classes: what a Prometheus histogram is made of. Its
// promise: observing costs a dozen comparisons and no memory.
//
//   Histogram commits;
//   commits.observe_us(850);
//   commits.counts[3];        // took more than 500 us and at most 1 ms
//   commits.sum_us;
//
// The classes hold the thresholds that people set alarms at (100 ms, 1 s) and go down to what a
// commit takes on an idle disk. Not cumulative: whoever writes them for Prometheus adds them up.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace tributary::core {

struct Histogram {
  static constexpr std::array<std::uint64_t, 17> bounds_us = {
      100,     250,     500,     1'000,     2'500,     5'000,     10'000,     25'000,    50'000,
      100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000, 10'000'000, 60'000'000};

  std::array<std::uint64_t, bounds_us.size() + 1> counts{};  // the last: longer than all bounds
  std::uint64_t sum_us = 0;

  void observe_us(std::uint64_t us) {
    std::size_t at = 0;
    while (at < bounds_us.size() && us > bounds_us[at]) ++at;
    counts[at] += 1;
    sum_us += us;
  }
  std::uint64_t total() const {
    std::uint64_t all = 0;
    for (const std::uint64_t n : counts) all += n;
    return all;
  }
  // The upper bound of the class in which that share of all lies; 0: nothing was observed. What is
  // beyond all bounds counts as the last one.
  std::uint64_t quantile_us(double share) const {
    const std::uint64_t all = total();
    if (all == 0) return 0;
    const double wanted = share * static_cast<double>(all);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < bounds_us.size(); ++i) {
      seen += counts[i];
      if (static_cast<double>(seen) >= wanted) return bounds_us[i];
    }
    return bounds_us.back();
  }
  friend bool operator==(const Histogram&, const Histogram&) = default;
};

}  // namespace tributary::core
