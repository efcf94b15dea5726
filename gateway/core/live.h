// SPDX-License-Identifier: Apache-2.0
// The live envelopes: the database, verbatim. An envelope lives while one of its entries is not
// superseded.
//
// An entry is superseded when joining it to the join of the *later* live entries of the same actor,
// key and type changes nothing; foreign removals of targets known dead here aside. Later means
// larger in the order (to, body hash), which does not depend on arrival. Only the writer can
// supersede what it wrote, so nothing needs agreement or a clock.
//
//   LiveSet live(actors, keys);
//   std::vector<Dropped> gone = live.insert(envelope, actor, keys, row, false);
//
// Those of an actor that rests may be cold (cold.h): still live, and read from the disk when their
// bytes are wanted. Before anything is joined of such an actor, all of its are read back.
//
// A superseded entry of an envelope that still lives for another one leaves the index at once: what
// is later covers it, so it can decide nothing any more.
#pragma once
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/core/actors.h"
#include "gateway/core/cold.h"
#include "gateway/core/commit.h"
#include "gateway/core/contradiction.h"
#include "gateway/core/keyspace.h"
#include "gateway/core/live_index.h"
#include "transports/wire/envelope.h"
#include "transports/wire/evidence.h"

namespace tributary::core {

// Kept as its bytes alone: what an entry says is read from them again when it matters.
struct LiveEnvelope {
  std::shared_ptr<const std::string> bytes;  // verbatim
  wire::Hash hash;                           // of the body
  ActorRecord* actor = nullptr;
  std::uint64_t row = 0;
  std::uint64_t from = 0, to = 0;
  std::uint32_t body_at = 0, body_bytes = 0;  // in `bytes`
  std::uint32_t needed = 0;                   // entries not superseded; 0: about to go
  std::uint32_t place = 0;                    // in its bucket
  std::uint32_t number = 0;                   // in the set: used again when it is gone
  bool stored = false;                        // a commit that holds it is done
  bool evidence = false;                      // no envelope: a pair of them, kept for good

  std::string_view body() const { return std::string_view(*bytes).substr(body_at, body_bytes); }
};

struct Dropped {
  std::uint64_t row = 0;
  bool stored = false;
  wire::Hash hash;
  ActorRecord* actor = nullptr;
};

class LiveSet : private EntryIndex::Reader {
 public:
  LiveSet(ActorTable& actors, Keyspace& keys) : actors_(actors), keys_(keys) {}
  LiveSet(const LiveSet&) = delete;  // the index reads through it
  LiveSet& operator=(const LiveSet&) = delete;

  bool contains(const wire::Hash& hash) const { return writer_of(hash) != nullptr; }
  // Whose it is; nullptr: it is not live.
  ActorRecord* writer_of(const wire::Hash& hash) const {
    if (const LiveEnvelope* e = find(hash)) return e->actor;
    const ColdEnvelope* e = cold_.find(hash);
    return e == nullptr ? nullptr : e->actor;
  }
  // nullptr when it is cold, too.
  LiveEnvelope* find(const wire::Hash& hash) const {
    const auto number =
        all_.find(listed_as(hash), [&](std::uint32_t n) { return envelopes_[n].hash == hash; });
    return number ? &envelopes_[*number] : nullptr;
  }

  void look_ahead(const wire::Hash& hash) const { all_.look_ahead(listed_as(hash)); }

  // Takes an envelope whose entries are already joined, and collects what it supersedes (itself,
  // perhaps). REQUIRES: not contained.
  // `keys`: the key of each entry, in order.
  std::vector<Dropped> insert(const wire::Envelope& envelope, ActorRecord& actor,
                              const std::vector<KeyState*>& keys, std::uint64_t row, bool stored);

  // The same of one whose entries count on (Keyspace::counts_on(): `parts`), joined already:
  // comes_after() says that what it supersedes is found at once, and nothing contradicts it.
  std::vector<Dropped> insert_after(const wire::Envelope&, ActorRecord&,
                                    std::span<const Keyspace::PartAt> parts, std::uint64_t row);
  // Of each of its parts one entry is live, and said before it.
  bool comes_after(const wire::Delta&, std::span<const Keyspace::PartAt> parts) const;

  // From now on they are cold. REQUIRES: all that is live of these actors is stored, none of it is
  // evidence, or of a type that is not known; Keyspace::digests() was called since they changed.
  void chill(const std::vector<ActorRecord*>&);
  std::vector<ColdEnvelope> cold_of(const ActorRecord& actor) const { return cold_.of(actor); }
  // From now on they are not; `bytes`: what they weigh together. All of them are to be insert()ed
  // again before anything else is asked.
  void forget_cold(ActorRecord&, std::size_t bytes);
  std::size_t cold_actors() const { return cold_.actors(); }
  std::size_t cold_envelopes() const { return cold_.size(); }

  // A live envelope that contradicts this one, which is not held yet. Of several, that with which
  // it makes the smallest pair (evidence.h). `keys` as above.
  struct Clash {
    const LiveEnvelope* with = nullptr;
    Contradiction about;
  };
  std::optional<Clash> clash(const wire::Envelope&, ActorRecord&,
                             const std::vector<KeyState*>& keys) const;

  // Evidence against an actor (evidence.h) is kept among its envelopes and goes where they go.
  // Nothing supersedes it, and no entry of it is joined. REQUIRES: not contained.
  LiveEnvelope& keep(const wire::Evidence&, ActorRecord&, std::uint64_t row, bool stored);
  Dropped let_go(const wire::Hash& evidence);

  // Looks again at one actor's entries of a key, after targets of its foreign removals died.
  std::vector<Dropped> recheck(KeyState& key, ActorRef actor);

  // Searches about `entries_max` entries for what insert() could not afford to find, going round
  // the whole set by and by.
  std::vector<Dropped> sweep(std::size_t entries_max);
  bool sweeping() const { return !to_sweep_.empty(); }
  void begin_sweep();

  // The live envelope in which `remover` removes `target`; nullptr when none does.
  const LiveEnvelope* removal(const ForeignRemoval&) const;

  // One of them, wherever it lies. Lasts until something goes or comes.
  struct Item {
    const wire::Hash* hash = nullptr;
    const LiveEnvelope* warm = nullptr;  // nullptr: it is cold
    std::uint64_t row = 0;
    ActorRecord* actor = nullptr;
    bool stored() const { return warm == nullptr || warm->stored; }
    bool evidence() const { return warm != nullptr && warm->evidence; }
  };
  // f(Item) for all of a bucket, in no order.
  template <class F>
  void each(std::uint32_t b, F&& f) const {
    for (const LiveEnvelope* e : buckets_[b]) f(Item{&e->hash, e, e->row, e->actor});
    cold_.each(b, [&](const ColdEnvelope& e) { f(Item{&e.hash, nullptr, e.row, e.actor}); });
  }
  std::size_t size(std::uint32_t b) const { return buckets_[b].size() + cold_.size(b); }
  std::size_t bytes(std::uint32_t b) const { return bucket_bytes_[b]; }

  // The exact bytes of these, in their order. nullopt: some are cold, and the disk does not give
  // them now, or not as they were (rotten()).
  using Bytes = std::shared_ptr<const std::string>;
  std::optional<std::vector<Bytes>> read(std::span<const Item>) const;
  // What these have said that is live, one after the other, of each in the order of its rows.
  // nullopt: as of read(). REQUIRES: they are cold.
  struct Said {
    ActorRecord* actor = nullptr;
    wire::Envelope envelope;
  };
  std::optional<std::vector<Said>> said_by(std::span<ActorRecord* const> cold) const;
  // Without it, nothing may be chilled. `limits`: those that envelopes were read with.
  void read_back_with(ReadBack read_back, const wire::Limits& limits) {
    read_back_ = std::move(read_back);
    limits_ = limits;
  }
  bool reads_back() const { return read_back_ != nullptr; }
  std::optional<ReadRows> read_back(const RowsWanted& rows) const { return read_back_(rows); }
  // The disk has lost something, or changed it, which is live and cold.
  bool rotten() const { return rotten_; }
  void found_rotten() const { rotten_ = true; }

  // Up to `max` envelopes in order of hash, from after `after_hash`; of one device when it is
  // named. nullopt: as of read().
  std::optional<std::vector<std::pair<wire::Hash, Bytes>>> page(std::string_view after_hash,
                                                                std::size_t max,
                                                                std::string_view device = {}) const;

  // Digests of live entries of unknown types, per bucket.
  DigestBook& unknown_digests() { return unknown_; }

  std::size_t size() const { return all_.size() + cold_.size(); }
  std::size_t bytes() const { return bytes_; }
  // Estimated memory.
  std::size_t memory() const {
    return warm_bytes_ + all_.size() * warm_overhead + cold_.size() * cold_overhead;
  }

 private:
  using Name = EntryIndex::Name;
  using Slot = EntryIndex::Slot;
  // Whoever sends an envelope can choose a part of its hash.
  static std::size_t listed_as(const wire::Hash& hash) {
    return absl::HashOf(std::hash<wire::Hash>{}(hash));
  }
  // Of one, beside its bytes; rounded from what bench_scale measured.
  static constexpr std::size_t warm_overhead = 192, cold_overhead = 72;
  using Bucket = std::vector<LiveEnvelope*>;

  LiveEnvelope& at(const EntryRef& ref) const { return envelopes_[ref.envelope]; }
  wire::Entry entry(const EntryRef&) const override;
  // Enters it, with all its entries needed.
  LiveEnvelope& take(const wire::Envelope&, ActorRecord&, std::uint64_t row, bool stored);
  // Where in its body the entries begin: they are the last of it.
  static std::uint32_t entries_at(const wire::Envelope&);
  LiveEnvelope& enter(std::shared_ptr<const std::string> bytes, const wire::Hash&, ActorRecord&);
  void leave(LiveEnvelope&, std::vector<Dropped>& out);
  void take_out(LiveEnvelope&);
  void forget_entries(const LiveEnvelope&);
  bool later(const EntryRef& a, const EntryRef& b) const;
  // `newest`, when not null, is looked at whatever is related.
  bool superseded(const Slot&, const KeyState&, const EntryRef&, const EntryRef* newest,
                  int misses_max) const;
  bool superseded_orset(const std::vector<wire::Entry>& later, const KeyState&,
                        const wire::Entry&) const;
  void collect(const Name&, const EntryIndex::Refs& candidates, const EntryRef* newest,
               int misses_max, std::vector<Dropped>& out);
  // The common cases, without a search: an empty slot, or one other counter or register. False:
  // search.
  bool add_simply(KeyState&, ActorRecord&, const EntryRef&, const wire::Entry&,
                  std::vector<Dropped>& out);
  // REQUIRES: it has an entry.
  Slot& slot_of(const Name& name) {
    return *index_.find(keys_.at(name.key), actors_.at(name.actor));
  }
  // One entry of it is superseded.
  void release(LiveEnvelope&, std::vector<Dropped>& out);
  void count_unknown(const EntryRef&, const wire::Entry&, std::int32_t times);

  ActorTable& actors_;
  Keyspace& keys_;
  Numbered<LiveEnvelope> envelopes_;
  HashIndex all_;
  std::array<Bucket, wire::bucket_count> buckets_;
  EntryIndex index_{*this};
  absl::flat_hash_set<Name> crowded_;  // has, or had, more than one entry
  std::vector<Name> to_sweep_;
  std::uint64_t sweep_from_ =
      0;  // in the slot at the back of to_sweep_: its entries above this operation
  DigestBook unknown_;
  ColdSet cold_;
  ReadBack read_back_;
  wire::Limits limits_;
  mutable bool rotten_ = false;
  std::size_t bytes_ = 0, warm_bytes_ = 0;
  std::array<std::size_t, wire::bucket_count> bucket_bytes_{};
};

}  // namespace tributary::core
