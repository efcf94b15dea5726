// SPDX-License-Identifier: Apache-2.0
// Hybrid logical clock (Kulkarni, Demirbas et al., 2014): 48 bits of milliseconds since 1970 and a
// 16-bit counter in one number. Ordered like time, unique at one actor, and never behind what was
// observed.
//
//   HlcClock clock;
//   Hlc stamp = clock.tick(now_ms);        // strictly greater than every stamp before
//   clock.observe(remote, now_ms, 5000);   // false: more than 5 s ahead of us, not adopted
#pragma once
#include <compare>
#include <cstdint>
#include <limits>

namespace tributary::crdt {

struct Hlc {
  std::uint64_t packed = 0;

  static constexpr std::uint64_t ms_max = (std::uint64_t{1} << 48) - 1;
  static constexpr Hlc at(std::uint64_t ms, std::uint16_t counter = 0) {
    return Hlc{(ms > ms_max ? ms_max : ms) << 16 | counter};
  }
  constexpr std::uint64_t ms() const { return packed >> 16; }
  constexpr std::uint16_t counter() const { return static_cast<std::uint16_t>(packed & 0xFFFF); }
  friend constexpr auto operator<=>(Hlc, Hlc) = default;
};

// Not thread-safe; reads no clock: the caller passes the wall time in ms.
class HlcClock {
 public:
  explicit HlcClock(Hlc last = {}) : last_(last) {}

  // A stamp greater than every earlier one, at or after wall_ms. A full counter carries into the
  // milliseconds; at the end of time, in the year 10889, the clock stands still.
  Hlc tick(std::uint64_t wall_ms) {
    const Hlc wall = Hlc::at(wall_ms);
    const bool at_the_end = last_.packed == std::numeric_limits<std::uint64_t>::max();
    last_ = wall > last_ ? wall : Hlc{at_the_end ? last_.packed : last_.packed + 1};
    return last_;
  }

  // Adopts a remote stamp unless it is more than bound_ms ahead of wall_ms; says whether it did.
  bool observe(Hlc remote, std::uint64_t wall_ms, std::uint64_t bound_ms) {
    if (remote.ms() > wall_ms && remote.ms() - wall_ms > bound_ms) return false;
    if (remote > last_) last_ = remote;
    return true;
  }

  Hlc last() const { return last_; }

 private:
  Hlc last_;
};

}  // namespace tributary::crdt
