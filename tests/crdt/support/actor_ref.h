// SPDX-License-Identifier: Apache-2.0
// A handle for an actor, as a program with many actors has one: ordered and compared by what it
// points to. The pool lies in memory against that order, so that comparing pointers instead would
// show.
//
//   actor_of<ActorRef>(0) < actor_of<ActorRef>(1);
#pragma once
#include <array>
#include <cassert>
#include <compare>
#include <cstddef>
#include <functional>
#include <ostream>

#include "crdt/actor.h"

namespace tributary::crdt {

struct ActorRef {
  const Actor* p = nullptr;

  friend bool operator==(const ActorRef& a, const ActorRef& b) {
    return a.p == b.p || (a.p != nullptr && b.p != nullptr && *a.p == *b.p);
  }
  friend std::strong_ordering operator<=>(const ActorRef& a, const ActorRef& b) {
    if (a.p == nullptr || b.p == nullptr) return (a.p != nullptr) <=> (b.p != nullptr);
    return *a.p <=> *b.p;
  }
};

inline constexpr std::size_t actors_max = 4;

template <class A = Actor>
A actor_of(std::size_t index);

template <>
inline Actor actor_of<Actor>(std::size_t index) {
  assert(index < actors_max);
  return Actor{std::string(1, static_cast<char>('a' + index)), 1};
}
template <>
inline ActorRef actor_of<ActorRef>(std::size_t index) {
  static const std::array<Actor, actors_max> pool = {actor_of<Actor>(3), actor_of<Actor>(2),
                                                     actor_of<Actor>(1), actor_of<Actor>(0)};
  return ActorRef{&pool.at(actors_max - 1 - index)};
}

inline std::ostream& operator<<(std::ostream& out, const Actor& a) {
  return out << a.device << '.' << a.epoch;
}
inline std::ostream& operator<<(std::ostream& out, const ActorRef& a) {
  return a.p == nullptr ? out << '-' : out << *a.p;
}
template <class A>
std::ostream& operator<<(std::ostream& out, const Dot<A>& dot) {
  return out << dot.actor << ':' << dot.op;
}

}  // namespace tributary::crdt

template <>
struct std::hash<tributary::crdt::ActorRef> {
  std::size_t operator()(const tributary::crdt::ActorRef& a) const noexcept {
    return a.p == nullptr ? 0 : std::hash<tributary::crdt::Actor>{}(*a.p);
  }
};
