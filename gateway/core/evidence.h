// SPDX-License-Identifier: Apache-2.0
// Which actors are known to tell two stories, and the pair of envelopes that shows it: one for each
// actor, the smallest, so that gateways which have seen different ones end with the same.
//
//   if (book.better(actor, pair, proof)) { book.put(actor, kept); … the old one goes }
//   for (auto& [actor, kept] : book.all()) …       // in order of (device, epoch)
//
// Promise: what is kept depends on which pairs were offered, never on their order. A proof, of two
// signed envelopes, is better than a pair that anybody may have made; then the smaller hashes win.
#pragma once
#include <absl/container/btree_map.h>

#include <cstdint>
#include <string>

#include "gateway/core/actors.h"
#include "gateway/core/contradiction.h"
#include "gateway/core/digest.h"
#include "transports/wire/evidence.h"

namespace tributary::core {

struct KeptEvidence {
  wire::Hash id, first, second;
  std::shared_ptr<const std::string> bytes;
  Contradiction about;
  bool proof = false;
  std::uint64_t at_ms = 0;  // wall; 0: restored
};

class EvidenceBook {
 public:
  const KeptEvidence* find(ActorRef actor) const {
    const auto at = kept_.find(actor);
    return at == kept_.end() ? nullptr : &at->second;
  }
  // It would take the place of what is kept, or be the first.
  bool better(ActorRef actor, const KeptEvidence&) const;
  // Also to the digests. REQUIRES: better().
  void put(ActorRef actor, KeptEvidence, DigestBook&);
  const absl::btree_map<ActorRef, KeptEvidence>& all() const { return kept_; }

 private:
  absl::btree_map<ActorRef, KeptEvidence> kept_;
};

}  // namespace tributary::core
