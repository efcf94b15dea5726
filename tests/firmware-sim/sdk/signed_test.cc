// SPDX-License-Identifier: Apache-2.0
// A device that signs believes what is signed: acks by the gateways it knows, what its twin sent by
// its own signature, removals by those who made them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/firmware-sim/sdk/device_fixture.h"

namespace tributary::sdk {
namespace {

using signing::Kind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

signing::Signer key_of(std::string_view name) {
  signing::SecretKey::Seed seed{};
  const wire::Hash hash = wire::sha256(name);
  std::memcpy(seed.data(), hash.bytes.data(), seed.size());
  return signing::signer_of(
      std::make_shared<signing::SecretKey>(signing::SecretKey::from_seed(seed)));
}

class SignedDevice : public testing::DeviceTest {
 protected:
  // d1, which knows the keys of itself, g1, g2 and d2.
  Options signing_options() {
    Options o = options();
    o.signer = key_of("d1");
    for (const char* id : {"d1", "d2", "g1", "g2"})
      o.members.push_back({id, key_of(id).key, id[0] == 'g'});
    return o;
  }
  Options without_memory() {
    Options o = signing_options();
    o.save = {};
    o.saved.clear();
    return o;
  }
  // The naive gateway's ack, sealed by whoever.
  std::string ack(std::string_view signer, Kind kind = Kind::ack, std::string_view fleet = "demo") {
    const std::string plain = g_.ack("d1", now_);
    return signing::seal(kind, fleet, wire::decode_sealed(plain, {})->body, key_of(signer));
  }
  std::vector<Packet> sent(Device& d) {
    now_ = std::max(now_ + 60, d.deadline().value_or(now_ + 60));
    std::vector<Packet> out = d.poll(now_);
    for (const Packet& p : out) g_.take(p.payload);
    return out;
  }
  // An ack by g1 whose body is made here.
  std::string crafted(const wire::ActorAck& a, std::string_view signer = "g1") {
    wire::Ack ack;
    ack.fleet = "demo";
    ack.gateway = "g1";
    ack.incarnation = 11;
    ack.hlc = crdt::Hlc::at(now_);
    ack.device = "d1";
    ack.actors.push_back(a);
    return signing::seal(Kind::ack, "demo", wire::encode_body(ack), key_of(signer));
  }
  // An envelope of any actor, signed by any key.
  static std::string made(std::string_view device, std::uint64_t epoch, std::uint64_t to,
                          std::string_view signer, std::vector<wire::Entry> entries = {}) {
    wire::Delta d;
    d.fleet = "demo";
    d.is_signed = true;
    d.device = device;
    d.epoch = epoch;
    d.to = to;
    d.id = 9;
    d.entries = std::move(entries);
    return signing::seal(Kind::delta, "demo", wire::encode_delta(d), key_of(signer));
  }
  static wire::Point point_of(std::string_view envelope) {
    const auto e = wire::decode_envelope(envelope, {});
    return {e->delta.to, e->hash};
  }
};

TEST_F(SignedDevice, SignsWhatItSends) {
  Device d = opened(signing_options());
  d.counter("c").add(1);
  const std::vector<Packet> packets = sent(d);
  ASSERT_EQ(packets.size(), 1u);
  const wire::Envelope e = decoded(packets[0]);
  EXPECT_TRUE(e.delta.is_signed);
  EXPECT_TRUE(signing::verifies(key_of("d1").key, Kind::delta, "demo", e.sealed));
  EXPECT_EQ(e.sealed.key_id, key_of("d1").id);
}

TEST_F(SignedDevice, TheBudgetOfAPacketHoldsTheSignature) {
  Options o = signing_options();
  o.body_bytes_max = 300;
  Device d = opened(std::move(o));
  for (int i = 0; i < 60; ++i) d.grow_set("s").insert("element " + std::to_string(i));
  const std::vector<Packet> packets = sent(d);
  EXPECT_GE(packets.size(), 3u);
  for (const Packet& p : packets) {
    EXPECT_LE(decoded(p).sealed.body.size(), 300u);
    EXPECT_EQ(decoded(p).sealed.signature.size(), 64u);
  }
}

TEST_F(SignedDevice, BelievesItsGatewaysAndNobodyElse) {
  Device d = opened(signing_options());
  d.counter("c").add(1);
  sent(d);
  const std::string good = ack("g1");
  std::string torn = good;
  torn.back() = static_cast<char>(torn.back() ^ 1);
  const std::string by_d2 = ack("d2");
  const auto d2 = wire::decode_sealed(by_d2, {});
  const std::vector<std::pair<const char*, std::string>> bad = {
      {"unsigned", g_.ack("d1", now_)},
      {"torn", torn},
      {"by another gateway", ack("g2")},
      {"by a device", by_d2},
      {"by a device, under the gateway's key id",
       wire::seal(d2->body, key_of("g1").id, d2->signature)},
      {"by the device itself", ack("d1")},
      {"by nobody it knows", ack("thief")},
      {"signed as an envelope", ack("g1", Kind::delta)},
      {"signed as a head", ack("g1", Kind::head)},
      {"signed for another fleet", ack("g1", Kind::ack, "demo2")}};
  for (const auto& [what, payload] : bad) {
    SCOPED_TRACE(what);
    const std::vector<Event> events = d.receive(now_, payload);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].kind, Event::Kind::bad_ack);
    EXPECT_THAT(events[0].text, HasSubstr("g1"));
    EXPECT_EQ(d.safe(), 0u);
  }
  EXPECT_EQ(d.receive(now_, good).at(0).kind, Event::Kind::acknowledged);
  EXPECT_EQ(d.safe(), 1u);
}

TEST_F(SignedDevice, DoesNotTakeTheClockOfAForger) {
  Device d = opened(signing_options());
  d.time(now_);
  const crdt::Hlc before = d.clock();
  now_ += 4'000;
  const std::string forged = ack("thief");
  now_ -= 4'000;
  d.receive(now_, forged);
  EXPECT_EQ(d.clock().packed, before.packed);
}

TEST_F(SignedDevice, AGatewayThatItDoesNotKnowIsIgnored) {
  Options o = signing_options();
  std::erase_if(o.members, [](const MemberKey& m) { return m.id == "g1"; });
  Device d = opened(std::move(o));
  d.counter("c").add(1);
  sent(d);
  EXPECT_EQ(d.receive(now_, ack("g1")).at(0).kind, Event::Kind::bad_ack);
  EXPECT_EQ(d.unacknowledged(), 1u);
}

// A device that was given no keys can verify no ack: it takes them as they come.
TEST_F(SignedDevice, WithoutMembersAcksAreTakenAsTheyCome) {
  Options o = signing_options();
  o.members.clear();
  Device d = opened(std::move(o));
  d.counter("c").add(1);
  sent(d);
  EXPECT_EQ(d.receive(now_, g_.ack("d1", now_)).at(0).kind, Event::Kind::acknowledged);
}

TEST_F(SignedDevice, APointThatIsNotShownIsIgnored) {
  Device d = opened(signing_options());
  d.counter("c").add(1);
  const wire::Point own = point_of(sent(d).at(0).payload);
  const std::uint64_t epoch = d.epoch();
  wire::ActorAck a;
  a.epoch = epoch;
  a.op = own.op, a.hash = own.hash;
  a.points = {{7, wire::sha256("never sent")}};
  const std::vector<Event> events = d.receive(now_, crafted(a));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::acknowledged) << "the rest of the ack counts";
  EXPECT_EQ(d.epoch(), epoch);
  EXPECT_EQ(d.safe(), 1u);
}

TEST_F(SignedDevice, AnAckThatRestsOnAnUnshownPointIsIgnoredWhole) {
  Device d = opened(signing_options());
  d.set("s").insert("x");
  sent(d);
  const std::uint64_t epoch = d.epoch();
  wire::ActorAck a;
  a.epoch = epoch;
  a.op = 7, a.hash = wire::sha256("never sent");
  a.send_from_zero = true;
  a.refusals.push_back({1, {{"s", 4}}, "no"});
  const std::vector<Event> events = d.receive(now_, crafted(a));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::bad_ack);
  EXPECT_EQ(events[0].epoch, d.epoch());
  EXPECT_THAT(events[0].text, HasSubstr("shows no signature of this device"));
  EXPECT_EQ(d.epoch(), epoch);
  EXPECT_EQ(d.safe(), 0u);
  EXPECT_EQ(d.set("s").insert("y"), Outcome::applied) << "it is not muted";
}

// Whatever a gateway makes up to show it: only the device's own signature, of just that, counts.
TEST_F(SignedDevice, AFalseShowingIsNone) {
  Device d = opened(signing_options());
  d.counter("c").add(1);
  sent(d);
  const std::uint64_t epoch = d.epoch();
  const std::string true_one = made("d1", epoch, 7, "d1");
  std::string torn = true_one;
  torn.back() = static_cast<char>(torn.back() ^ 1);
  const std::vector<std::pair<const char*, std::string>> shown = {
      {"by the gateway", made("d1", epoch, 7, "g1")},
      {"torn", torn},
      {"of another epoch", made("d1", epoch + 1, 7, "d1")},
      {"of another device", made("d2", epoch, 7, "d2")},
      {"that ended elsewhere", made("d1", epoch, 8, "d1")},
      {"garbage", "garbage"}};
  for (const auto& [what, envelope] : shown) {
    SCOPED_TRACE(what);
    wire::ActorAck a;
    a.epoch = epoch;
    a.op = 7;
    const auto e = wire::decode_envelope(envelope, {});
    a.hash = e ? e->hash : wire::sha256("x");
    a.removals = {envelope};
    for (const Event& event : d.receive(now_, crafted(a)))
      EXPECT_EQ(event.kind, Event::Kind::bad_ack);
    EXPECT_EQ(d.epoch(), epoch);
  }
  wire::ActorAck a;  // true, but of another hash than the point's
  a.epoch = epoch;
  a.op = 7, a.hash = wire::sha256("x");
  a.removals = {true_one};
  EXPECT_EQ(d.receive(now_, crafted(a)).at(0).kind, Event::Kind::bad_ack);
  EXPECT_EQ(d.epoch(), epoch);
}

TEST_F(SignedDevice, AShownPointIsATwin) {
  for (const bool among_points : {false, true}) {
    saved_.clear();
    Device d = opened(signing_options());
    d.counter("c").add(5);
    sent(d);
    const std::uint64_t epoch = d.epoch();
    const std::string twins = made("d1", epoch, 7, "d1");
    wire::ActorAck a;
    a.epoch = epoch;
    if (among_points) {
      a.points = {point_of(twins)};
    } else {
      a.op = 7, a.hash = point_of(twins).hash;
    }
    a.removals = {twins};
    const std::vector<Event> events = d.receive(now_, crafted(a));
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].kind, Event::Kind::twin);
    EXPECT_EQ(events[0].epoch, epoch);
    EXPECT_NE(d.epoch(), epoch);
    EXPECT_EQ(d.counter("c").value(), 0u) << "nothing is carried over";
  }
}

// The gateway shows what this device knows anyway: no twin, and no removal either.
TEST_F(SignedDevice, AnEnvelopeOfItsOwnAmongTheRemovalsIsNoRemoval) {
  Device d = opened(signing_options());
  d.set("s").insert("x");
  const std::string own = sent(d).at(0).payload;
  wire::ActorAck a;
  a.epoch = d.epoch();
  a.op = 1, a.hash = point_of(own).hash;
  a.removals = {own};
  const std::vector<Event> events = d.receive(now_, crafted(a));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::acknowledged);
  EXPECT_TRUE(d.set("s").contains("x"));
}

class Removals : public SignedDevice {
 protected:
  wire::Entry removal(std::uint64_t to) {
    wire::OrSetPayload p;
    p.foreign.push_back({"d1", epoch_, 1});
    wire::Entry e;
    e.key = "s";
    e.type = static_cast<std::uint8_t>(wire::Type::orset);
    e.hi = to;
    e.payload = p;
    return e;
  }
  bool removed(Device& d, const std::string& envelope) {
    wire::ActorAck a;
    a.epoch = d.epoch();
    a.op = own_.op, a.hash = own_.hash;
    a.removals = {envelope};
    d.receive(now_, crafted(a));
    return !d.set("s").contains("x");
  }
  // A device with one element, and its epoch.
  Device with_x(Options o) {
    Device d = opened(std::move(o));
    d.set("s").insert("x");
    epoch_ = d.epoch();
    own_ = point_of(sent(d).at(0).payload);
    return d;
  }
  std::uint64_t epoch_ = 0;
  wire::Point own_;
};

TEST_F(Removals, OfOthersCountWhenTheySignedThem) {
  Device d = with_x(signing_options());
  EXPECT_FALSE(removed(d, made("d2", 1, 1, "g1", {removal(1)}))) << "a gateway made it up";
  EXPECT_FALSE(removed(d, made("d2", 1, 1, "d1", {removal(1)})));
  EXPECT_FALSE(removed(d, made("d3", 1, 1, "d3", {removal(1)}))) << "whose key was not given";
  std::string torn = made("d2", 1, 1, "d2", {removal(1)});
  torn.back() = static_cast<char>(torn.back() ^ 1);
  EXPECT_FALSE(removed(d, torn));
  wire::Delta plain;
  plain.fleet = "demo";
  plain.device = "d2";
  plain.epoch = plain.to = 1;
  plain.entries = {removal(1)};
  EXPECT_FALSE(removed(d, wire::seal(wire::encode_delta(plain)))) << "unsigned";
  EXPECT_TRUE(removed(d, made("d2", 1, 1, "d2", {removal(1)})));
}

TEST_F(Removals, OfItsOwnEarlierEpochsCountWhenItSignedThem) {
  Device d = with_x(signing_options());
  EXPECT_FALSE(removed(d, made("d1", epoch_ + 1, 1, "g1", {removal(1)})));
  EXPECT_TRUE(removed(d, made("d1", epoch_ + 1, 1, "d1", {removal(1)})));
}

TEST_F(Removals, WithoutKeysOfOthersOnlyItsOwnCount) {
  Options o = signing_options();
  o.members.clear();
  Device d = with_x(std::move(o));
  EXPECT_FALSE(removed(d, made("d2", 1, 1, "d2", {removal(1)})));
  EXPECT_TRUE(removed(d, made("d1", epoch_ + 1, 1, "d1", {removal(1)})));
}

// Without a signer a gateway's word is enough, as ever.
TEST_F(Removals, AnUnsignedDeviceTakesThemAll) {
  Device d = with_x(options());
  EXPECT_TRUE(removed(d, made("d2", 1, 1, "g1", {removal(1)})));
}

TEST_F(SignedDevice, WhatIsNoKeyIsRefusedAtTheStart) {
  Options o = signing_options();
  o.members.push_back({"x", signing::PublicBytes{}});
  EXPECT_FALSE(Device::open(std::move(o)));
}

TEST_F(SignedDevice, WithoutAMemoryItSignsAsWell) {
  Device d = opened(without_memory());
  d.counter("c").add(1);
  sent(d);
  EXPECT_EQ(d.receive(now_, ack("g1")).at(0).kind, Event::Kind::acknowledged);
}

}  // namespace
}  // namespace tributary::sdk
