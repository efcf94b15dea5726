// SPDX-License-Identifier: Apache-2.0
// Rebuilds a value's parts from what an observer hears and nothing else. Every event must fit what
// is there: an add of what is present, or a removal of what is not, fails the test.
//
//   Mirror<OrSet<>> mirror;
//   set.join_part(actor, part, mirror);
//   RC_ASSERT(mirror.shows(set));
#pragma once
#include <rapidcheck.h>

#include <map>
#include <string>

#include "tests/crdt/support/show.h"

namespace tributary::crdt {

template <class A, class Part>
struct MirrorBase {
  std::map<A, Part> parts;

  template <class T>
  bool shows(const T& value) const {
    std::size_t there = 0;
    for (const auto& [actor, part] : parts) {
      if (part.is_bottom()) continue;
      ++there;
      const auto theirs = value.part(actor);
      if (!theirs || !(*theirs == part)) return false;
    }
    return there == value.parts().size();
  }
};

template <class A, class Part>
struct PartMirror : MirrorBase<A, Part> {
  void part(const A& actor, const Part& before, const Part& after) {
    RC_ASSERT(this->parts[actor] == before);
    RC_ASSERT(!(before == after));
    this->parts[actor] = after;
  }
};

template <class T>
struct Mirror;

template <class A>
struct Mirror<GCounter<A>> : PartMirror<A, GCounterPart> {};
template <class A>
struct Mirror<PnCounter<A>> : PartMirror<A, PnCounterPart> {};
template <class A>
struct Mirror<LwwRegister<A>> : PartMirror<A, LwwPart> {};

template <class A>
struct Mirror<GSet<A>> : MirrorBase<A, GSetPart> {
  void added(const A& actor, std::string_view element) {
    RC_ASSERT(this->parts[actor].elements.insert(element));
  }
};

template <class A>
struct Mirror<OrSet<A>> : MirrorBase<A, OrSetPart<A>> {
  void live_added(const A& actor, std::uint64_t op, std::string_view element) {
    RC_ASSERT(this->parts[actor].live.insert(op, element));
  }
  void live_removed(const A& actor, std::uint64_t op, std::string_view element) {
    auto& live = this->parts[actor].live;
    RC_ASSERT(live.contains(op));
    RC_ASSERT(live.find(op)->element == element);
    live.erase(live.find(op));
  }
  void foreign_added(const A& holder, const Dot<A>& dot) {
    RC_ASSERT(this->parts[holder].foreign.insert(dot).second);
  }
  void foreign_dropped(const A& holder, const Dot<A>& dot) {
    RC_ASSERT(this->parts[holder].foreign.erase(dot) == 1u);
  }
  void covered(const A& actor, const IntervalSet& before, const IntervalSet& after) {
    RC_ASSERT(this->parts[actor].covered == before);
    RC_ASSERT(!(before == after));
    this->parts[actor].covered = after;
  }
};

}  // namespace tributary::crdt
