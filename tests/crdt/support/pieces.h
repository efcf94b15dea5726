// SPDX-License-Identifier: Apache-2.0
// Cuts a value into many small ones whose join it is, each sufficient by itself: by actor, by
// element, by sub-interval.
//
//   std::vector<OrSet<>> all = pieces(set);
#pragma once
#include <cstdint>
#include <vector>

#include "tests/crdt/support/show.h"

namespace tributary::crdt {

template <class Part>
std::vector<Part> pieces_of_part(const Part& part) {
  return {part};
}
inline std::vector<PnCounterPart> pieces_of_part(const PnCounterPart& part) {
  return {{part.p, 0}, {0, part.n}};
}
inline std::vector<GSetPart> pieces_of_part(const GSetPart& part) {
  std::vector<GSetPart> all;
  for (const auto& element : part.elements) all.push_back(GSetPart{{element}});
  return all;
}
template <class A>
std::vector<OrSetPart<A>> pieces_of_part(const OrSetPart<A>& part) {
  std::vector<OrSetPart<A>> all;
  for (const auto& i : part.covered.intervals()) {
    for (std::uint64_t lo = i.lo; lo < i.hi;) {  // of one and two operations by turns
      const std::uint64_t hi = std::min(i.hi, lo + 1 + lo % 2);
      OrSetPart<A>& piece = all.emplace_back();
      piece.covered.add(lo, hi);
      for (auto at = part.live.upper_bound(lo); at != part.live.upper_bound(hi); ++at) {
        piece.live.insert(at.op(), at->element);
      }
      lo = hi;
    }
  }
  for (const auto& dot : part.foreign) all.emplace_back().foreign.insert(dot);
  return all;
}

template <Composite T>
std::vector<T> pieces(const T& value) {
  std::vector<T> all;
  for (const auto& [actor, part] : value.parts()) {
    for (const auto& piece : pieces_of_part(part)) all.emplace_back().join_part(actor, piece);
  }
  return all;
}

}  // namespace tributary::crdt
