// SPDX-License-Identifier: Apache-2.0
// Entries, as docs/protocol.md has them, at the level of the data types: everything that the
// operations (lo, hi] of one actor did to one key, as it stands at `to`, sufficient by itself. And
// a gateway reduced to what collects them.
//
//   Held<OrSet<>> held;
//   held.take(entry);                 // joins, then drops what later entries supersede
//   held.state == held.rebuilt();     // always: the live entries are the database
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <type_traits>
#include <vector>

#include "tests/crdt/support/show.h"

namespace tributary::crdt {

template <class T>
struct ModelEntry {
  using A = typename T::PartMap::key_type;

  A actor;
  std::uint64_t lo = 0, hi = 0, to = 0;
  std::uint64_t hash = 0;  // of the body it came in
  typename T::Part part;

  auto order() const { return std::tie(to, hash, lo); }
  friend bool operator==(const ModelEntry& a, const ModelEntry& b) {
    return a.actor == b.actor && a.order() == b.order() && a.hi == b.hi && a.part == b.part;
  }
  friend bool operator<(const ModelEntry& a, const ModelEntry& b) {
    return std::tie(a.actor, a.to, a.hash, a.lo) < std::tie(b.actor, b.to, b.hash, b.lo);
  }
  friend std::ostream& operator<<(std::ostream& out, const ModelEntry& e) {
    return out << e.actor << '(' << e.lo << ',' << e.hi << "]@" << e.to << '#' << e.hash << ": "
               << e.part;
  }
};

// What of a part must survive: all but foreign removals of targets that are known dead here.
template <class T>
typename T::Part needed(const T&, typename T::Part part) {
  return part;
}
template <class A>
OrSetPart<A> needed(const OrSet<A>& state, OrSetPart<A> part) {
  part.foreign.erase_if([&](const Dot<A>& dot) { return state.dead(dot); });
  return part;
}

template <class T>
class Held {
 public:
  T state;
  std::vector<ModelEntry<T>> live;

  void join(const ModelEntry<T>& entry) {
    state.join_part(entry.actor, entry.part);
    if (std::find(live.begin(), live.end(), entry) == live.end()) live.push_back(entry);
  }
  void take(const ModelEntry<T>& entry) {
    join(entry);
    collect();
  }

  bool superseded(const ModelEntry<T>& entry) const {
    typename T::Part later;
    for (const ModelEntry<T>& e : live) {
      if (e.actor == entry.actor && e.order() > entry.order()) later.join(e.part);
    }
    return needed(state, entry.part).leq(later);
  }
  // One at a time: what is dropped no longer supersedes.
  void collect() {
    for (std::size_t i = 0; i < live.size();) {
      if (superseded(live[i])) {
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
  }

  T rebuilt() const {
    T again;
    for (const ModelEntry<T>& e : live) again.join_part(e.actor, e.part);
    return again;
  }
  std::vector<ModelEntry<T>> sorted() const {
    auto all = live;
    std::sort(all.begin(), all.end());
    return all;
  }
};

}  // namespace tributary::crdt
