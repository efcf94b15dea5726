// SPDX-License-Identifier: Apache-2.0
#include "crdt/interval_set.h"

#include <algorithm>
#include <cassert>

namespace tributary::crdt {
namespace {

using Interval = IntervalSet::Interval;

// Up to this many intervals are added one by one; more are merged in one linear pass.
constexpr std::size_t one_by_one_max = 8;

// The first interval that ends at or after op.
auto ends_at_or_after(const SmallVector<Interval>& intervals, std::uint64_t op) {
  return std::lower_bound(intervals.begin(), intervals.end(), op,
                          [](const Interval& i, std::uint64_t n) { return i.hi < n; });
}

// Appends in order of lo, growing the last interval where they touch.
void append(SmallVector<Interval>& to, const Interval& next) {
  if (!to.empty() && next.lo <= to.back().hi) {
    to.back().hi = std::max(to.back().hi, next.hi);
  } else {
    to.push_back(next);
  }
}

}  // namespace

bool IntervalSet::add(std::uint64_t lo, std::uint64_t hi) {
  assert(lo < hi);
  if (intervals_.empty() || intervals_.back().hi < lo) {
    intervals_.push_back({lo, hi});
    return true;
  }
  if (intervals_.back().hi == lo) {  // the next operations, as nearly always
    intervals_.back().hi = hi;
    return true;
  }
  const auto first = intervals_.begin() + (ends_at_or_after(intervals_, lo) - intervals_.begin());
  assert(first != intervals_.end());
  if (first->lo <= lo && hi <= first->hi) return false;
  if (hi < first->lo) {
    intervals_.insert(first, {lo, hi});
    return true;
  }
  first->lo = std::min(first->lo, lo);
  auto last = first + 1;
  while (last != intervals_.end() && last->lo <= hi) ++last;
  first->hi = std::max(hi, (last - 1)->hi);
  intervals_.erase(first + 1, last);
  return true;
}

bool IntervalSet::add(std::uint64_t op) {
  assert(op > 0);
  return add(op - 1, op);
}

bool IntervalSet::join(const IntervalSet& other) {
  if (other.size() > one_by_one_max) {
    if (includes(other)) return false;
    merge(other);
    return true;
  }
  bool changed = false;
  for (const Interval& i : other.intervals_) changed |= add(i.lo, i.hi);
  return changed;
}

void IntervalSet::merge(const IntervalSet& other) {
  SmallVector<Interval> merged;
  merged.reserve(size() + other.size());
  const Interval* a = intervals_.begin();
  const Interval* b = other.intervals_.begin();
  while (a != intervals_.end() || b != other.intervals_.end()) {
    const bool from_a = b == other.intervals_.end() || (a != intervals_.end() && a->lo <= b->lo);
    append(merged, from_a ? *a++ : *b++);
  }
  intervals_ = std::move(merged);
}

bool IntervalSet::contains(std::uint64_t op) const {
  const auto i = ends_at_or_after(intervals_, op);
  return i != intervals_.end() && i->lo < op;
}

bool IntervalSet::includes(std::uint64_t lo, std::uint64_t hi) const {
  if (lo >= hi) return true;
  const auto i = ends_at_or_after(intervals_, hi);
  return i != intervals_.end() && i->lo <= lo;
}

bool IntervalSet::includes(const IntervalSet& other) const {
  return std::all_of(other.intervals_.begin(), other.intervals_.end(),
                     [this](const Interval& i) { return includes(i.lo, i.hi); });
}

std::uint64_t IntervalSet::contiguous() const {
  return intervals_.empty() || intervals_.front().lo != 0 ? 0 : intervals_.front().hi;
}

}  // namespace tributary::crdt
