// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/live_index.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <span>

namespace tributary::core {
namespace {

std::span<const std::uint64_t> removed_of(const wire::Entry& e) {
  const auto* p = std::get_if<wire::OrSetPayload>(&e.payload);
  return p == nullptr ? std::span<const std::uint64_t>() : p->removed;
}

template <class Map, class Same>
void erase_from(Map& map, std::uint64_t op, Same&& same) {
  for (auto [at, end] = map.equal_range(op); at != end; ++at) {
    if (same(at->second)) {
      map.erase(at);
      return;
    }
  }
}

}  // namespace

void EntryIndex::enter(Several& s, const EntryRef& ref, const wire::Entry& e) {
  if (!has_intervals(e.type)) {
    s.plain.push_back(ref);
    return;
  }
  s.by_hi.emplace(e.hi, Span{ref, e.lo});
  for (const std::uint64_t op : removed_of(e)) s.by_removed.emplace(op, ref);
}

void EntryIndex::leave(Several& s, const EntryRef& ref, const wire::Entry& e) {
  if (!has_intervals(e.type)) {
    const auto at = std::find(s.plain.begin(), s.plain.end(), ref);
    assert(at != s.plain.end());
    s.plain.erase(at);
    return;
  }
  erase_from(s.by_hi, e.hi, [&](const Span& span) { return span.ref == ref; });
  for (const std::uint64_t op : removed_of(e)) {
    erase_from(s.by_removed, op, [&](const EntryRef& r) { return r == ref; });
  }
}

EntrySlot& EntryIndex::at(KeyState& key, ActorRecord& actor) {
  if (const auto place = key.place_of({&actor})) return key.slots.at(*place);
  return slots_[{key.number, actor.number}];
}

EntrySlot* EntryIndex::find(KeyState& key, ActorRecord& actor) {
  if (const auto place = key.place_of({&actor})) return key.slots.find(*place);
  const auto at = slots_.find({key.number, actor.number});
  return at == slots_.end() ? nullptr : &at->second;
}

void EntryIndex::forget(KeyState& key, ActorRecord& actor) {
  Slot* const slot = find(key, actor);
  if (slot == nullptr || slot->empty()) return;
  if (!slot->one()) several_.remove(slot->several());
  if (key.place_of({&actor})) {
    *slot = Slot{};
  } else {
    slots_.erase({key.number, actor.number});
  }
}

void EntryIndex::add(Slot& slot, const EntryRef& ref, const wire::Entry& entry) {
  assert(!slot.empty());
  if (const auto one = slot.one()) {
    auto made = std::make_unique<Several>();
    enter(*made, *one, reader_.entry(*one));
    slot.set_several(several_.add(std::move(made)));
  }
  enter(several(slot), ref, entry);
}

void EntryIndex::remove(Slot& slot, const EntryRef& ref) {
  assert(!slot.one());
  Several& s = several(slot);
  leave(s, ref, reader_.entry(ref));
  if (s.size() > 1) return;
  const EntryRef last = s.plain.empty() ? s.by_hi.begin()->second.ref : s.plain.front();
  several_.remove(slot.several());
  slot.set(last);
}

std::size_t EntryIndex::count(const Slot& slot) const {
  assert(!slot.empty());
  return slot.one() ? 1 : several(slot).size();
}

EntryIndex::Refs EntryIndex::all(const Slot& slot) const {
  std::uint64_t from = 0;
  return some(slot, from, count(slot));
}

EntryIndex::Refs EntryIndex::some(const Slot& slot, std::uint64_t& after, std::size_t max) const {
  Refs out;
  assert(!slot.empty() && max > 0);
  if (slot.one() || !several(slot).plain.empty()) {
    if (after == 0) out = slot.one() ? Refs{*slot.one()} : several(slot).plain;
    after = ~std::uint64_t{0};
    return out;
  }
  const Several& s = several(slot);
  for (auto e = s.by_hi.upper_bound(after); e != s.by_hi.end() && out.size() < max; ++e) {
    out.push_back(e->second.ref);
    after = e->first;
  }
  return out;
}

EntryIndex::Refs EntryIndex::related(const Slot& slot, const wire::Entry& entry,
                                     int misses_max) const {
  assert(!slot.empty());
  if (const auto one = slot.one()) return {*one};
  const Several& s = several(slot);
  Refs out = s.plain;
  int misses = 0;
  for (auto at = s.by_hi.upper_bound(entry.lo); at != s.by_hi.end() && misses < misses_max; ++at) {
    const bool hit = at->second.lo < entry.hi;
    misses = hit ? 0 : misses + 1;
    if (hit) out.push_back(at->second.ref);
  }
  for (auto at = s.by_removed.upper_bound(entry.lo);
       at != s.by_removed.end() && at->first <= entry.hi; ++at) {
    out.push_back(at->second);
  }
  for (const std::uint64_t op : removed_of(entry)) {
    for (auto at = s.by_hi.lower_bound(op); at != s.by_hi.end() && at->second.lo < op; ++at) {
      out.push_back(at->second.ref);
    }
    for (auto [at, end] = s.by_removed.equal_range(op); at != end; ++at) out.push_back(at->second);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace tributary::core
