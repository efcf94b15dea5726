// SPDX-License-Identifier: Apache-2.0
// The part of an OR-Set that one entry stands for, with the actors it names interned.
#pragma once
#include "crdt/orset.h"
#include "gateway/core/actors.h"
#include "transports/wire/envelope.h"

namespace tributary::core {

// REQUIRES: an OR-Set entry.
inline crdt::OrSetPart<ActorRef> orset_part(ActorTable& actors, const wire::Entry& entry) {
  const auto& p = std::get<wire::OrSetPayload>(entry.payload);
  crdt::OrSetPart<ActorRef> part;
  part.covered.add(entry.lo, entry.hi);
  for (const std::uint64_t op : p.removed) part.covered.add(op);
  for (const auto& add : p.adds) part.live.insert(add.op, add.element);
  for (const auto& f : p.foreign) part.foreign.insert({{&actors.intern(f.device, f.epoch)}, f.op});
  return part;
}

}  // namespace tributary::core
