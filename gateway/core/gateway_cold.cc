// SPDX-License-Identifier: Apache-2.0
// What is at rest leaves memory when that gets short, and comes back when it is touched. The unit
// is an actor: an acknowledgement, what supersedes what, and what contradicts what rest on its own
// envelopes alone. Sums of counters, names of keys and digests stay; a register or a set leaves
// whole, once all its writers have, comes back with the first of them, and is read for who looks at
// it.
#include <algorithm>
#include <cassert>
#include <cstring>

#include "crdt/planted.h"
#include "gateway/core/coding.h"
#include "gateway/core/gateway_impl.h"

namespace tributary::core {
namespace {

// Room is made from three quarters of a limit on, below what warns (docs/alerts.md), until an
// eighth of that is free.
constexpr std::size_t mark_of(std::size_t limit) {
  return limit - limit / 4;
}
constexpr std::size_t goal_of(std::size_t mark) {
  return mark - mark / 8;
}
constexpr std::size_t grown_part = 16;          // of the mark, since a time that did not get there
constexpr std::size_t bytes_at_once_part = 16;  // of all that may be held
constexpr std::uint64_t read_pause_ms = 1'000;
constexpr std::size_t chill_rounds = 8;
constexpr std::uint64_t room_pause_ms = 10, actors_a_ms = 100;  // looking at them costs little then
constexpr std::size_t read_bytes_at_once = std::size_t{4} << 20;

}  // namespace

std::size_t Gateway::Impl::memory() const {
  const std::size_t cold = live.cold_actors();
  return keys.total_bytes() + live.memory() + (actors.size() - cold) * ActorTable::warm_bytes +
         cold * ActorTable::cold_bytes;
}

// Of all, and of each type by its number.
Gateway::Impl::Memories Gateway::Impl::memories() const {
  Memories all{
      Memory{memory(), std::min(options.warm_bytes_max, mark_of(options.total_bytes_max))}};
  for (std::size_t type = 1; type < all.size(); ++type) {
    all[type] = {keys.bytes(static_cast<std::uint8_t>(type)),
                 mark_of(options.type_bytes_max[type])};
  }
  return all;
}

bool Gateway::Impl::memory_short() {
  bool is_short = false;
  const bool again = seen.mono_ms >= room_again_ms;  // what was in use may rest by now
  const auto now = memories();
  for (std::size_t i = 0; i < now.size(); ++i) {
    floors[i] = std::min(floors[i], now[i].used);
    const std::size_t grown = again ? 0 : floors[i] + now[i].mark / grown_part;
    is_short |= now[i].used >= std::max(now[i].mark, grown);
  }
  return is_short;
}

// Nothing of it waits for the disk, or is needed for what others say: what it removed of others'
// sets is looked at when its targets die.
bool Gateway::Impl::may_rest(ActorRecord& a) const {
  return !a.cold && !a.touched && !a.heard && !a.excluded && a.row != 0 && a.live_count > 0 &&
         !a.opaque && a.removals == 0 && a.name.device != wire::admin_id &&
         evidence.find({&a}) == nullptr &&
         may_leave(seen.mono_ms, a.active, a.live_bytes + a.part_bytes);
}

// How much has to go, in bytes.
std::pair<std::size_t, bool> Gateway::Impl::to_go() const {
  std::size_t wanted = 0;
  bool typed = false;
  const auto now = memories();
  for (std::size_t i = 0; i < now.size(); ++i) {
    const std::size_t goal = goal_of(now[i].mark);
    if (now[i].used < now[i].mark || now[i].used <= goal) continue;
    wanted = std::max(wanted, now[i].used - goal);
    typed |= i > 0;
  }
  return {wanted, typed};
}

// As many as seems enough; and more when it was not, for what they wrote may be of other types, or
// to sets that others write to.
void Gateway::Impl::chill(std::vector<ActorRecord*> may) {
  std::sort(may.begin(), may.end(), [](const ActorRecord* a, const ActorRecord* b) {
    return std::tie(a->active, a->heard_at_ms, a->number) <
           std::tie(b->active, b->heard_at_ms, b->number);
  });
  keys.rest(seen.mono_ms);
  std::size_t at_least = 0;
  for (auto next = may.begin(); next != may.end(); at_least = may.size() / chill_rounds + 1) {
    auto [wanted, typed] = to_go();
    if (wanted == 0) break;
    std::vector<ActorRecord*> chosen;
    for (; next != may.end() && (wanted > 0 || chosen.size() < at_least); ++next) {
      ActorRecord* const actor = *next;
      // A part takes about what it weighs on the wire; of one type there may be less than that.
      const std::size_t leaves = typed ? actor->part_bytes / 2
                                       : ActorTable::warm_bytes - ActorTable::cold_bytes +
                                             actor->live_bytes + actor->part_bytes;
      wanted -= std::min(wanted, leaves);
      chosen.push_back(actor);
    }
    keys.digests();  // no part is loose
    live.chill(chosen);
    keys.rest(seen.mono_ms);
    for (ActorRecord* actor : chosen) actor->intake.shrink();
    counters.chilled += chosen.size();
  }
  const auto then = memories();
  for (std::size_t i = 0; i < then.size(); ++i) floors[i] = then[i].used;
  room_again_ms = seen.mono_ms + room_pause_ms + actors.size() / actors_a_ms;
}

// REQUIRES: quiet().
void Gateway::Impl::make_room() {
  assert(quiet());
  if (!live.reads_back() || settling || !memory_short()) return;
  std::vector<ActorRecord*> may;
  for (std::uint32_t n = 0; n < actors.size(); ++n) {
    if (may_rest(actors.at(n))) may.push_back(&actors.at(n));
  }
  chill(std::move(may));
}

// While the rows are read: of whom all are here, as the row of the actor says.
void Gateway::Impl::make_room_early() {
  if (!early || !live.reads_back() || !memory_short()) return;
  std::vector<ActorRecord*> may;
  for (const auto& [known, row] : early->rows) {
    ActorRecord& actor = actors.at(known->number);
    const auto held = found.find(&actor);
    if (held == found.end() || early->asked.contains(&actor) || !may_rest(actor)) continue;
    if (!early->whole.contains(&actor)) {
      const auto received = received_of(*row);
      if (!received || !held->second.are(*received) || !adopt(seen, *row, actor)) continue;
      early->whole.insert(&actor);
    }
    may.push_back(&actor);
  }
  chill(std::move(may));
}

void Gateway::Impl::Cold::put_in_order() {
  const auto in_order = [](auto& all, auto of) {
    std::sort(all.begin(), all.end(),
              [&](const auto* a, const auto* b) { return of(*a) < of(*b); });
    all.erase(std::unique(all.begin(), all.end()), all.end());
  };
  in_order(actors, [](const ActorRecord& a) { return a.row; });
  in_order(keys, [](const KeyState& k) { return k.number; });
}

void Gateway::Impl::name_resting(const wire::Delta& d, std::vector<KeyState*>& named) const {
  if (keys.resting() == 0) return;
  for (const wire::Entry& x : d.entries) {
    KeyState* const key = keys.find(x.key, x.type);
    if (key != nullptr && key->rests()) named.push_back(key);
  }
}

// What must be warm before this is joined: whose it is, whose adds it removes, for that is told to
// them, and its keys.
void Gateway::Impl::name_cold(const wire::Delta& d, Cold& named) const {
  const auto look = [&](std::string_view device, std::uint64_t epoch) {
    ActorRecord* const actor = actors.find(device, epoch);
    if (actor != nullptr && actor->cold) named.actors.push_back(actor);
  };
  look(d.device, d.epoch);
  for (const wire::Entry& x : d.entries) {
    if (const auto* set = std::get_if<wire::OrSetPayload>(&x.payload)) {
      for (const auto& f : set->foreign) look(f.device, f.epoch);
    }
  }
  name_resting(d, named.keys);
}

// False: the disk does not give them now; all is as it was.
bool Gateway::Impl::warm(Instant now, Cold wanted, std::vector<Dropped>& gone) {
  wanted.put_in_order();
  if (wanted.empty()) return true;
  if (now.mono_ms < unreadable_until_ms) return false;
  auto thawed = thaw(wanted.actors);
  if (thawed) {  // with them comes what they had written
    for (const std::vector<wire::Envelope>& its : thawed->envelopes) {
      for (const wire::Envelope& e : its) name_resting(e.delta, wanted.keys);
    }
    wanted.put_in_order();
  }
  auto copies = thawed ? read_resting(wanted.keys, &*thawed) : std::nullopt;
  if (!copies) {
    if (!live.rotten()) unreadable(now);
    return false;
  }
  for (std::size_t i = 0; i < wanted.keys.size(); ++i)
    keys.wake(*wanted.keys[i], std::move((*copies)[i]));
  for (std::size_t i = 0; i < wanted.actors.size(); ++i) {
    ActorRecord& actor = *wanted.actors[i];
    std::size_t bytes = 0;
    for (const wire::Envelope& e : thawed->envelopes[i]) bytes += e.bytes->size();
    [[maybe_unused]] const auto before = std::tuple(actor.live_count, actor.live_sum);
    live.forget_cold(actor, bytes);
    actor.intake = std::move(thawed->intakes[i]);
    actor.active = steps_of(now.mono_ms);
    std::vector<Dropped> dropped;
    for (std::size_t n = 0; n < thawed->envelopes[i].size(); ++n) {
      const wire::Envelope& e = thawed->envelopes[i][n];
      std::vector<KeyState*> of_entries;
      for (const wire::Entry& x : e.delta.entries) {
        of_entries.push_back(&keys.intern(x.key, x.type));
        keys.take_back(actor, *of_entries.back(), x);
      }
      for (const Dropped& d : live.insert(e, actor, of_entries, thawed->rows[i][n], true))
        dropped.push_back(d);
    }
    assert(!dropped.empty() || before == std::tuple(actor.live_count, actor.live_sum));
    gone.insert(gone.end(), dropped.begin(), dropped.end());
  }
  counters.warmed += wanted.actors.size();
  return true;
}

// nullopt: the disk does not give them now, or it is not what was left there (live.rotten()).
std::optional<Gateway::Impl::Thawed> Gateway::Impl::thaw(
    const std::vector<ActorRecord*>& wanted) const {
  Thawed thawed{wanted, {}, {}, {}};
  if (wanted.empty()) return thawed;
  std::vector<ColdEnvelope> cold;
  RowsWanted rows;
  for (const ActorRecord* actor : wanted) {
    rows.actors.push_back(actor->row);
    const std::vector<ColdEnvelope> its = live.cold_of(*actor);
    cold.insert(cold.end(), its.begin(), its.end());
  }
  std::sort(cold.begin(), cold.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  for (const ColdEnvelope& e : cold) rows.envelopes.push_back(e.row);
  auto read = live.read_back(rows);
  if (!read) return std::nullopt;
  if (!take_apart(*read, cold, thawed)) {
    live.found_rotten();
    return std::nullopt;
  }
  return thawed;
}

// False: it is not what was left there.
bool Gateway::Impl::take_apart(ReadRows& read, const std::vector<ColdEnvelope>& cold,
                               Thawed& thawed) const {
  const std::vector<ActorRecord*>& wanted = thawed.actors;
  if (read.envelopes.size() != cold.size() || read.actors.size() != wanted.size()) return false;
  thawed.envelopes.resize(wanted.size());
  thawed.rows.resize(wanted.size());
  absl::flat_hash_map<const ActorRecord*, std::size_t> places;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    places.emplace(wanted[i], i);
    auto received = received_of(read.actors[i]);
    const Found live_here{wanted[i]->live_count, wanted[i]->live_sum};
    if (read.actors[i].row != wanted[i]->row || !received || !live_here.are(*received))
      return false;
    thawed.intakes.push_back(std::move(received->intake));
  }
  for (std::size_t n = 0; n < cold.size(); ++n) {
    auto e = wire::decode_envelope(std::string_view(read.envelopes[n].bytes), options.wire);
    if (!e || e->hash != cold[n].hash) return false;
    const std::size_t i = places.at(cold[n].actor);
    thawed.envelopes[i].push_back(std::move(*e));
    thawed.rows[i].push_back(cold[n].row);
  }
  return true;
}

// Copies of keys that rest, with what their writers said, who are cold, or `thawed` just now. Of
// what is read only so much is here at once. nullopt: as of thaw().
std::optional<std::vector<KeyState>> Gateway::Impl::read_resting(
    std::span<const KeyState* const> resting, const Thawed* thawed) const {
  std::vector<KeyState> copies;
  absl::flat_hash_map<const KeyState*, std::size_t> places;
  Cold writers;
  for (const KeyState* key : resting) {
    places.emplace(key, copies.size());
    copies.push_back(keys.empty_copy(*key));
    for (ActorRecord* writer : key->as<Resting>().writers) writers.actors.push_back(writer);
  }
  const auto read = [&](ActorRecord& actor, const wire::Envelope& e) {
    for (const wire::Entry& x : e.delta.entries) {
      const auto at = places.find(keys.find(x.key, x.type));
      if (at != places.end()) keys.read(copies[at->second], actor, x);
    }
  };
  writers.put_in_order();
  if (thawed != nullptr && !thawed->actors.empty() && !resting.empty()) {
    const absl::flat_hash_set<const ActorRecord*> here(thawed->actors.begin(),
                                                       thawed->actors.end());
    std::erase_if(writers.actors, [&](const ActorRecord* a) { return here.contains(a); });
    for (std::size_t i = 0; i < thawed->actors.size(); ++i) {
      for (const wire::Envelope& e : thawed->envelopes[i]) read(*thawed->actors[i], e);
    }
    if (planted(Bug::wake_alone)) writers.actors.clear();
  }
  for (std::span<ActorRecord* const> left = writers.actors; !left.empty();) {
    std::size_t count = 0, bytes = 0;
    while (count < left.size() && bytes < read_bytes_at_once) bytes += left[count++]->live_bytes;
    const auto said = live.said_by(left.first(count));
    if (!said) return std::nullopt;
    for (const LiveSet::Said& s : *said) read(*s.actor, s.envelope);
    left = left.subspan(count);
  }
  return copies;
}

// What people see: what rests is read for them, and rests on.
Shown Gateway::Impl::show(std::span<const KeyState* const> wanted) const {
  Shown shown{{wanted.begin(), wanted.end()}, {}};
  std::vector<const KeyState*> resting;
  std::copy_if(wanted.begin(), wanted.end(), std::back_inserter(resting),
               [](const KeyState* key) { return key->rests(); });
  if (resting.empty()) return shown;
  auto copies = read_resting(resting, nullptr);
  if (copies) shown.copies = std::move(*copies);
  std::size_t next = 0;
  for (const KeyState*& key : shown.keys) {
    if (key->rests()) key = copies ? &shown.copies[next++] : nullptr;
  }
  return shown;
}

// The same before the start, when nothing is committed yet.
bool Gateway::Impl::warm_early(Cold wanted) {
  std::vector<Dropped> gone;
  if (!warm(seen, std::move(wanted), gone)) return false;
  for (const Dropped& d : gone) {
    rows_to_erase.push_back(d.row);
    touch(*d.actor);
  }
  return true;
}

// What is named by the first `envelopes` that wait; by fewer of them, when that is much to read: it
// bounds how long the owner thread is away, and by how much memory grows at once.
Gateway::Impl::Cold Gateway::Impl::cold_in_pending(std::size_t& envelopes) const {
  constexpr std::size_t actors_at_once = 256;
  const std::size_t bytes_at_once = std::clamp<std::size_t>(
      options.total_bytes_max / bytes_at_once_part, std::size_t{256} << 10, std::size_t{8} << 20);
  Cold named;
  if (live.cold_actors() == 0) return named;
  std::size_t bytes = 0, counted = 0, writers = 0;
  absl::flat_hash_set<const KeyState*> of_these;
  for (std::size_t i = 0; i < envelopes; ++i) {
    const std::size_t keys_before = named.keys.size();
    name_cold(pending[i].envelope.envelope().delta, named);
    for (; counted < named.actors.size(); ++counted)
      bytes += named.actors[counted]->live_bytes + named.actors[counted]->part_bytes;
    for (std::size_t k = keys_before; k < named.keys.size(); ++k) {
      if (!of_these.insert(named.keys[k]).second) continue;
      const auto& resting = named.keys[k]->as<Resting>();
      bytes += resting.bytes;
      writers += resting.writers.size();
    }
    if (named.actors.size() >= actors_at_once || writers >= Keyspace::resting_writers_max ||
        bytes >= bytes_at_once)
      envelopes = i + 1;
  }
  return named;
}

// False: the disk does not give now what is wanted for the first `envelopes`, or fewer, that wait.
bool Gateway::Impl::warm_for(Instant now, std::size_t& envelopes, InFlight& work) {
  Cold wanted = cold_in_pending(envelopes);
  for (const auto& [pair, source] : pending_evidence) name_cold(pair.first.delta, wanted);
  wanted.keys.insert(wanted.keys.end(), keys.wished().begin(), keys.wished().end());
  std::vector<Dropped> gone;
  if (!warm(now, std::move(wanted), gone)) return false;
  drop(gone, work);
  return true;
}

void Gateway::Impl::unreadable(Instant now) {
  unreadable_until_ms = now.mono_ms + read_pause_ms;
  notice(Notice::Level::error, "read-back",
         "the database cannot be read: what devices at rest say waits until it can");
}

bool Gateway::Impl::names_cold(const Pending& p) const {
  Cold named;
  name_cold(p.envelope.envelope().delta, named);
  return !named.empty();
}

// Of what waits: what cannot be joined before the disk is asked again.
std::size_t Gateway::Impl::stuck_at(Instant now) const {
  return now.mono_ms < unreadable_until_ms ? stuck : 0;
}

bool Gateway::Impl::only_stuck(Instant now) const {
  return now.mono_ms < unreadable_until_ms && pending_count == stuck;
}

// Nothing of it was acknowledged: it comes again.
void Gateway::Impl::drop_pending() {
  newest_at.clear();
  for (Pending& p : std::exchange(pending, {})) {
    pending_bytes -= p.envelope.envelope().bytes->size();
    pending_count -= p.envelopes();
    letters.refuse(p.source.letter, "the gateway is starting again");
  }
  for (auto& [pair, source] : std::exchange(pending_evidence, {}))
    pending_bytes -= pair.bytes->size();
  pending_since_ms = never;
}

// Nothing can be joined to what is lost. A start judges all that the disk has, and what it lacks is
// fetched from peers, or from devices.
void Gateway::Impl::leave_rotten() {
  if (!live.rotten() || settling) return;
  notice(Notice::Level::error, "rot",
         "the database has changed something that was at rest there; starting again to look at all "
         "of it");
  drop_pending();
  settling = stopping = true;
}

}  // namespace tributary::core
