// SPDX-License-Identifier: Apache-2.0
// What every data type here is, and every actor's part of one: a join-semilattice. join() is
// commutative, associative and idempotent, so it does not matter how often, in which order or along
// which route states and deltas arrive. (Shapiro, Preguiça, Baquero, Zawirski: Conflict-free
// replicated data types, 2011; Almeida, Shoker, Baquero: Delta state replicated data types, 2018.)
//
//   static_assert(Semilattice<GCounter<>>);
//   auto both = joined(a, b);
//   assert(a.leq(both) && b.leq(both));
#pragma once
#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tributary::crdt {

// join says whether it changed the value; a.leq(b): joining a to b would not change b; T{} is
// bottom.
template <class T>
concept Semilattice = std::regular<T> && requires(T a, const T& b) {
  { a.join(b) } -> std::same_as<bool>;
  { b.leq(b) } -> std::same_as<bool>;
  { b.is_bottom() } -> std::same_as<bool>;
};

template <Semilattice T>
T joined(T a, const T& b) {
  a.join(b);
  return a;
}

// What one actor contributes is its part; parts of different actors never mix. A part that is
// bottom is not stored. Parts that are small and never go have part_map.h; in this one each keeps
// its address.
template <class A, Semilattice P>
using PartMapOf = std::unordered_map<A, P>;

// The pointwise order: every part of a is less than or equal to the same actor's part in b.
template <class Map>
bool parts_leq(const Map& a, const Map& b) {
  for (const auto& [actor, part] : a) {
    const auto other = b.find(actor);
    if (other == b.end() || !part.leq(other->second)) return false;
  }
  return true;
}

template <class Map, class A>
auto find_part(const Map& parts, const A& actor) -> decltype(&parts.find(actor)->second) {
  const auto found = parts.find(actor);
  return found == parts.end() ? nullptr : &found->second;
}

// Lets hash containers of std::string be asked with a std::string_view, without a copy.
struct BytesHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view bytes) const noexcept {
    return std::hash<std::string_view>{}(bytes);
  }
};

// Watches nothing: the default of every join_part.
struct NoObserver {
  template <class... T>
  void part(const T&...) {}
  template <class... T>
  void added(const T&...) {}
  template <class... T>
  void live_added(const T&...) {}
  template <class... T>
  void live_removed(const T&...) {}
  template <class... T>
  void foreign_added(const T&...) {}
  template <class... T>
  void foreign_dropped(const T&...) {}
  template <class... T>
  void covered(const T&...) {}
};

}  // namespace tributary::crdt
