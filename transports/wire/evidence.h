// SPDX-License-Identifier: Apache-2.0
// Evidence: two envelopes of one actor, side by side, that tell two stories (docs/protocol.md
// section 7). The reader says that they are of one actor; whether they contradict each other is for
// gateway/core/contradiction.h, and who signed them for whoever has the keys.
//
//   std::string bytes = encode_evidence(*a.bytes, *b.bytes);       // in either order
//   Result<Evidence, DecodeError> e = decode_evidence(bytes, limits);
//   e->first.delta, e->second.delta                                // by the order of their hashes
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "transports/wire/envelope.h"

namespace tributary::wire {

struct Evidence {
  std::shared_ptr<const std::string> bytes;  // verbatim
  Envelope first, second;                    // the hash of the first is the smaller one
  Hash id;
};

// SHA-256 of the two hashes, the smaller first: signatures do not change it.
Hash evidence_id(const Hash& first, const Hash& second);

// It says that it is evidence. Nothing more of it is looked at.
bool is_evidence(std::string_view bytes);

// REQUIRES: two different envelopes of one actor; asserted.
std::string encode_evidence(const Envelope& a, const Envelope& b);
Result<Evidence, DecodeError> decode_evidence(std::string_view bytes, const Limits&);

}  // namespace tributary::wire
