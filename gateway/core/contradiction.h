// SPDX-License-Identifier: Apache-2.0
// Whether two envelopes of one actor tell two stories. Semantic, entry by entry, and compared at
// the deltas' `to`: an honest device may encode one interval twice, cut it elsewhere, and say less
// of what it has said before. It is a pure function of the two, so anybody can check it again.
//
//   if (auto c = contradiction(a.delta, b.delta)) say(c->key, c->what);
//
// Promise: a device that keeps the rules of docs/protocol.md section 4, and has one memory, never
// makes two deltas that contradict each other. The converse is not promised.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "transports/wire/envelope.h"

namespace tributary::core {

struct Contradiction {
  std::string key;
  std::uint8_t type = 0;
  std::string what;  // for people: "counts 5 and then 4"
};

// An entry as it stands in a delta to `to`.
struct Told {
  const wire::Entry& entry;
  std::uint64_t to = 0;
};
// In words; empty: none. REQUIRES: of one actor, key and type. The order does not matter.
std::string contradiction(const Told& a, const Told& b);

// The first one, in the order of the entries. REQUIRES: of one actor.
std::optional<Contradiction> contradiction(const wire::Delta& a, const wire::Delta& b);

}  // namespace tributary::core
