// SPDX-License-Identifier: Apache-2.0
// What one actor contributes to an OR-Set, and how two versions of that join: an optimized OR-Set
// with a causal context of intervals. (Bieniusa et al.: An optimized conflict-free replicated set,
// 2012.) See orset.h for the whole set.
//
//   OrSetPart<> part;
//   part.covered.add(0, 3);  part.live = {{2, "x"}};      // of the first three operations one add
//   held.join(part);                                      // survives; what else they added is dead
#pragma once
#include <cstdint>
#include <string_view>

#include "crdt/actor.h"
#include "crdt/add_map.h"
#include "crdt/dot_set.h"
#include "crdt/interval_set.h"
#include "crdt/semilattice.h"

namespace tributary::crdt {

template <class A = Actor>
struct OrSetPart {
  IntervalSet covered;  // own operations whose fate is known
  AddMap live;          // the adds that survive; every op is in `covered`
  DotSet<A> foreign;    // adds of other actors that this one removed

  // A live add stays if both have it, or the other does not cover it. One dot with two elements,
  // which only clones make: the larger bytes.
  bool join(const OrSetPart& other) {
    if (&other == this) return false;
    bool changed = kill(other);
    for (const auto& [op, element] : other.live) changed |= revive(op, element);
    changed |= covered.join(other.covered);
    for (const Dot<A>& dot : other.foreign) changed |= foreign.insert(dot).second;
    return changed;
  }

  bool leq(const OrSetPart& other) const { return leq_live(other) && leq_foreign(other); }

  // The order of `covered` and `live` alone.
  bool leq_live(const OrSetPart& other) const {
    if (!other.covered.includes(covered)) return false;
    for (const auto& [op, element] : live) {
      const auto theirs = other.live.find(op);
      if (theirs != other.live.end() && theirs->element < element) return false;
    }
    for (const IntervalSet::Interval& i : covered.intervals()) {
      for (auto at = other.live.upper_bound(i.lo); at != other.live.end() && at.op() <= i.hi;
           ++at) {
        if (!live.contains(at.op())) return false;
      }
    }
    return true;
  }

  bool covers(std::uint64_t op) const { return covered.contains(op); }
  bool dead(std::uint64_t op) const { return covers(op) && !live.contains(op); }
  bool is_bottom() const { return covered.empty() && live.empty() && foreign.empty(); }
  friend bool operator==(const OrSetPart&, const OrSetPart&) = default;

 private:
  bool kill(const OrSetPart& other) {
    bool changed = false;
    for (const IntervalSet::Interval& i : other.covered.intervals()) {
      auto at = live.upper_bound(i.lo);
      while (at != live.end() && at.op() <= i.hi) {
        const bool dies = !other.live.contains(at.op());
        at = dies ? live.erase(at) : std::next(at);
        changed |= dies;
      }
    }
    return changed;
  }
  bool revive(std::uint64_t op, std::string_view element) {
    const auto held = live.find(op);
    if (held == live.end()) return !covers(op) && live.insert(op, element);
    if (element <= held->element) return false;
    live.replace(op, element);
    return true;
  }
  bool leq_foreign(const OrSetPart& other) const {
    for (const Dot<A>& dot : foreign) {
      if (!other.foreign.contains(dot)) return false;
    }
    return true;
  }
};

}  // namespace tributary::crdt
