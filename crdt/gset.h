// SPDX-License-Identifier: Apache-2.0
// G-Set: a set that only grows. Each actor's part is the elements that this actor added; everything
// joins by union. Elements are bytes.
//
//   GSet<> seen, elsewhere;
//   GSet<> delta = seen.add({"reader-2", 1}, "badge-17");
//   elsewhere.join(delta);
//   elsewhere.contains("badge-17");         // true
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/actor.h"
#include "crdt/byte_set.h"
#include "crdt/semilattice.h"

namespace tributary::crdt {

struct GSetPart {
  using Elements = ByteSet;
  Elements elements;

  bool join(const GSetPart& other) {
    bool changed = false;
    if (&other == this) return false;
    for (const std::string_view element : other.elements) changed |= elements.insert(element);
    return changed;
  }
  bool leq(const GSetPart& other) const {
    return elements.size() <= other.elements.size() &&
           std::all_of(elements.begin(), elements.end(),
                       [&](std::string_view e) { return other.elements.contains(e); });
  }
  bool is_bottom() const { return elements.empty(); }
  friend bool operator==(const GSetPart&, const GSetPart&) = default;
};

template <class A = Actor>
class GSet {
 public:
  using Part = GSetPart;
  using PartMap = PartMapOf<A, Part>;

  // Adds the element to this actor's part and returns the delta: bottom if it was there.
  GSet add(const A& actor, std::string_view element) {
    GSet delta;
    if (join_elements(actor, std::span(&element, 1))) {
      delta.join_elements(actor, std::span(&element, 1));
    }
    return delta;
  }

  bool join(const GSet& other) {
    if (&other == this) return false;
    bool changed = false;
    for (const auto& [actor, part] : other.parts_) changed |= join_part(actor, part);
    return changed;
  }
  bool leq(const GSet& other) const { return parts_leq(parts_, other.parts_); }
  bool is_bottom() const { return parts_.empty(); }

  // Observer: void added(const A&, std::string_view element), for each element new in that actor's
  // part.
  template <class Observer>
  bool join_part(const A& actor, const Part& part, Observer&& observer) {
    return join_range(actor, part.elements, observer);
  }
  bool join_part(const A& actor, const Part& part) { return join_part(actor, part, NoObserver{}); }

  // The same without building a Part.
  template <class Observer>
  bool join_elements(const A& actor, std::span<const std::string_view> elements,
                     Observer&& observer) {
    return join_range(actor, elements, observer);
  }
  bool join_elements(const A& actor, std::span<const std::string_view> elements) {
    return join_range(actor, elements, NoObserver{});
  }

  bool contains(std::string_view element) const { return all().contains(element); }  // O(1)
  std::size_t size() const { return all().size(); }                                  // O(1)
  std::vector<std::string> elements() const {                                        // sorted
    std::vector<std::string> sorted(all().begin(), all().end());
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }

  const Part* part(const A& actor) const { return find_part(parts_, actor); }  // nullptr: bottom
  const PartMap& parts() const { return parts_; }                              // in no order

  friend bool operator==(const GSet& a, const GSet& b) { return a.parts_ == b.parts_; }

 private:
  template <class Range, class Observer>
  bool join_range(const A& actor, const Range& elements, Observer&& observer) {
    if (std::empty(elements)) return false;
    if (parts_.size() == 1 && !parts_.contains(actor)) all_ = parts_.begin()->second.elements;
    Part& held = parts_[actor];
    const bool several = parts_.size() > 1;
    bool changed = false;
    for (const std::string_view element : elements) {
      if (!held.elements.insert(element)) continue;
      if (several) all_.insert(element);
      observer.added(actor, element);
      changed = true;
    }
    return changed;
  }
  const Part::Elements& all() const {
    return parts_.size() == 1 ? parts_.begin()->second.elements : all_;
  }

  PartMap parts_;       // never bottom
  Part::Elements all_;  // the union of all parts, where there are several
};

}  // namespace tributary::crdt
