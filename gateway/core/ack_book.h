// SPDX-License-Identifier: Apache-2.0
// Which devices are to be answered, and with what. Filled while a batch is joined, emptied once it
// is committed: so nothing is acknowledged before it is durable, and a duplicate no earlier than
// its original.
#pragma once
#include <cstdint>
#include <map>
#include <set>
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
  // The device itself sent an envelope over this link.
  void answer(ActorRecord&, const Asked&, LinkId);
  // The actor's acknowledged point moved by what a peer sent: told to a device that was heard here.
  void advanced(ActorRecord&);
  void refuse(std::string_view device, std::uint64_t epoch, std::uint64_t to, LinkId,
              const Denial&);
  // An add of this actor was removed by another one: quoted until it is dead.
  void removed(const ForeignRemoval&);

  struct Context {
    const Options& options;
    std::uint64_t incarnation;
    crdt::Hlc hlc;
    const LiveSet& live;
    ActorTable& actors;
  };
  // One ack for every device that is due.
  void send(const Context&, Output&, Counters&);

 private:
  struct Refused {
    std::uint64_t to = 0;
    Denial denial;
  };
  struct Answer {
    std::uint64_t from = ~std::uint64_t{0};  // the lowest that was asked about
    Asked newest;                            // the one with the highest `to`
    std::vector<Refused> refusals;
  };
  struct Due {
    std::set<LinkId> links;
    std::map<std::uint64_t, Answer> epochs;
  };
  std::string encode(const Context&, const std::string& device, const Due&);
  static std::string_view shown(const Context&, const ActorRecord&, const Asked&);

  std::map<std::string, Due> due_;
  std::map<std::string, LinkId, std::less<>> heard_on_;  // devices heard since the start
  std::map<ActorRecord*, std::vector<ForeignRemoval>> removals_;
};

}  // namespace tributary::core
