// SPDX-License-Identifier: Apache-2.0
// Whose signature is believed: the fleet's registry of keys, and the order of the checks that cost
// something. Docs/security.md says what follows from it.
//
//   Trust trust(options);
//   trust.take(entry);                                   // of an envelope of the admin
//   switch (trust.check(signing::Kind::delta, "sensor-7", sealed)) …
//
// Promise: the registry only grows, and only by what the admin's key signed; so once a signature is
// found good it stays good, on every gateway that has the record, in whatever order things arrive.
// What the signer said may yet be closed: settlements().
#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/grants.h"
#include "gateway/core/settlements.h"
#include "gateway/core/types.h"
#include "transports/signing/seal.h"
#include "transports/wire/envelope.h"
#include "transports/wire/record.h"

namespace tributary::core {

class Trust {
 public:
  enum class Finding : std::uint8_t {
    good,
    none,      // there is no signature
    stranger,  // of a key that the registry does not (yet) have for this id
    forged,    // of a key that it has, and wrong
  };

  explicit Trust(const Options& options);

  bool on() const { return options_.trust.signatures != Signatures::off; }
  bool permissions() const { return on() && options_.trust.permissions; }
  bool required() const { return options_.trust.signatures == Signatures::require; }

  // Is the key that `sealed` names one of this id's? The cheap half of check().
  bool knows(std::string_view id, std::string_view key_id) const;
  bool knows(std::string_view id) const { return keys_.contains(id); }
  Finding check(signing::Kind, std::string_view id, const wire::Sealed&) const;
  // Of an envelope, which may have been found good ahead of its turn.
  Finding check(const wire::Envelope&) const;

  // What was found good: that key has signed the body that hashes so.
  struct Good {
    wire::Hash body;
    signing::PublicBytes key{};
    signing::Signature signature{};
  };
  // Any thread may ask while nothing else is called. nullopt: not good, or not (yet) enrolled.
  std::optional<Good> good(const wire::Envelope&) const;
  // For the next check(): bounded, and forgotten in time. REQUIRES: good() said so.
  void remember(const Good& g) {
    if (ahead_.size() >= ahead_max) ahead_.clear();
    ahead_.insert_or_assign(g.body, g);
  }

  // An entry of the admin's, whose signature was found good. Returns how many records are new.
  std::size_t take(const wire::Entry&);
  std::size_t size() const { return size_; }
  const Grants& grants() const { return grants_; }
  const Settlements& settlements() const { return settlements_; }
  std::vector<std::string> take_settled() { return settlements_.take_changed(); }
  std::vector<std::string> take_withdrawn() { return grants_.take_withdrawn(); }
  // Neither closed nor by a grant that was withdrawn, or named by a list all the same: whether what
  // was taken once may stay.
  bool valid(const wire::Delta&, std::string_view key_id, const wire::Hash& envelope) const;

  // Who brought what was refused pays for it: after `in_a_row_max` forgeries the next are refused
  // unseen, until time has passed. An honest gateway relays nothing that it did not verify.
  static constexpr std::size_t in_a_row_max = 64;
  bool may_try(std::string_view who, std::uint64_t mono_ms);
  void blame(std::string_view who, Reject why, Instant now);
  bool blamed(std::string_view who) const { return purses_.contains(purse_of(who)); }  // ever
  const std::map<std::string, OffenderView, std::less<>>& offenders() const { return offenders_; }

 private:
  struct Key {
    std::string role;
    signing::PublicBytes bytes{};
    std::string id;
  };
  struct Purse {
    double tokens = 0;
    std::uint64_t at_ms = 0;
  };
  static constexpr std::size_t ahead_max = 8'192;
  std::string_view purse_of(std::string_view who) const;
  const Key* find(std::string_view id, std::string_view key_id) const;

  const Options& options_;
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>{}(id); }
  };
  absl::flat_hash_map<std::string, std::vector<Key>, Hasher, std::equal_to<>> keys_;  // by member
  std::size_t size_ = 0;
  absl::flat_hash_map<wire::Hash, Good, std::hash<wire::Hash>> ahead_;  // by body
  Grants grants_;
  Settlements settlements_;
  // Of everybody who was ever blamed; when there are too many, the others share one.
  std::map<std::string, Purse, std::less<>> purses_;
  std::map<std::string, OffenderView, std::less<>> offenders_;
};

}  // namespace tributary::core
