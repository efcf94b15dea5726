// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/live.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <tuple>

#include "crdt/planted.h"
#include "gateway/core/entry_part.h"

namespace tributary::core {
namespace {

// Entries without a common operation that related() passes over before it gives up: pieces of one
// set lie side by side.
constexpr int misses_few = 8;
constexpr int misses_any = std::numeric_limits<int>::max();

std::uint64_t weight_of(const wire::Hash& hash) {
  std::uint64_t v = 0;
  std::memcpy(&v, hash.bytes.data(), sizeof v);
  return v;
}

}  // namespace

wire::Entry LiveSet::entry(const EntryRef& ref) const {
  const LiveEnvelope& e = at(ref);
  return wire::entry_at(e.body(), ref.offset, e.actor->name.device, e.actor->name.epoch, e.to);
}

// An envelope has one entry of a key: two of a slot are in two envelopes.
bool LiveSet::later(const EntryRef& a, const EntryRef& b) const {
  const LiveEnvelope& x = at(a);
  const LiveEnvelope& y = at(b);
  return std::tie(x.to, x.hash) > std::tie(y.to, y.hash);
}

LiveEnvelope& LiveSet::enter(std::shared_ptr<const std::string> bytes, const wire::Hash& hash,
                             ActorRecord& actor) {
  const std::uint32_t number = envelopes_.add(std::make_unique<LiveEnvelope>());
  LiveEnvelope& e = envelopes_[number];
  e.bytes = std::move(bytes);
  e.hash = hash;
  e.actor = &actor;
  e.number = number;
  all_.insert(listed_as(hash), number);
  Bucket& bucket = buckets_[actor.bucket];
  e.place = static_cast<std::uint32_t>(bucket.size());
  bucket.push_back(&e);
  bytes_ += e.bytes->size();
  warm_bytes_ += e.bytes->size();
  bucket_bytes_[actor.bucket] += e.bytes->size();
  return e;
}

LiveEnvelope& LiveSet::take(const wire::Envelope& envelope, ActorRecord& actor, std::uint64_t row,
                            bool stored) {
  LiveEnvelope& e = enter(envelope.bytes, envelope.hash, actor);
  e.row = row;
  e.stored = stored;
  e.from = envelope.delta.from;
  e.to = envelope.delta.to;
  e.body_at = static_cast<std::uint32_t>(envelope.sealed.body.data() - envelope.bytes->data());
  e.body_bytes = static_cast<std::uint32_t>(envelope.sealed.body.size());
  e.needed = static_cast<std::uint32_t>(envelope.delta.entries.size());
  actor.live_count += 1;
  actor.live_sum += weight_of(e.hash);
  actor.live_bytes += e.body_bytes;
  return e;
}

LiveEnvelope& LiveSet::keep(const wire::Evidence& evidence, ActorRecord& actor, std::uint64_t row,
                            bool stored) {
  assert(!contains(evidence.id));
  LiveEnvelope& e = enter(evidence.bytes, evidence.id, actor);
  e.evidence = true;
  e.to = std::max(evidence.first.delta.to, evidence.second.delta.to);
  e.row = row;
  e.stored = stored;
  return e;
}

Dropped LiveSet::let_go(const wire::Hash& evidence) {
  LiveEnvelope* e = find(evidence);
  assert(e != nullptr && e->evidence);
  std::vector<Dropped> out;
  leave(*e, out);
  return out.front();
}

std::optional<LiveSet::Clash> LiveSet::clash(const wire::Envelope& envelope, ActorRecord& actor,
                                             const std::vector<KeyState*>& keys) const {
  std::optional<Clash> out;
  const auto pair = [&](const LiveEnvelope& e) { return std::minmax(e.hash, envelope.hash); };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Slot* slot = index_.find(*keys[i], actor);
    if (slot == nullptr) continue;
    const wire::Entry& mine = envelope.delta.entries[i];
    // What came later and counts no less contradicts nothing: no need to read the other one.
    const auto one = slot->one();
    if (one && at(*one).to < envelope.delta.to && keys[i]->is_all_of({&actor}, mine)) continue;
    for (const EntryRef& ref : index_.related(*slot, mine, misses_few)) {
      const LiveEnvelope& e = at(ref);
      if (out && pair(*out->with) <= pair(e)) continue;
      std::string what = contradiction({entry(ref), e.to}, {mine, envelope.delta.to});
      if (planted(Bug::convict_by_bytes) && e.to == envelope.delta.to) what = "other bytes";
      if (!what.empty()) out = Clash{&e, {keys[i]->key, keys[i]->type, std::move(what)}};
    }
  }
  return out;
}

std::vector<Dropped> LiveSet::insert(const wire::Envelope& envelope, ActorRecord& actor,
                                     const std::vector<KeyState*>& keys, std::uint64_t row,
                                     bool stored) {
  const wire::Hash& hash = envelope.hash;
  const std::vector<wire::Entry>& entries = envelope.delta.entries;
  if (entries.empty()) return {{row, stored, hash, &actor}};
  LiveEnvelope& e = take(envelope, actor, row, stored);
  std::uint32_t offset = entries_at(envelope);  // of the next entry
  std::vector<Dropped> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const wire::Entry& entry = entries[i];
    const EntryRef ref{e.number, offset};
    offset += static_cast<std::uint32_t>(entry.bytes);
    assert(keys[i]->key == entry.key && keys[i]->type == entry.type);
    if (!wire::known(entry.type)) {
      count_unknown(ref, entry, +1);
      actor.opaque = true;
    }
    if (!add_simply(*keys[i], actor, ref, entry, out)) {
      const Name name{keys[i]->number, actor.number};
      Slot& slot = index_.at(*keys[i], actor);
      EntryIndex::Refs candidates = index_.related(slot, entry, misses_few);
      index_.add(slot, ref, entry);
      candidates.push_back(ref);
      crowded_.insert(name);
      collect(name, candidates, &ref, misses_few, out);
    }
    assert(i + 1 == entries.size() || contains(hash));  // it goes with its last entry, not before
  }
  return out;
}

std::uint32_t LiveSet::entries_at(const wire::Envelope& envelope) {
  std::size_t at = envelope.sealed.body.size();
  for (const wire::Entry& entry : envelope.delta.entries) at -= entry.bytes;
  return static_cast<std::uint32_t>(at);
}

bool LiveSet::comes_after(const wire::Delta& d, std::span<const Keyspace::PartAt> parts) const {
  return std::all_of(parts.begin(), parts.end(), [&](const Keyspace::PartAt& part) {
    const Slot* const slot = part.key->slots.find(part.place);
    const auto one = slot == nullptr ? std::nullopt : slot->one();
    return one && at(*one).to < d.to;
  });
}

std::vector<Dropped> LiveSet::insert_after(const wire::Envelope& envelope, ActorRecord& actor,
                                           std::span<const Keyspace::PartAt> parts,
                                           std::uint64_t row) {
  assert(!parts.empty());
  const LiveEnvelope& e = take(envelope, actor, row, false);
  std::uint32_t offset = entries_at(envelope);
  std::vector<Dropped> out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Slot& slot = parts[i].key->slots.at(parts[i].place);
    const EntryRef superseded = *slot.one();
    slot.set({e.number, offset});
    offset += static_cast<std::uint32_t>(envelope.delta.entries[i].bytes);
    release(at(superseded), out);
  }
  return out;
}

bool LiveSet::add_simply(KeyState& key, ActorRecord& actor, const EntryRef& ref,
                         const wire::Entry& entry, std::vector<Dropped>& out) {
  Slot& slot = index_.at(key, actor);
  if (slot.empty()) {
    slot.set(ref);
    return true;
  }
  const auto one = slot.one();
  if (!one || has_intervals(entry.type) || !wire::known(entry.type)) return false;
  const EntryRef other = *one;
  const bool newer = later(ref, other);
  const bool superseded = newer
                              ? key.is_all_of({&actor}, entry) || covers(entry, this->entry(other))
                              : covers(this->entry(other), entry);
  if (superseded) {
    if (newer) slot.set(ref);
    release(at(newer ? other : ref), out);
  } else {
    index_.add(slot, ref, entry);
    crowded_.insert({key.number, actor.number});
  }
  return true;
}

std::vector<Dropped> LiveSet::recheck(KeyState& key, ActorRef actor) {
  std::vector<Dropped> out;
  if (const Slot* slot = index_.find(key, *actor.record)) {
    collect({key.number, actor.record->number}, index_.all(*slot), nullptr, misses_few, out);
  }
  return out;
}

void LiveSet::begin_sweep() {
  absl::erase_if(crowded_, [&](const Name& name) { return index_.count(slot_of(name)) < 2; });
  to_sweep_.assign(crowded_.begin(), crowded_.end());
}

std::vector<Dropped> LiveSet::sweep(std::size_t entries_max) {
  std::vector<Dropped> out;
  while (!to_sweep_.empty() && entries_max > 0) {
    const Name name = to_sweep_.back();
    KeyState& key = keys_.at(name.key);
    if (key.rests() || index_.find(key, actors_.at(name.actor)) == nullptr) {  // it is cold now
      to_sweep_.pop_back();
      sweep_from_ = 0;
      continue;
    }
    const EntryIndex::Refs candidates = index_.some(slot_of(name), sweep_from_, entries_max);
    if (candidates.size() < entries_max) {
      to_sweep_.pop_back();
      sweep_from_ = 0;
    }
    entries_max -= std::min(entries_max, candidates.size());
    collect(name, candidates, nullptr, misses_any, out);
  }
  return out;
}

void LiveSet::collect(const Name& name, const EntryIndex::Refs& candidates, const EntryRef* newest,
                      int misses_max, std::vector<Dropped>& out) {
  const KeyState& key = keys_.at(name.key);
  Slot& slot = slot_of(name);
  for (const EntryRef& ref : candidates) {
    if (!superseded(slot, key, ref, newest, misses_max)) continue;
    if (!wire::known(key.type)) count_unknown(ref, entry(ref), -1);
    index_.remove(slot, ref);
    release(at(ref), out);
  }
}

void LiveSet::release(LiveEnvelope& e, std::vector<Dropped>& out) {
  assert(e.needed > 0);
  if (--e.needed > 0) return;
  ActorRecord& actor = *e.actor;
  actor.live_count -= 1;
  actor.live_sum -= weight_of(e.hash);
  actor.live_bytes -= e.body_bytes;
  leave(e, out);
}

void LiveSet::leave(LiveEnvelope& e, std::vector<Dropped>& out) {
  bytes_ -= e.bytes->size();
  bucket_bytes_[e.actor->bucket] -= e.bytes->size();
  out.push_back({e.row, e.stored, e.hash, e.actor});
  take_out(e);
}

void LiveSet::take_out(LiveEnvelope& e) {
  warm_bytes_ -= e.bytes->size();
  Bucket& bucket = buckets_[e.actor->bucket];
  assert(bucket[e.place] == &e);
  bucket[e.place] = bucket.back();
  bucket[e.place]->place = e.place;
  bucket.pop_back();
  all_.erase(listed_as(e.hash), e.number);
  envelopes_.remove(e.number);
}

bool LiveSet::superseded(const Slot& slot, const KeyState& key, const EntryRef& ref,
                         const EntryRef* newest, int misses_max) const {
  const wire::Entry x = entry(ref);
  EntryIndex::Refs refs = index_.related(slot, x, misses_max);
  if (newest != nullptr && std::find(refs.begin(), refs.end(), *newest) == refs.end())
    refs.push_back(*newest);
  std::vector<wire::Entry> among;
  for (const EntryRef& y : refs) {
    if (later(y, ref)) among.push_back(entry(y));
  }
  if (among.empty()) return false;
  if (planted(Bug::collect_live_envelope)) return true;

  switch (static_cast<wire::Type>(x.type)) {
    case wire::Type::gcounter:
    case wire::Type::lww:
      return std::any_of(among.begin(), among.end(),
                         [&](const wire::Entry& y) { return covers(y, x); });
    case wire::Type::pncounter: {
      wire::PnCounterPayload join;
      for (const wire::Entry& y : among) {
        const auto& q = std::get<wire::PnCounterPayload>(y.payload);
        join.p = std::max(join.p, q.p);
        join.n = std::max(join.n, q.n);
      }
      const auto& p = std::get<wire::PnCounterPayload>(x.payload);
      return join.p >= p.p && join.n >= p.n;
    }
    case wire::Type::gset: {
      const auto& elements = std::get<wire::GSetPayload>(x.payload).elements;
      return std::all_of(elements.begin(), elements.end(), [&](std::string_view element) {
        return std::any_of(among.begin(), among.end(), [&](const wire::Entry& y) {
          const auto& held = std::get<wire::GSetPayload>(y.payload).elements;
          return std::binary_search(held.begin(), held.end(), element);
        });
      });
    }
    case wire::Type::orset:
      return superseded_orset(among, key, x);
    default: {
      // Of an unknown type only the intervals can be compared, and an older entry for the same
      // interval may lack a death: only later ones that together reach from 0 will do.
      crdt::IntervalSet reach;
      for (const wire::Entry& y : among) reach.add(y.lo, y.hi);
      return reach.includes(0, x.hi);
    }
  }
}

bool LiveSet::superseded_orset(const std::vector<wire::Entry>& among, const KeyState& key,
                               const wire::Entry& x) const {
  crdt::IntervalSet reach;  // most entries fail here, cheaply
  for (const wire::Entry& y : among) {
    reach.add(y.lo, y.hi);
    for (const std::uint64_t op : std::get<wire::OrSetPayload>(y.payload).removed) reach.add(op);
  }
  const auto& removed = std::get<wire::OrSetPayload>(x.payload).removed;
  if (!reach.includes(x.lo, x.hi) ||
      !std::all_of(removed.begin(), removed.end(),
                   [&](std::uint64_t op) { return reach.contains(op); })) {
    return false;
  }
  crdt::OrSetPart<ActorRef> part = orset_part(actors_, x);
  const auto& set = key.as<OrSet>();
  part.foreign.erase_if([&](const Dot& d) {
    return set.dead(d) || planted(Bug::collect_foreign_removal) ||
           (planted(Bug::forget_foreign_early) && set.part(d.actor) != nullptr &&
            set.part(d.actor)->covered.top() > d.op);
  });
  crdt::OrSetPart<ActorRef> join;
  for (const wire::Entry& y : among) join.join(orset_part(actors_, y));
  return part.leq(join);
}

const LiveEnvelope* LiveSet::removal(const ForeignRemoval& f) const {
  const Slot* slot = index_.find(*f.key, *f.remover.record);
  if (slot == nullptr) return nullptr;
  const crdt::Actor& owner = f.target.actor.record->name;
  const wire::OrSetPayload::Foreign wanted{owner.device, owner.epoch, f.target.op};
  for (const EntryRef& ref : index_.all(*slot)) {
    const wire::Entry e = entry(ref);
    const auto& foreign = std::get<wire::OrSetPayload>(e.payload).foreign;
    if (std::binary_search(foreign.begin(), foreign.end(), wanted)) return &at(ref);
  }
  return nullptr;
}

void LiveSet::count_unknown(const EntryRef& ref, const wire::Entry& e, std::int32_t times) {
  const LiveEnvelope& of = at(ref);
  const crdt::Actor& a = of.actor->name;
  AtomWriter w;
  w.begin(8).number(e.type).text(a.device).number(a.epoch).text(e.key).number(e.lo).number(e.hi);
  w.number(of.to).binary(std::get<wire::UnknownPayload>(e.payload).bytes);
  unknown_.change(of.actor->bucket, w.view(), times);
}

}  // namespace tributary::core
