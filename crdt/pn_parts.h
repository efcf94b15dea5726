// SPDX-License-Identifier: Apache-2.0
// The parts of an up-down counter by actor: a PartMap of 32-bit values, which beside a handle take
// two thirds of the memory, until a part needs more. Then all of them turn wide, once and for good,
// and so does whoever joins them. It shows in nothing but the memory: parts go in and come out by
// value.
//
//   PnParts<Actor> parts;
//   parts.join(actor, {5, 2}, [](const PnCounterPart& before, const PnCounterPart& after) { … });
//   for (const auto& [actor, part] : parts) …
//
// Order, places and how long they and iterators last: as in part_map.h. Not thread-safe.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "crdt/on_demand.h"
#include "crdt/part_map.h"
#include "crdt/planted.h"

namespace tributary::crdt {

struct PnCounterPart {
  std::uint64_t p = 0, n = 0;

  bool join(const PnCounterPart& other) {
    if (planted(Bug::overwrite_instead_of_join)) return std::exchange(*this, other) != other;
    if (other.leq(*this)) return false;
    p = std::max(p, other.p);
    n = std::max(n, other.n);
    return true;
  }
  bool leq(const PnCounterPart& other) const { return p <= other.p && n <= other.n; }
  bool is_bottom() const { return p == 0 && n == 0; }
  friend bool operator==(const PnCounterPart&, const PnCounterPart&) = default;
};

template <class A>
class PnParts {
 public:
  using Part = PnCounterPart;
  using key_type = A;
  using value_type = std::pair<A, Part>;
  class const_iterator;

  bool empty() const { return size() == 0; }
  std::size_t size() const {
    return visit([](const auto& parts) { return parts.size(); });
  }
  const_iterator begin() const { return {*this, 0}; }
  const_iterator end() const { return {*this, size()}; }

  std::optional<Part> part(const A& actor) const {
    return visit([&](const auto& parts) -> std::optional<Part> {
      const auto found = parts.find(actor);
      return found == parts.end() ? std::nullopt : std::optional<Part>(found->second);
    });
  }
  std::size_t count(const A& actor) const {
    return visit([&](const auto& parts) { return parts.count(actor); });
  }
  std::optional<std::uint32_t> place_of(const A& actor) const {
    return visit([&](const auto& parts) { return parts.place_of(actor); });
  }
  void erase(const A& actor) {
    visit([&](auto& parts) { parts.erase(actor); });
  }

  // Says whether the part, or any, changed; changed(before, after) for each that did. REQUIRES: the
  // part is not bottom; the other is not this.
  template <class F>
  bool join(const A& actor, const Part& part, const F& changed) {
    if (!NarrowPart::holds(part)) widen();
    return visit([&](auto& parts) { return join_held(parts[actor], part, changed); });
  }
  // REQUIRES: a place that is one.
  Part part_at(std::uint32_t place) const {
    return visit([&](const auto& parts) -> Part { return parts.part_at(place); });
  }
  template <class F>
  bool join_at(std::uint32_t place, const Part& part, const F& changed) {
    if (!NarrowPart::holds(part)) widen();  // which leaves every part at its place
    return visit([&](auto& parts) { return join_held(parts.part_at(place), part, changed); });
  }
  template <class F>
  bool join(const PnParts& other, const F& changed) {
    if (other.wide_.made()) widen();
    return visit([&](auto& ours) {
      return other.visit([&](const auto& theirs) {
        bool any = false;
        ours.meet(theirs, [&any, changed](const A&, const Part& part, auto& held) {
          if (join_held(held, part, changed)) any = true;
        });
        return any;
      });
    });
  }

  friend bool operator==(const PnParts& a, const PnParts& b) {
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const value_type& held) {
             return b.part(held.first) == held.second;
           });
  }

 private:
  struct NarrowPart {
    std::uint32_t p = 0, n = 0;

    static bool holds(const Part& part) { return (part.p | part.n) >> 32 == 0; }
    NarrowPart() = default;
    explicit NarrowPart(const Part& part)
        : p(static_cast<std::uint32_t>(part.p)), n(static_cast<std::uint32_t>(part.n)) {
      assert(holds(part));
    }
    operator Part() const { return {p, n}; }  // NOLINT: nothing is lost
  };

  template <class Held, class F>
  static bool join_held(Held& held, const Part& part, const F& changed) {
    const Part before = held;
    Part after = before;
    if (!after.join(part)) return false;
    held = Held(after);
    changed(before, after);
    return true;
  }
  void widen() {
    if (wide_.made()) return;
    wide_.make().meet(narrow_, [](const A&, const Part& part, Part& held) { held = part; });
    narrow_ = {};
  }
  template <class F>
  auto visit(F&& f) const {
    return wide_.made() ? f(*wide_) : f(narrow_);
  }
  template <class F>
  auto visit(F&& f) {
    return wide_.made() ? f(wide_.make()) : f(narrow_);
  }

  PartMap<A, NarrowPart> narrow_;    // empty once there are wide ones
  OnDemand<PartMap<A, Part>> wide_;  // made: all parts are here
};

template <class A>
class PnParts<A>::const_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = PnParts::value_type;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = value_type;

  const_iterator(const PnParts& parts, std::size_t place) : parts_(&parts), place_(place) {}
  value_type operator*() const {
    return parts_->visit([&](const auto& parts) -> value_type { return parts.begin()[place_]; });
  }
  const_iterator& operator++() {
    ++place_;
    return *this;
  }
  const_iterator operator++(int) { return std::exchange(*this, {*parts_, place_ + 1}); }
  friend bool operator==(const const_iterator&, const const_iterator&) = default;

 private:
  const PnParts* parts_;
  std::size_t place_;
};

}  // namespace tributary::crdt
