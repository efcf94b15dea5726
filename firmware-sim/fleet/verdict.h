// SPDX-License-Identifier: Apache-2.0
// Compares what gateways show with what was issued.
//
//   Verdict v = judge(oracle, {{"gw-1", values, digest}, …});
//   std::cout << v.text();
//   return v.exact() ? 0 : 1;
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "firmware-sim/fleet/oracle.h"

namespace tributary::fleet {

// What one gateway shows: (key, type name as in views) → JSON text of the value; and its digest,
// however it is written.
struct Shown {
  std::string gateway;
  std::map<std::pair<std::string, std::string>, std::string> values;
  std::string digest;
};

struct Verdict {
  struct Gateway {
    std::string name;
    // In operations. `lost` and `doubled` count units for counters (a sum tells no more), elements
    // for sets, and one for a register: they are zero exactly when nothing was lost or counted
    // twice.
    std::uint64_t counted = 0, lost = 0, doubled = 0;
    std::vector<std::string> wrong;  // the first 20 keys that differ, in words
    std::uint64_t wrong_keys = 0;
  };
  std::uint64_t issued = 0;  // operations
  std::uint64_t unsure =
      0;  // of those: lost with a memory before any gateway promised them; may count or not
  std::uint64_t keys = 0;
  std::vector<Gateway> gateways;
  bool digests_equal = false;

  bool exact() const;
  // A few lines for a person: one a gateway, then the verdict, then what differs.
  std::string text() const;
  std::string json() const;
};

// Keys that a gateway shows and the oracle does not know (the host's, say) are left out.
Verdict judge(const Oracle& oracle, const std::vector<Shown>& shown);

}  // namespace tributary::fleet
