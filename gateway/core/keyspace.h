// SPDX-License-Identifier: Apache-2.0
// The merged state: for every (key, type) the value over all actors. Applying an entry joins one
// part; what changed goes to the digests, to the memory account, and to whoever asks which keys
// moved.
//
//   Keyspace keys(actors);
//   Applied a = keys.apply(actor, entry, wall_ms);
//   keys.find("plant-1/parts", 2)->json();
//
// Deterministic: nothing here depends on the order of arrival, on memory addresses or on hash
// seeds.
#pragma once
#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crdt/gcounter.h"
#include "crdt/gset.h"
#include "crdt/lww_register.h"
#include "crdt/orset.h"
#include "crdt/pncounter.h"
#include "gateway/core/actors.h"
#include "gateway/core/digest.h"
#include "transports/wire/envelope.h"

namespace tributary::core {

using GCounter = crdt::GCounter<ActorRef>;
using PnCounter = crdt::PnCounter<ActorRef>;
using GSet = crdt::GSet<ActorRef>;
using OrSet = crdt::OrSet<ActorRef>;
using LwwRegister = crdt::LwwRegister<ActorRef>;
using Dot = crdt::Dot<ActorRef>;
struct Opaque {};  // a type that this version does not know: kept as envelopes only

class EntryIndex;  // live.h

struct KeyState {
  std::string key;
  std::uint8_t type = 0;
  std::variant<Opaque, GCounter, PnCounter, GSet, OrSet, LwwRegister> value;
  std::uint64_t changed_at_ms = 0;  // wall
  // In which lists it stands already; each belongs to whoever keeps that list.
  struct Marks {
    bool changed = false;                                                          // Keyspace
    bool published = false, view_due = false, row_due = false, watch_due = false;  // Views
  } marks = {};

  // The value alone, as in view/… topics.
  std::string json() const;
  // Actors with a part.
  std::size_t contributors() const;
};

// A foreign removal that has just become known, for the ack that quotes it.
struct ForeignRemoval {
  KeyState* key = nullptr;
  Dot target;
  ActorRef remover;
  friend bool operator==(const ForeignRemoval&, const ForeignRemoval&) = default;
};

class Keyspace {
 public:
  explicit Keyspace(ActorTable& actors) : actors_(actors) {}

  // nullptr when unknown.
  KeyState* find(std::string_view key, std::uint8_t type) const;
  KeyState& intern(std::string_view key, std::uint8_t type);
  std::size_t size() const { return keys_.size(); }

  // Joins what an entry says of its actor. True when the state changed. REQUIRES: the entry is of
  // `key`.
  bool apply(ActorRecord& actor, KeyState& key, const wire::Entry& entry, std::uint64_t wall_ms);

  // Registers stamped after `horizon` are held; called as time goes on.
  void set_horizon(crdt::Hlc horizon);
  // The earliest stamp that is held.
  std::optional<crdt::Hlc> next_release() const;

  // Keys whose shown value may have changed since the last call, in the order of their first
  // change.
  std::vector<KeyState*> take_changed();
  // Foreign removals that appeared since the last call; actors whose removals lost their target and
  // are needed no more.
  std::vector<ForeignRemoval> take_foreign();
  std::vector<std::pair<KeyState*, ActorRef>> take_released();

  // Up to `max` keys that somebody contributes to, in order of (key, type), after the given one.
  std::vector<const KeyState*> page(std::string_view after_key, std::uint8_t after_type,
                                    std::size_t max) const;

  DigestBook& digests() { return digests_; }
  // Estimated memory: of one type, and of all.
  std::size_t bytes(std::uint8_t type) const { return bytes_[wire::known(type) ? type : 0]; }
  std::size_t total_bytes() const;
  std::size_t parts() const { return parts_; }

 private:
  struct Watch;  // the observer: from changes of the data types to digests and accounts
  struct Name {
    std::string_view key;
    std::uint8_t type = 0;
    friend auto operator<=>(const Name&, const Name&) = default;
    template <typename H>
    friend H AbslHashValue(H h, const Name& n) {
      return H::combine(std::move(h), n.key, n.type);
    }
  };
  bool join(Watch&, KeyState&, const wire::Entry&);
  void mark(KeyState& key);
  void watch_held(KeyState& key);

  ActorTable& actors_;
  absl::flat_hash_map<Name, std::unique_ptr<KeyState>> keys_;
  mutable std::vector<const KeyState*> order_;  // sorted; made again when keys were added since
  DigestBook digests_;
  std::array<std::size_t, 8> bytes_{};  // by type; 0: unknown ones
  std::size_t parts_ = 0;
  crdt::Hlc horizon_ = crdt::Hlc{~std::uint64_t{0}};

  std::vector<KeyState*> changed_;
  // Registers with a held part, by the stamp that is shown first.
  std::set<std::pair<crdt::Hlc, KeyState*>> releases_;
  absl::flat_hash_map<KeyState*, crdt::Hlc> held_;
  std::vector<ForeignRemoval> foreign_;
  std::vector<std::pair<KeyState*, ActorRef>> released_;
};

}  // namespace tributary::core
