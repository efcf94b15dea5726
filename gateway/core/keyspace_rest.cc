// SPDX-License-Identifier: Apache-2.0
// What leaves memory of the merged state, and comes back: parts of counters one by one, registers
// and sets whole.
#include <algorithm>
#include <cassert>

#include "crdt/planted.h"
#include "gateway/core/entry_part.h"
#include "gateway/core/footprint.h"
#include "gateway/core/keyspace.h"

namespace tributary::core {
namespace {

std::size_t bytes_of(const crdt::LwwPart& part) {
  return part.value.size();
}
std::size_t bytes_of(const crdt::GSetPart& part) {
  std::size_t out = 0;
  for (const std::string_view element : part.elements) out += footprint::grown(element.size());
  return out;
}
std::size_t bytes_of(const OrSet::Part& part) {
  std::size_t out = part.foreign.size() * footprint::removal;
  for (const auto& add : part.live) out += footprint::add(add.element.size());
  return out;
}

}  // namespace

void Keyspace::set_aside(ActorRecord& actor, KeyState& key) {
  assert(loose() == 0);
  key.visit([&](auto& v) {
    using Value = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<Value, GCounter> || std::is_same_v<Value, PnCounter>) {
      const auto place = v.parts().place_of({&actor});
      if (!place) return;
      const auto last = static_cast<std::uint32_t>(v.parts().size() - 1);
      v.set_aside({&actor});
      key.slots.erase(*place, last);
      key.aside += 1;
      bytes_[key.type] -= footprint::part(key.type);
    } else if constexpr (has_parts<Value>) {
      aside_.push_back(&key);
    }
  });
}

void Keyspace::take_back(ActorRecord& actor, KeyState& key, const wire::Entry& entry) {
  assert(entry.type == key.type && entry.key == key.key);
  const auto back = [&](auto& counter, const auto& piece) {
    if (counter.parts().count({&actor}) == 0 && !piece.is_bottom()) {
      assert(key.aside > 0);
      key.aside -= 1;
      bytes_[key.type] += footprint::part(key.type);
    }
    if (planted(Bug::count_what_comes_back)) {
      counter.join_part({&actor}, piece);
    } else {
      counter.take_back({&actor}, piece);
    }
  };
  if (auto* const v = key.if_a<GCounter>()) {
    back(*v, crdt::GCounterPart{std::get<wire::GCounterPayload>(entry.payload).p});
  } else if (auto* const w = key.if_a<PnCounter>()) {
    const auto& p = std::get<wire::PnCounterPayload>(entry.payload);
    back(*w, crdt::PnCounterPart{p.p, p.n});
  }
}

void Keyspace::rest(std::uint64_t mono_ms) {
  const auto by_number = [](const KeyState* a, const KeyState* b) { return a->number < b->number; };
  std::sort(aside_.begin(), aside_.end(), by_number);
  aside_.erase(std::unique(aside_.begin(), aside_.end()), aside_.end());
  for (KeyState* key : std::exchange(aside_, {})) {
    auto resting = at_rest(*key);
    if (!resting) continue;
    if (!may_leave(mono_ms, key->used, resting->bytes)) {
      aside_.push_back(key);
      continue;
    }
    bytes_[key->type] -= resting->bytes;
    key->value = std::move(*resting);
    key->slots = EntrySlots{};
    resting_ += 1;
  }
}

// nullopt: it may not.
std::optional<Resting> Keyspace::at_rest(const KeyState& key) const {
  if (held_.contains(&key)) return std::nullopt;
  return key.visit([&](const auto& v) -> std::optional<Resting> {
    using Value = std::decay_t<decltype(v)>;
    if constexpr (KeyState::boxed<Value> || std::is_same_v<Value, LwwRegister>) {
      if (v.parts().size() > resting_writers_max) return std::nullopt;
      Resting out;
      out.writers.reserve(v.parts().size());
      for (const auto& [actor, part] : v.parts()) {
        if (!actor.record->cold) return std::nullopt;
        out.writers.push_back(actor.record);
        out.bytes += footprint::part(key.type) + bytes_of(part);
        if constexpr (std::is_same_v<Value, LwwRegister>)
          out.newest = std::max(out.newest, part.hlc);
      }
      return out;
    } else {
      return std::nullopt;
    }
  });
}

KeyState Keyspace::empty_copy(const KeyState& key) const {
  KeyState copy;
  copy.key = key.key;
  copy.type = key.type;
  copy.changed_at_ms = key.changed_at_ms;
  clear(copy);
  return copy;
}

// Nobody is told: the digests have it, and so have those who look on.
void Keyspace::read(KeyState& copy, ActorRecord& actor, const wire::Entry& entry) const {
  assert(entry.type == copy.type && entry.key == copy.key);
  if (auto* const g = copy.if_a<GSet>()) {
    g->join_elements({&actor}, std::get<wire::GSetPayload>(entry.payload).elements);
  } else if (auto* const o = copy.if_a<OrSet>()) {
    o->join_part({&actor}, orset_part(actors_, entry));
  } else {
    copy.as<LwwRegister>().join_part({&actor}, lww_part(entry));
  }
}

void Keyspace::wake(KeyState& key, KeyState&& copy) {
  const Resting was = std::move(key.as<Resting>());
  assert(planted(Bug::wake_alone) || copy.contributors() == was.writers.size());
  key.value = std::move(copy.value);
  key.used = now_;
  bytes_[key.type] += was.bytes;
  resting_ -= 1;
  if (key.if_a<LwwRegister>() != nullptr) {
    if (was.newest > horizon_) mark(key);
    watch_held(key);
  }
  if (key.marks.wished) std::erase(wished_, &key);
  key.marks.wished = false;
}

}  // namespace tributary::core
