// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/crdt/support/laws.h"

namespace tributary::crdt {
namespace {

using Lattices = testing::Types<OrSetPart<Actor>, OrSet<Actor>, OrSet<ActorRef>>;
INSTANTIATE_TYPED_TEST_SUITE_P(OrSets, Laws, Lattices);
using Values = testing::Types<OrSet<Actor>, OrSet<ActorRef>>;
INSTANTIATE_TYPED_TEST_SUITE_P(OrSets, ValueLaws, Values);

// The parts of an OR-Set join alone as they do inside of it, but for removals that nobody needs.
TEST(OrSetLaws, NormalFormDropsOnlyRemovalsOfTheDead) {
  ASSERT_TRUE(rc::check([](const OrSet<>& a, const OrSet<>& b) {
    const OrSet<> both = joined(a, b);
    std::map<Actor, OrSetPart<>> naive;
    for (const OrSet<>* s : {&a, &b}) {
      for (const auto& [actor, part] : s->parts()) naive[actor].join(part);
    }
    for (auto& [actor, part] : naive) {
      part.foreign.erase_if([&](const Dot<>& dot) {
        const auto owner = naive.find(dot.actor);
        return owner != naive.end() && owner->second.dead(dot.op);
      });
    }
    std::erase_if(naive, [](const auto& entry) { return entry.second.is_bottom(); });
    RC_ASSERT(both.parts().size() == naive.size());
    for (const auto& [actor, part] : naive) RC_ASSERT(*both.part(actor) == part);
  }));
}

// What is shown, from the definition: live adds that are in nobody's `foreign`.
TEST(OrSetLaws, ShowsLiveAddsThatNobodyRemoved) {
  ASSERT_TRUE(rc::check([](const OrSet<>& s) {
    std::map<Dot<>, std::set<Actor>> removers;
    for (const auto& [actor, part] : s.parts()) {
      for (const Dot<>& dot : part.foreign) removers[dot].insert(actor);
    }
    std::map<std::string, std::vector<Dot<>>> visible;
    for (const auto& [actor, part] :
         std::map<Actor, OrSetPart<>>(s.parts().begin(), s.parts().end())) {
      for (const auto& [op, element] : part.live) {
        if (!removers.contains(Dot<>{actor, op}))
          visible[std::string(element)].push_back({actor, op});
      }
    }
    RC_ASSERT(s.size() == visible.size());
    std::vector<std::string> elements;
    for (const auto& [element, dots] : visible) {
      elements.push_back(element);
      RC_ASSERT(s.contains(element));
      RC_ASSERT(s.dots(element) == dots);
    }
    RC_ASSERT(s.elements() == elements);
    for (const auto& [dot, who] : removers) {
      RC_ASSERT(!s.dead(dot));
      RC_ASSERT(s.removers(dot) == std::vector<Actor>(who.begin(), who.end()));
    }
  }));
}

}  // namespace
}  // namespace tributary::crdt
