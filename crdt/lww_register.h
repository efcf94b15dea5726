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
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "crdt/actor.h"
#include "crdt/hlc.h"
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
  using PartMap = PartMapOf<A, Part>;

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
    const Rank* before = shown();
    horizon_ = horizon;
    return shown() != before;
  }
  Hlc horizon() const { return horizon_; }
  // The smallest stamp that is held: when the horizon reaches it, something may change.
  std::optional<Hlc> next_release() const {
    const auto held = first_held();
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
    const Rank* rank = shown();
    if (rank == nullptr) return std::nullopt;
    const Part* p = part(rank->actor);
    assert(p != nullptr);
    return Winner{rank->actor, p->hlc, p->op, p->value};
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
  using Ranks = std::set<Rank, ByStamp>;

  // Moves the actor to its new place; the node is used again.
  void rank(const A& actor, const Part& before, Hlc now) {
    if (before.is_bottom()) {
      ranks_.insert(Rank{now, actor});
      return;
    }
    auto node = ranks_.extract(Rank{before.hlc, actor});
    assert(!node.empty());
    node.value().hlc = now;
    ranks_.insert(std::move(node));
  }

  typename Ranks::const_iterator first_held() const {
    if (ranks_.empty() || ranks_.rbegin()->hlc <= horizon_) return ranks_.end();
    return ranks_.upper_bound(horizon_);
  }
  const Rank* shown() const {
    const auto held = first_held();
    return held == ranks_.begin() ? nullptr : &*std::prev(held);
  }

  PartMap parts_;  // never bottom
  Ranks ranks_;    // one for each part: its stamp and actor
  Hlc horizon_{std::numeric_limits<std::uint64_t>::max()};
};

}  // namespace tributary::crdt
