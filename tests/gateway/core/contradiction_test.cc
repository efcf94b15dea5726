// SPDX-License-Identifier: Apache-2.0
// What is a contradiction, and above all what is none: every kind of it, with its near misses, each
// in both orders.
#include "gateway/core/contradiction.h"

#include <gtest/gtest.h>

#include "firmware-sim/sdk/device.h"
#include "tests/gateway/core/support/craft.h"
#include "tests/transports/wire/vectors.h"
#include "transports/wire/ack.h"
#include "transports/wire/evidence.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

constexpr crdt::Hlc t1 = crdt::Hlc::at(1'700'000'000'000, 0),
                    t2 = crdt::Hlc::at(1'700'000'000'000, 1);

struct Case {
  const char* name;
  std::uint64_t to_a;
  wire::Entry a;
  std::uint64_t to_b;
  wire::Entry b;
  bool contradicts;
};

std::string told(std::uint64_t to, const wire::Entry& entry) {
  return envelope({.from = 0, .to = to}, {entry});
}

void expect(const Case& c) {
  SCOPED_TRACE(c.name);
  const wire::Envelope a = decoded(told(c.to_a, c.a)), b = decoded(told(c.to_b, c.b));
  const auto forth = contradiction(a.delta, b.delta), back = contradiction(b.delta, a.delta);
  EXPECT_EQ(forth.has_value(), c.contradicts) << (forth ? forth->what : "");
  EXPECT_EQ(back.has_value(), c.contradicts) << "in the other order";
  EXPECT_TRUE(!forth || !forth->what.empty());
}

TEST(Contradiction, OfCounters) {
  const Case cases[] = {
      {"two counts at one operation", 9, counter("k", 9, 5), 9, counter("k", 9, 6), true},
      {"the same count at one operation", 9, counter("k", 9, 5), 9, counter("k", 9, 5), false},
      {"less at a later operation", 9, counter("k", 9, 5), 10, counter("k", 10, 4), true},
      {"as much at a later one", 9, counter("k", 9, 5), 10, counter("k", 10, 5), false},
      {"more at a later one", 9, counter("k", 9, 5), 10, counter("k", 10, 6), false},
      {"up and down at one operation", 9, up_down("k", 9, 5, 2), 9, up_down("k", 9, 5, 3), true},
      {"more up, less down", 9, up_down("k", 9, 5, 2), 10, up_down("k", 10, 9, 1), true},
      {"less up, more down", 9, up_down("k", 9, 5, 2), 10, up_down("k", 10, 4, 3), true},
      {"more of both", 9, up_down("k", 9, 5, 2), 10, up_down("k", 10, 6, 3), false},
      {"another key", 9, counter("k", 9, 5), 9, counter("l", 9, 6), false},
      {"another type", 9, counter("k", 9, 5), 9, up_down("k", 9, 6, 0), false},
  };
  for (const Case& c : cases) expect(c);
}

TEST(Contradiction, OfRegisters) {
  const Case cases[] = {
      {"one operation, two values", 9, reg("k", 9, 4, t1, 1), 12, reg("k", 12, 4, t1, 2), true},
      {"one operation, two times", 9, reg("k", 9, 4, t1, 1), 9, reg("k", 9, 4, t2, 1), true},
      {"the same write", 9, reg("k", 9, 4, t1, 1), 12, reg("k", 12, 4, t1, 1), false},
      {"a later write", 9, reg("k", 9, 4, t1, 1), 12, reg("k", 12, 11, t2, 2), false},
      {"a later write with a clock set back", 9, reg("k", 9, 4, t2, 1), 12, reg("k", 12, 11, t1, 2),
       false},
      {"an older write at a later operation", 9, reg("k", 9, 4, t1, 1), 12, reg("k", 12, 3, t1, 2),
       true},
      {"two last writes at one operation", 9, reg("k", 9, 4, t1, 1), 9, reg("k", 9, 5, t2, 2),
       true},
  };
  for (const Case& c : cases) expect(c);
}

TEST(Contradiction, OfSetsThatGrowThereIsNone) {
  const Case cases[] = {
      {"other elements in one interval", 9, grown("k", 0, 9, {"a"}), 9, grown("k", 0, 9, {"b"}),
       false},
      {"fewer later", 9, grown("k", 0, 9, {"a", "b"}), 10, grown("k", 0, 10, {"a"}), false},
      {"a type that is not known", 9, unknown("k", 17, 0, 9, "\x01"), 9,
       unknown("k", 17, 0, 9, "\x02"), false},
  };
  for (const Case& c : cases) expect(c);
}

TEST(Contradiction, OfSetsWithRemovals) {
  const Case cases[] = {
      {"one add, two elements", 9, set("k", 0, 9, {{2, "a"}}), 12, set("k", 0, 12, {{2, "b"}}),
       true},
      {"dead, then live", 9, set("k", 0, 9), 12, set("k", 0, 12, {{2, "a"}}), true},
      {"dead by name, then live", 9, set("k", 5, 9, {}, {2}), 12, set("k", 0, 12, {{2, "a"}}),
       true},
      {"dead and live at one operation", 9, set("k", 0, 9), 9, set("k", 1, 9, {{2, "a"}}), true},
      {"dead by name and live at one", 9, set("k", 5, 9, {}, {2}), 9, set("k", 0, 9, {{2, "a"}}),
       true},
      {"live, then dead", 9, set("k", 0, 9, {{2, "a"}}), 12, set("k", 0, 12), false},
      {"live, then dead by name", 9, set("k", 0, 9, {{2, "a"}}), 12, set("k", 9, 12, {}, {2}),
       false},
      {"live, and not spoken of", 9, set("k", 0, 9, {{2, "a"}}), 12, set("k", 9, 12), false},
      {"not spoken of, then live", 9, set("k", 5, 9), 12, set("k", 0, 12, {{2, "a"}}), false},
      {"live twice", 9, set("k", 0, 9, {{2, "a"}}), 12, set("k", 1, 12, {{2, "a"}, {11, "b"}}),
       false},
      {"one interval cut in two", 9, set("k", 0, 9, {{2, "a"}, {7, "b"}}), 9,
       set("k", 0, 4, {{2, "a"}}), false},
      {"its other piece", 9, set("k", 0, 9, {{2, "a"}, {7, "b"}}), 9, set("k", 4, 9, {{7, "b"}}),
       false},
      {"the first piece of a later cut, with a death since", 9,
       set("k", 0, 9, {{2, "a"}, {7, "b"}}), 12, set("k", 0, 4), false},
      {"other removals of others' adds", 9, set("k", 0, 9, {}, {}, {{"b", 1, 1}}), 9,
       set("k", 0, 9, {}, {}, {{"b", 1, 2}}), false},
  };
  for (const Case& c : cases) expect(c);
}

// Two pieces of one interval, as two deltas to 9 and to 12 have them: "hi" is the same, `to` not.
TEST(Contradiction, IsComparedAtTheDeltasEndsNotTheEntries) {
  expect(
      {"a piece ends before its delta", 9, set("k", 0, 4, {{2, "a"}}), 12, set("k", 0, 4), false});
  expect({"the other way round", 9, set("k", 0, 4), 12, set("k", 0, 4, {{2, "a"}}), true});
}

TEST(Contradiction, IsWhatTheVectorsSay) {
  for (const auto& v : wire::vectors::valid("evidence")) {
    SCOPED_TRACE(v.at("name"));
    const auto pair = wire::decode_evidence(wire::vectors::message(v), wire::Limits{});
    ASSERT_TRUE(pair);
    const bool found = contradiction(pair->first.delta, pair->second.delta).has_value();
    EXPECT_EQ(found, v.at("contradicts").get<bool>());
  }
}

TEST(Contradiction, NamesTheFirstKeyOfThoseInBoth) {
  const wire::Envelope a =
      decoded(envelope({.to = 9}, {counter("a", 9, 5), counter("c", 9, 1), counter("d", 9, 9)}));
  const wire::Envelope b =
      decoded(envelope({.to = 9}, {counter("b", 9, 5), counter("c", 9, 2), counter("d", 9, 8)}));
  const auto found = contradiction(a.delta, b.delta);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, "c");
  EXPECT_EQ(found->type, 1u);
  EXPECT_EQ(found->what, "counts up to 1 and also 2");
}

// All envelopes that a shipping device sends while it does sixty rounds of work. `acked`: after so
// many rounds each a gateway says what it holds, so that deltas begin at other points.
std::vector<wire::Envelope> everything_said(std::size_t body_bytes_max, std::uint64_t acked) {
  std::uint64_t luck = 7;  // always the same: one memory, told in many ways
  sdk::Options o;
  o.fleet = "demo";
  o.device = "a";
  o.random = [&luck] { return luck += 0x9E3779B97F4A7C15; };
  o.body_bytes_max = body_bytes_max;
  o.small_set_bytes = 60;
  auto device = sdk::Device::open(std::move(o));
  std::vector<wire::Envelope> out;
  for (std::uint64_t n = 0; n < 60; ++n) {
    const std::uint64_t now = 1'700'000'000'000 + n * 1'000;
    device->time(now);
    device->up_down("parts").add(n % 7 + 1);
    device->set("badges").insert("badge " + std::to_string(n * 7 % 23));
    if (n % 3 == 0) device->set("badges").erase("badge " + std::to_string(n * 5 % 23));
    device->reg("level").set_at(now, n);
    device->grow_set("seen").insert("thing " + std::to_string(n));
    for (const sdk::Packet& packet : device->poll(now + 200)) {
      wire::Pack storage;
      const auto envelopes = wire::split_upload(packet.payload, wire::Limits{}, storage);
      for (const std::string_view bytes : *envelopes) out.push_back(decoded(bytes));
    }
    if (n % acked != 0) continue;
    wire::Ack ack;
    ack.fleet = "demo";
    ack.gateway = "gw";
    ack.incarnation = 1;
    ack.hlc = crdt::Hlc::at(now, 0);
    ack.device = "a";
    ack.actors.push_back({});
    ack.actors[0].epoch = device->epoch();
    for (const wire::Envelope& e : out) {
      if (e.delta.part != e.delta.parts || e.delta.to < ack.actors[0].op) continue;
      ack.actors[0].op = e.delta.to;
      ack.actors[0].hash = e.hash;
    }
    for (const sdk::Event& e : device->receive(now + 300, wire::seal(wire::encode_body(ack))))
      EXPECT_NE(e.kind, sdk::Event::Kind::twin);
  }
  return out;
}

// Everything that makes one interval look different: deltas from other points, cut to other sizes,
// sets complete or not. No two of the envelopes contradict each other.
TEST(Contradiction, ThereIsNoneAmongWhatOneMemoryEverSays) {
  std::vector<wire::Envelope> all;
  for (const std::size_t body : {300u, 500u, 1'300u}) {
    for (const std::uint64_t acked : {1u, 5u, 1'000u}) {
      for (wire::Envelope& e : everything_said(body, acked)) all.push_back(std::move(e));
    }
  }
  std::size_t same_end = 0, in_parts = 0;
  for (const wire::Envelope& x : all) {
    in_parts += x.delta.parts > 1 ? 1 : 0;
    for (const wire::Envelope& y : all) {
      ASSERT_EQ(x.delta.epoch, y.delta.epoch);
      if (x.hash == y.hash) continue;
      same_end += x.delta.to == y.delta.to ? 1 : 0;
      const auto found = contradiction(x.delta, y.delta);
      ASSERT_FALSE(found) << found->key << ": " << found->what;
    }
  }
  EXPECT_GT(same_end, 100u) << "nothing was told twice";
  EXPECT_GT(in_parts, 10u);
}

}  // namespace
}  // namespace tributary::core::testing
