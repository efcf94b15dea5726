// SPDX-License-Identifier: Apache-2.0
// PN-Counter: a counter that goes up and down. Each actor's part is how much it has added and how
// much it has taken away; both only grow and join by maximum. The value may be negative.
//
//   PnCounter<> people, elsewhere;
//   auto in = people.increment({"door-1", 1}, 5);
//   auto out = people.decrement({"door-1", 1}, 2);
//   if (out) elsewhere.join(*out);          // the last delta holds the whole part
//   elsewhere.value();                      // 3
#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "crdt/actor.h"
#include "crdt/gcounter.h"
#include "crdt/pn_parts.h"
#include "crdt/result.h"
#include "crdt/semilattice.h"
#include "crdt/uint128.h"

namespace tributary::crdt {

template <class A = Actor>
class PnCounter {
 public:
  using Part = PnCounterPart;
  using PartMap = PnParts<A>;

  // Each returns the delta, the actor's new part (bottom when by is 0), or refuses and changes
  // nothing.
  Result<PnCounter, Overflow> increment(const A& actor, std::uint64_t by = 1) {
    const Part now = part_or_bottom(actor);
    if (!fits(now.p, by)) return Failure{Overflow{}};
    return apply(actor, Part{now.p + by, now.n});
  }
  Result<PnCounter, Overflow> decrement(const A& actor, std::uint64_t by = 1) {
    const Part now = part_or_bottom(actor);
    if (!fits(now.n, by)) return Failure{Overflow{}};
    return apply(actor, Part{now.p, now.n + by});
  }

  bool join(const PnCounter& other) {
    return &other != this && parts_.join(other.parts_, [this](const Part& before, const Part& now) {
      count(before, now);
    });
  }
  bool leq(const PnCounter& other) const {
    return std::all_of(parts_.begin(), parts_.end(), [&](const auto& held) {
      return held.second.leq(other.part_or_bottom(held.first));
    });
  }
  bool is_bottom() const { return parts_.empty(); }

  // Observer: void part(const A&, const Part& before, const Part& after), called when the part
  // changed.
  template <class Observer>
  bool join_part(const A& actor, const Part& part, Observer&& observer) {
    if (part.is_bottom()) return false;
    return parts_.join(actor, part, [&](const Part& before, const Part& now) {
      count(before, now);
      observer.part(actor, before, now);
    });
  }
  bool join_part(const A& actor, const Part& part) { return join_part(actor, part, NoObserver{}); }
  // As of a GCounter.
  template <class Observer>
  bool join_part_at(std::uint32_t place, const A& actor, const Part& part, Observer&& observer) {
    return parts_.join_at(place, part, [&](const Part& before, const Part& now) {
      count(before, now);
      observer.part(actor, before, now);
    });
  }

  // As of a GCounter.
  void set_aside(const A& actor) { parts_.erase(actor); }
  void take_back(const A& actor, const Part& piece) {
    if (!piece.is_bottom()) parts_.join(actor, piece, [](const Part&, const Part&) {});
  }
  template <class Leaves>
  PnCounter without(Leaves&& leaves) const {
    PnCounter rest = *this;
    for (const auto& [actor, part] : parts_) {
      if (!leaves(actor)) continue;
      rest.positive_ -= part.p;
      rest.negative_ -= part.n;
      rest.parts_.erase(actor);
    }
    return rest;
  }

  std::optional<Part> part(const A& actor) const { return parts_.part(actor); }  // none: bottom
  const PartMap& parts() const { return parts_; }                                // in no order

  // O(1). Exact for fewer than 2^63 actors.
  int128 value() const { return static_cast<int128>(positive_) - static_cast<int128>(negative_); }
  uint128 positive() const { return positive_; }
  uint128 negative() const { return negative_; }

  friend bool operator==(const PnCounter& a, const PnCounter& b) { return a.parts_ == b.parts_; }

 private:
  void count(const Part& before, const Part& now) {
    positive_ += now.p - before.p;
    negative_ += now.n - before.n;
  }
  Part part_or_bottom(const A& actor) const { return part(actor).value_or(Part{}); }
  PnCounter apply(const A& actor, const Part& now) {
    PnCounter delta;
    if (join_part(actor, now)) delta.join_part(actor, now);
    return delta;
  }

  PartMap parts_;                        // never bottom
  uint128 positive_ = 0, negative_ = 0;  // sums over all parts
};

}  // namespace tributary::crdt
