// SPDX-License-Identifier: Apache-2.0
// Signatures that several threads verify before their turn: nothing is decided otherwise than by
// one thread, and what was found good is good of those bytes alone.
#include <gtest/gtest.h>

#include "tests/gateway/core/support/enrolled.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

constexpr int devices = 40;

std::string name_of(int d) {
  return "d" + std::to_string(d);
}

std::vector<std::string> members() {
  std::vector<std::string> out{"a", "b", "gw", "gw2"};
  for (int d = 0; d < devices; ++d) out.push_back(name_of(d));
  return out;
}

class AheadTest : public ::testing::Test {
 protected:
  AheadTest() {
    rig.shares_work = true;
    rig.boot();
    give(rig, {registry(members())});
    rig.take("");
  }
  std::string up(std::string_view device) const { return rig.topic("up/" + std::string(device)); }
  std::size_t ahead(const std::string& topic, const std::string& payload) {
    return rig.gateway->verify_ahead(std::vector<Upcoming>{{topic, payload}});
  }

  Rig rig{enrolled()};
};

struct Sent {
  std::string topic, payload;
};

// Of every kind: good, forged, of strangers, unsigned, twice, several in a pack, no envelope at
// all.
std::vector<Sent> messages(const Rig& rig) {
  std::vector<Sent> out;
  for (int d = 0; d < devices; ++d) {
    const std::string device = name_of(d);
    const std::string at = rig.topic("up/" + device);
    const std::string good = one(device);
    const std::string next = one(device, 2, 9);
    out.push_back({at, d % 4 == 1 ? torn(good) : good});
    if (d % 4 == 2) out.push_back({at, good});
    if (d % 4 == 3) out.push_back({at, packed({next, torn(next), next}, wire::Codec::lz4)});
  }
  out.push_back({rig.topic("up/stranger"), one("stranger")});
  out.push_back({rig.topic("up/a"), envelope({.device = "a", .to = 1}, {counter("k", 1, 1)})});
  out.push_back({rig.topic("up/a"), "no envelope"});
  out.push_back({rig.topic("up/b"), one("a")});
  out.push_back({rig.topic("gw/gw2/delta"), batch("gw2", 1, {one("a"), torn(one("b")), one("b")})});
  return out;
}

TEST_F(AheadTest, EverythingIsDecidedAsByOneThread) {
  Rig alone(enrolled());
  alone.boot();
  give(alone, {registry(members())});
  alone.take("");
  const std::vector<Sent> sent = messages(rig);
  std::vector<Upcoming> upcoming;
  for (const Sent& s : sent) upcoming.push_back({s.topic, s.payload});
  EXPECT_EQ(rig.gateway->verify_ahead(upcoming), 61U)
      << "30 good ones, 10 twice, 10 packs with two, what b says of a; batches have their turn";
  EXPECT_EQ(alone.gateway->verify_ahead(upcoming), 0U) << "nobody to do it";
  for (const Sent& s : sent) {
    // Without Rig::hear(), which tells of each.
    rig.gateway->receive(rig.now(), {0, s.topic, s.payload, false});
    alone.gateway->receive(alone.now(), {0, s.topic, s.payload, false});
  }
  rig.settle();
  alone.settle();
  EXPECT_EQ(rig.digest(), alone.digest());
  EXPECT_EQ(rig.shows("parts", Type::gcounter), alone.shows("parts", Type::gcounter));
  EXPECT_EQ(rig.shows("parts", Type::gcounter), std::to_string(20 * 5 + 10 * 9 + 5 + 5));
  for (std::size_t r = 0; r < static_cast<std::size_t>(Reject::count_); ++r)
    EXPECT_EQ(rig.rejected(static_cast<Reject>(r)), alone.rejected(static_cast<Reject>(r)))
        << name(static_cast<Reject>(r));
  EXPECT_GT(rig.rejected(Reject::bad_signature), 20U);
  const std::vector<Publish> acks = rig.take("ack/"), others = alone.take("ack/");
  ASSERT_EQ(acks.size(), others.size());
  EXPECT_GE(acks.size(), 40U);
  for (std::size_t i = 0; i < acks.size(); ++i) {
    EXPECT_EQ(acks[i].topic, others[i].topic);
    EXPECT_EQ(acks[i].payload, others[i].payload) << "signed by whichever thread";
  }
}

TEST_F(AheadTest, WhatWasFoundGoodIsGoodOfThoseBytesAlone) {
  const auto expect_refused = [&](int d, const auto& forge) {
    const std::string device = name_of(d), good = one(device);
    EXPECT_EQ(ahead(up(device), good), 1U);
    rig.gateway->receive(rig.now(), {0, up(device), forge(device, good), false});
    rig.settle();
    EXPECT_EQ(rig.rejected(Reject::bad_signature), static_cast<std::uint64_t>(d) + 1);
    EXPECT_EQ(rig.shows("parts", Type::gcounter), "nothing");
  };
  const auto sealed = [](std::string_view bytes) { return *wire::decode_sealed(bytes, {}); };
  expect_refused(0, [](auto&, auto& good) { return torn(good); });
  expect_refused(1, [&](auto& device, auto& good) {  // another body
    return signed_as(one(device, 1, 6), sealed(good).key_id, sealed(good).signature);
  });
  expect_refused(2, [&](auto& device, auto& good) {  // another's signature
    const std::string by_b = by("b", {.device = device}, {counter("parts", 1, 5)});
    return signed_as(good, sealed(good).key_id, sealed(by_b).signature);
  });
}

// A member may have several keys. What one has signed, another has not.
TEST_F(AheadTest, WhatWasFoundGoodIsGoodOfThatKeyAlone) {
  const auto second =
      keep(wire::encode(wire::KeyRecord{"device", "a", signing::view(key_of("a second").key)}));
  const std::uint64_t from = members().size();
  give(rig, {by("admin", {.device = wire::admin_id, .from = from, .to = from + 1},
                {grown(wire::keys_key, from, from + 1, {second})})});
  const std::string good = one("a");
  EXPECT_EQ(ahead(up("a"), good), 1U);
  const wire::Sealed s = *wire::decode_sealed(good, wire::Limits{});
  rig.gateway->receive(rig.now(),
                       {0, up("a"), signed_as(good, key_of("a second").id, s.signature), false});
  rig.settle();
  EXPECT_EQ(rig.rejected(Reject::bad_signature), 1U);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "nothing");
}

// Else a forger would have many more verified than may be tried in a row.
TEST_F(AheadTest, WhoBroughtForgeriesWaitsForHisTurn) {
  EXPECT_EQ(ahead(up("a"), one("a")), 1U);
  rig.up("a", torn(one("a")));
  rig.settle();
  EXPECT_EQ(ahead(up("a"), one("a")), 0U);
  EXPECT_EQ(ahead(up("b"), one("b")), 1U) << "nobody else does";
  rig.up("a", one("a"));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
}

TEST_F(AheadTest, OfNobodyMoreIsVerifiedThanMayBeTriedInARow) {
  std::vector<std::string> made;
  for (std::uint64_t to = 1; to <= 100; ++to) made.push_back(one("a", to, to));
  const std::vector<std::string_view> all(made.begin(), made.end());
  const std::string large = packed(all, wire::Codec::lz4);
  const std::string fifty = packed({all.begin(), all.begin() + 50}, wire::Codec::lz4);
  const std::string by_b = one("b");
  EXPECT_EQ(ahead(up("a"), large), 64U);
  EXPECT_EQ(rig.gateway->verify_ahead(std::vector<Upcoming>{
                {up("a"), fifty}, {up("a"), fifty}, {up("b"), by_b}, {up("a"), made[0]}}),
            65U)
      << "of a 64, of b one";
}

TEST_F(AheadTest, APackOfForgeriesIsRefusedAsWhatComesOneByOne) {
  std::vector<std::string> made;
  for (std::uint64_t to = 1; to <= 200; ++to) made.push_back(torn(one("a", to, to)));
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {made.begin(), made.end()}));
  rig.settle();
  EXPECT_EQ(rig.rejected(Reject::bad_signature), 64U);
  EXPECT_EQ(rig.rejected(Reject::throttled), 136U);
}

TEST_F(AheadTest, WhatIsHeldAlreadyIsNotVerifiedAgain) {
  rig.up("a", one("a"));
  rig.settle();
  EXPECT_EQ(ahead(up("a"), one("a")), 0U);
  EXPECT_EQ(ahead(up("a"), one("a", 2, 9)), 1U);
}

TEST_F(AheadTest, WhatIsLargeWaitsForItsTurn) {
  const auto grows = [](std::string_view device, std::size_t bytes) {
    std::vector<std::string_view> elements;
    for (std::size_t i = 0; i < bytes / 1'000; ++i)
      elements.push_back(keep(std::to_string(i) + std::string(990, 'x')));
    std::sort(elements.begin(), elements.end());
    const auto to = static_cast<std::uint64_t>(elements.size());
    return by_itself({.device = device, .to = to}, {grown("set", 0, to, std::move(elements))});
  };
  const std::string small = grows("a", 50'000), large = grows("b", 80'000);
  EXPECT_EQ(ahead(up("a"), small), 1U);
  EXPECT_EQ(ahead(up("b"), large), 0U);
  const std::string pack = packed({large}, wire::Codec::lz4);
  EXPECT_LT(pack.size(), 10'000U);
  EXPECT_EQ(ahead(up("b"), pack), 0U) << "nor what unpacks to it";
  rig.up("b", pack);
  rig.settle();
  EXPECT_EQ(rig.gateway->value("set", 3)->contributors, 1U);
}

TEST_F(AheadTest, RowsOfADatabaseAreVerifiedTogether) {
  for (int d = 0; d < devices; ++d) rig.up(name_of(d), one(name_of(d)));
  rig.settle();
  const std::string digest = rig.digest();
  rig.reboot();
  EXPECT_EQ(rig.digest(), digest);
  rig.crash();
  auto damaged = std::find_if(rig.disk.envelopes.begin(), rig.disk.envelopes.end(),
                              [](const auto& row) { return row.second.device == name_of(7); });
  ASSERT_NE(damaged, rig.disk.envelopes.end());
  damaged->second.bytes = torn(damaged->second.bytes);
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), std::to_string((devices - 1) * 5));
  EXPECT_EQ(rig.disk.quarantine.size(), 1U);
}

}  // namespace
}  // namespace tributary::core::testing
