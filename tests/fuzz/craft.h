// SPDX-License-Identifier: Apache-2.0
// From decisions to messages: valid deltas, acks and heads, but of any content, so also those of a
// liar or a clone. Numbers are small, names are few, and so they meet.
//
//   Arena arena;
//   wire::Delta d = craft_delta(script, arena);
//   std::string bytes = wire::seal(wire::encode_delta(d));
#pragma once
#include <deque>
#include <string>
#include <string_view>

#include "tests/fuzz/fuzz.h"
#include "transports/wire/ack.h"

namespace tributary::fuzz {

// Keeps the strings that views point to.
class Arena {
 public:
  std::string_view keep(std::string s) { return strings_.emplace_back(std::move(s)); }

 private:
  std::deque<std::string> strings_;
};

inline constexpr std::string_view fleet = "demo";
// One of four devices; the last one makes envelopes seldom, but others remove its adds.
std::string_view craft_device(Script&);
std::string_view craft_key(Script&);
wire::Delta craft_delta(Script&, Arena&);
// A head with digests of nobody's.
wire::Head craft_head(Script&);

}  // namespace tributary::fuzz
