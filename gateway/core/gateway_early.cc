// SPDX-License-Identifier: Apache-2.0
// What is answered before all is restored: most devices only go on with what they said before, and
// of those the envelopes of their own actor tell all that an acknowledgement rests on. Whatever
// else the disk has is joined later, in whatever order (crdt/semilattice.h); nobody but devices is
// told anything before it is.
#include <algorithm>
#include <cassert>

#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

constexpr std::size_t completed_at_once = 64;

}  // namespace

void Gateway::Impl::begin_early(Instant now, std::uint64_t last_row) {
  assert(!started && !early && live.size() == 0);
  see(now);
  next_row = std::max(next_row, last_row + 1);
  early.emplace();
  for (const ActorRow& row : restored_actors) {
    ActorRecord& actor = actors.intern(row.device, row.epoch);
    actor.row = row.row;
    actor.heard_at_ms = row.heard_at_ms;
    early->rows.emplace(&actor, &row);
  }
}

// Its actor's row tells how many there are.
bool Gateway::Impl::is_begun(const ActorRecord& actor) const {
  const auto row = early->rows.find(&actor);
  if (actor.cold || early->whole.contains(&actor) || row == early->rows.end()) return false;
  const auto received = received_of(*row->second);
  return received && !found.at(const_cast<ActorRecord*>(&actor)).are(*received);
}

// The admin first: who may say what is in its envelopes. Where memory gets short, those of whom
// something is here: they leave it once they are whole.
std::vector<crdt::Actor> Gateway::Impl::lacking() {
  std::vector<crdt::Actor> wanted;
  const auto want = [&](const ActorRecord& actor) {
    if (early->rows.contains(&actor) && early->asked.insert(&actor).second)
      wanted.push_back(actor.name);
  };
  if (trust.on()) actors.each_epoch(wire::admin_id, want);
  for (const Pending& p : pending) {
    const wire::Delta& d = p.envelope.envelope().delta;
    if (const ActorRecord* actor = actors.find(d.device, d.epoch)) want(*actor);
  }
  if (!live.reads_back()) return wanted;
  make_room_early();
  const bool is_short = to_go().first > 0;
  while (is_short && !early->begun.empty() && wanted.size() < completed_at_once) {
    const ActorRecord& actor = *early->begun.front();
    early->begun.pop_front();
    if (!early->asked.contains(&actor) && is_begun(actor)) wanted.push_back(actor.name);
  }
  return wanted;
}

// What is not whole is looked at again at the start, when all is there.
void Gateway::Impl::all_of(const crdt::Actor& name) {
  ActorRecord* const actor = actors.find(name.device, name.epoch);
  assert(actor != nullptr && early->rows.contains(actor));
  if (adopt(seen, *early->rows.at(actor), *actor)) early->whole.insert(actor);
}

bool Gateway::Impl::goes_on(const wire::Envelope& e, const ActorRecord* actor) const {
  if (actor == nullptr || actor->cold || !early->whole.contains(actor)) return false;
  const ActorRef ref{const_cast<ActorRecord*>(actor)};
  return std::none_of(e.delta.entries.begin(), e.delta.entries.end(),
                      [&](const wire::Entry& x) { return keys.would_grow(ref, x); });
}

void Gateway::Impl::commit_early(Instant now) {
  assert(early);
  see(now);
  bool ready = !in_flight;
  if (trust.on()) {
    actors.each_epoch(wire::admin_id,
                      [&](const ActorRecord& a) { ready &= early->whole.contains(&a); });
  }
  if (!ready) return;
  std::size_t all = pending.size();        // the others wait for the next time
  (void)warm_early(cold_in_pending(all));  // who cannot be read now waits, too
  InFlight work;
  absl::flat_hash_set<const ActorRecord*> waits;  // what comes later of them does, too
  for (Pending& p : std::exchange(pending, {})) {
    const wire::Envelope& e = p.envelope.envelope();
    const ActorRecord* actor = actors.find(e.delta.device, e.delta.epoch);
    if (waits.contains(actor) || !goes_on(e, actor)) {
      waits.insert(actor);
      pending.push_back(std::move(p));
      continue;
    }
    pending_bytes -= e.bytes->size();
    pending_count -= p.envelopes();
    apply(now, std::move(p), work);
  }
  if (pending.empty()) pending_since_ms = never;
  fill_fresh(work);
  std::erase_if(touched, [&](ActorRecord* a) {
    if (!early->whole.contains(a)) return false;
    work.rows->actors.push_back(row_of(*a));
    return true;
  });
  const bool nothing = work.rows->empty();
  work.ticket = next_ticket++;
  in_flight = std::move(work);
  if (nothing) {
    finish(now);
  } else {
    ask(now);
  }
}

}  // namespace tributary::core
