// SPDX-License-Identifier: Apache-2.0
// The dots that carry one element of an OR-Set: nearly always one, which is stored in place. Never
// empty.
//
//   DotSet<A> carriers(dot);
//   carriers.insert(another);
//   if (!carriers.erase(dot)) drop_the_element();
#pragma once
#include <cassert>
#include <memory>
#include <set>
#include <vector>

#include "crdt/actor.h"

namespace tributary::crdt {

template <class A>
class DotSet {
 public:
  explicit DotSet(const Dot<A>& dot) : one_(dot) {}
  DotSet(const DotSet& other)
      : one_(other.one_),
        many_(other.many_ ? std::make_unique<std::set<Dot<A>>>(*other.many_) : nullptr) {}
  DotSet(DotSet&&) noexcept = default;
  DotSet& operator=(DotSet other) noexcept {
    one_ = std::move(other.one_);
    many_ = std::move(other.many_);
    return *this;
  }
  ~DotSet() = default;

  void insert(const Dot<A>& dot) {
    if (many_ == nullptr) {
      if (dot == one_) return;
      many_ = std::make_unique<std::set<Dot<A>>>();
      many_->insert(one_);
    }
    many_->insert(dot);
  }

  // REQUIRES: the dot is here. False: it was the last one, and this set must go.
  bool erase(const Dot<A>& dot) {
    if (many_ == nullptr) {
      assert(dot == one_);
      return false;
    }
    many_->erase(dot);
    if (many_->size() > 1) return true;
    one_ = *many_->begin();
    many_.reset();
    return true;
  }

  template <class F>
  void for_each(F&& f) const {  // ascending
    if (many_ == nullptr) {
      f(one_);
    } else {
      for (const Dot<A>& dot : *many_) f(dot);
    }
  }

 private:
  Dot<A> one_;                              // the only one, unless there are many
  std::unique_ptr<std::set<Dot<A>>> many_;  // null or at least two
};

}  // namespace tributary::crdt
