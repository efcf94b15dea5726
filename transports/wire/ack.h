// SPDX-License-Identifier: Apache-2.0
// Acknowledgements and heads: docs/protocol.md sections 6 and 7. Both are bodies of a sealed frame.
// Views in what is decoded point into the bytes given.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::wire {

// What one ack may carry (docs/protocol.md section 6).
inline constexpr std::size_t ack_actors_max = 64;
inline constexpr std::size_t ack_points_max = 16;
inline constexpr std::size_t ack_removals_max = 8;
inline constexpr std::size_t ack_refusals_max = 16;
inline constexpr std::size_t refusal_keys_max = 16;
inline constexpr std::size_t refusal_rule_bytes_max = 200;

struct Point {
  std::uint64_t op = 0;
  Hash hash;  // of the last part of a delta that ended at op
  friend auto operator<=>(const Point&, const Point&) = default;
};

struct Refusal {
  std::uint64_t to = 0;
  std::vector<std::pair<std::string_view, std::uint8_t>> keys;  // (key, type), at most 16
  std::string_view rule;
};

struct ActorAck {
  std::uint64_t epoch = 0;
  std::uint64_t op = 0;
  Hash hash;  // all zero when op == 0
  std::vector<Point> points;
  bool send_from_zero = false;
  std::vector<std::string_view> removals;
  std::vector<Refusal> refusals;
};

struct Ack {
  std::string_view fleet, gateway;
  std::uint64_t incarnation = 0;
  crdt::Hlc hlc;
  std::string_view device;
  std::vector<ActorAck> actors;
};
// Never over a limit: what does not fit is left out (removals and refusals over their number or
// over the size of a body, the end of a long rule, epochs after the 64th), for it is said again
// when the device asks again. REQUIRES: the rest of the grammar (ids, keys, orders); asserted.
std::string encode_body(const Ack&);
Result<Ack, DecodeError> decode_ack(std::string_view sealed, const Limits&);

inline constexpr std::uint32_t bucket_count = 64;
// The bucket an actor belongs to.
std::uint32_t bucket_of(std::string_view device, std::uint64_t epoch);

struct BucketHead {
  Hash digest;
  std::optional<Hash> unknown;
  std::uint64_t live = 0;
  std::optional<Hash> published;
  std::uint32_t parts = 0;
  friend bool operator==(const BucketHead&, const BucketHead&) = default;
};

struct Head {
  std::string_view fleet, gateway;
  std::uint64_t incarnation = 0, session = 0, number = 0;
  crdt::Hlc hlc;
  std::vector<std::uint8_t> types;
  std::array<std::optional<BucketHead>, bucket_count> buckets;
};
// REQUIRES: the grammar; asserted.
std::string encode_body(const Head&);
Result<Head, DecodeError> decode_head(std::string_view sealed, const Limits&);

}  // namespace tributary::wire
