// SPDX-License-Identifier: Apache-2.0
// Who may do what to which keys: the grants of the fleet's registry, asked of a delta's bytes.
//
//   Grants grants;
//   grants.take(entry);                                  // of an envelope of the admin
//   if (auto why = grants.denied(delta)) refuse(why->rule, why->keys);
//
// Promise: the answer depends on the delta and the grants alone, so gateways with one registry
// agree; grants only add, so what was allowed stays allowed. Without any grant nothing is.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/core/types.h"
#include "transports/wire/envelope.h"
#include "transports/wire/record.h"

namespace tributary::core {

class Grants {
 public:
  // Returns how many are new.
  std::size_t take(const wire::Entry&);
  std::size_t size() const { return grants_.size(); }

  // What of this entry no grant allows, in words; empty: all of it is allowed.
  std::string denied(const wire::Delta&, const wire::Entry&) const;
  std::optional<Denial> denied(const wire::Delta&) const;

 private:
  struct Grant {
    std::string members, keys;
    std::vector<std::uint8_t> types;
    std::uint8_t operations = 0;
    std::uint64_t since_ms = 0, burst = 0, per_hour = 0, bytes_max = 0;
  };
  struct Wanted;
  static bool covers(const Grant&, const wire::Delta&, const wire::Entry&);
  static bool within(const Grant&, const Wanted&);

  std::set<std::string> known_;  // the records
  std::vector<Grant> grants_;
};

}  // namespace tributary::core
