// SPDX-License-Identifier: Apache-2.0
// LWW-Register: each actor's part is its last write; the value is the write with the largest (HLC,
// actor, value) of all actors. An actor's own writes are ordered by its operation numbers, whatever
// its clock said. Values are bytes.
//
//   LwwRegister<> temperature, elsewhere;
//   auto delta = temperature.set({"probe-1", 1}, 1, Hlc::at(1'700'000'000'000), "21.5");
//   elsewhere.join(delta);
//   elsewhere.winner()->value;              // "21.5"
//
// A write from the future is *held*: joined, compared and passed on like any other, but not shown
// until the horizon (usually now + 5 s) reaches its stamp. The horizon belongs to the reader and is
// no part of the state.
#pragma once
#include <cassert>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "crdt/actor.h"
#include "crdt/hlc.h"
#include "crdt/part_map.h"
#include "crdt/semilattice.h"

namespace tributary::crdt {

struct LwwPart {
  std::uint64_t op = 0;  // the actor's operation that wrote it; 0: bottom
  Hlc hlc;
  std::string value;

  bool join(const LwwPart& other) {
    if (other.leq(*this)) return false;
    *this = other;
    return true;
  }
  // A total order: two values of one operation, which only clones write, are told apart by stamp
  // and bytes.
  bool leq(const LwwPart& other) const {
    return is_bottom() || std::tie(op, hlc, value) <= std::tie(other.op, other.hlc, other.value);
  }
  bool is_bottom() const { return op == 0; }
  friend bool operator==(const LwwPart&, const LwwPart&) = default;
};

template <class A = Actor>
class LwwRegister {
 public:
  using Part = LwwPart;
  using PartMap = crdt::PartMap<A, Part>;

  // Writes as this actor's operation `op` and returns the delta. REQUIRES op > the actor's last one
  // here.
  LwwRegister set(const A& actor, std::uint64_t op, Hlc hlc, std::string_view value) {
    const Part* held = part(actor);
    assert(op > (held == nullptr ? 0 : held->op));
    Part now{op, hlc, std::string(value)};
    LwwRegister delta;
    delta.join_part(actor, now);
    join_part(actor, std::move(now));
    return delta;
  }

  // Parts stamped after the horizon are held. At first nothing is. Says whether the shown value
  // changed; moving back is allowed.
  bool set_horizon(Hlc horizon) {
    const auto* before = shown();
    horizon_ = horizon;
    return shown() != before;
  }
  Hlc horizon() const { return horizon_; }
  // The smallest stamp that is held: when the horizon reaches it, something may change.
  std::optional<Hlc> next_release() const {
    if (!ranks_.several()) {
      const bool held = !parts_.empty() && parts_.begin()->second.hlc > horizon_;
      return held ? std::optional<Hlc>(parts_.begin()->second.hlc) : std::nullopt;
    }
    const auto held = ranks_.after(horizon_);
    return held == ranks_.end() ? std::nullopt : std::optional<Hlc>(held->hlc);
  }

  struct Winner {
    A actor;
    Hlc hlc;
    std::uint64_t op = 0;
    std::string_view value;  // valid until the register changes
  };
  // O(1), O(log actors) while something is held.
  std::optional<Winner> winner() const {
    const auto* shows = shown();
    if (shows == nullptr) return std::nullopt;
    const auto& [actor, p] = *shows;
    return Winner{actor, p.hlc, p.op, p.value};
  }

  bool join(const LwwRegister& other) {
    if (&other == this) return false;
    bool changed = false;
    for (const auto& [actor, part] : other.parts_) changed |= join_part(actor, part);
    return changed;
  }
  bool leq(const LwwRegister& other) const { return parts_leq(parts_, other.parts_); }
  bool is_bottom() const { return parts_.empty(); }

  // Observer: void part(const A&, const Part& before, const Part& after), called when the part
  // changed.
  template <class Observer>
  bool join_part(const A& actor, Part part, Observer&& observer) {
    if (part.is_bottom()) return false;
    Part& held = parts_[actor];
    if (part.leq(held)) return false;
    rank(actor, held, part.hlc);
    std::swap(held, part);
    observer.part(actor, std::as_const(part), std::as_const(held));
    return true;
  }
  bool join_part(const A& actor, Part part) {
    return join_part(actor, std::move(part), NoObserver{});
  }

  const Part* part(const A& actor) const { return find_part(parts_, actor); }  // nullptr: bottom
  const PartMap& parts() const { return parts_; }                              // in no order

  friend bool operator==(const LwwRegister& a, const LwwRegister& b) {
    return a.parts_ == b.parts_;
  }

 private:
  struct Rank {
    Hlc hlc;
    A actor;
    friend auto operator<=>(const Rank&, const Rank&) = default;
  };
  struct ByStamp {
    using is_transparent = void;
    bool operator()(const Rank& a, const Rank& b) const { return a < b; }
    bool operator()(Hlc a, const Rank& b) const { return a < b.hlc; }
    bool operator()(const Rank& a, Hlc b) const { return a.hlc < b; }
  };
  // The stamp and actor of each part, in order, once there are several. Most registers have one
  // writer, and one word for this.
  class Ranks {
   public:
    using Set = std::set<Rank, ByStamp>;
    Ranks() = default;
    Ranks(const Ranks& other) : set_(other.set_ ? std::make_unique<Set>(*other.set_) : nullptr) {}
    Ranks(Ranks&&) noexcept = default;
    Ranks& operator=(const Ranks& other) { return *this = Ranks(other); }
    Ranks& operator=(Ranks&&) noexcept = default;
    ~Ranks() = default;

    bool several() const { return set_ != nullptr; }
    typename Set::const_iterator end() const { return set_->end(); }
    typename Set::const_iterator before(typename Set::const_iterator at) const {
      return at == set_->begin() ? set_->end() : std::prev(at);
    }
    // The first with a larger stamp.
    typename Set::const_iterator after(Hlc stamp) const {
      if (set_->rbegin()->hlc <= stamp) return set_->end();
      return set_->upper_bound(stamp);
    }
    void insert(const Rank& rank) {
      if (!set_) set_ = std::make_unique<Set>();
      set_->insert(rank);
    }
    // The node is used again.
    void move(const Rank& from, Hlc to) {
      auto node = set_->extract(from);
      assert(!node.empty());
      node.value().hlc = to;
      set_->insert(std::move(node));
    }

   private:
    std::unique_ptr<Set> set_;  // never empty
  };

  // The actor's part, which is in parts_ already and bottom when it is new, is about to be stamped
  // `now`.
  void rank(const A& actor, const Part& held, Hlc now) {
    if (parts_.size() == 1) return;
    if (!ranks_.several()) {
      for (const auto& [other, part] : parts_) {
        if (!(other == actor)) ranks_.insert(Rank{part.hlc, other});
      }
    }
    if (held.is_bottom()) {
      ranks_.insert(Rank{now, actor});
    } else {
      ranks_.move(Rank{held.hlc, actor}, now);
    }
  }

  // The part whose value counts, with its actor; nullptr: none, or all are held.
  const typename PartMap::value_type* shown() const {
    if (parts_.empty()) return nullptr;
    if (!ranks_.several()) {
      return parts_.begin()->second.hlc <= horizon_ ? &*parts_.begin() : nullptr;
    }
    const auto rank = ranks_.before(ranks_.after(horizon_));
    return rank == ranks_.end() ? nullptr : &*parts_.find(rank->actor);
  }

  PartMap parts_;  // never bottom
  Ranks ranks_;
  Hlc horizon_{std::numeric_limits<std::uint64_t>::max()};
};

}  // namespace tributary::crdt
