// SPDX-License-Identifier: Apache-2.0
// G-Counter: a counter that only grows. Each actor's part is how much that actor has counted; parts
// join by maximum, so what was counted is counted once, however often it is reported.
//
//   GCounter<> total, elsewhere;
//   Result<GCounter<>, Overflow> delta = total.increment({"meter-7", 1}, 3);
//   if (delta) elsewhere.join(*delta);
//   elsewhere.value();                      // 3
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "crdt/actor.h"
#include "crdt/part_map.h"
#include "crdt/planted.h"
#include "crdt/result.h"
#include "crdt/semilattice.h"
#include "crdt/uint128.h"

namespace tributary::crdt {

// An operation refused because a part would pass 2^64 - 1. Nothing changed.
struct Overflow {};

// Says whether n more fits.
constexpr bool fits(std::uint64_t part, std::uint64_t n) {
  return n <= std::numeric_limits<std::uint64_t>::max() - part;
}

struct GCounterPart {
  std::uint64_t p = 0;

  bool join(const GCounterPart& other) {
    if (planted(Bug::overwrite_instead_of_join)) return std::exchange(*this, other) != other;
    if (other.leq(*this)) return false;
    p = other.p;
    return true;
  }
  bool leq(const GCounterPart& other) const { return p <= other.p; }
  bool is_bottom() const { return p == 0; }
  friend bool operator==(const GCounterPart&, const GCounterPart&) = default;
};

template <class A = Actor>
class GCounter {
 public:
  using Part = GCounterPart;
  using PartMap = crdt::PartMap<A, Part>;

  // Counts n more for this actor and returns the delta: its new part, or bottom when n is 0.
  Result<GCounter, Overflow> increment(const A& actor, std::uint64_t n = 1) {
    const Part* held = part(actor);
    const std::uint64_t now = held == nullptr ? 0 : held->p;
    if (!fits(now, n)) return Failure{Overflow{}};
    GCounter delta;
    if (n == 0) return delta;
    delta.join_part(actor, Part{now + n});
    join_part(actor, Part{now + n});
    return delta;
  }

  bool join(const GCounter& other) {
    if (&other == this) return false;
    bool changed = false;
    parts_.meet(other.parts_, [&](const A& actor, const Part& part, Part& held) {
      changed |= join_held(actor, held, part, NoObserver{});
    });
    return changed;
  }
  bool leq(const GCounter& other) const { return parts_leq(parts_, other.parts_); }
  bool is_bottom() const { return parts_.empty(); }

  // Observer: void part(const A&, const Part& before, const Part& after), called when the part
  // changed.
  template <class Observer>
  bool join_part(const A& actor, const Part& part, Observer&& observer) {
    return !part.is_bottom() && join_held(actor, parts_[actor], part, observer);
  }
  bool join_part(const A& actor, const Part& part) { return join_part(actor, part, NoObserver{}); }
  // The same of a part that is here. REQUIRES: it is at that place of parts().
  template <class Observer>
  bool join_part_at(std::uint32_t place, const A& actor, const Part& part, Observer&& observer) {
    return join_held(actor, parts_.part_at(place), part, observer);
  }

  // What is kept elsewhere: the actor's part, if it has one, leaves memory and stays in the value.
  // Nothing of that actor may be joined until all of the part was taken back, at once or in pieces
  // whose join it is; whole counters are neither joined nor compared meanwhile.
  void set_aside(const A& actor) { parts_.erase(actor); }
  void take_back(const A& actor, const Part& piece) {
    if (!piece.is_bottom()) parts_[actor].join(piece);
  }
  // The same counter without those parts that `leaves` says, which are all here.
  template <class Leaves>
  GCounter without(Leaves&& leaves) const {
    GCounter rest = *this;
    for (const auto& [actor, part] : parts_) {
      if (!leaves(actor)) continue;
      rest.sum_ -= part.p;
      rest.parts_.erase(actor);
    }
    return rest;
  }

  const Part* part(const A& actor) const { return find_part(parts_, actor); }  // nullptr: bottom
  const PartMap& parts() const { return parts_; }                              // in no order
  uint128 value() const { return sum_; }                                       // O(1)

  friend bool operator==(const GCounter& a, const GCounter& b) { return a.parts_ == b.parts_; }

 private:
  template <class Observer>
  bool join_held(const A& actor, Part& held, const Part& part, Observer&& observer) {
    const Part before = held;
    if (!held.join(part)) return false;
    sum_ += held.p - before.p;
    observer.part(actor, before, held);
    return true;
  }

  PartMap parts_;    // never bottom
  uint128 sum_ = 0;  // of all parts
};

}  // namespace tributary::crdt
