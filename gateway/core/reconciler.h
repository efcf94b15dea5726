// SPDX-License-Identifier: Apache-2.0
// Asks and answers: what two gateways that are online send each other to become equal, in
// proportion to their difference (docs/protocol.md section 7). Peers decides when to ask; this
// makes the sketches, answers those of others, and gives back what an answer said is lacking there.
//
//   reconciler.ask(due, out);                       // ours goes out
//   reconciler.on_ask(now, name, ask);              // theirs waits for its turn
//   for (const Peers::Name& who : reconciler.run(now, idle, out, counters)) peers.answered(now,
//   who);
//
// What others ask is kept within bounds and answered one at a time, no faster than answers may take
// of the link; it changes nothing here. Envelopes that come with an answer are none of its
// business: they go the way of all others.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "gateway/core/live.h"
#include "gateway/core/peers.h"
#include "gateway/core/types.h"
#include "transports/wire/ask.h"

namespace tributary::core {

class Reconciler {
 public:
  using Name = Peers::Name;

  // `base`: "<root>/gw".
  Reconciler(const Options& options, std::string base, const LiveSet& live)
      : options_(options), base_(std::move(base)), live_(live) {}

  // REQUIRES: no commit is in flight.
  void ask(const Peers::AskDue&, Output&);
  void on_ask(Instant, const Name& from, const wire::Ask&, Counters&);
  void on_answer(Instant, const Name& from, const wire::Answer&, Counters&);
  void disconnected(LinkId);

  // Answers one of those who asked, and gives back what others lack once what they had is joined:
  // `idle` says that nothing waits for that. Whom it answered. REQUIRES: no commit is in flight.
  std::vector<Name> run(Instant, bool idle, Output&, Counters&);
  std::uint64_t deadline() const;

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  struct Asked {  // by a peer
    std::uint64_t token = 0, buckets = 0;
    std::string cells;
    std::uint64_t order = 0;
  };
  struct Own {  // our last ask of a peer
    std::uint64_t token = 0, buckets = 0;
  };
  struct Owed {  // what a peer lacks, by its answer: to be given back
    Name to;
    Own of;
    std::vector<std::uint64_t> lacks;
    std::uint64_t due_ms = never, late_ms = never;
  };
  wire::Sketch sketch(std::uint64_t token, std::uint64_t buckets, std::size_t cells) const;
  // Those of the stored envelopes in these buckets that are called so; ids ascending.
  std::vector<LiveSet::Item> called(std::uint64_t token, std::uint64_t buckets,
                                    const std::vector<std::uint64_t>& ids) const;
  std::size_t answer(const Name&, const Asked&, Output&) const;
  bool give_back(const Owed&, Output&) const;
  std::size_t publish(const Name& to, const wire::Answer&, Output&) const;
  std::string topic(const char* what, const std::string& to) const;

  const Options& options_;
  std::string base_;
  const LiveSet& live_;
  std::map<Name, Asked> asked_;
  std::map<Name, Own> own_;
  std::vector<Owed> owed_;
  std::uint64_t orders_ = 0, next_answer_ms_ = 0;
};

}  // namespace tributary::core
