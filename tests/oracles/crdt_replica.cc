// SPDX-License-Identifier: Apache-2.0
#include "tests/oracles/crdt_replica.h"

#include <algorithm>

namespace tributary::oracles {

void CrdtReplica::take(const Message& m) {
  known_.insert(m.deltas.begin(), m.deltas.end());
  const bool whole = random_() % 3 == 0;
  reached_[whole ? "joined whole" : "joined by deltas"] += 1;
  if (whole) return state_.join(m.state);
  std::vector<std::shared_ptr<const State>> deltas;
  for (const auto& [number, delta] : m.deltas) {
    for (std::uint64_t copies = 1 + random_() % 2; copies > 0; --copies) deltas.push_back(delta);
  }
  std::shuffle(deltas.begin(), deltas.end(), random_);
  while (!deltas.empty()) {  // several at once: joined to each other first
    State group;
    for (std::uint64_t n = 1 + random_() % 3; n > 0 && !deltas.empty(); --n) {
      group.join(*deltas.back());
      deltas.pop_back();
    }
    state_.join(group);
  }
}

}  // namespace tributary::oracles
