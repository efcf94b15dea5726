// SPDX-License-Identifier: Apache-2.0
// The merged state: for every (key, type) the value over all actors. Applying an entry joins one
// part; what changed goes to the digests, to the memory account, and to whoever asks which keys
// moved.
//
//   Keyspace keys(actors);
//   keys.apply(actor, keys.intern(entry.key, entry.type), entry, wall_ms);
//   keys.find("plant-1/parts", 2)->json();
//
// Deterministic: nothing here depends on the order of arrival, on memory addresses or on hash
// seeds.
#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "crdt/gcounter.h"
#include "crdt/gset.h"
#include "crdt/lww_register.h"
#include "crdt/orset.h"
#include "crdt/pncounter.h"
#include "crdt/small_vector.h"
#include "gateway/core/actors.h"
#include "gateway/core/digest.h"
#include "gateway/core/entry_slots.h"
#include "gateway/core/hash_index.h"
#include "gateway/core/slab.h"
#include "transports/wire/envelope.h"

namespace tributary::core {

using GCounter = crdt::GCounter<ActorRef>;
using PnCounter = crdt::PnCounter<ActorRef>;
using GSet = crdt::GSet<ActorRef>;
using OrSet = crdt::OrSet<ActorRef>;
using LwwRegister = crdt::LwwRegister<ActorRef>;
using Dot = crdt::Dot<ActorRef>;
struct Opaque {};  // a type that this version does not know: kept as envelopes only

// A register or a set all of whose writers are cold: what they said of it is on the disk alone.
struct Resting {
  crdt::SmallVector<ActorRecord*> writers;
  crdt::Hlc newest;       // stamp of a register
  std::size_t bytes = 0;  // estimated memory of what left it
};

template <class Value>
constexpr bool has_parts = !std::is_same_v<Value, Opaque> && !std::is_same_v<Value, Resting>;

struct KeyState {
  std::string key;
  std::uint32_t number = 0;  // in the Keyspace
  std::uint32_t next = 0;    // Keyspace: the number of the key that came next, in an envelope
  std::uint8_t type = 0;
  // In which lists it stands already; each belongs to whoever keeps that list.
  struct Marks {
    bool changed : 1 = false;    // Keyspace
    bool published : 1 = false;  // Views, as the others
    bool view_due : 1 = false;
    bool view_said : 1 = false;
    bool row_due : 1 = false;
    bool watch_due : 1 = false;
    bool doubted : 1 = false;  // Keyspace: an excluded actor has a part of it
    bool wished : 1 = false;   // Keyspace
  } marks = {};
  std::uint32_t used = 0;   // steps_of(mono): when it changed, or came back; before the start 0
  std::uint32_t aside = 0;  // parts that are on the disk alone, and in the value all the same
  std::uint64_t changed_at_ms = 0;  // wall
  EntrySlots slots;                 // by place_of(): of the live index, and of the Keyspace
  // Sets are large and fewer: kept elsewhere, a counter's key stays small.
  std::variant<Opaque, GCounter, PnCounter, std::unique_ptr<GSet>, std::unique_ptr<OrSet>,
               LwwRegister, Resting>
      value;

  template <class T>
  static constexpr bool boxed = std::is_same_v<T, GSet> || std::is_same_v<T, OrSet>;
  // nullptr when it is none.
  template <class T>
  T* if_a() {
    if constexpr (boxed<T>) {
      const auto* box = std::get_if<std::unique_ptr<T>>(&value);
      return box == nullptr ? nullptr : box->get();
    } else {
      return std::get_if<T>(&value);
    }
  }
  template <class T>
  const T* if_a() const {
    return const_cast<KeyState*>(this)->if_a<T>();
  }
  // REQUIRES: it is one.
  template <class T>
  T& as() {
    assert(if_a<T>() != nullptr);
    return *if_a<T>();
  }
  template <class T>
  const T& as() const {
    return const_cast<KeyState*>(this)->as<T>();
  }
  // f(value), whatever its type is.
  template <class F>
  decltype(auto) visit(F&& f) {
    return std::visit(Unboxed<F>{f}, value);
  }
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(Unboxed<F>{f}, value);
  }

  // Of an actor's part in a counter or a register, from which none ever goes; nullopt: it has none,
  // or this is of another type.
  std::optional<std::uint32_t> place_of(ActorRef) const;
  // A counter's entry that says all that is known here of its actor: joining it to anything else
  // of that actor gives the same.
  bool is_all_of(ActorRef, const wire::Entry&) const;

  bool rests() const { return if_a<Resting>() != nullptr; }
  // The value alone, as in view/… topics. REQUIRES, as of what follows: it does not rest.
  std::string json() const;
  // Actors with a part that counts; also of one that rests.
  std::size_t contributors() const;
  // A copy for showing, without the parts of excluded actors. Made anew each time: they are few.
  KeyState without_excluded() const;

 private:
  template <class F>
  struct Unboxed {
    F& f;
    template <class T>
    decltype(auto) operator()(T& v) const {
      return f(v);
    }
    template <class T>
    decltype(auto) operator()(std::unique_ptr<T>& v) const {
      return f(*v);
    }
    template <class T>
    decltype(auto) operator()(const std::unique_ptr<T>& v) const {
      return f(std::as_const(*v));
    }
  };
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
  void look_ahead(std::string_view key, std::uint8_t type) const {
    by_name_.look_ahead(Name{key, type}.hash());
  }
  KeyState& intern(std::string_view key, std::uint8_t type);
  // The same, quickly when this key came after `before` the last time: devices name their keys in
  // one order.
  KeyState& intern_after(KeyState* before, std::string_view key, std::uint8_t type);
  // nullptr when unknown.
  KeyState* find_after(KeyState* before, std::string_view key, std::uint8_t type) const;
  KeyState& at(std::uint32_t number) const { return keys_[number]; }
  std::size_t size() const { return keys_.size(); }

  // Joins what an entry says of its actor. True when the state changed. REQUIRES: the entry is of
  // `key`.
  bool apply(ActorRecord& actor, KeyState& key, const wire::Entry& entry, std::uint64_t wall_ms);

  // Where an actor's part is, by KeyState::place_of().
  struct PartAt {
    KeyState* key = nullptr;
    std::uint32_t place = 0;
  };
  // What a known device says again and again: counters of which this actor has a part here, each no
  // less than what is held, so that joining it makes the part what the entry says. Then `parts` are
  // those of the entries. False: something in it is anything else, and all of it takes apply().
  bool counts_on(ActorRecord&, const wire::Delta&, std::vector<PartAt>& parts) const;
  // apply() of such an entry.
  bool count_on(ActorRecord&, const PartAt&, const wire::Entry&, std::uint64_t wall_ms);

  // Whether joining it would take more memory: a key or a part that is not there yet, a longer
  // value, an element or a removal of another's add that is new.
  bool would_grow(ActorRef, const wire::Entry&) const;

  // A part that lies on the disk as well leaves memory, if it is a counter's: it stays in the value
  // and in the digest. REQUIRES: the entries of its place are forgotten, digests() was called since
  // it changed, and nothing is applied to it before take_back() of all that the disk has of it.
  void set_aside(ActorRecord&, KeyState&);
  // REQUIRES: as for apply(), and it was set aside, unless it is no counter's.
  void take_back(ActorRecord&, KeyState&, const wire::Entry&);

  // Of registers and sets, whose parts together are what is shown: those of which a part was set
  // aside leave memory whole when all their writers are cold and it may_leave(), but for those with
  // many writers, and registers of which something is held. They stay in the digests. REQUIRES:
  // nothing is applied before wake().
  void rest(std::uint64_t mono_ms);
  // A copy of one that rests, of which nothing is here; and what the disk has of it, entry by
  // entry.
  KeyState empty_copy(const KeyState&) const;
  void read(KeyState& copy, ActorRecord&, const wire::Entry&) const;
  // REQUIRES: it rests, and the copy has read all.
  void wake(KeyState&, KeyState&& copy);
  std::size_t resting() const { return resting_; }
  // That rest, and have to be looked at again: the clock was set back.
  const std::vector<KeyState*>& wished() const { return wished_; }
  // More writers are not read for a value.
  static constexpr std::size_t resting_writers_max = 1'024;

  // From now on what this actor says is kept, and digested, and not shown. REQUIRES: nothing of it
  // is set aside.
  void exclude(ActorRecord&);

  void set_time(std::uint64_t mono_ms) { now_ = steps_of(mono_ms); }
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

  // With all that was applied.
  DigestBook& digests() {
    if (loose() > 0) settle_loose(loose());
    return digests_;
  }
  // Some of what digests() would have to hash now, so that nobody waits for all of it. False: more
  // is left, and it becomes less. True: a little is left; or it would not become less, for more
  // changes meanwhile.
  bool prepare_digests();
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
    std::size_t hash() const { return absl::HashOf(key, type); }
  };
  void clear(KeyState& key) const;
  std::optional<Resting> at_rest(const KeyState& key) const;
  void changed(ActorRecord&, KeyState&, std::uint64_t wall_ms);
  void mark(KeyState& key);
  void settle_loose(std::size_t oldest);
  void watch_held(KeyState& key);

  ActorTable& actors_;
  Slab<KeyState> keys_;
  HashIndex by_name_;
  mutable std::vector<const KeyState*> order_;  // sorted; made again when keys were added since
  DigestBook digests_;
  // Parts of counters and registers that have changed since the digests were read: their atoms are
  // not in there. A part that changes often between two readings costs two hashes, not two each
  // time. Marked in their slots.
  std::vector<std::pair<KeyState*, ActorRecord*>> loose_;  // the oldest first …
  std::size_t loose_from_ = 0;                             // … from here on
  std::size_t loose() const { return loose_.size() - loose_from_; }
  static constexpr std::size_t loose_max = 16'384;
  static constexpr std::size_t settled_at_once = 1'024;  // fewer than 2 ms
  static constexpr std::size_t settled_at_most = 2'048;
  static constexpr std::size_t not_begun = ~std::size_t{0};
  std::size_t loose_left_ = not_begun;  // when digests were prepared last
  std::array<std::size_t, 8> bytes_{};  // by type; 0: unknown ones
  std::size_t parts_ = 0, resting_ = 0;
  crdt::Hlc horizon_ = crdt::Hlc{~std::uint64_t{0}};

  std::vector<KeyState*> changed_;
  // Registers with a held part, by the stamp that is shown first.
  std::set<std::pair<crdt::Hlc, KeyState*>> releases_;
  absl::flat_hash_map<KeyState*, crdt::Hlc> held_;
  std::vector<ForeignRemoval> foreign_;
  std::vector<std::pair<KeyState*, ActorRef>> released_;
  std::uint32_t now_ = 0;          // steps_of(mono)
  std::vector<KeyState*> aside_;   // may rest
  std::vector<KeyState*> wished_;  // marked
};

}  // namespace tributary::core
