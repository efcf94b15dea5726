// SPDX-License-Identifier: Apache-2.0
// Dots, ascending: a std::set of 8 bytes while it is empty, as an actor's removals of others' adds
// nearly always are.
//
//   DotSet<> foreign = {{{"reader-2", 1}, 7}};
//   foreign.insert({{"reader-2", 1}, 9}).second;        // true: it is new
//
// Iterators last until their dot goes. Not thread-safe.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <set>
#include <utility>

#include "crdt/actor.h"
#include "crdt/on_demand.h"

namespace tributary::crdt {

template <class A = Actor>
class DotSet {
  using Set = std::set<Dot<A>>;

 public:
  using value_type = Dot<A>;
  using const_iterator = typename Set::const_iterator;

  DotSet() = default;
  DotSet(std::initializer_list<Dot<A>> dots) {
    for (const Dot<A>& dot : dots) insert(dot);
  }

  bool empty() const { return !dots_.made(); }
  std::size_t size() const { return dots_->size(); }
  const_iterator begin() const { return dots_->begin(); }
  const_iterator end() const { return dots_->end(); }
  bool contains(const Dot<A>& dot) const { return dots_->contains(dot); }

  std::pair<const_iterator, bool> insert(const Dot<A>& dot) { return dots_.make().insert(dot); }
  std::size_t erase(const Dot<A>& dot) {  // how many went
    if (empty()) return 0;
    const std::size_t gone = dots_.make().erase(dot);
    if (dots_->empty()) dots_.reset();
    return gone;
  }
  template <class Predicate>
  void erase_if(Predicate&& goes) {
    if (empty()) return;
    std::erase_if(dots_.make(), goes);
    if (dots_->empty()) dots_.reset();
  }

  friend bool operator==(const DotSet&, const DotSet&) = default;

 private:
  OnDemand<Set> dots_;  // made: not empty
};

}  // namespace tributary::crdt
