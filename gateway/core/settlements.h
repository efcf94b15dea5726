// SPDX-License-Identifier: Apache-2.0
// Which actors are closed, and which of their envelopes are valid all the same: the settlements of
// the fleet's registry. The one mechanism for a stolen key, an epoch that is to end, and a device
// that is to count for nothing: docs/security.md.
//
//   Settlements settlements;
//   settlements.take(entry);                             // of an envelope of the admin
//   if (!settlements.valid(device, epoch, key_id, hash)) …
//   for (const std::string& device : settlements.take_changed()) …
//
// Promise: the answer depends on the records alone, whatever their order, so gateways with one
// registry agree. A list that is here in part names nothing yet. The admin is never closed.
#pragma once
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "gateway/core/envelope_lists.h"
#include "transports/wire/envelope.h"
#include "transports/wire/record.h"

namespace tributary::core {

class Settlements {
 public:
  // Returns how many records are new.
  std::size_t take(const wire::Entry&);
  std::size_t size() const { return known_.size(); }

  // Of what is said in this epoch, or signed with this key (its id; empty: unsigned), only what a
  // settlement names is valid.
  bool closed(std::string_view device, std::uint64_t epoch, std::string_view key_id) const;
  // The whole epoch is, whoever signed.
  bool closed(std::string_view device, std::uint64_t epoch) const;
  bool names(const wire::Hash& envelope) const { return named_.contains(envelope); }
  bool valid(std::string_view device, std::uint64_t epoch, std::string_view key_id,
             const wire::Hash& envelope) const {
    return !closed(device, epoch, key_id) || names(envelope);
  }

  // Devices of which other envelopes may be valid than at the last call, ascending.
  std::vector<std::string> take_changed();

 private:
  using ListName = std::tuple<std::string, std::uint64_t, std::uint64_t>;  // device, id, parts
  bool take_closing(std::string_view record);
  bool take_settlement(std::string_view record);

  std::set<std::string, std::less<>> known_;                                        // the records
  std::map<std::string, std::set<std::uint64_t>, std::less<>> epochs_;              // by device
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> key_ids_;  // the same
  EnvelopeLists<ListName> lists_;
  absl::flat_hash_set<wire::Hash, std::hash<wire::Hash>> named_;
  std::set<std::string> changed_;
};

}  // namespace tributary::core
