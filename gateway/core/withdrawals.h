// SPDX-License-Identifier: Apache-2.0
// Which grants were withdrawn, and to which envelopes they go on allowing what they had allowed:
// the withdrawals and exemptions of the fleet's registry, docs/security.md section 13.
//
//   Withdrawals withdrawals;
//   withdrawals.take(element);                           // of the admin's $fleet/settlements
//   if (!withdrawals.in_force(grant, envelope)) …        // as if that grant had never been made
//
// Promise: the answer depends on the records alone, whatever their order. A list that is here in
// part exempts nothing yet.
#pragma once
#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/envelope_lists.h"
#include "transports/wire/record.h"

namespace tributary::core {

class Withdrawals {
 public:
  // False: it is no such record. REQUIRES: it was not taken before.
  bool take(std::string_view record);

  // A grant is named by the hash of its record, an envelope by that of its body.
  bool withdrawn(const wire::Hash& grant) const { return withdrawn_.contains(grant); }
  bool in_force(const wire::Hash& grant, const wire::Hash& envelope) const {
    return !withdrawn(grant) || exempts(grant, envelope);
  }
  // How many envelopes it goes on allowing.
  std::size_t exempt(const wire::Hash& grant) const;
  // Some list names it.
  bool names(const wire::Hash& envelope) const;

  // Grants withdrawn since the last call.
  std::vector<wire::Hash> take_changed() { return std::exchange(changed_, {}); }

 private:
  using Hashes = absl::flat_hash_set<wire::Hash, std::hash<wire::Hash>>;
  struct ListName {
    wire::Hash grant;
    std::uint64_t id = 0, parts = 0;
    friend auto operator<=>(const ListName&, const ListName&) = default;
  };
  bool exempts(const wire::Hash& grant, const wire::Hash& envelope) const;

  Hashes withdrawn_;
  EnvelopeLists<ListName> lists_;
  absl::flat_hash_map<wire::Hash, Hashes, std::hash<wire::Hash>> exempt_;  // by grant
  std::vector<wire::Hash> changed_;
};

}  // namespace tributary::core
