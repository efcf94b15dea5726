// SPDX-License-Identifier: Apache-2.0
// Scalars: what an LWW-Register holds. A register stores the canonical MessagePack bytes; this
// header turns them into values and back. NaN is refused and −0.0 becomes 0.0, so equal values have
// equal bytes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "crdt/result.h"
#include "transports/wire/bytes.h"

namespace tributary::wire {

struct Blob {
  std::string bytes;
  friend auto operator<=>(const Blob&, const Blob&) = default;
};
// Non-negative integers are uint64_t, negative ones int64_t.
using Scalar =
    std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string, Blob>;

Result<std::string, DecodeError> encode_scalar(const Scalar&);
Result<Scalar, DecodeError> decode_scalar(std::string_view bytes);

// JSON text of an element or scalar: UTF-8 as a string, other bytes as {"base64":…}.
std::string json_of_bytes(std::string_view bytes);
std::string json_of_scalar(std::string_view canonical);

}  // namespace tributary::wire
