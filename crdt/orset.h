// SPDX-License-Identifier: Apache-2.0
// OR-Set: a set with adds and removals in which an add wins over a concurrent removal. Elements are
// bytes.
//
//   OrSet<> badges, elsewhere;
//   OrSet<> in = badges.add({"reader-2", 1}, 1, "badge-17");       // operation 1 of that actor
//   OrSet<> out = badges.remove({"reader-5", 1}, "badge-17");
//   elsewhere.join(out);  elsewhere.join(in);                      // in any order
//   elsewhere.contains("badge-17");                                // false
//
// An element is visible while a live add carries it that is in nobody's `foreign`. Normal form:
// `foreign` holds only dots that are not known dead in their owner's part. So replicas that hold
// the same information are equal, whatever way it took, and removals do not pile up.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crdt/actor.h"
#include "crdt/dot_index.h"
#include "crdt/on_demand.h"
#include "crdt/orset_part.h"
#include "crdt/part_map.h"
#include "crdt/semilattice.h"

namespace tributary::crdt {

template <class A = Actor>
class OrSet {
 public:
  using Part = OrSetPart<A>;
  using PartMap = crdt::PartMap<A, Part>;

  // Adds the element as this actor's operation `op`, retires the actor's older adds of it, and
  // returns the delta. REQUIRES op > every operation of this actor here.
  OrSet add(const A& actor, std::uint64_t op, std::string_view element) {
    Key key = visible_->key(element);
    OrSet out;
    Part& delta = out.parts_[actor];
    delta.covered.add(op);
    delta.live.insert(op, element);
    out.adds_ = 1;
    key.element = delta.live.begin()->element;  // ours may lie in a part, which may move now
    Part& held = parts_[actor];
    assert(op > 0 && op > held.covered.top());
    if (!add_new(actor, held, op, key)) {
      retire(actor, held, key.element, delta);
      join_part(actor, delta);
    }
    return out;
  }

  // Removes what is visible here now and returns the delta, bottom if there was nothing: own adds
  // die, those of others go to this actor's `foreign`. An add that this replica has not seen
  // survives.
  OrSet remove(const A& actor, std::string_view element) {
    Part delta;
    if (const Part* held = part(actor)) retire(actor, *held, element, delta);
    each_visible(element, [&](const Dot<A>& dot) {
      if (dot.actor != actor) delta.foreign.insert(dot);
    });
    return apply(actor, std::move(delta));
  }

  bool contains(std::string_view element) const {  // O(1)
    if (visible_.made()) return visible_->contains(element, bytes());
    bool found = false;
    each_visible(element, [&](const Dot<A>&) { found = true; });
    return found;
  }
  std::size_t size() const {  // O(1): distinct visible elements
    return visible_.made() ? visible_->size() : distinct().size();
  }
  std::vector<std::string> elements() const {  // sorted
    const std::vector<std::string_view> sorted = distinct();
    return {sorted.begin(), sorted.end()};
  }
  // The visible dots that carry it, ascending.
  std::vector<Dot<A>> dots(std::string_view element) const {
    std::vector<Dot<A>> all;
    each_visible(element, [&](const Dot<A>& dot) { all.push_back(dot); });
    std::sort(all.begin(), all.end());
    return all;
  }

  bool join(const OrSet& other) {
    if (&other == this) return false;
    bool changed = false;
    for (const auto& [actor, part] : other.parts_) changed |= join_part(actor, part);
    return changed;
  }
  bool leq(const OrSet& other) const {
    for (const auto& [actor, part] : parts_) {
      const Part* theirs = other.part(actor);
      if (theirs == nullptr ? !part.covered.empty() : !part.leq_live(*theirs)) return false;
      for (const Dot<A>& dot : part.foreign) {
        if (!(theirs != nullptr && theirs->foreign.contains(dot)) && !other.dead(dot)) return false;
      }
    }
    return true;
  }
  bool is_bottom() const { return parts_.empty(); }

  // Joins to one actor's part. Costs what the incoming part holds and kills, never what is held:
  // operation numbers are not iterated over. The observer hears exactly how the normal form
  // changed:
  //   void live_added(const A&, std::uint64_t op, std::string_view element);
  //   void live_removed(const A&, std::uint64_t op, std::string_view element);
  //   void foreign_added(const A& holder, const Dot<A>&);
  //   void foreign_dropped(const A& holder, const Dot<A>&);
  //   void covered(const A&, const IntervalSet& before, const IntervalSet& after);
  template <class Observer>
  bool join_part(const A& actor, const Part& delta, Observer&& observer) {
    if (delta.is_bottom()) return false;
    Part& held = parts_[actor];
    if (&delta == &held) return false;
    bool changed = kill(actor, held, delta, observer);
    changed |= revive(actor, held, delta, observer);
    changed |= cover(actor, held, delta.covered, observer);
    drop_dead_targets(actor, held, delta.covered, observer);  // others' parts may go: held moves
    if (!delta.foreign.empty()) changed |= remove_foreign(actor, delta, observer);
    if (delta.covered.empty() && part(actor)->is_bottom()) parts_.erase(actor);
    return changed;
  }
  bool join_part(const A& actor, const Part& delta) {
    return join_part(actor, delta, NoObserver{});
  }

  const Part* part(const A& actor) const { return find_part(parts_, actor); }  // nullptr: bottom
  const PartMap& parts() const { return parts_; }                              // in no order

  // Dead in its owner's part: no `foreign` needs to remember it.
  bool dead(const Dot<A>& dot) const {
    const Part* owner = part(dot.actor);
    return owner != nullptr && owner->dead(dot.op);
  }
  // The actors whose part holds this dot in `foreign`, ascending.
  std::vector<A> removers(const Dot<A>& dot) const {
    const Holders* holders = holders_of(dot.actor, dot.op);
    return holders == nullptr ? std::vector<A>{} : *holders;
  }

  friend bool operator==(const OrSet& a, const OrSet& b) { return a.parts_ == b.parts_; }

 private:
  using Key = typename DotIndex<A>::Key;
  using Holders = std::vector<A>;                    // ascending, never empty
  using Targets = std::map<std::uint64_t, Holders>;  // an actor's removed adds, by operation
  using TargetMap = std::unordered_map<A, Targets>;

  // Where nothing visible carries the element and nobody removed anything of the actor's there is
  // nothing to retire or join. False: there may be.
  bool add_new(const A& actor, Part& held, std::uint64_t op, const Key& key) {
    const std::string_view element = key.element;
    if (!visible_.made() || targets_.made() || visible_->is_many(element)) return false;
    const auto place = visible_->seek(key, bytes());
    if (place.taken) return false;
    held.covered.add(op);
    held.live.insert(op, element);
    ++adds_;
    visible_.make().insert_at(place, Dot<A>{actor, op});
    return true;
  }
  OrSet apply(const A& actor, Part delta) {
    join_part(actor, delta);
    return only(actor, std::move(delta));
  }
  // A set of this part alone.
  static OrSet only(const A& actor, Part part) {
    OrSet out;
    if (part.is_bottom()) return out;
    for (const Dot<A>& dot : part.foreign) out.targets_.make()[dot.actor][dot.op] = {actor};
    out.adds_ = part.live.size();
    out.parts_[actor] = std::move(part);
    if (out.adds_ > few) out.build_index();
    return out;
  }

  // f(dot, element) for every live add that nobody removed.
  template <class F>
  void each_visible(F&& f) const {
    for (const auto& [actor, part] : parts_) {
      for (const auto& [op, element] : part.live) {
        if (holders_of(actor, op) == nullptr) f(Dot<A>{actor, op}, element);
      }
    }
  }
  // f(dot) for those that carry this element.
  template <class F>
  void each_visible(std::string_view element, F&& f) const {
    if (visible_.made()) return visible_->for_each(element, bytes(), f);
    each_visible([&](const Dot<A>& dot, std::string_view held) {
      if (held == element) f(dot);
    });
  }
  std::vector<std::string_view> distinct() const {
    std::vector<std::string_view> seen;
    each_visible([&](const Dot<A>&, std::string_view element) { seen.push_back(element); });
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    return seen;
  }
  void build_index() {
    DotIndex<A>& visible = visible_.make();
    visible.reserve(adds_);
    each_visible([&](const Dot<A>& dot, std::string_view element) {
      visible.insert(dot, element, bytes());
    });
  }

  // The element of a dot that is live here.
  auto bytes() const {
    return [this](const Dot<A>& dot) { return part(dot.actor)->live.find(dot.op)->element; };
  }

  // The actor's own live adds of the element, visible or already removed by others, die in `delta`.
  void retire(const A& actor, const Part& held, std::string_view element, Part& delta) const {
    each_visible(element, [&](const Dot<A>& dot) {
      if (dot.actor == actor) delta.covered.add(dot.op);
    });
    const auto targets = targets_->find(actor);
    if (targets == targets_->end()) return;
    for (const auto& [op, holders] : targets->second) {
      const auto add = held.live.find(op);
      if (add != held.live.end() && add->element == element) delta.covered.add(op);
    }
  }

  // What is live here, covered there and not live there.
  template <class Observer>
  bool kill(const A& actor, Part& held, const Part& delta, Observer& observer) {
    bool changed = false;
    auto theirs = delta.live.begin();
    for (const IntervalSet::Interval& i : delta.covered.intervals()) {
      for (auto at = held.live.upper_bound(i.lo); at != held.live.end() && at.op() <= i.hi;) {
        while (theirs != delta.live.end() && theirs.op() < at.op()) ++theirs;
        if (theirs != delta.live.end() && theirs.op() == at.op()) {
          ++at;
          continue;
        }
        const auto [op, element] = *at;
        hide(Dot<A>{actor, op}, element);
        observer.live_removed(actor, op, element);
        at = held.live.erase(at);
        --adds_;
        changed = true;
      }
    }
    return changed;
  }

  // What is live there, and live or not yet covered here.
  template <class Observer>
  bool revive(const A& actor, Part& held, const Part& delta, Observer& observer) {
    bool changed = false;
    if (visible_.made() && delta.live.size() > 1) {
      visible_.make().reserve(visible_->size() + delta.live.size());
    }
    for (const auto& [op, element] : delta.live) {
      if (held.covers(op)) {
        const auto at = held.live.find(op);
        if (at != held.live.end()) changed |= replace(actor, held, *at, element, observer);
        continue;
      }
      const Key key = visible_->key(element);
      held.live.insert(op, element);
      ++adds_;
      show(Dot<A>{actor, op}, key);
      observer.live_added(actor, op, element);
      changed = true;
    }
    return changed;
  }

  // One dot with two elements: the larger bytes.
  template <class Observer>
  bool replace(const A& actor, Part& held, const AddMap::Add& was, std::string_view element,
               Observer& observer) {
    if (element <= was.element) return false;
    const Dot<A> dot{actor, was.op};
    hide(dot, was.element);
    observer.live_removed(actor, dot.op, was.element);
    held.live.replace(dot.op, element);
    show(dot, visible_->key(element));
    observer.live_added(actor, dot.op, element);
    return true;
  }

  template <class Observer>
  static bool cover(const A& actor, Part& held, const IntervalSet& more, Observer& observer) {
    if constexpr (std::is_same_v<std::remove_cvref_t<Observer>, NoObserver>) {
      return held.covered.join(more);
    } else {
      if (held.covered.includes(more)) return false;
      const IntervalSet before = held.covered;
      held.covered.join(more);
      observer.covered(actor, before, std::as_const(held.covered));
      return true;
    }
  }

  // The normal form: nobody remembers the removal of what its owner's part shows dead.
  template <class Observer>
  void drop_dead_targets(const A& owner, const Part& held, const IntervalSet& covered,
                         Observer& observer) {
    if (!targets_.made()) return;
    TargetMap& all = targets_.make();
    const auto found = all.find(owner);
    if (found == all.end()) return;
    Targets& targets = found->second;
    std::vector<A> gone;
    for (const IntervalSet::Interval& i : covered.intervals()) {
      for (auto at = targets.upper_bound(i.lo); at != targets.end() && at->first <= i.hi;) {
        if (held.live.contains(at->first)) {
          ++at;
          continue;
        }
        for (const A& holder : at->second) {
          if (drop_foreign(holder, Dot<A>{owner, at->first}, observer)) gone.push_back(holder);
        }
        at = targets.erase(at);
      }
    }
    if (targets.empty()) all.erase(found);
    if (all.empty()) targets_.reset();
    for (const A& holder : gone) parts_.erase(holder);
  }
  // True: nothing is left of the holder, who is not the owner.
  template <class Observer>
  bool drop_foreign(const A& holder, const Dot<A>& dot, Observer& observer) {
    Part& held = parts_[holder];
    held.foreign.erase(dot);
    observer.foreign_dropped(holder, dot);
    return holder != dot.actor && held.is_bottom();
  }

  template <class Observer>
  bool remove_foreign(const A& actor, const Part& delta, Observer& observer) {
    Part& held = parts_[actor];
    bool changed = false;
    for (const Dot<A>& dot : delta.foreign) {
      if (dead(dot) || !held.foreign.insert(dot).second) continue;
      Holders& holders = targets_.make()[dot.actor][dot.op];
      if (holders.empty()) hide_live(dot);
      holders.insert(std::lower_bound(holders.begin(), holders.end(), actor), actor);
      observer.foreign_added(actor, dot);
      changed = true;
    }
    return changed;
  }

  const Holders* holders_of(const A& owner, std::uint64_t op) const {
    if (!targets_.made()) return nullptr;
    const auto targets = targets_->find(owner);
    if (targets == targets_->end()) return nullptr;
    const auto holders = targets->second.find(op);
    return holders == targets->second.end() ? nullptr : &holders->second;
  }

  // A live add enters and leaves the visible elements, unless somebody removed it.
  void show(const Dot<A>& dot, const Key& key) {
    if (!visible_.made()) {
      if (adds_ > few) build_index();
    } else if (holders_of(dot.actor, dot.op) == nullptr) {
      visible_.make().insert(dot, key, bytes());
    }
  }
  void hide(const Dot<A>& dot, std::string_view element) {
    if (!visible_.made() || holders_of(dot.actor, dot.op) != nullptr) return;
    visible_.make().erase(dot, element);
  }
  void hide_live(const Dot<A>& dot) {
    const Part* owner = visible_.made() ? part(dot.actor) : nullptr;
    if (owner == nullptr) return;
    const auto add = owner->live.find(dot.op);
    if (add != owner->live.end()) visible_.make().erase(dot, add->element);
  }

  static constexpr std::size_t few = 8;  // adds that are looked through without an index

  PartMap parts_;  // never bottom; foreign of dots that are not dead only
  OnDemand<TargetMap>
      targets_;           // dot -> who holds it in `foreign`; the inverse of the parts' `foreign`
  std::size_t adds_ = 0;  // live, of all parts
  OnDemand<DotIndex<A>> visible_;  // dots that are live and no target, by element
};

}  // namespace tributary::crdt
