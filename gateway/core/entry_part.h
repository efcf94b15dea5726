// SPDX-License-Identifier: Apache-2.0
// The parts that single entries stand for, of an OR-Set with the actors it names interned; and
// which of two entries says all that the other one does.
#pragma once
#include <string>
#include <tuple>

#include "crdt/lww_register.h"
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

// REQUIRES: a register's entry.
inline crdt::LwwPart lww_part(const wire::Entry& entry) {
  const auto& p = std::get<wire::LwwPayload>(entry.payload);
  return {p.op, p.hlc, std::string(p.value)};
}

// Of counters and registers: does joining `old` to `now` change nothing?
inline bool covers(const wire::Entry& now, const wire::Entry& old) {
  if (const auto* p = std::get_if<wire::GCounterPayload>(&old.payload)) {
    return std::get<wire::GCounterPayload>(now.payload).p >= p->p;
  }
  if (const auto* p = std::get_if<wire::PnCounterPayload>(&old.payload)) {
    const auto& q = std::get<wire::PnCounterPayload>(now.payload);
    return q.p >= p->p && q.n >= p->n;
  }
  const auto& p = std::get<wire::LwwPayload>(old.payload);
  const auto& q = std::get<wire::LwwPayload>(now.payload);
  return std::tie(q.op, q.hlc, q.value) >= std::tie(p.op, p.hlc, p.value);
}

}  // namespace tributary::core
