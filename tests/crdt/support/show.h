// SPDX-License-Identifier: Apache-2.0
// How a failing test prints the values.
#pragma once
#include <map>
#include <ostream>

#include "crdt/gcounter.h"
#include "crdt/gset.h"
#include "crdt/interval_set.h"
#include "crdt/lww_register.h"
#include "crdt/orset.h"
#include "crdt/pncounter.h"
#include "tests/crdt/support/actor_ref.h"

namespace tributary::crdt {

inline std::ostream& operator<<(std::ostream& out, const IntervalSet& s) {
  for (const auto& i : s.intervals()) out << '(' << i.lo << ',' << i.hi << ']';
  return out;
}
inline std::ostream& operator<<(std::ostream& out, const GCounterPart& p) {
  return out << p.p;
}
inline std::ostream& operator<<(std::ostream& out, const PnCounterPart& p) {
  return out << '+' << p.p << '-' << p.n;
}
inline std::ostream& operator<<(std::ostream& out, const GSetPart& p) {
  out << '{';
  for (const auto& element : p.elements) out << element << ' ';
  return out << '}';
}
template <class A>
std::ostream& operator<<(std::ostream& out, const OrSetPart<A>& p) {
  out << p.covered << " live{";
  for (const auto& [op, element] : p.live) out << op << ':' << element << ' ';
  out << "} foreign{";
  for (const auto& dot : p.foreign) out << dot << ' ';
  return out << '}';
}
inline std::ostream& operator<<(std::ostream& out, const LwwPart& p) {
  return out << '#' << p.op << '@' << p.hlc.packed << '=' << p.value;
}

template <class T>
concept Composite = requires(const T& t) {
  t.parts();
};

template <Composite T>
std::ostream& operator<<(std::ostream& out, const T& value) {
  for (const auto& [actor, part] : value.parts()) out << actor << "[ " << part << " ] ";
  return out;
}

}  // namespace tributary::crdt
