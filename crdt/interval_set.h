// SPDX-License-Identifier: Apache-2.0
// A set of operation numbers, kept as intervals (lo, hi]: disjoint, ascending, not touching. Equal
// sets are equal values, and the cost of everything depends on the number of intervals, never on
// how many numbers they span.
//
//   IntervalSet seen;
//   seen.add(0, 10);                  // 1 … 10
//   seen.add(12);                     // 12
//   seen.contiguous();                // 10
//   seen.add(11);  seen.size();       // 1: they grew together
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>

#include "crdt/small_vector.h"

namespace tributary::crdt {

class IntervalSet {
 public:
  struct Interval {
    std::uint64_t lo = 0, hi = 0;  // lo < n <= hi
    friend auto operator<=>(const Interval&, const Interval&) = default;
  };

  // Each says whether the set changed. REQUIRES lo < hi, op > 0.
  bool add(std::uint64_t lo, std::uint64_t hi);
  bool add(std::uint64_t op);
  bool join(const IntervalSet&);  // union

  bool contains(std::uint64_t op) const;  // O(log n)
  bool includes(std::uint64_t lo, std::uint64_t hi) const;
  bool includes(const IntervalSet&) const;
  bool leq(const IntervalSet& other) const { return other.includes(*this); }

  std::uint64_t contiguous() const;  // the largest n with (0, n] inside; 0 if there is none
  std::uint64_t top() const { return intervals_.empty() ? 0 : intervals_.back().hi; }
  bool empty() const { return intervals_.empty(); }
  bool is_bottom() const { return empty(); }
  std::size_t size() const { return intervals_.size(); }  // the number of intervals
  const SmallVector<Interval>& intervals() const { return intervals_; }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  void merge(const IntervalSet&);

  SmallVector<Interval> intervals_;  // hi of each < lo of the next
};

}  // namespace tributary::crdt
