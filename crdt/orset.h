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
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "crdt/actor.h"
#include "crdt/dot_set.h"
#include "crdt/orset_part.h"
#include "crdt/semilattice.h"

namespace tributary::crdt {

template <class A = Actor>
class OrSet {
 public:
  using Part = OrSetPart<A>;
  using PartMap = PartMapOf<A, Part>;

  // Adds the element as this actor's operation `op`, retires the actor's older adds of it, and
  // returns the delta. REQUIRES op > every operation of this actor here.
  OrSet add(const A& actor, std::uint64_t op, std::string_view element) {
    const Part* held = part(actor);
    assert(op > 0 && (held == nullptr || op > held->covered.top()));
    Part delta;
    if (held != nullptr) retire(actor, *held, element, delta);
    delta.covered.add(op);
    delta.live.emplace(op, element);
    return apply(actor, std::move(delta));
  }

  // Removes what is visible here now and returns the delta, bottom if there was nothing: own adds
  // die, those of others go to this actor's `foreign`. An add that this replica has not seen
  // survives.
  OrSet remove(const A& actor, std::string_view element) {
    Part delta;
    if (const Part* held = part(actor)) retire(actor, *held, element, delta);
    if (const auto found = visible_.find(element); found != visible_.end()) {
      found->second.for_each([&](const Dot<A>& dot) {
        if (dot.actor != actor) delta.foreign.insert(dot);
      });
    }
    return apply(actor, std::move(delta));
  }

  bool contains(std::string_view element) const { return visible_.contains(element); }  // O(1)
  std::size_t size() const { return visible_.size(); }  // O(1): distinct visible elements
  std::vector<std::string> elements() const {           // sorted
    std::vector<std::string> sorted;
    sorted.reserve(size());
    for (const auto& [element, dots] : visible_) sorted.push_back(element);
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
  // The visible dots that carry it, ascending.
  std::vector<Dot<A>> dots(std::string_view element) const {
    std::vector<Dot<A>> all;
    if (const auto found = visible_.find(element); found != visible_.end()) {
      found->second.for_each([&](const Dot<A>& dot) { all.push_back(dot); });
    }
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
  // operation numbers are not iterated over. An rvalue part gives its elements away. The observer
  // hears exactly how the normal form changed:
  //   void live_added(const A&, std::uint64_t op, const std::string& element);     also
  //   live_removed void foreign_added(const A& holder, const Dot<A>&); also foreign_dropped void
  //   covered(const A&, const IntervalSet& before, const IntervalSet& after);
  template <class P, class Observer>
  requires std::is_same_v<std::remove_cvref_t<P>, OrSetPart<A>>
  bool join_part(const A& actor, P&& delta, Observer&& observer) {
    if (delta.is_bottom()) return false;
    Part& held = parts_[actor];
    if (&delta == &held) return false;
    bool changed = kill(actor, held, delta, observer);
    changed |= revive(actor, held, std::forward<P>(delta), observer);
    changed |= cover(actor, held, delta.covered, observer);
    drop_dead_targets(actor, held, delta.covered, observer);
    changed |= remove_foreign(actor, held, delta, observer);
    if (held.is_bottom()) parts_.erase(actor);
    return changed;
  }
  template <class P>
  requires std::is_same_v<std::remove_cvref_t<P>, OrSetPart<A>>
  bool join_part(const A& actor, P&& delta) {
    return join_part(actor, std::forward<P>(delta), NoObserver{});
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
  using Holders = std::vector<A>;                    // ascending, never empty
  using Targets = std::map<std::uint64_t, Holders>;  // an actor's removed adds, by operation
  using Visible = std::unordered_map<std::string, DotSet<A>, BytesHash, std::equal_to<>>;

  OrSet apply(const A& actor, Part delta) {
    join_part(actor, std::as_const(delta));
    OrSet out;
    out.join_part(actor, std::move(delta));
    return out;
  }

  // The actor's own live adds of the element, visible or already removed by others, die in `delta`.
  void retire(const A& actor, const Part& held, std::string_view element, Part& delta) const {
    if (const auto found = visible_.find(element); found != visible_.end()) {
      found->second.for_each([&](const Dot<A>& dot) {
        if (dot.actor == actor) delta.covered.add(dot.op);
      });
    }
    const auto targets = targets_.find(actor);
    if (targets == targets_.end()) return;
    for (const auto& [op, holders] : targets->second) {
      const auto add = held.live.find(op);
      if (add != held.live.end() && add->second == element) delta.covered.add(op);
    }
  }

  // What is live here, covered there and not live there.
  template <class Observer>
  bool kill(const A& actor, Part& held, const Part& delta, Observer& observer) {
    bool changed = false;
    auto theirs = delta.live.begin();
    for (const IntervalSet::Interval& i : delta.covered.intervals()) {
      for (auto at = held.live.upper_bound(i.lo); at != held.live.end() && at->first <= i.hi;) {
        while (theirs != delta.live.end() && theirs->first < at->first) ++theirs;
        if (theirs != delta.live.end() && theirs->first == at->first) {
          ++at;
          continue;
        }
        hide(Dot<A>{actor, at->first}, at->second);
        observer.live_removed(actor, at->first, std::as_const(at->second));
        at = held.live.erase(at);
        changed = true;
      }
    }
    return changed;
  }

  // What is live there, and live or not yet covered here.
  template <class P, class Observer>
  bool revive(const A& actor, Part& held, P&& delta, Observer& observer) {
    bool changed = false;
    for (auto next = delta.live.begin(); next != delta.live.end();) {
      const auto add = next++;
      const auto at = held.live.lower_bound(add->first);
      if (at != held.live.end() && at->first == add->first) {
        changed |= replace(actor, *at, add->second, observer);
      } else if (!held.covers(add->first)) {
        const auto placed = take(held, at, std::forward<P>(delta), add);
        show(Dot<A>{actor, placed->first}, placed->second);
        observer.live_added(actor, placed->first, std::as_const(placed->second));
        changed = true;
      }
    }
    return changed;
  }

  // Moves the add's node out of an rvalue part, copies it from any other.
  template <class P, class Hint, class Add>
  static auto take(Part& held, Hint hint, P&& delta, Add add) {
    if constexpr (std::is_const_v<std::remove_reference_t<P>> || std::is_lvalue_reference_v<P>) {
      return held.live.emplace_hint(hint, add->first, add->second);
    } else {
      return held.live.insert(hint, delta.live.extract(add));
    }
  }

  // One dot with two elements: the larger bytes.
  template <class Add, class Observer>
  bool replace(const A& actor, Add& held, const std::string& element, Observer& observer) {
    if (element <= held.second) return false;
    const Dot<A> dot{actor, held.first};
    hide(dot, held.second);
    observer.live_removed(actor, held.first, std::as_const(held.second));
    held.second = element;
    show(dot, held.second);
    observer.live_added(actor, held.first, std::as_const(held.second));
    return true;
  }

  template <class Observer>
  static bool cover(const A& actor, Part& held, const IntervalSet& more, Observer& observer) {
    if (held.covered.includes(more)) return false;
    if constexpr (std::is_same_v<std::remove_cvref_t<Observer>, NoObserver>) {
      held.covered.join(more);
    } else {
      const IntervalSet before = held.covered;
      held.covered.join(more);
      observer.covered(actor, before, std::as_const(held.covered));
    }
    return true;
  }

  // The normal form: nobody remembers the removal of what its owner's part shows dead.
  template <class Observer>
  void drop_dead_targets(const A& owner, const Part& held, const IntervalSet& covered,
                         Observer& observer) {
    const auto found = targets_.find(owner);
    if (found == targets_.end()) return;
    Targets& targets = found->second;
    for (const IntervalSet::Interval& i : covered.intervals()) {
      for (auto at = targets.upper_bound(i.lo); at != targets.end() && at->first <= i.hi;) {
        if (held.live.contains(at->first)) {
          ++at;
          continue;
        }
        for (const A& holder : at->second) drop_foreign(holder, Dot<A>{owner, at->first}, observer);
        at = targets.erase(at);
      }
    }
    if (targets.empty()) targets_.erase(found);
  }
  template <class Observer>
  void drop_foreign(const A& holder, const Dot<A>& dot, Observer& observer) {
    const auto found = parts_.find(holder);
    assert(found != parts_.end());
    found->second.foreign.erase(dot);
    observer.foreign_dropped(holder, dot);
    if (holder != dot.actor && found->second.is_bottom()) parts_.erase(found);
  }

  template <class Observer>
  bool remove_foreign(const A& actor, Part& held, const Part& delta, Observer& observer) {
    bool changed = false;
    for (const Dot<A>& dot : delta.foreign) {
      if (dead(dot) || !held.foreign.insert(dot).second) continue;
      Holders& holders = targets_[dot.actor][dot.op];
      if (holders.empty()) hide_live(dot);
      holders.insert(std::lower_bound(holders.begin(), holders.end(), actor), actor);
      observer.foreign_added(actor, dot);
      changed = true;
    }
    return changed;
  }

  const Holders* holders_of(const A& owner, std::uint64_t op) const {
    const auto targets = targets_.find(owner);
    if (targets == targets_.end()) return nullptr;
    const auto holders = targets->second.find(op);
    return holders == targets->second.end() ? nullptr : &holders->second;
  }

  // A live add enters and leaves the visible elements, unless somebody removed it.
  void show(const Dot<A>& dot, const std::string& element) {
    if (holders_of(dot.actor, dot.op) != nullptr) return;
    const auto [at, fresh] = visible_.try_emplace(element, dot);
    if (!fresh) at->second.insert(dot);
  }
  void hide(const Dot<A>& dot, const std::string& element) {
    if (holders_of(dot.actor, dot.op) == nullptr) erase_visible(dot, element);
  }
  void hide_live(const Dot<A>& dot) {
    const Part* owner = part(dot.actor);
    if (owner == nullptr) return;
    const auto add = owner->live.find(dot.op);
    if (add != owner->live.end()) erase_visible(dot, add->second);
  }
  void erase_visible(const Dot<A>& dot, const std::string& element) {
    const auto at = visible_.find(element);
    assert(at != visible_.end());
    if (!at->second.erase(dot)) visible_.erase(at);
  }

  PartMap parts_;  // never bottom; foreign of dots that are not dead only
  std::unordered_map<A, Targets>
      targets_;      // dot -> who holds it in `foreign`; the inverse of the parts' `foreign`
  Visible visible_;  // element -> dots that are live and no target
};

}  // namespace tributary::crdt
