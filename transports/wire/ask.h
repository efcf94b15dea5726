// SPDX-License-Identifier: Apache-2.0
// What two gateways that are both online say to become equal without reading each other's retained
// state: docs/protocol.md section 7. Views in what is decoded point into the bytes given.
//
//   Result<Ask, DecodeError> ask = decode_ask(payload, limits);
//   Sketch theirs = *Sketch::read(ask->cells);                // never nullopt
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "transports/wire/envelope.h"
#include "transports/wire/sketch.h"

namespace tributary::wire {

struct Ask {
  std::string_view gateway;   // who asks
  std::uint64_t token = 0;    // names the ask, and makes the ids
  std::uint64_t buckets = 0;  // a bit for each; one at least
  std::string_view cells;     // a sketch of the asker's live envelopes in those buckets
};
// REQUIRES: the grammar; asserted.
std::string encode(const Ask&);
Result<Ask, DecodeError> decode_ask(std::string_view bytes, const Limits&);

enum class Outcome : std::uint8_t {
  all = 0,      // everything that the asker lacked is in it
  some = 1,     // there is more than fits: ask again
  unclear = 2,  // the sketch was too small for the difference
};

struct Answer {
  std::string_view gateway;  // who answers
  std::uint64_t token = 0;   // of the ask
  Outcome outcome = Outcome::all;
  std::vector<std::uint64_t> lacks;  // ids that only the asker has; ascending
  std::string_view pack;             // of envelopes
};
// REQUIRES: the grammar; asserted.
std::string encode(const Answer&);
Result<Answer, DecodeError> decode_answer(std::string_view bytes, const Limits&);

}  // namespace tributary::wire
