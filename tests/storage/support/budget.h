// SPDX-License-Identifier: Apache-2.0
// How much of a long list a run tries, and from which seed.
//
//   TRIBUTARY_CRASH_POINTS=all    everything         TRIBUTARY_CRASH_POINTS=500   so many of each
//   SEED=7                        the sample, and the histories, of that seed
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "tests/support/share.h"

namespace tributary::storage {

inline std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("SEED");
    return given ? std::stoull(given) : std::uint64_t{std::random_device()()};
  }();
  return value;
}

inline std::string replay_hint() {
  return "replay with SEED=" + std::to_string(seed());
}

inline bool everything() {
  const char* given = std::getenv("TRIBUTARY_CRASH_POINTS");
  return given && std::string(given) == "all";
}

// Of 0 … total-1, about `usual` in order, one at random from each stretch of equal length. `most`:
// so many when everything is asked for, where everything would take days.
inline std::vector<std::size_t> sample(std::size_t total, std::size_t usual,
                                       std::size_t most = ~std::size_t{0}) {
  const char* given = std::getenv("TRIBUTARY_CRASH_POINTS");
  usual = test::share(usual);
  if (given && !everything()) usual = std::stoul(given);
  std::vector<std::size_t> out;
  std::mt19937_64 random(seed() ^ total);
  const std::size_t count = std::min(everything() ? most : usual, total);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = i * total / count, end = (i + 1) * total / count;
    out.push_back(begin + random() % (end - begin));
  }
  return out;
}

}  // namespace tributary::storage
