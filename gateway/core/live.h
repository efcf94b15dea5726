// SPDX-License-Identifier: Apache-2.0
// The live envelopes: the database, verbatim. An envelope lives while one of its entries is not
// superseded.
//
// An entry is superseded when joining it to the join of the *later* live entries of the same actor,
// key and type changes nothing; foreign removals of targets known dead here aside. Later means
// larger in the order (to, body hash, lo), which does not depend on arrival. Only the writer can
// supersede what it wrote, so nothing needs agreement or a clock.
//
//   LiveSet live(actors, keys);
//   std::vector<Dropped> gone = live.insert(std::move(envelope), actor, row);
//
// A superseded entry of an envelope that still lives for another one leaves the index at once: what
// is later covers it, so it can decide nothing any more.
#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <absl/container/inlined_vector.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/actors.h"
#include "gateway/core/keyspace.h"
#include "transports/wire/envelope.h"

namespace tributary::core {

struct LiveEnvelope {
  wire::Envelope envelope;
  ActorRecord* actor = nullptr;
  std::uint64_t row = 0;
  bool stored = false;       // a commit that holds it is done
  std::uint32_t needed = 0;  // entries not superseded; 0: about to go
  std::uint32_t place = 0;   // in its bucket
};

struct Dropped {
  std::uint64_t row = 0;
  bool stored = false;
  wire::Hash hash;
  ActorRecord* actor = nullptr;
};

class LiveSet {
 public:
  LiveSet(ActorTable& actors, Keyspace& keys) : actors_(actors), keys_(keys) {}

  bool contains(const wire::Hash& hash) const { return all_.count(hash) != 0; }
  LiveEnvelope* find(const wire::Hash& hash) const {
    const auto at = all_.find(hash);
    return at == all_.end() ? nullptr : at->second.get();
  }

  // Takes an envelope whose entries are already joined, and collects what it supersedes (itself,
  // perhaps). REQUIRES: not contained.
  // `keys`: the key of each entry, in order.
  std::vector<Dropped> insert(wire::Envelope&& envelope, ActorRecord& actor,
                              const std::vector<KeyState*>& keys, std::uint64_t row, bool stored);

  // Looks again at one actor's entries of a key, after targets of its foreign removals died.
  std::vector<Dropped> recheck(KeyState& key, ActorRef actor);

  // Searches about `entries_max` entries for what insert() could not afford to find, going round
  // the whole set by and by.
  std::vector<Dropped> sweep(std::size_t entries_max);
  bool sweeping() const { return !to_sweep_.empty(); }
  void begin_sweep();

  // The live envelope in which `remover` removes `target`; nullptr when none does.
  const LiveEnvelope* removal(const ForeignRemoval&) const;

  // In no order.
  using Bucket = std::vector<LiveEnvelope*>;
  const Bucket& bucket(std::uint32_t b) const { return buckets_[b]; }

  // Up to `max` envelopes in order of hash, from after `after_hash`.
  std::vector<std::pair<wire::Hash, std::shared_ptr<const std::string>>> page(
      std::string_view after_hash, std::size_t max) const;

  // Digests of live entries of unknown types, per bucket.
  DigestBook& unknown_digests() { return unknown_; }

  std::size_t size() const { return all_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct EntryRef {
    LiveEnvelope* envelope = nullptr;
    std::uint32_t index = 0;
    const wire::Entry& entry() const { return envelope->envelope.delta.entries[index]; }
    friend bool operator==(const EntryRef& a, const EntryRef& b) {
      return a.envelope == b.envelope && a.index == b.index;
    }
    friend bool operator<(const EntryRef& a, const EntryRef& b) {
      return std::tie(a.envelope->envelope.hash, a.index) <
             std::tie(b.envelope->envelope.hash, b.index);
    }
  };
  // Where to find entries that speak of the same operations, for types whose entries carry
  // intervals.
  struct Intervals {
    std::multimap<std::uint64_t, EntryRef> by_hi;
    std::multimap<std::uint64_t, EntryRef> by_removed;
  };
  struct Slot {  // one actor's unsuperseded entries of one key
    absl::InlinedVector<EntryRef, 1> plain;
    std::unique_ptr<Intervals> intervals;
    std::size_t entries() const { return intervals ? intervals->by_hi.size() : plain.size(); }
  };
  struct SlotName {
    const KeyState* key;
    const ActorRecord* actor;
    friend bool operator==(const SlotName&, const SlotName&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const SlotName& n) {
      return H::combine(std::move(h), n.key, n.actor);
    }
  };

  static bool later(const EntryRef& a, const EntryRef& b);
  void add(Slot&, const EntryRef&);
  void remove(Slot&, const EntryRef&);
  // Entries of the slot that speak of operations which `entry` covers; may miss some, which only
  // delays collecting.
  std::vector<EntryRef> related(const Slot&, const wire::Entry& entry, int misses_max) const;
  // `newest`, when not null, is looked at whatever related() finds.
  bool superseded(const Slot&, const KeyState&, const EntryRef&, const EntryRef* newest,
                  int misses_max) const;
  bool superseded_orset(const std::vector<EntryRef>& later, const KeyState&,
                        const wire::Entry&) const;
  void collect(const SlotName&, const std::vector<EntryRef>& candidates, const EntryRef* newest,
               int misses_max, std::vector<Dropped>& out);
  // The common cases, without a search: an empty slot, or one other counter or register. False:
  // search.
  bool add_simply(const SlotName&, const EntryRef& ref, std::vector<Dropped>& out);
  void retire(const SlotName&, const EntryRef&, std::vector<Dropped>& out);
  void count_unknown(const EntryRef&, std::int32_t times);

  ActorTable& actors_;
  Keyspace& keys_;
  absl::flat_hash_map<wire::Hash, std::unique_ptr<LiveEnvelope>, std::hash<wire::Hash>> all_;
  std::array<Bucket, wire::bucket_count> buckets_;
  absl::flat_hash_map<SlotName, Slot> slots_;
  absl::flat_hash_set<SlotName> crowded_;  // has, or had, more than one entry
  std::vector<SlotName> to_sweep_;
  std::uint64_t sweep_from_ =
      0;  // in the slot at the back of to_sweep_: its entries above this operation
  DigestBook unknown_;
  std::size_t bytes_ = 0;
};

}  // namespace tributary::core
