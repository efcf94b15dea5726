// SPDX-License-Identifier: Apache-2.0
// An actor: one writer with one unbroken memory. A device that loses its memory goes on as a new
// actor, in a fresh random epoch, so that no two writers ever share a part.
//
// The data types take the actor's type as a parameter A: any totally ordered, hashable value. A
// program with many actors passes a small handle whose order is that of the actor it stands for;
// the order is part of the merge rules of LWW-Register and must be the same at every replica.
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace tributary::crdt {

struct Actor {
  std::string device;       // [A-Za-z0-9_-]{1,64}
  std::uint64_t epoch = 0;  // random; the same as long as the device keeps its memory

  friend auto operator<=>(const Actor&, const Actor&) = default;
};

// A dot names one operation: the n-th (from 1) of one actor. (Almeida, Shoker, Baquero: Delta state
// replicated data types, 2018.)
template <class A = Actor>
struct Dot {
  A actor{};
  std::uint64_t op = 0;

  friend auto operator<=>(const Dot&, const Dot&) = default;
};

}  // namespace tributary::crdt

template <>
struct std::hash<tributary::crdt::Actor> {
  std::size_t operator()(const tributary::crdt::Actor& a) const noexcept {
    return std::hash<std::string>{}(a.device) ^ (a.epoch * 0x9E3779B97F4A7C15u);
  }
};

template <class A>
struct std::hash<tributary::crdt::Dot<A>> {
  std::size_t operator()(const tributary::crdt::Dot<A>& d) const noexcept {
    return std::hash<A>{}(d.actor) ^ (d.op * 0xC2B2AE3D27D4EB4Fu);
  }
};
