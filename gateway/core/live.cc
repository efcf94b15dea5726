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

bool has_intervals(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(wire::Type::gset) ||
         type == static_cast<std::uint8_t>(wire::Type::orset);
}

const std::vector<std::uint64_t>* removed_of(const wire::Entry& e) {
  const auto* p = std::get_if<wire::OrSetPayload>(&e.payload);
  return p == nullptr ? nullptr : &p->removed;
}

// Of counters and registers: does joining `old` to `now` change nothing?
bool covers(const wire::Entry& now, const wire::Entry& old) {
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

std::uint64_t weight_of(const wire::Hash& hash) {
  std::uint64_t v = 0;
  std::memcpy(&v, hash.bytes.data(), sizeof v);
  return v;
}

}  // namespace

bool LiveSet::later(const EntryRef& a, const EntryRef& b) {
  const auto& x = a.envelope->envelope;
  const auto& y = b.envelope->envelope;
  return std::tie(x.delta.to, x.hash, a.entry().lo) > std::tie(y.delta.to, y.hash, b.entry().lo);
}

std::vector<Dropped> LiveSet::insert(wire::Envelope&& envelope, ActorRecord& actor,
                                     const std::vector<KeyState*>& keys, std::uint64_t row,
                                     bool stored) {
  assert(!contains(envelope.hash));
  const wire::Hash hash = envelope.hash;
  auto owned = std::make_unique<LiveEnvelope>();
  LiveEnvelope* e = owned.get();
  e->envelope = std::move(envelope);
  e->actor = &actor;
  e->row = row;
  e->stored = stored;
  e->needed = static_cast<std::uint32_t>(e->envelope.delta.entries.size());
  if (e->needed == 0) return {{row, stored, hash, &actor}};
  all_.emplace(hash, std::move(owned));
  Bucket& bucket = buckets_[actor.bucket];
  e->place = static_cast<std::uint32_t>(bucket.size());
  bucket.push_back(e);
  actor.live_count += 1;
  actor.live_sum += weight_of(hash);
  actor.live_bytes += e->envelope.sealed.body.size();
  bytes_ += e->envelope.bytes->size();

  std::vector<Dropped> out;
  const std::uint32_t count = e->needed;
  for (std::uint32_t i = 0; i < count; ++i) {
    const EntryRef ref{e, i};
    const SlotName name{keys[i], &actor};
    assert(keys[i]->key == ref.entry().key && keys[i]->type == ref.entry().type);
    if (!add_simply(name, ref, out)) {
      Slot& slot = slots_[name];
      std::vector<EntryRef> candidates = related(slot, ref.entry(), misses_few);
      add(slot, ref);
      candidates.push_back(ref);
      crowded_.insert(name);
      collect(name, candidates, &ref, misses_few, out);
    }
    assert(i + 1 == count || contains(hash));  // it goes with its last entry, not before
  }
  return out;
}

bool LiveSet::add_simply(const SlotName& name, const EntryRef& ref, std::vector<Dropped>& out) {
  Slot& slot = slots_[name];
  if (slot.plain.empty() && !slot.intervals) {
    add(slot, ref);
    return true;
  }
  const wire::Entry& entry = ref.entry();
  if (slot.plain.size() != 1 || has_intervals(entry.type) || !wire::known(entry.type)) return false;
  const EntryRef other = slot.plain.front();
  const bool newer = later(ref, other);
  add(slot, ref);
  if (newer ? covers(entry, other.entry()) : covers(other.entry(), entry)) {
    retire(name, newer ? other : ref, out);
  } else {
    crowded_.insert(name);
  }
  return true;
}

std::vector<Dropped> LiveSet::recheck(KeyState& key, ActorRef actor) {
  const SlotName name{&key, actor.record};
  const auto at = slots_.find(name);
  if (at == slots_.end()) return {};
  const auto& plain = at->second.plain;
  std::vector<EntryRef> candidates(plain.begin(), plain.end());
  if (at->second.intervals) {
    for (const auto& [hi, ref] : at->second.intervals->by_hi) candidates.push_back(ref);
  }
  std::vector<Dropped> out;
  collect(name, candidates, nullptr, misses_few, out);
  return out;
}

void LiveSet::begin_sweep() {
  absl::erase_if(crowded_, [&](const SlotName& name) {
    const auto at = slots_.find(name);
    return at == slots_.end() || at->second.entries() < 2;
  });
  to_sweep_.assign(crowded_.begin(), crowded_.end());
}

std::vector<Dropped> LiveSet::sweep(std::size_t entries_max) {
  std::vector<Dropped> out;
  while (!to_sweep_.empty() && entries_max > 0) {
    const SlotName name = to_sweep_.back();
    std::vector<EntryRef> candidates;
    if (const auto at = slots_.find(name); at != slots_.end()) {
      candidates.assign(at->second.plain.begin(), at->second.plain.end());
      if (at->second.intervals) {
        const auto& by_hi = at->second.intervals->by_hi;
        for (auto e = by_hi.upper_bound(sweep_from_);
             e != by_hi.end() && candidates.size() < entries_max; ++e) {
          candidates.push_back(e->second);
          sweep_from_ = e->first;
        }
      }
    }
    if (candidates.size() < entries_max) {
      to_sweep_.pop_back();
      sweep_from_ = 0;
    }
    entries_max -= std::min(entries_max, candidates.size());
    collect(name, candidates, nullptr, misses_any, out);
  }
  return out;
}

void LiveSet::collect(const SlotName& name, const std::vector<EntryRef>& candidates,
                      const EntryRef* newest, int misses_max, std::vector<Dropped>& out) {
  for (const EntryRef& ref : candidates) {
    const auto at = slots_.find(name);
    if (at == slots_.end()) return;
    if (superseded(at->second, *name.key, ref, newest, misses_max)) retire(name, ref, out);
  }
}

void LiveSet::retire(const SlotName& name, const EntryRef& ref, std::vector<Dropped>& out) {
  Slot& slot = slots_[name];
  remove(slot, ref);
  if (slot.plain.empty() && !slot.intervals) slots_.erase(name);
  LiveEnvelope* e = ref.envelope;
  assert(e->needed > 0);
  if (--e->needed > 0) return;
  const wire::Hash hash = e->envelope.hash;
  ActorRecord& actor = *e->actor;
  actor.live_count -= 1;
  actor.live_sum -= weight_of(hash);
  actor.live_bytes -= e->envelope.sealed.body.size();
  bytes_ -= e->envelope.bytes->size();
  out.push_back({e->row, e->stored, hash, &actor});
  Bucket& bucket = buckets_[actor.bucket];
  assert(bucket[e->place] == e);
  bucket[e->place] = bucket.back();
  bucket[e->place]->place = e->place;
  bucket.pop_back();
  all_.erase(hash);
}

void LiveSet::add(Slot& slot, const EntryRef& ref) {
  const wire::Entry& e = ref.entry();
  if (!has_intervals(e.type)) {
    slot.plain.push_back(ref);
    if (!wire::known(e.type)) count_unknown(ref, +1);
    return;
  }
  if (!slot.intervals) slot.intervals = std::make_unique<Intervals>();
  slot.intervals->by_hi.emplace(e.hi, ref);
  if (const auto* removed = removed_of(e)) {
    for (const std::uint64_t op : *removed) slot.intervals->by_removed.emplace(op, ref);
  }
}

void LiveSet::remove(Slot& slot, const EntryRef& ref) {
  const wire::Entry& e = ref.entry();
  if (!has_intervals(e.type)) {
    const auto at = std::find(slot.plain.begin(), slot.plain.end(), ref);
    if (at != slot.plain.end()) slot.plain.erase(at);
    if (!wire::known(e.type)) count_unknown(ref, -1);
    return;
  }
  const auto erase_from = [&](std::multimap<std::uint64_t, EntryRef>& map, std::uint64_t op) {
    for (auto [at, end] = map.equal_range(op); at != end; ++at) {
      if (at->second == ref) {
        map.erase(at);
        return;
      }
    }
  };
  erase_from(slot.intervals->by_hi, e.hi);
  if (const auto* removed = removed_of(e)) {
    for (const std::uint64_t op : *removed) erase_from(slot.intervals->by_removed, op);
  }
  if (slot.intervals->by_hi.empty()) slot.intervals.reset();
}

std::vector<LiveSet::EntryRef> LiveSet::related(const Slot& slot, const wire::Entry& entry,
                                                int misses_max) const {
  std::vector<EntryRef> out(slot.plain.begin(), slot.plain.end());
  if (!slot.intervals) return out;
  const auto& by_hi = slot.intervals->by_hi;
  int misses = 0;
  for (auto at = by_hi.upper_bound(entry.lo); at != by_hi.end() && misses < misses_max; ++at) {
    const bool hit = at->second.entry().lo < entry.hi;
    misses = hit ? 0 : misses + 1;
    if (hit) out.push_back(at->second);
  }
  const auto& by_removed = slot.intervals->by_removed;
  for (auto at = by_removed.upper_bound(entry.lo); at != by_removed.end() && at->first <= entry.hi;
       ++at) {
    out.push_back(at->second);
  }
  if (const auto* removed = removed_of(entry)) {
    for (const std::uint64_t op : *removed) {
      for (auto at = by_hi.lower_bound(op); at != by_hi.end() && at->second.entry().lo < op; ++at) {
        out.push_back(at->second);
      }
      for (auto [at, end] = by_removed.equal_range(op); at != end; ++at) out.push_back(at->second);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool LiveSet::superseded(const Slot& slot, const KeyState& key, const EntryRef& ref,
                         const EntryRef* newest, int misses_max) const {
  const wire::Entry& x = ref.entry();
  std::vector<EntryRef> among = related(slot, x, misses_max);
  if (newest != nullptr && std::find(among.begin(), among.end(), *newest) == among.end())
    among.push_back(*newest);
  std::erase_if(among, [&](const EntryRef& y) { return !later(y, ref); });
  if (among.empty()) return false;
  if (planted(Bug::collect_live_envelope)) return true;

  switch (static_cast<wire::Type>(x.type)) {
    case wire::Type::gcounter:
    case wire::Type::lww:
      return std::any_of(among.begin(), among.end(),
                         [&](const EntryRef& y) { return covers(y.entry(), x); });
    case wire::Type::pncounter: {
      wire::PnCounterPayload join;
      for (const EntryRef& y : among) {
        const auto& q = std::get<wire::PnCounterPayload>(y.entry().payload);
        join.p = std::max(join.p, q.p);
        join.n = std::max(join.n, q.n);
      }
      const auto& p = std::get<wire::PnCounterPayload>(x.payload);
      return join.p >= p.p && join.n >= p.n;
    }
    case wire::Type::gset: {
      const auto& elements = std::get<wire::GSetPayload>(x.payload).elements;
      return std::all_of(elements.begin(), elements.end(), [&](std::string_view element) {
        return std::any_of(among.begin(), among.end(), [&](const EntryRef& y) {
          const auto& held = std::get<wire::GSetPayload>(y.entry().payload).elements;
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
      for (const EntryRef& y : among) reach.add(y.entry().lo, y.entry().hi);
      return reach.includes(0, x.hi);
    }
  }
}

bool LiveSet::superseded_orset(const std::vector<EntryRef>& among, const KeyState& key,
                               const wire::Entry& x) const {
  crdt::IntervalSet reach;  // most entries fail here, cheaply
  for (const EntryRef& y : among) {
    reach.add(y.entry().lo, y.entry().hi);
    for (const std::uint64_t op : *removed_of(y.entry())) reach.add(op);
  }
  const auto& removed = *removed_of(x);
  if (!reach.includes(x.lo, x.hi) ||
      !std::all_of(removed.begin(), removed.end(),
                   [&](std::uint64_t op) { return reach.contains(op); })) {
    return false;
  }
  crdt::OrSetPart<ActorRef> part = orset_part(actors_, x);
  const auto& set = std::get<OrSet>(key.value);
  std::erase_if(part.foreign, [&](const Dot& d) {
    return set.dead(d) || planted(Bug::collect_foreign_removal) ||
           (planted(Bug::forget_foreign_early) && set.part(d.actor) != nullptr &&
            set.part(d.actor)->covered.top() > d.op);
  });
  crdt::OrSetPart<ActorRef> join;
  for (const EntryRef& y : among) join.join(orset_part(actors_, y.entry()));
  return part.leq(join);
}

const LiveEnvelope* LiveSet::removal(const ForeignRemoval& f) const {
  const auto at = slots_.find(SlotName{f.key, f.remover.record});
  if (at == slots_.end() || !at->second.intervals) return nullptr;
  const crdt::Actor& owner = f.target.actor.record->name;
  const wire::OrSetPayload::Foreign wanted{owner.device, owner.epoch, f.target.op};
  for (const auto& [hi, ref] : at->second.intervals->by_hi) {
    const auto& foreign = std::get<wire::OrSetPayload>(ref.entry().payload).foreign;
    if (std::binary_search(foreign.begin(), foreign.end(), wanted)) return ref.envelope;
  }
  return nullptr;
}

std::vector<std::pair<wire::Hash, std::shared_ptr<const std::string>>> LiveSet::page(
    std::string_view after_hash, std::size_t max) const {
  std::vector<std::pair<wire::Hash, std::shared_ptr<const std::string>>> out;
  for (const auto& [hash, e] : all_) {
    if (hash.view() > after_hash) out.emplace_back(hash, e->envelope.bytes);
  }
  const auto by_hash = [](const auto& a, const auto& b) { return a.first < b.first; };
  max = std::min(max, out.size());
  std::partial_sort(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(max), out.end(),
                    by_hash);
  out.resize(max);
  return out;
}

void LiveSet::count_unknown(const EntryRef& ref, std::int32_t times) {
  const wire::Entry& e = ref.entry();
  const crdt::Actor& a = ref.envelope->actor->name;
  AtomWriter w;
  w.begin(8).number(e.type).text(a.device).number(a.epoch).text(e.key).number(e.lo).number(e.hi);
  w.number(ref.envelope->envelope.delta.to).binary(std::get<wire::UnknownPayload>(e.payload).bytes);
  unknown_.change(ref.envelope->actor->bucket, w.view(), times);
}

}  // namespace tributary::core
