// SPDX-License-Identifier: Apache-2.0
// Who may do what to which keys: the grants of the fleet's registry, asked of a delta's bytes.
//
//   Grants grants;
//   grants.take(entry);                                  // of an envelope of the admin
//   if (auto why = grants.denied(delta, hash)) refuse(why->rule, why->keys);
//
// Promise: the answer depends on the envelope and the records alone, whatever their order, so
// gateways with one registry agree. Grants only add, so what was allowed stays allowed, but for
// grants that are withdrawn: withdrawals.h. Without any grant nothing is.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/types.h"
#include "gateway/core/withdrawals.h"
#include "transports/wire/envelope.h"
#include "transports/wire/record.h"

namespace tributary::core {

class Grants {
 public:
  // Of the set of grants, or of settlements, where withdrawals are. Returns how many records are
  // new.
  std::size_t take(const wire::Entry&);
  std::size_t size() const { return grants_.size(); }
  const Withdrawals& withdrawals() const { return withdrawals_; }
  // How many records there are about withdrawn grants.
  std::size_t withdrawal_records() const { return known_.size() - grants_.size(); }

  // What of this entry no grant allows, in words; empty: all of it is allowed. `envelope`: the hash
  // of its body, which a withdrawn grant may go on allowing; without it, one that is yet to be
  // made.
  std::string denied(const wire::Delta&, const wire::Entry&, const wire::Hash& envelope = {}) const;
  // Its reason is `withdrawn` when nothing but withdrawals stands against it: then it may have been
  // taken before, by whoever had not heard of them yet.
  std::optional<Denial> denied(const wire::Delta&, const wire::Hash& envelope) const;

  // Whose envelopes may not be allowed any more since the last call: patterns of members.
  std::vector<std::string> take_withdrawn();

 private:
  struct Grant {
    wire::Hash id;  // of the record
    std::string members, keys;
    std::vector<std::uint8_t> types;
    std::uint8_t operations = 0;
    std::uint64_t since_ms = 0, burst = 0, per_hour = 0, bytes_max = 0;
  };
  struct Wanted;
  bool take_grant(std::string_view record);
  enum class Answer : std::uint8_t {
    allowed,
    withdrawn,  // by a grant that was withdrawn
    more,       // than a grant allows
    none,       // that is, no grant
  };
  static bool covers(const Grant&, const wire::Delta&, const wire::Entry&);
  static bool within(const Grant&, const Wanted&);
  static std::vector<Wanted> wanted_of(const wire::Delta&, const wire::Entry&);
  Answer answer(const Wanted&, const wire::Delta&, const wire::Entry&,
                const wire::Hash& envelope) const;
  // The worst of the answers, and in words what it is about.
  Answer answer(const wire::Delta&, const wire::Entry&, const wire::Hash& envelope,
                std::string& why) const;

  std::set<std::string, std::less<>> known_;  // the records
  std::vector<Grant> grants_;
  Withdrawals withdrawals_;
};

}  // namespace tributary::core
