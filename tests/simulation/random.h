// SPDX-License-Identifier: Apache-2.0
// Chance from a seed: splitmix64. Its promise: the same seed gives the same numbers on every
// machine and with every standard library.
//
//   Random random(7);
//   if (random.chance(0.3)) lose(packet);
//   Random disk = random.fork();   // a stream of its own, so that one user does not shift another
#pragma once
#include <cmath>
#include <cstdint>

namespace tributary::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  // 0 … n-1. REQUIRES: n > 0.
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  bool chance(double p) { return p > 0 && unit() < p; }
  // Between low and high, each order of magnitude alike.
  double log_between(double low, double high) {
    return low * std::exp(unit() * std::log(high / low));
  }
  // The pause to the next of events that come independently, on average every `mean`.
  std::uint64_t pause(double mean) {
    const double drawn = -mean * std::log(1.0 - unit());
    return drawn < 1 ? 1 : static_cast<std::uint64_t>(drawn);
  }
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace tributary::simulation
