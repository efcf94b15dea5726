// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/evidence.h"

#include <cassert>
#include <tuple>
#include <utility>

#include "crdt/planted.h"

namespace tributary::core {
namespace {

// Docs/protocol.md section 8: 0 is no type.
void count(DigestBook& digests, ActorRef actor, const KeptEvidence& e, std::int32_t times) {
  const crdt::Actor& a = actor.record->name;
  AtomWriter w;
  w.begin(5).number(0).text(a.device).number(a.epoch);
  w.binary(e.first.view()).binary(e.second.view());
  digests.change(actor.record->bucket, w.view(), times);
}

}  // namespace

bool EvidenceBook::better(ActorRef actor, const KeptEvidence& e) const {
  const KeptEvidence* held = find(actor);
  if (held == nullptr) return true;
  if (planted(Bug::keep_first_evidence)) return false;
  return std::make_tuple(!e.proof, e.first, e.second) <
         std::make_tuple(!held->proof, held->first, held->second);
}

void EvidenceBook::put(ActorRef actor, KeptEvidence e, DigestBook& digests) {
  assert(better(actor, e) && e.first < e.second);
  count(digests, actor, e, +1);
  const auto at = kept_.find(actor);
  if (at == kept_.end()) {
    kept_.emplace(actor, std::move(e));
    return;
  }
  count(digests, actor, at->second, -1);
  e.at_ms = at->second.at_ms;  // since when it is known
  at->second = std::move(e);
}

}  // namespace tributary::core
