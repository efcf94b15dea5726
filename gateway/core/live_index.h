// SPDX-License-Identifier: Apache-2.0
// Where an actor's unsuperseded entries of a key are: which envelope, and where in its body. Most
// have one, which is read again from the envelope when it is needed; where there are more, those
// that speak of the same operations are found by their intervals. A counter or a register keeps the
// slots of its parts itself (entry_slots.h), the others are in a table here.
//
//   EntrySlot& slot = index.at(key, actor);
//   if (slot.empty()) slot.set(ref);
//   for (const EntryRef& r : index.related(slot, entry, misses_max)) …
//
// Not thread-safe. A Slot& lasts until at() makes another one.
#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <map>

#include "gateway/core/actors.h"
#include "gateway/core/entry_slots.h"
#include "gateway/core/keyspace.h"
#include "gateway/core/numbered.h"
#include "transports/wire/envelope.h"

namespace tributary::core {

// Types whose entries carry intervals; of the others an entry says all that its actor did.
inline bool has_intervals(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(wire::Type::gset) ||
         type == static_cast<std::uint8_t>(wire::Type::orset);
}

class EntryIndex {
 public:
  using Refs = absl::InlinedVector<EntryRef, 4>;
  struct Name {  // numbers: of a KeyState, of an ActorRecord
    std::uint32_t key = 0, actor = 0;
    friend bool operator==(const Name&, const Name&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Name& n) {
      return H::combine(std::move(h), std::uint64_t{n.key} << 32 | n.actor);
    }
  };
  using Slot = EntrySlot;

  // The entry at a reference; whoever keeps the envelopes knows.
  class Reader {
   public:
    virtual wire::Entry entry(const EntryRef&) const = 0;

   protected:
    ~Reader() = default;
  };
  explicit EntryIndex(const Reader& reader) : reader_(reader) {}

  Slot& at(KeyState& key, ActorRecord& actor);
  // nullptr when it has no entry.
  Slot* find(KeyState& key, ActorRecord& actor);
  const Slot* find(KeyState& key, ActorRecord& actor) const {
    return const_cast<EntryIndex*>(this)->find(key, actor);
  }

  // It has no entry any more.
  void forget(KeyState& key, ActorRecord& actor);

  // REQUIRES of all that follow: the slot is not empty.
  void add(Slot&, const EntryRef&, const wire::Entry&);
  // REQUIRES: the slot has this one, and others. What supersedes an entry stands in the same slot,
  // so the last one stays.
  void remove(Slot&, const EntryRef&);
  std::size_t count(const Slot&) const;
  Refs all(const Slot&) const;
  // A part of them, for who goes on with the `after` that a call leaves, from 0: of several with
  // intervals at most `max` (> 0), otherwise all. `after` is where the last one ends.
  Refs some(const Slot&, std::uint64_t& after, std::size_t max) const;
  // Entries of the slot that speak of operations which `entry` covers, and perhaps others. Misses
  // some when more than `misses_max` others lie between them.
  Refs related(const Slot&, const wire::Entry& entry, int misses_max) const;

 private:
  struct Span {
    EntryRef ref;
    std::uint64_t lo = 0;
  };
  struct Several {
    Refs plain;
    std::multimap<std::uint64_t, Span> by_hi;           // of types with intervals
    std::multimap<std::uint64_t, EntryRef> by_removed;  // older own adds that an entry removes
    std::size_t size() const { return plain.size() + by_hi.size(); }
  };
  static void enter(Several&, const EntryRef&, const wire::Entry&);
  static void leave(Several&, const EntryRef&, const wire::Entry&);
  Several& several(const Slot& slot) const { return several_[slot.several()]; }

  const Reader& reader_;
  absl::flat_hash_map<Name, Slot> slots_;  // of what has no place in its key
  Numbered<Several> several_;
};

}  // namespace tributary::core
