// SPDX-License-Identifier: Apache-2.0
// A replica made of the data types alone: an OR-Set and a PN-Counter that change by their own
// deltas. What is sent is what the replica knows as it stands then, as one state or as all the
// deltas it was ever made of; which of the two the receiver joins, in which order and how often
// each, is drawn when it arrives and must not matter.
//
//   CrdtReplica r(0, random, reached);  r.add("x");
//   other.take(r.send());  other.elements();
#pragma once
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "crdt/orset.h"
#include "crdt/pncounter.h"

namespace tributary::oracles {

class CrdtReplica {
 public:
  struct State {
    crdt::OrSet<> set;
    crdt::PnCounter<> counter;
    void join(const State& other) {
      set.join(other.set);
      counter.join(other.counter);
    }
  };
  // Number of the delta (replica and sequence) → delta. Shared: they do not change.
  using Deltas = std::map<std::uint64_t, std::shared_ptr<const State>>;
  struct Message {
    State state;
    Deltas deltas;
  };

  // What happened is counted in `reached`, by its name.
  using Reached = std::map<std::string, int>;
  static inline const std::vector<std::string> must_reach = {"joined whole", "joined by deltas"};
  CrdtReplica(std::size_t index, std::mt19937_64& random, Reached& reached)
      : actor_{"replica-" + std::to_string(index), 1},
        index_(index),
        random_(random),
        reached_(reached) {}

  void add(const std::string& element) { note({state_.set.add(actor_, ++op_, element), {}}); }
  void remove(const std::string& element) { note({state_.set.remove(actor_, element), {}}); }
  void count(bool up, std::uint64_t amount) {
    auto delta =
        up ? state_.counter.increment(actor_, amount) : state_.counter.decrement(actor_, amount);
    note({{}, *delta});
  }

  Message send() const { return {state_, known_}; }
  void take(const Message& m);

  std::string counter() const { return std::to_string(static_cast<long>(state_.counter.value())); }
  std::vector<std::string> elements() const { return state_.set.elements(); }

 private:
  void note(State delta) {
    known_.emplace(std::uint64_t{index_} << 32 | ++made_,
                   std::make_shared<const State>(std::move(delta)));
  }

  crdt::Actor actor_;
  std::size_t index_;
  std::mt19937_64& random_;
  Reached& reached_;
  State state_;
  Deltas known_;
  std::uint64_t op_ = 0, made_ = 0;
};

}  // namespace tributary::oracles
