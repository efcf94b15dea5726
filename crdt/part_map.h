// SPDX-License-Identifier: Apache-2.0
// Parts by actor, dense in one array, in order of arrival until one goes, with an index of
// positions once there are more than a few.
//
//   PartMap<Actor, GCounterPart> parts;
//   parts[actor].join(part);                         // a bottom part is made when there is none
//   for (const auto& [actor, part] : parts) …
//
// The part of a single actor costs no allocation. Joining another replica finds each part beside
// the one before, without hashing, when both heard of the actors in one order; otherwise memory is
// asked for ahead. Large ones grow by an eighth, their index, which has 1.5 to 2.3 slots a part, by
// a half. Pointers and iterators last until an actor is added or goes, places until one goes. At
// most 2^32 - 2 actors. Not thread-safe.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "crdt/on_demand.h"
#include "crdt/small_vector.h"
#include "crdt/uint128.h"

namespace tributary::crdt {

template <class A, class P>
class PartMap {
 public:
  using key_type = A;
  using value_type = std::pair<A, P>;
  using const_iterator = const value_type*;

  bool empty() const { return parts_.empty(); }
  std::size_t size() const { return parts_.size(); }
  const_iterator begin() const { return parts_.begin(); }
  const_iterator end() const { return parts_.end(); }

  const_iterator find(const A& actor) const {
    return parts_.begin() + static_cast<std::ptrdiff_t>(position(actor));
  }
  std::size_t count(const A& actor) const { return position(actor) < size() ? 1 : 0; }
  // In begin() … end(), below size().
  std::optional<std::uint32_t> place_of(const A& actor) const {
    const std::size_t i = position(actor);
    return i < size() ? std::optional(static_cast<std::uint32_t>(i)) : std::nullopt;
  }
  // REQUIRES, of both: a place that is one.
  P& part_at(std::uint32_t place) { return parts_[place].second; }
  const P& part_at(std::uint32_t place) const { return parts_.begin()[place].second; }
  P& operator[](const A& actor) { return at(position(actor), actor); }
  void erase(const A& actor) {  // the last part takes its place
    const std::size_t i = position(actor);
    if (i == size()) return;
    if (index_.made()) leave(slot_at(i));
    if (i + 1 < size()) {
      if (index_.made()) index_.make()[slot_at(size() - 1)] = static_cast<std::uint32_t>(i + 1);
      parts_[i] = std::move(parts_.back());
    }
    parts_.pop_back();
    if (parts_.capacity() > many && 4 * size() < parts_.capacity()) give_back();
  }

  // f(actor, their part, our part) for each part of another map, made when we have none. f changes
  // our part alone.
  template <class Q, class F>
  void meet(const PartMap<A, Q>& other, F&& f) {
    if (empty() && other.size() > few) make_room(other.size());
    std::size_t near = 0;  // after the one before: where it is when we heard of them in one order
    value_type* ours = parts_.data();
    for (std::size_t i = 0; i < other.size(); ++i) {
      const auto& [actor, theirs] = other.begin()[i];
      if (near >= size() || !(ours[near].first == actor)) {
        if (index_.made()) fetch_ahead(other, i);
        near = position(actor);
        if (near == size()) add(actor);
        ours = parts_.data();
      }
      f(actor, theirs, ours[near++].second);
    }
  }

  friend bool operator==(const PartMap& a, const PartMap& b) {
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const value_type& part) {
             const auto other = b.find(part.first);
             return other != b.end() && other->second == part.second;
           });
  }

 private:
  using Index = std::vector<std::uint32_t>;

  static constexpr std::size_t few = 8;  // up to here they are looked through
  static constexpr std::size_t many = 64;

  // size() when it is not there.
  std::size_t position(const A& actor) const {
    if (!index_.made()) {
      std::size_t i = 0;
      while (i < size() && !(parts_[i].first == actor)) ++i;
      return i;
    }
    const Index& index = *index_;
    const value_type* const parts = parts_.data();
    for (std::size_t slot = slot_of(index, actor);; slot = after(index, slot)) {
      if (index[slot] == 0) return size();
      if (parts[index[slot] - 1].first == actor) return index[slot] - 1;
    }
  }
  // std::hash may be the identity: spread it, and take the high bits, as a share of all slots.
  static std::size_t slot_of(const Index& index, const A& actor) {
    const std::uint64_t spread = std::hash<A>{}(actor)*0x9E3779B97F4A7C15u;
    return static_cast<std::size_t>(uint128{spread} * index.size() >> 64);
  }
  static std::size_t after(const Index& index, std::size_t slot) {
    return slot + 1 == index.size() ? 0 : slot + 1;
  }
  P& at(std::size_t i, const A& actor) {
    if (i == size()) add(actor);
    return parts_[i].second;
  }
  // Our places of their parts that come soon: first of the index, then of the part.
  template <class Others>
  void fetch_ahead(const Others& others, std::size_t i) const {
    constexpr std::size_t soon = 16;
    const Index& index = *index_;
    if (i + 2 * soon < others.size()) {
      __builtin_prefetch(&index[slot_of(index, others.begin()[i + 2 * soon].first)]);
    }
    if (i + soon >= others.size()) return;
    const std::uint32_t place = index[slot_of(index, others.begin()[i + soon].first)];
    if (place != 0) __builtin_prefetch(&parts_[place - 1]);
  }
  void add(const A& actor) {
    assert(size() < 0xFFFFFFFEu);
    if (size() == parts_.capacity() && size() > few) parts_.reserve(size() + size() / 8);
    parts_.emplace_back(actor, P{});
    if (!index_.made() && size() <= few) return;
    if (3 * size() > 2 * index_->size()) {  // also the first time
      make_index(size() + size() / 2);
    } else {
      enter(size() - 1);
    }
  }
  void make_room(std::size_t room) {
    parts_.reserve(room);
    make_index(room);
  }
  // Room for what left.
  void give_back() {
    SmallVector<value_type> smaller;
    smaller.reserve(size() + size() / 8 + 1);
    for (value_type& part : parts_) smaller.push_back(std::move(part));
    parts_ = std::move(smaller);
    if (index_.made()) make_index(parts_.capacity());
  }
  // Three slots for every two parts: with fewer, searches are longer; a free one must end each.
  void make_index(std::size_t room) {
    index_.make() = Index(room + room / 2 + 1, 0);
    for (std::size_t i = 0; i < size(); ++i) enter(i);
  }
  std::size_t slot_at(std::size_t i) const {  // REQUIRES: it is in the index
    const Index& index = *index_;
    std::size_t slot = slot_of(index, parts_[i].first);
    while (index[slot] != i + 1) slot = after(index, slot);
    return slot;
  }
  // What stands behind moves up, as far as its home allows, so that no search stops too early.
  void leave(std::size_t hole) {
    Index& index = index_.make();
    for (std::size_t at = after(index, hole); index[at] != 0; at = after(index, at)) {
      const std::size_t home = slot_of(index, parts_[index[at] - 1].first);
      if (at - home < at - hole) continue;  // modulo 2^64: around the end is farther than any
      index[hole] = index[at];
      hole = at;
    }
    index[hole] = 0;
  }
  void enter(std::size_t i) {
    Index& index = index_.make();
    std::size_t slot = slot_of(index, parts_[i].first);
    while (index[slot] != 0) slot = after(index, slot);
    index[slot] = static_cast<std::uint32_t>(i + 1);
  }

  SmallVector<value_type> parts_;
  OnDemand<Index> index_;  // open addressing; position + 1, 0: free
};

}  // namespace tributary::crdt
