// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "transports/wire/ack.h"
#include "transports/wire/envelope.h"
#include "transports/wire/pack.h"
#include "transports/wire/scalar.h"

namespace tributary::wire {
namespace {

TEST(RoundTrip, EveryType) {
  Delta d;
  d.fleet = "f";
  d.device = "d1";
  d.epoch = 7;
  d.from = 2;
  d.to = 9;
  d.id = 5;
  d.hlc = crdt::Hlc::at(1000, 1);
  d.entries.push_back({"a", 1, 0, 9, GCounterPayload{300}, 0});
  d.entries.push_back({"a", 2, 0, 9, PnCounterPayload{3, 70000}, 0});
  d.entries.push_back({"b", 3, 2, 9, GSetPayload{{"", "x", "xy"}}, 0});
  d.entries.push_back(
      {"b", 4, 2, 9, OrSetPayload{{{3, "x"}, {9, "y"}}, {1, 2}, {{"d0", 1, 1}, {"d1", 8, 1}}}, 0});
  d.entries.push_back({"c", 5, 0, 9, LwwPayload{9, crdt::Hlc::at(5), "\x2a"}, 0});
  d.entries.push_back({"c", 77, 1, 9, UnknownPayload{"\x91\x01"}, 0});
  const std::string body = encode_delta(d);
  const auto e = decode_envelope(seal(body), Limits{});
  ASSERT_TRUE(e) << to_string(e.error());
  EXPECT_EQ(encode_delta(e->delta), body);
  for (const Entry& x : e->delta.entries) EXPECT_EQ(x.bytes, encoded_size(x));
  EXPECT_EQ(e->hash, sha256(body));
}

}  // namespace
}  // namespace tributary::wire
