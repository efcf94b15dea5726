// SPDX-License-Identifier: Apache-2.0
// Which devices are to be answered, and with what. Filled while a batch is joined, emptied once it
// is committed: so nothing is acknowledged before it is durable, and a duplicate no earlier than
// its original.
#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/core/live.h"
#include "gateway/core/policy.h"
#include "gateway/core/types.h"

namespace tributary::core {

class AckBook {
 public:
  struct Asked {
    std::uint64_t from = 0, to = 0;  // of the delta
    wire::Hash hash;                 // of its body
  };
  // The device will be answered.
  void look_ahead(std::string_view device) const { heard_on_.prefetch(absl::HashOf(device)); }
  // The device itself sent an envelope over this link.
  void answer(ActorRecord&, const Asked&, LinkId);
  // Where envelopes are signed: this one is about to be joined, and may supersede others.
  void keep_overtaken(ActorRecord&, const Asked&, const LiveSet&);
  // Where envelopes are signed: this one was received. When it has no entries (the device left keys
  // out) it is not live, and kept here as long as it is the newest that is known of the actor.
  // True when what is kept has changed.
  bool keep_silent(const ActorRecord&, const wire::Envelope&);
  // The bytes that are kept so, for the store; empty: none. And back: ignored unless it is the
  // actor's newest.
  std::string_view silent(const ActorRecord&) const;
  void restore_silent(const ActorRecord&, std::string_view bytes, const wire::Limits&);
  // The actor's acknowledged point moved by what a peer sent: told to a device that was heard here.
  void advanced(ActorRecord&);
  void refuse(std::string_view device, std::uint64_t epoch, const Asked&, LinkId, const Denial&);
  // An add of this actor was removed by another one: quoted until it is dead.
  void removed(const ForeignRemoval&);

  struct Context {
    const Options& options;
    std::uint64_t incarnation;
    crdt::Hlc hlc;
    const LiveSet& live;
    ActorTable& actors;
    const Share& share;  // nullptr: nobody does
  };
  // One ack for every device that is due, in the order in which they became it.
  void send(const Context&, Output&, Counters&);

 private:
  struct Refused {
    std::uint64_t to = 0;
    Denial denial;
  };
  struct Answer {
    std::uint64_t epoch = 0;
    ActorRecord* actor = nullptr;            // nullptr: not looked up yet
    std::uint64_t from = ~std::uint64_t{0};  // the lowest that was asked about
    Asked newest;                            // the one with the highest `to`
    std::vector<Refused> refusals;
  };
  struct Due {
    std::string device;
    absl::InlinedVector<LinkId, 2> links;   // ascending
    absl::InlinedVector<Answer, 1> epochs;  // ascending
    void add(LinkId);
    Answer& of(std::uint64_t epoch);
  };
  Due& due(std::string_view device, std::uint64_t hash);
  std::string body_of(const Context&, const Due&);
  static void seal(const Context&, std::vector<std::string>& bodies);
  void show(const Context&, ActorRecord&, const Asked&, std::vector<std::string_view>& out) const;
  using Bytes = std::shared_ptr<const std::string>;
  // The envelope that ended at a point of the actor, live or silent; null when it is gone.
  Bytes at_point(const ActorRecord&, const wire::Hash&, const LiveSet&) const;

  // Envelopes that newer ones of the same actor reach beyond, while their sender still starts from
  // before them: kept, because what supersedes them may be a twin's.
  struct Overtaken {
    std::vector<std::pair<wire::Point, Bytes>> envelopes;  // oldest first
    std::uint32_t asks = 0;                                // since, from before the first
  };
  static constexpr std::size_t overtaken_max = 4'096;  // actors
  static constexpr std::size_t overtaken_of_one_max = 6;
  static constexpr std::uint32_t asks_in_doubt =
      3;  // more than a busy device sends in one round trip

  std::vector<Due> due_;                                    // keeps its room
  absl::flat_hash_map<std::uint64_t, std::size_t> due_at_;  // by a hash of the device's id, or the
                                                            // next one that was free
  std::map<ActorRecord*, Overtaken> overtaken_;
  struct Silent {
    wire::Hash hash;
    Bytes bytes;
  };
  std::map<const ActorRecord*, Silent> silent_;
  // Devices heard since the start, each by a hash of its id: who is taken for another is answered
  // on that one's link, as if the answer was lost.
  absl::flat_hash_map<std::uint64_t, LinkId> heard_on_;
  std::map<ActorRecord*, std::vector<ForeignRemoval>> removals_;
};

}  // namespace tributary::core
