// SPDX-License-Identifier: Apache-2.0
// The clock on a node's wall: skewed, drifting, stepping. The simulation's own time never is.
//
//   clock.step(-1'000);
//   device.time(clock.wall_ms(now_ms));
#pragma once
#include <cstdint>

namespace tributary::simulation {

class WallClock {
 public:
  WallClock() = default;
  // `drift`: seconds gained in a second. `began_ms`: when it showed the right time, but for `skew`.
  WallClock(std::int64_t skew_ms, double drift, std::uint64_t began_ms)
      : offset_ms_(skew_ms), drift_(drift), began_ms_(began_ms) {}

  std::uint64_t wall_ms(std::uint64_t now_ms) const {
    const double gained = drift_ * static_cast<double>(now_ms - began_ms_);
    const std::int64_t wall =
        static_cast<std::int64_t>(now_ms) + offset_ms_ + static_cast<std::int64_t>(gained);
    return wall < 0 ? 0 : static_cast<std::uint64_t>(wall);
  }
  void step(std::int64_t by_ms) {
    offset_ms_ += by_ms;
    vague_ms_ += static_cast<std::uint64_t>(by_ms < 0 ? -by_ms : by_ms);
  }
  // Somebody set it.
  void set_right() {
    offset_ms_ = 0;
    drift_ = 0;
    vague_ms_ = usual_ms;
  }
  // How far what a node saw last may lie from what the clock shows now.
  std::uint64_t vague_ms() const { return vague_ms_; }

 private:
  static constexpr std::uint64_t usual_ms = 2'000;
  std::int64_t offset_ms_ = 0;
  std::uint64_t vague_ms_ = usual_ms;
  double drift_ = 0;
  std::uint64_t began_ms_ = 0;
};

}  // namespace tributary::simulation
