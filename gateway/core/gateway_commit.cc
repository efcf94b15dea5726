// SPDX-License-Identifier: Apache-2.0
// Join, commit, and what follows a commit. Strictly in turn: while a commit is in flight nothing is
// joined, so memory is either what the disk rebuilds, or that and the one commit in flight.
#include <algorithm>
#include <cassert>

#include "crdt/planted.h"
#include "gateway/core/coding.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

// Envelopes joined in one go when many wait: bounds a transaction, and how long the owner thread is
// away.
constexpr std::size_t flush_max = 4'096;
constexpr std::uint64_t retry_min_ms = 100, retry_max_ms = 5'000;
constexpr std::uint64_t dead_letter_delay_ms = 1'000;
constexpr std::uint64_t heard_step_ms = 60'000;    // how exactly it is noted when who was heard
constexpr std::uint64_t heard_delay_ms = 600'000;  // how long that may be missing on the disk
constexpr std::size_t sweep_entries = 200;
constexpr std::uint64_t sweep_pause_ms = 100;
constexpr std::size_t batch_bytes_max = 512 * 1024;
constexpr std::uint64_t value_rows_intervals = 12;  // values_interval_ms, until rows commit alone
constexpr std::size_t value_rows_max = 5'000;       // no longer wait; one look brings as many

// version 1: live envelopes (count, sum of hashes), then the intake. Version 2: between them a
// silent envelope (ack_book.h), its length first.
std::string encode_actor(const ActorRecord& a, std::string_view silent) {
  const std::string intake = a.intake.encode();
  Writer w(1 + 2 * sizeof(std::uint64_t) + sizeof(std::uint32_t) + silent.size() + intake.size());
  w.u8(silent.empty() ? 1 : 2);
  w.u64(a.live_count);
  w.u64(a.live_sum);
  if (!silent.empty()) {
    w.u32(static_cast<std::uint32_t>(silent.size()));
    w.bytes(silent);
  }
  w.bytes(intake);
  return w.finish();
}

}  // namespace

// When what waits makes a batch, before its time is over; nullopt: it is not enough. More is worth
// more while it comes faster than it is read: then what gave its place to the next does not count.
std::optional<std::uint64_t> Gateway::Impl::batch_due(Instant now) const {
  constexpr std::size_t times = 4;
  const std::size_t held = stuck_at(now), enough = options.batch_envelopes_max;
  if (pending_count < held + enough) return std::nullopt;
  return pending.size() < held + times * enough ? more_until_ms : 0;
}

bool Gateway::Impl::flush_due(Instant now) const {
  if (in_flight || !started) return false;
  if ((settle_due() || !keys.wished().empty()) && now.mono_ms >= unreadable_until_ms) return true;
  if (const auto due = batch_due(now); due && now.mono_ms >= *due) return true;
  if (pending_since_ms != never && !only_stuck(now) &&
      (now.mono_ms >= pending_since_ms + options.batch_timeout_ms || stopping)) {
    return true;
  }
  if (now.mono_ms >= views.rows_deadline() || now.mono_ms >= value_rows_due_ms) return true;
  if (!quarantined.empty() || !rows_to_erase.empty()) return true;
  if (now.mono_ms >= next_sweep_ms || now.mono_ms >= heard_due_ms) return true;
  if (stopping && (!heard.empty() || !value_rows.empty())) return true;
  return !dead_letters.empty() &&
         (now.mono_ms >= dead_letter_window_ms + dead_letter_delay_ms || stopping);
}

// Of one that is joined in a moment: most of it lies anywhere in tables that no cache holds.
void Gateway::Impl::look_ahead(const Pending& p) const {
  const wire::Envelope& e = p.envelope.envelope();
  actors.look_ahead(e.delta.device, e.delta.epoch);
  acks.look_ahead(e.delta.device);
  live.look_ahead(e.hash);
  if (e.delta.entries.empty()) return;
  keys.look_ahead(e.delta.entries.front().key, e.delta.entries.front().type);
}

void Gateway::Impl::flush(Instant now) {
  assert(!in_flight);
  if (settle_due() && now.mono_ms >= unreadable_until_ms) settle(now);
  make_room();
  InFlight work;
  std::size_t n = std::min(pending.size(), flush_max);
  const bool read = warm_for(now, n, work);
  if (live.rotten() && !settling) return leave_rotten();
  if (!read && stopping) drop_pending();
  stuck = 0;
  n = std::min(n, pending.size());
  newest_at.clear();
  for (std::size_t i = 0; i < n; ++i) {
    if (constexpr std::size_t ahead = 4; pending.size() > ahead) look_ahead(pending[ahead]);
    Pending p = std::move(pending.front());
    pending.pop_front();
    if (!read && names_cold(p)) {
      stuck += p.envelopes();
      pending.push_back(std::move(p));
      continue;
    }
    pending_bytes -= p.envelope.envelope().bytes->size();
    pending_count -= p.envelopes();
    if (p.source.letter != 0) work.letters.push_back(p.source.letter);
    apply(now, std::move(p), work);
  }
  if (read) join_evidence(now, work);
  pending_since_ms = pending.empty() && pending_evidence.empty() ? never : now.mono_ms;
  settle_foreign(work);
  sweep(now, work);
  fill_rows(now, work);
  const bool nothing = work.rows->empty();
  work.ticket = next_ticket++;
  if (planted(Bug::ack_before_commit)) {
    acks.send({options, incarnation, clock.tick(now.wall_ms), live, actors, share}, out, counters);
  }
  in_flight = std::move(work);
  if (nothing) {
    finish(now);
  } else {
    ask(now);
  }
}

// Even if all of it were new.
bool Gateway::Impl::surely_within_limits(const wire::Envelope& e) const {
  const wire::Delta& d = e.delta;
  std::size_t named = 1;  // actors
  for (const wire::Entry& x : d.entries) {
    if (keys.bytes(x.type) >= options.type_bytes_max[wire::known(x.type) ? x.type : 0])
      return false;
    if (const auto* set = std::get_if<wire::OrSetPayload>(&x.payload)) named += set->foreign.size();
  }
  return actors.size() + named <= options.actors_max &&
         keys.size() + d.entries.size() <= options.keys_max && memory() < options.total_bytes_max;
}

std::optional<Denial> Gateway::Impl::over_limit(const wire::Envelope& e) const {
  if (surely_within_limits(e)) return std::nullopt;
  const wire::Delta& d = e.delta;
  std::set<std::pair<std::string_view, std::uint64_t>> strangers;
  ActorRecord* const actor = actors.find(d.device, d.epoch);
  if (actor == nullptr) strangers.emplace(d.device, d.epoch);
  std::size_t keys_new = 0;
  bool grows_any = false;
  for (const wire::Entry& x : d.entries) {
    if (keys.find(x.key, x.type) == nullptr) ++keys_new;
    if (const auto* set = std::get_if<wire::OrSetPayload>(&x.payload)) {
      for (const auto& f : set->foreign) {
        if (actors.find(f.device, f.epoch) == nullptr) strangers.emplace(f.device, f.epoch);
      }
    }
    const bool grows = actor == nullptr || keys.would_grow({actor}, x);
    grows_any |= grows;
    if (grows && keys.bytes(x.type) >= options.type_bytes_max[wire::known(x.type) ? x.type : 0]) {
      return Denial{
          Reject::memory, "memory limit of type " + wire::type_name(x.type) + " reached", {}};
    }
  }
  if (!strangers.empty() && actors.size() + strangers.size() > options.actors_max) {
    return Denial{
        Reject::limit, "limit of " + std::to_string(options.actors_max) + " actors reached", {}};
  }
  if (keys_new > 0 && keys.size() + keys_new > options.keys_max) {
    return Denial{
        Reject::limit, "limit of " + std::to_string(options.keys_max) + " keys reached", {}};
  }
  if (grows_any && memory() >= options.total_bytes_max) {
    return Denial{Reject::memory, "memory limit reached", {}};
  }
  return std::nullopt;
}

// That it is here, for the acknowledgement; what it says is joined by itself.
void Gateway::Impl::came(Instant now, ActorRecord& actor, const Came& c, InFlight& work) {
  const Intake::Receipt& r = c.receipt;
  actor.through |= c.source.through;
  const std::uint64_t before = actor.intake.contiguous().op;
  if (actor.intake.record(r)) touch(actor);
  const bool advanced = actor.intake.contiguous().op != before;
  actor.look_for_gap(now.mono_ms, advanced);
  counters.operations += actor.intake.contiguous().op - before;
  if (c.source.device) {
    if (now.wall_ms >= actor.heard_at_ms + heard_step_ms) note_heard(now, actor);
    actor.heard_at_ms = now.wall_ms;
    actor.clock_ms = static_cast<std::int64_t>(c.hlc.ms()) - static_cast<std::int64_t>(now.wall_ms);
    work.received_ms.push_back(c.received_ms);
    acks.answer(actor, {r.from, r.to, r.hash}, c.source.link);
  } else if (advanced) {
    acks.advanced(actor);
  }
  clock.observe(c.hlc, now.wall_ms, options.clock_ahead_max_ms);
}

void Gateway::Impl::apply(Instant now, Pending&& p, InFlight& work) {
  // What is here already is no growth: it is answered again, in case the first answer was lost.
  const bool known = live.contains(p.envelope.envelope().hash);
  const bool counting = !known && counts_on(p.envelope.envelope());
  if (const auto full = known || counting ? std::nullopt : over_limit(p.envelope.envelope())) {
    // Not a refusal: the device keeps its state and tries again, and an operator may raise the
    // limit.
    counters.rejected[static_cast<std::size_t>(full->reason)] += 1;
    notice(Notice::Level::error, name(full->reason),
           full->rule + ": not acknowledging what is new until it is raised");
    letters.refuse(p.source.letter, full->rule);
    if (p.source.device)
      refusals.note(p.envelope.envelope().delta.device, full->reason, now.wall_ms);
    return;
  }
  const bool verified = p.envelope.verified();
  const wire::Envelope e = std::move(p.envelope).take();
  const wire::Delta& d = e.delta;
  ActorRecord& actor = actors.intern(d.device, d.epoch);
  assert(!actor.cold);
  actor.active = steps_of(now.mono_ms);
  passed_over(now, actor, p.passed_over, d.entries, work);
  if (options.trust.signer) acks.keep_overtaken(actor, {d.from, d.to, e.hash}, live);
  came(now, actor, {receipt_of(e), d.hlc, p.source, p.received_ms}, work);
  if (options.trust.signer && acks.keep_silent(actor, e)) touch(actor);

  // What was held when it came may have been superseded since; its bytes were not verified.
  if (!verified || (known && !planted(Bug::skip_duplicate_check))) {
    counters.duplicates += 1;
    return;
  }
  if (const auto row = rows_of_strangers.find(e.hash); row != rows_of_strangers.end()) {
    rows_to_erase.push_back(row->second);  // it gets another one, in the same commit
    rows_of_strangers.erase(row);
  }
  recent.insert(e.hash);
  learn(d);
  if (counting) {
    drop(count_on(e, actor, now.wall_ms), work);
  } else {
    const std::vector<KeyState*> of_entries = apply_entries(actor, d, now.wall_ms);
    look_for_contradiction(now, e, actor, of_entries, work);
    drop(live.insert(e, actor, of_entries, next_row++, false), work);
  }
  LiveEnvelope* const kept = live.find(e.hash);
  if (kept == nullptr) {
    counters.duplicates += 1;
    return;
  }
  last_news_ms = now.mono_ms;
  touch(actor);
  work.fresh.push_back({e.hash, kept, p.source});
  if (p.source.own_past) {
    notice(Notice::Level::warning, "own-past",
           "recovered from the broker what this gateway had published and its database had lost");
  }
}

std::vector<KeyState*> Gateway::Impl::apply_entries(ActorRecord& actor, const wire::Delta& d,
                                                    std::uint64_t wall_ms) {
  std::vector<KeyState*> of_entries;
  of_entries.reserve(d.entries.size());
  for (const wire::Entry& x : d.entries) {
    KeyState* before = of_entries.empty() ? nullptr : of_entries.back();
    of_entries.push_back(&keys.intern_after(before, x.key, x.type));
    const bool changed = keys.apply(actor, *of_entries.back(), x, wall_ms);
    if (const auto* r = of_entries.back()->if_a<LwwRegister>(); r != nullptr && changed) {
      const auto shown = r->winner();
      const bool hidden = shown && shown->actor != ActorRef{&actor} &&
                          shown->hlc > std::get<wire::LwwPayload>(x.payload).hlc;
      counters.register_writes += 1;
      counters.register_conflicts += hidden ? 1 : 0;
    }
    counters.entries[wire::known(x.type) ? x.type : 0] += 1;
  }
  return of_entries;
}

// Removals by others: told to the owner; and entries whose only use was a removal whose target is
// dead now are collected.
void Gateway::Impl::settle_foreign(InFlight& work) {
  for (const ForeignRemoval& f : keys.take_foreign()) acks.removed(f);
  std::vector<std::pair<KeyState*, ActorRef>> done = keys.take_released();
  std::sort(done.begin(), done.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first->key, a.first->type, a.second) <
           std::tie(b.first->key, b.first->type, b.second);
  });
  done.erase(std::unique(done.begin(), done.end()), done.end());
  for (const auto& [key, actor] : done) {
    drop(live.recheck(*key, actor), work);
    touch(*actor.record);
    work.thinned.insert(
        actor.record->bucket);  // its digest lost the removal, whatever is collected
  }
}

void Gateway::Impl::drop(const std::vector<Dropped>& gone, InFlight& work) {
  for (const Dropped& g : gone) {
    counters.superseded += 1;
    if (g.stored) {
      work.rows->erase.push_back(g.row);
      work.thinned.insert(g.actor->bucket);
      touch(*g.actor);  // its row counts what is live
    } else {
      std::erase_if(work.fresh, [&](const Fresh& f) { return f.hash == g.hash; });
    }
  }
}

// A little at a time: the owner thread is never away for long.
void Gateway::Impl::sweep(Instant now, InFlight& work) {
  if (now.mono_ms < next_sweep_ms) return;
  if (!live.sweeping()) live.begin_sweep();
  const std::vector<Dropped> gone = live.sweep(sweep_entries);
  drop(gone, work);
  next_sweep_ms = now.mono_ms + (live.sweeping() ? sweep_pause_ms : options.cleanup_interval_ms);
}

void Gateway::Impl::touch(ActorRecord& actor) {
  assert(!actor.cold);
  if (actor.touched) return;
  actor.touched = true;
  touched.push_back(&actor);
}

// A device at rest that says again what was said needs no commit of its own.
void Gateway::Impl::note_heard(Instant now, ActorRecord& actor) {
  if (actor.heard) return;
  actor.heard = true;
  heard.push_back(&actor);
  if (heard_due_ms == never) heard_due_ms = now.mono_ms + heard_delay_ms;
}

// Rows for people need no commit of their own either: they wait for one that has more to say, while
// who looks on has them at once.
void Gateway::Impl::fill_value_rows(Instant now, Commit& rows) {
  if (settling) {
    value_rows.clear();
    value_rows_due_ms = never;
    return;
  }
  if (now.mono_ms >= views.rows_deadline() || stopping) {
    std::vector<ValueRow> shown = views.take_rows(now);
    if (value_rows.empty() && !shown.empty())
      value_rows_due_ms = now.mono_ms + value_rows_intervals * options.values_interval_ms;
    for (const ValueRow& row : shown) value_rows.insert_or_assign({row.key, row.type}, row);
    out.values.insert(out.values.end(), std::make_move_iterator(shown.begin()),
                      std::make_move_iterator(shown.end()));
  }
  const bool due = now.mono_ms >= value_rows_due_ms || value_rows.size() >= value_rows_max;
  if (!due && !stopping && rows.empty()) return;
  for (auto& [name, row] : std::exchange(value_rows, {})) rows.values.push_back(std::move(row));
  value_rows_due_ms = never;
}

void Gateway::Impl::fill_fresh(InFlight& work) const {
  work.rows->insert.reserve(work.fresh.size());
  for (const Fresh& fresh : work.fresh) {
    const LiveEnvelope& e = *fresh.envelope;
    const crdt::Actor& actor = e.actor->name;
    work.rows->insert.push_back(
        {e.row, std::string(e.hash.view()), actor.device, actor.epoch, e.from, e.to, *e.bytes});
  }
}

ActorRow Gateway::Impl::row_of(ActorRecord& a) {
  a.touched = a.heard = false;
  if (a.row == 0) a.row = next_actor_row++;
  return {a.row, a.name.device, a.name.epoch, encode_actor(a, acks.silent(a)), a.heard_at_ms};
}

void Gateway::Impl::fill_rows(Instant now, InFlight& work) {
  Commit& rows = *work.rows;
  fill_fresh(work);
  const bool more = !rows.insert.empty() || !touched.empty() || !rows_to_erase.empty();
  if (more || now.mono_ms >= heard_due_ms || stopping) {
    for (ActorRecord* a : std::exchange(heard, {})) {
      if (a->heard) touch(*a);
    }
    heard_due_ms = never;
  }
  for (ActorRecord* a : std::exchange(touched, {})) rows.actors.push_back(row_of(*a));
  for (const std::uint64_t row : std::exchange(rows_to_erase, {})) rows.erase.push_back(row);
  rows.dead_letters = std::exchange(dead_letters, {});
  rows.quarantine = std::exchange(quarantined, {});
  views.changed(now, keys.take_changed());
  rows.forget_values = settling;
  fill_value_rows(now, rows);
}

void Gateway::Impl::ask(Instant now) {
  assert(in_flight && !in_flight->asked);
  in_flight->asked = true;
  in_flight->retry_at_ms = now.mono_ms;
  out.commit = CommitRequest{in_flight->ticket, in_flight->rows};
  if (planted(Bug::head_of_uncommitted)) run_publishers(now);
}

void Gateway::Impl::committed(Instant now, Ticket ticket) {
  if (!in_flight || in_flight->ticket != ticket) return;
  counters.commits += 1;
  if (!degraded.empty()) {
    degraded.clear();
    notice(Notice::Level::info, "recovered", "the database takes commits again");
    for (LinkId l = 0; l < links.size(); ++l) publish_status(l, true, now.wall_ms);
  }
  finish(now);
  if (flush_due(now)) flush(now);
}

void Gateway::Impl::commit_failed(Instant now, Ticket ticket, std::string reason) {
  if (!in_flight || in_flight->ticket != ticket) return;
  counters.commit_failures += 1;
  in_flight->asked = false;
  const std::uint64_t pause =
      std::min(retry_max_ms, retry_min_ms << std::min(in_flight->failures, 6u));
  in_flight->failures += 1;
  in_flight->retry_at_ms = now.mono_ms + pause;
  in_flight->ticket = next_ticket++;
  notice(Notice::Level::error, "commit",
         "nothing is acknowledged until the database takes it: " + reason);
  const bool news = degraded != reason;
  degraded = std::move(reason);
  if (!news) return;
  for (LinkId l = 0; l < links.size(); ++l) publish_status(l, true, now.wall_ms);
}

// The commit is durable (or there was nothing to make durable): now others may be told.
void Gateway::Impl::finish(Instant now) {
  assert(in_flight);
  const InFlight done = std::move(*in_flight);
  in_flight.reset();
  for (const Fresh& fresh : done.fresh) {
    LiveEnvelope& e = *fresh.envelope;
    assert(e.hash == fresh.hash && !e.stored);
    e.stored = true;
    announcer.changed(now, e.actor->bucket);
  }
  for (const std::uint32_t bucket : done.thinned) announcer.changed(now, bucket);
  for (const std::uint64_t letter : done.letters) letters.settle(letter, out.letters);
  for (const std::uint64_t ms : done.received_ms)
    counters.ack.observe_us((now.mono_ms - std::min(now.mono_ms, ms)) * 1'000);
  relay(done.fresh);
  acks.send({options, incarnation, clock.tick(now.wall_ms), live, actors, share}, out, counters);
}

// To peers on every link, except back to where a peer sent it. What was read from retained state is
// relayed to other links only: on its own link every peer can read it. Where no other gateway was
// heard nobody listens, and who comes reads what is retained.
void Gateway::Impl::relay(const std::vector<Fresh>& fresh) {
  for (LinkId l = 0; l < links.size(); ++l) {
    if (!links[l].options.peers || !links[l].connected || !peers.any_on(l)) continue;
    std::vector<std::string_view> batch;
    std::size_t bytes = 0;
    const auto send = [&] {
      if (batch.empty()) return;
      const std::string pack = wire::encode_pack(batch, options.codec);
      wire::Batch b;
      b.gateway = options.gateway;
      b.incarnation = incarnation;
      b.session = session;
      b.number = ++links[l].batch_number;
      b.pack = pack;
      out.publishes.push_back(
          {l, base + '/' + options.gateway + "/delta", wire::encode(b), false, true});
      counters.batches_out += 1;
      batch.clear();
      bytes = 0;
    };
    for (const Fresh& f : fresh) {
      if (!f.source.device && f.source.link == l && !planted(Bug::relay_loop)) continue;
      const std::string_view envelope = *f.envelope->bytes;
      if (bytes + envelope.size() > batch_bytes_max) send();
      batch.push_back(envelope);
      bytes += envelope.size();
    }
    send();
  }
}

}  // namespace tributary::core
