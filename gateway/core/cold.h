// SPDX-License-Identifier: Apache-2.0
// Envelopes that are live and lie on the disk alone: of each its hash, by which peers and
// duplicates name it, and its row, by which it is read back. All of an actor's are cold, or none.
//
//   ColdSet cold;
//   cold.add(actor, hash, row);
//   if (const ColdEnvelope* e = cold.find(hash)) …
//   std::vector<ColdEnvelope> all = cold.take(actor);     // it is warm again
//
// Some 60 bytes each. Not thread-safe.
#pragma once
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "gateway/core/actors.h"
#include "transports/wire/pack.h"

namespace tributary::core {

struct ColdEnvelope {
  wire::Hash hash;  // of the body
  std::uint64_t row = 0;
  ActorRecord* actor = nullptr;
  std::uint32_t next = 0;  // of the same actor: its number; none: ActorRecord::none
};

class ColdSet {
 public:
  ColdSet() = default;
  ColdSet(const ColdSet&) = delete;  // the index looks into it
  ColdSet& operator=(const ColdSet&) = delete;

  // nullptr: it is not here.
  const ColdEnvelope* find(const wire::Hash& hash) const {
    const auto at = by_hash_.find(hash);
    return at == by_hash_.end() ? nullptr : &all_[*at];
  }
  void add(ActorRecord&, const wire::Hash&, std::uint64_t row);
  // In order of their rows.
  std::vector<ColdEnvelope> of(const ActorRecord&) const;
  void remove(ActorRecord&);  // all of its
  std::size_t size() const { return by_hash_.size(); }
  std::size_t size(std::uint32_t bucket) const { return counts_[bucket]; }
  const std::vector<ActorRecord*>& actors(std::uint32_t bucket) const { return actors_[bucket]; }
  std::size_t actors() const { return actors_count_; }
  template <class F>
  void each(std::uint32_t bucket, F&& f) const {
    for (const ActorRecord* actor : actors_[bucket]) {
      for (std::uint32_t n = actor->cold_first; n != ActorRecord::none; n = all_[n].next)
        f(all_[n]);
    }
  }

 private:
  struct ByHash {
    using is_transparent = void;
    const ColdSet* set = nullptr;
    const wire::Hash& of(const wire::Hash& hash) const { return hash; }
    const wire::Hash& of(std::uint32_t number) const { return set->all_[number].hash; }
    std::size_t operator()(const auto& x) const { return std::hash<wire::Hash>{}(of(x)); }
    bool operator()(const auto& a, const auto& b) const { return of(a) == of(b); }
  };
  std::deque<ColdEnvelope> all_;     // by number
  std::vector<std::uint32_t> free_;  // numbers
  absl::flat_hash_set<std::uint32_t, ByHash, ByHash> by_hash_{0, ByHash{this}, ByHash{this}};
  std::array<std::vector<ActorRecord*>, wire::bucket_count> actors_;
  std::array<std::size_t, wire::bucket_count> counts_{};  // envelopes
  std::size_t actors_count_ = 0;
};

}  // namespace tributary::core
