// SPDX-License-Identifier: Apache-2.0
// What one gateway's disk holds, joined a second time in the plainest way: the oracle's copy of a
// gateway. It follows commits that the store called durable, knows no supersession, no digest and
// no incremental value, and shares with the product only the decoder and the text of a scalar.
//
//   shadow.take(row.bytes);                              // of each envelope that became durable
//   shadow.lacks(log, actor, 0, 17);                     // "" or which of operations 1 … 17 is not
//   there shadow.value({"k", 4}, horizon) == gateway's JSON
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/hlc.h"
#include "tests/simulation/history.h"
#include "transports/wire/envelope.h"

namespace tributary::simulation {

class Shadow {
 public:
  struct Part {
    std::uint64_t up = 0, down = 0;             // counters
    std::set<std::string> elements;             // G-Set
    std::vector<bool> covered;                  // OR-Set, by operation
    std::map<std::uint64_t, std::string> live;  // OR-Set
    std::set<DotName> foreign;                  // OR-Set: never dropped here
    std::uint64_t op = 0;                       // register
    crdt::Hlc hlc;
    std::string value;

    bool covers(std::uint64_t n) const { return n < covered.size() && covered[n]; }
    bool dead(std::uint64_t n) const { return covers(n) && live.count(n) == 0; }
  };

  // Joins one envelope; says of how many parts its delta is, 0 for bytes that are no envelope.
  std::uint32_t take(std::string_view envelope);

  const Part* part(const Actor&, const KeyType&) const;
  const std::map<KeyType, std::map<Actor, Part>>& keys() const { return keys_; }
  std::size_t parts() const { return parts_; }
  bool dead(const DotName&, const KeyType&) const;

  // Is the effect of every operation of the log in (from, to] here? "" or what is missing.
  std::string lacks(const Log&, const Actor&, std::uint64_t from, std::uint64_t to) const;

  // The value as a gateway shows it. Registers: parts stamped up to `horizon`; nullopt when one is
  // so near to it (within `vague_ms`) that either answer is right.
  std::optional<std::string> value(const KeyType&, std::uint64_t horizon_ms,
                                   std::uint64_t vague_ms) const;
  std::size_t contributors(const KeyType&) const;
  // Where the two differ first, "": nowhere. `state`: in what equal digests promise, which leaves
  // out which of an actor's operations are known dead, and removals of what is dead.
  enum class Compare : std::uint8_t { state, everything };
  std::string differs(const Shadow& other, Compare) const;
  // What the parts of an actor weigh, roughly in bytes on the wire.
  std::size_t weight(const Actor&) const;

 private:
  std::string lacks(const Op&, const Actor&) const;
  static void take_orset(Part&, const wire::Entry&);
  std::map<KeyType, std::map<Actor, Part>> keys_;
  std::size_t parts_ = 0;
};

}  // namespace tributary::simulation
