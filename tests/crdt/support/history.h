// SPDX-License-Identifier: Apache-2.0
// A small world of replicas that write and join at random, and a naive oracle beside it that keeps
// every operation and works out from those a replica knows what it must show. One Naive<T> for each
// type; the world is the same for all.
//
//   World<OrSet<>> world;
//   for (const Step& step : steps) world.take(step);      // checks every replica against the
//   oracle as it goes world.deltas;                                         // all that was ever
//   made
#pragma once
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/crdt/support/generate.h"

namespace tributary::crdt {

// What `replica` does: writes with `what` and `arg`, joins another one, or joins some delta of the
// past.
struct Step {
  std::size_t replica = 0;
  std::size_t what = 0;
  std::size_t arg = 0;

  friend std::ostream& operator<<(std::ostream& out, const Step& s) {
    return out << s.replica << '/' << s.what << '/' << s.arg;
  }
};
inline rc::Gen<std::vector<Step>> any_steps() {
  return rc::gen::container<std::vector<Step>>(
      rc::gen::build<Step>(rc::gen::set(&Step::replica, rc::gen::inRange<std::size_t>(0, 3)),
                           rc::gen::set(&Step::what, rc::gen::inRange<std::size_t>(0, 8)),
                           rc::gen::set(&Step::arg, rc::gen::inRange<std::size_t>(0, 60))));
}

using Known = std::set<std::size_t>;  // operations, by their place in the oracle's log
inline const std::array<std::string, 4> words = {"x", "y", "z", std::string("\0\xFF", 2)};

// The oracle of one type:
//   Op          one operation as it was issued
//   write()     does what the step says to the state and returns the delta
//   includes()  which earlier operations of the log the delta of an operation repeats
//   shown()     what the state shows; expected() the same from the operations that are known
template <class T>
struct Naive;

struct Tally {
  std::size_t actor = 0;
  std::uint64_t up = 0, down = 0;
};
inline Known all_of_actor(const auto& log, std::size_t actor) {
  Known known;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i].actor == actor) known.insert(i);
  }
  return known;
}

template <class A>
struct Naive<GCounter<A>> {
  using Op = Tally;
  using Shown = std::string;

  static GCounter<A> write(GCounter<A>& s, std::size_t actor, const Step& step,
                           const std::vector<Op>&, Op& op) {
    op = {actor, step.arg, 0};
    const auto delta = s.increment(actor_of<A>(actor), step.arg);
    RC_ASSERT(delta);
    return *delta;
  }
  static Known includes(const std::vector<Op>& log, const Op& op) {
    return all_of_actor(log, op.actor);
  }
  static Shown shown(const GCounter<A>& s) { return to_string(s.value()); }
  static Shown expected(const std::vector<Op>& log, const Known& known) {
    uint128 sum = 0;
    for (const std::size_t i : known) sum += log[i].up;
    return to_string(sum);
  }
};

template <class A>
struct Naive<PnCounter<A>> {
  using Op = Tally;
  using Shown = std::string;

  static PnCounter<A> write(PnCounter<A>& s, std::size_t actor, const Step& step,
                            const std::vector<Op>&, Op& op) {
    const bool up = step.what % 2 == 0;
    op = {actor, up ? step.arg : 0, up ? 0 : step.arg};
    const auto delta =
        up ? s.increment(actor_of<A>(actor), step.arg) : s.decrement(actor_of<A>(actor), step.arg);
    RC_ASSERT(delta);
    return *delta;
  }
  static Known includes(const std::vector<Op>& log, const Op& op) {
    return all_of_actor(log, op.actor);
  }
  static Shown shown(const PnCounter<A>& s) {
    RC_ASSERT(s.value() == static_cast<int128>(s.positive()) - static_cast<int128>(s.negative()));
    return to_string(s.value());
  }
  static Shown expected(const std::vector<Op>& log, const Known& known) {
    int128 sum = 0;
    for (const std::size_t i : known) sum += static_cast<int128>(log[i].up) - log[i].down;
    return to_string(sum);
  }
};

template <class A>
struct Naive<GSet<A>> {
  struct Op {
    std::size_t actor = 0;
    std::string element;
  };
  using Shown = std::vector<std::string>;

  static GSet<A> write(GSet<A>& s, std::size_t actor, const Step& step, const std::vector<Op>&,
                       Op& op) {
    op = {actor, words[step.arg % words.size()]};
    return s.add(actor_of<A>(actor), op.element);
  }
  static Known includes(const std::vector<Op>&, const Op&) { return {}; }
  static Shown shown(const GSet<A>& s) {
    Shown elements = s.elements();
    RC_ASSERT(elements.size() == s.size());
    for (const auto& word : words) {
      RC_ASSERT(s.contains(word) == std::binary_search(elements.begin(), elements.end(), word));
    }
    return elements;
  }
  static Shown expected(const std::vector<Op>& log, const Known& known) {
    std::set<std::string> elements;
    for (const std::size_t i : known) elements.insert(log[i].element);
    return {elements.begin(), elements.end()};
  }
};

template <class A>
struct Naive<OrSet<A>> {
  // An add, a removal of the dots that its writer saw, or both: an add retires the writer's older
  // ones.
  struct Op {
    std::size_t actor = 0;
    std::optional<Dot<A>> dot;
    std::string element;
    std::set<Dot<A>> removes;
  };
  using Shown = std::vector<std::string>;

  static OrSet<A> write(OrSet<A>& s, std::size_t actor, const Step& step,
                        const std::vector<Op>& log, Op& op) {
    const A self = actor_of<A>(actor);
    op = {actor, std::nullopt, words[step.arg % words.size()], {}};
    const bool adds = step.what % 2 == 0;
    // Its own adds of it that it has not retired yet, whether or not others removed them.
    for (const Op& past : log) {
      if (past.actor != actor) continue;
      for (const Dot<A>& dot : past.removes) op.removes.erase(dot);
      if (past.dot && past.element == op.element) op.removes.insert(*past.dot);
    }
    if (!adds) {
      for (const Dot<A>& dot : s.dots(op.element)) op.removes.insert(dot);
    }
    if (!adds) return s.remove(self, op.element);
    op.dot = Dot<A>{self, log.size() + 1};  // grows; gaps, as when other keys are written between
    return s.add(self, op.dot->op, op.element);
  }
  static Known includes(const std::vector<Op>&, const Op&) { return {}; }
  static Shown shown(const OrSet<A>& s) {
    Shown elements = s.elements();
    RC_ASSERT(elements.size() == s.size());
    for (const auto& word : words) {
      const bool there = std::binary_search(elements.begin(), elements.end(), word);
      RC_ASSERT(s.contains(word) == there);
      RC_ASSERT(s.dots(word).empty() == !there);
    }
    return elements;
  }
  static Shown expected(const std::vector<Op>& log, const Known& known) {
    std::set<Dot<A>> removed;
    for (const std::size_t i : known) {
      removed.insert(log[i].removes.begin(), log[i].removes.end());
    }
    std::set<std::string> elements;
    for (const std::size_t i : known) {
      if (log[i].dot && !removed.contains(*log[i].dot)) elements.insert(log[i].element);
    }
    return {elements.begin(), elements.end()};
  }
};

template <class A>
struct Naive<LwwRegister<A>> {
  struct Op {
    std::size_t actor = 0;
    std::uint64_t op = 0;
    Hlc hlc;
    std::string value;
  };
  using Shown = std::vector<std::string>;  // under several horizons

  static LwwRegister<A> write(LwwRegister<A>& s, std::size_t actor, const Step& step,
                              const std::vector<Op>& log, Op& op) {
    op = {actor, log.size() + 1, Hlc{step.arg % 16}, words[step.what % words.size()]};
    return s.set(actor_of<A>(actor), op.op, op.hlc, op.value);
  }
  static Known includes(const std::vector<Op>& log, const Op& op) {
    return all_of_actor(log, op.actor);
  }

  static std::string show(const std::optional<std::tuple<Hlc, A, std::string>>& winner) {
    if (!winner) return "none";
    return std::to_string(std::get<0>(*winner).packed) + std::get<2>(*winner);
  }
  static Shown shown(LwwRegister<A> s) {
    Shown all;
    std::string before = "?";
    for (std::uint64_t horizon = 0; horizon <= 16; ++horizon) {
      const bool changed = s.set_horizon(Hlc{horizon});
      const auto w = s.winner();
      if (w) {
        RC_ASSERT(s.part(w->actor)->op == w->op);
        RC_ASSERT(w->hlc <= Hlc{horizon});
      }
      if (const auto next = s.next_release()) RC_ASSERT(*next > Hlc{horizon});
      all.push_back(w ? show(std::tuple(w->hlc, w->actor, std::string(w->value))) : "none");
      RC_ASSERT(horizon == 0 || changed || all.back() == before);
      before = all.back();
    }
    return all;
  }
  static Shown expected(const std::vector<Op>& log, const Known& known) {
    std::map<std::size_t, const Op*> last;
    for (const std::size_t i : known) {
      const Op*& held = last[log[i].actor];
      if (held == nullptr || log[i].op > held->op) held = &log[i];
    }
    Shown all;
    for (std::uint64_t horizon = 0; horizon <= 16; ++horizon) {
      std::optional<std::tuple<Hlc, A, std::string>> best;
      for (const auto& [actor, op] : last) {
        const std::tuple<Hlc, A, std::string> candidate{op->hlc, actor_of<A>(actor), op->value};
        if (op->hlc <= Hlc{horizon} && (!best || candidate > *best)) best = candidate;
      }
      all.push_back(show(best));
    }
    return all;
  }
};

template <class T>
class World {
 public:
  static constexpr std::size_t replicas = 3;
  using Oracle = Naive<T>;

  struct Delta {
    T value;
    Known known;
  };
  std::vector<Delta> deltas;
  std::array<T, replicas> at;
  std::array<Known, replicas> known;
  std::vector<typename Oracle::Op> log;

  void take(const Step& step) {
    T& state = at.at(step.replica);
    if (step.what < 5) {
      write(state, step);
    } else if (step.what < 7 || deltas.empty()) {
      const std::size_t from = step.arg % replicas;
      state.join(at[from]);
      known[step.replica].insert(known[from].begin(), known[from].end());
    } else {
      const Delta& delta = deltas[step.arg % deltas.size()];
      state.join(delta.value);
      known[step.replica].insert(delta.known.begin(), delta.known.end());
    }
    RC_ASSERT(Oracle::shown(state) == Oracle::expected(log, known[step.replica]));
  }

  T everything() const {
    T all;
    for (const T& state : at) all.join(state);
    return all;
  }

 private:
  void write(T& state, const Step& step) {
    const T before = state;
    typename Oracle::Op op;
    const T delta = Oracle::write(state, step.replica, step, log, op);
    RC_ASSERT(delta.is_bottom() == (state == before));
    if (delta.is_bottom()) return;              // what changes nothing is no operation
    RC_ASSERT(joined(before, delta) == state);  // delta-join = full join
    RC_ASSERT(delta.leq(state));
    Known made = Oracle::includes(log, op);
    made.insert(log.size());
    log.push_back(op);
    known[step.replica].insert(made.begin(), made.end());
    deltas.push_back({delta, made});
  }
};

}  // namespace tributary::crdt
