// SPDX-License-Identifier: Apache-2.0
// What an ack means to a device: points, twins, refusals, removals, gateways that fall behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/firmware-sim/sdk/device_fixture.h"

namespace tributary::sdk {
namespace {

using testing::DeviceTest;
using ::testing::ElementsAre;
using testing::NaiveGateway;

// The model's B2: acked to 8, restored to 5, four more made and sent before any ack is heard.
TEST_F(DeviceTest, OvertakenCopyTakesAFreshEpoch) {
  Device d = opened(options());
  Counter c = d.counter("c");
  for (int i = 0; i < 5; ++i) c.add(1);
  exchange(d, g_);
  d.persist();
  const std::string old = saved_;
  for (int i = 0; i < 3; ++i) c.add(1);
  exchange(d, g_);
  saved_ = old;
  Device back = opened(options());
  Counter bc = back.counter("c");
  const std::uint64_t epoch = back.epoch();
  for (int i = 0; i < 4; ++i) bc.add(1);
  const std::vector<Event> events = exchange(back, g_);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::twin);
  EXPECT_EQ(events[0].epoch, epoch);
  EXPECT_EQ(events[0].op, 5u);
  EXPECT_EQ(events[0].last_op, 9u);
  ASSERT_EQ(events[0].keys.size(), 1u);
  EXPECT_EQ(events[0].keys[0].key, "c");
  EXPECT_NE(back.epoch(), epoch);
  EXPECT_EQ(bc.value(), 0u) << "nothing is carried over";
  EXPECT_EQ(g_.total("c").first, 9u) << "issued 12: never more than that";
  bc.add(2);
  exchange(back, g_);
  EXPECT_EQ(g_.total("c").first, 11u);
  EXPECT_EQ(back.unacknowledged(), 0u);
}

// The model's N10: the second clone is sent and then learns of its twin; nothing is counted twice.
TEST_F(DeviceTest, CarriedTwice) {
  Device a = opened(options());
  a.counter("c").add(1);
  a.persist();
  Device b = opened(options());
  a.counter("c").add(1);
  b.counter("c").add(1);
  b.counter("c").add(1);
  now_ += 60;
  for (const Packet& p : b.poll(now_)) g_.take(p.payload);
  a.poll(now_);
  const auto events = a.receive(now_, g_.ack("d1", now_));
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events[0].kind, Event::Kind::twin);
  now_ += 10'000;
  for (const Packet& p : a.poll(now_)) g_.take(p.payload);
  EXPECT_LE(g_.total("c").first, 4u);
}

TEST_F(DeviceTest, ForgottenPointsConvictNobody) {
  Device d = opened(options());
  Counter c = d.counter("c");
  std::string late;
  for (int i = 0; i < 200; ++i) {
    c.add(1);
    now_ = std::max(now_ + 60, d.deadline().value_or(now_));
    for (const Packet& p : d.poll(now_)) g_.take(p.payload);
    if (i == 3) late = g_.ack("d1", now_);
  }
  const std::uint64_t epoch = d.epoch();
  d.receive(now_, late);  // names points long forgotten
  EXPECT_EQ(d.epoch(), epoch);
  EXPECT_EQ(d.safe(), 0u) << "what cannot be checked is not counted as safe either";
  d.receive(now_, g_.ack("d1", now_));
  EXPECT_EQ(d.unacknowledged(), 0u);
  EXPECT_EQ(g_.total("c").first, 200u);
}

TEST_F(DeviceTest, SafeWhenAsManyGatewaysSaySo) {
  Options o = options();
  o.acks_needed = 2;
  Device d = opened(std::move(o));
  d.counter("c").add(1);
  exchange(d, g_);
  EXPECT_EQ(d.safe(), 0u);
  now_ = *d.deadline();
  for (const Packet& p : d.poll(now_)) h_.take(p.payload);
  d.receive(now_, h_.ack("d1", now_));
  EXPECT_EQ(d.safe(), 1u);
}

TEST_F(DeviceTest, AGatewayWithANewDiskHoldsNothing) {
  Device d = opened(options());
  d.counter("c").add(1);
  exchange(d, g_);
  EXPECT_EQ(d.safe(), 1u);
  g_.lose_disk(99);
  d.counter("c").add(1);
  exchange(d, g_);  // a delta from 1: the new disk has a gap
  EXPECT_EQ(d.safe(), 0u);
  now_ = *d.deadline();
  for (const Packet& p : d.poll(now_)) g_.take(p.payload);
  d.receive(now_, g_.ack("d1", now_));
  EXPECT_EQ(d.safe(), 2u);
  EXPECT_EQ(g_.total("c").first, 2u);
}

TEST_F(DeviceTest, AGatewayMayGoDown) {
  Device d = opened(options());
  d.counter("c").add(1);
  exchange(d, g_);
  g_.forget_received();  // quarantined envelope
  d.counter("c").add(1);
  exchange(d, g_);
  // It shows only a point beyond its gap; the device starts over for it.
  now_ = d.deadline().value_or(now_ + 10'000);
  for (const Packet& p : d.poll(now_)) g_.take(p.payload);
  d.receive(now_, g_.ack("d1", now_));
  EXPECT_EQ(g_.contiguous({"d1", d.epoch()}), 2u);
}

TEST_F(DeviceTest, AGatewayBehindTheOthersGetsItsOwnDelta) {
  Device d = opened(options());
  d.counter("a").add(1);
  exchange(d, g_);  // h_ misses it
  d.counter("b").add(1);
  now_ += 60;
  for (const Packet& p : d.poll(now_)) {
    g_.take(p.payload);
    h_.take(p.payload);
  }
  d.receive(now_, g_.ack("d1", now_));
  d.receive(now_, h_.ack("d1", now_));
  EXPECT_EQ(h_.contiguous({"d1", d.epoch()}), 0u);
  ASSERT_TRUE(d.deadline());
  now_ = *d.deadline();
  for (const Packet& p : d.poll(now_)) h_.take(p.payload);
  d.receive(now_, h_.ack("d1", now_));
  EXPECT_EQ(h_.contiguous({"d1", d.epoch()}), 2u);
  EXPECT_EQ(h_.total("a").first, 1u);
  EXPECT_EQ(d.deadline(), std::nullopt);
}

TEST_F(DeviceTest, AGatewayThatNeverComesBackIsNotChasedForEver) {
  Device d = opened(options());
  d.counter("a").add(1);
  now_ += 60;
  d.poll(now_);
  d.receive(now_, h_.ack("d1", now_));
  NaiveGateway other("demo", "g3", 5);
  other.take([&] {
    Options o = options();
    o.save = nullptr;
    o.saved.clear();
    Device x = opened(std::move(o));
    x.counter("z").add(1);
    return x.poll(now_ += 60)[0].payload;
  }());
  exchange(d, g_);
  d.counter("a").add(1);
  exchange(d, g_);
  int packets = 0;
  for (int i = 0; i < 100 && d.deadline(); ++i)
    packets += static_cast<int>(d.poll(*d.deadline()).size());
  EXPECT_LE(packets, 20);
}

TEST_F(DeviceTest, SendsFromZeroWhenAsked) {
  Device d = opened(options());
  d.counter("a").add(1);
  exchange(d, g_);
  d.counter("b").add(1);
  g_.ask_from_zero(true);
  exchange(d, g_);
  ASSERT_TRUE(d.deadline());
  now_ = *d.deadline();
  auto packets = d.poll(now_);
  ASSERT_EQ(packets.size(), 1u);
  EXPECT_EQ(decoded(packets[0]).delta.from, 0u);
  EXPECT_EQ(decoded(packets[0]).delta.entries.size(), 2u);
  g_.take(packets[0].payload);
  d.receive(now_, g_.ack("d1", now_));
  EXPECT_EQ(d.deadline(), std::nullopt) << "not again at once, however often it asks";
}

// The model's C3.
TEST_F(DeviceTest, RefusedKeysFallSilentAndTheRestGoesOn) {
  Device d = opened(options());
  g_.forbid("z");
  d.counter("c").add(1);
  d.counter("z").add(1);
  d.counter("c").add(1);
  const std::vector<Event> events = exchange(d, g_);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::refused);
  ASSERT_EQ(events[0].keys.size(), 1u);
  EXPECT_EQ(events[0].keys[0].key, "z");
  EXPECT_EQ(events[0].text, "forbidden in this test");
  EXPECT_EQ(d.last_op(), 4u) << "muting is an operation of its own";
  EXPECT_EQ(d.counter("z").add(1), Outcome::muted);
  EXPECT_THAT(exchange(d, g_), ElementsAre(::testing::Field(&Event::op, 4u)));
  EXPECT_EQ(g_.total("c").first, 2u);
  EXPECT_EQ(g_.total("z").first, 0u);
  EXPECT_EQ(g_.refused(), 1u);
  d.persist();
  Device again = opened(options());
  EXPECT_EQ(again.counter("z").add(1), Outcome::muted) << "also after a reboot";
}

TEST_F(DeviceTest, QuotedRemovalsAreCheckedAndRetired) {
  Device d = opened(options());
  Set s = d.set("s");
  s.insert("x");  // op 1
  s.insert("y");  // op 2
  exchange(d, g_);
  const auto removing = [&](const char* fleet, const char* key, std::uint64_t epoch) {
    Options o = options();
    o.fleet = fleet;
    o.device = "other";
    o.save = nullptr;
    o.saved.clear();
    Device other = opened(std::move(o));
    other.set(key).erase_foreign("d1", epoch, 1);
    return other.poll(now_ += 60)[0].payload;
  };
  g_.quote(removing("elsewhere", "s", d.epoch()));
  g_.quote(removing("demo", "t", d.epoch()));
  g_.quote(removing("demo", "s", d.epoch() + 1));
  std::vector<Event> events = d.receive(now_, g_.ack("d1", now_));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::bad_ack) << events[0].text;
  EXPECT_EQ(s.size(), 2u);
  g_.quote(removing("demo", "s", d.epoch()));
  events = d.receive(now_, g_.ack("d1", now_));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].kind, Event::Kind::removed);
  EXPECT_EQ(events[1].element, "x");
  EXPECT_EQ(events[1].text, "other");
  EXPECT_THAT(s.elements(), ElementsAre("y"));
  exchange(d, g_);
  EXPECT_THAT(g_.elements("s"), ElementsAre("y"));
  EXPECT_EQ(d.unacknowledged(), 0u);
}

TEST_F(DeviceTest, GarbageAsAnAckChangesNothing) {
  Device d = opened(options());
  d.counter("c").add(1);
  now_ += 60;
  const auto packets = d.poll(now_);
  g_.take(packets[0].payload);
  const std::string good = g_.ack("d1", now_);
  for (std::size_t i = 0; i < good.size(); ++i) {
    const std::vector<Event> events = d.receive(now_, good.substr(0, i));
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].kind, Event::Kind::bad_ack);
  }
  EXPECT_EQ(d.receive(now_, packets[0].payload)[0].kind, Event::Kind::bad_ack);
  EXPECT_EQ(d.safe(), 0u);
  d.receive(now_, good);
  EXPECT_EQ(d.safe(), 1u);
  NaiveGateway elsewhere("elsewhere", "g1", 1);
  EXPECT_EQ(d.receive(now_, elsewhere.ack("d1", now_))[0].kind, Event::Kind::bad_ack);
}

TEST_F(DeviceTest, AnOlderAckDoesNotLowerWhatIsSafe) {
  Device d = opened(options());
  d.counter("c").add(1);
  exchange(d, g_);
  const std::string older = g_.ack("d1", now_);
  d.counter("c").add(1);
  exchange(d, g_);
  EXPECT_EQ(d.safe(), 2u);
  d.receive(now_, older);
  EXPECT_EQ(d.safe(), 2u);
  d.receive(now_, older);
  d.receive(now_, older);
  EXPECT_EQ(d.safe(), 1u) << "but the third in a row is believed: its clock stepped back";
}

TEST_F(DeviceTest, AdoptsAGatewaysClockWithinABound) {
  Device d = opened(options());
  d.time(now_);
  d.receive(now_, g_.ack("d1", now_ + 4'000));
  EXPECT_EQ(d.clock().ms(), now_ + 4'000);
  d.receive(now_, g_.ack("d1", now_ + 60'000));
  EXPECT_EQ(d.clock().ms(), now_ + 4'000);
}

// The model's A4: a removal that one gateway holds and the other does not, and a later add.
TEST_F(DeviceTest, RemovalForgottenAtAck) {
  Options o = options();
  o.small_set_bytes = 0;
  Device d = opened(std::move(o));
  Set s = d.set("s");
  for (const char* e : {"x", "y", "z"}) s.insert(e);
  now_ += 60;
  for (const Packet& p : d.poll(now_)) {
    g_.take(p.payload);
    h_.take(p.payload);
  }
  d.receive(now_, g_.ack("d1", now_));
  d.receive(now_, h_.ack("d1", now_));
  s.erase("x");
  exchange(d, g_);
  s.insert("w");
  exchange(d, h_);
  EXPECT_EQ(h_.contiguous({"d1", d.epoch()}), 3u) << "it may not acknowledge what it does not have";
  for (int i = 0; i < 10 && d.deadline(); ++i) {
    now_ = *d.deadline();
    for (const Packet& p : d.poll(now_)) h_.take(p.payload);
    d.receive(now_, h_.ack("d1", now_));
  }
  EXPECT_EQ(h_.contiguous({"d1", d.epoch()}), 5u);
  EXPECT_THAT(h_.elements("s"), ElementsAre("w", "y", "z"));
}

// The model's N4: one interval sent twice and cut in two ways never mixes.
TEST_F(DeviceTest, TwoCutsOfOneInterval) {
  Device d = opened(options());
  for (int i = 0; i < 200; ++i) d.grow_set("s").insert("element-" + std::to_string(i));
  now_ += 60;
  const std::vector<Packet> first = d.poll(now_);
  ASSERT_GT(first.size(), 1u);
  d.persist();
  Options o = options();
  o.body_bytes_max = 1'290;
  Device again = opened(std::move(o));
  const std::vector<Packet> second = again.poll(now_);
  ASSERT_EQ(second.size(), first.size());
  EXPECT_NE(decoded(first[0]).delta.id, decoded(second[0]).delta.id);
  g_.take(first[0].payload);
  for (std::size_t i = 1; i < second.size(); ++i) g_.take(second[i].payload);
  EXPECT_EQ(g_.contiguous({"d1", d.epoch()}), 0u);
}

// Well-formed acks with anything in them: none crashes, none makes more safe than was sent, none is
// believed about keys or adds that are not this device's.
TEST_F(DeviceTest, HostileAcks) {
  Device d = opened(options());
  Set s = d.set("s");
  std::vector<wire::Hash> known(1);
  const std::string keys[] = {"c", "s", "absent", "a/b"};
  for (int round = 0; round < 20'000; ++round) {
    if (random_() % 4 == 0) d.counter("c").add(1);
    if (random_() % 4 == 0) s.insert("element-" + std::to_string(random_() % 9));
    now_ += random_() % 3'000;
    for (const Packet& p : d.poll(now_)) {
      known.push_back(decoded(p).hash);
      if (known.size() > 20) known.erase(known.begin());
    }
    wire::Ack ack;
    ack.fleet = "demo";
    ack.device = "d1";
    const std::string name = "g" + std::to_string(random_() % 100);
    ack.gateway = name;
    ack.incarnation = random_() % 3;
    ack.hlc = crdt::Hlc{random_() % 2 == 0 ? random_() : crdt::Hlc::at(now_).packed};
    wire::ActorAck a;
    a.epoch = random_() % 9 == 0 ? random_() : d.epoch();
    const auto op = [&] {
      return random_() % 40 == 0 ? random_() | 1 : 1 + random_() % (d.last_op() + 1);
    };
    a.op = random_() % 3 == 0 ? 0 : op();
    if (a.op > 0) a.hash = known[random_() % known.size()];
    if (random_() % 5 == 0) a.points.push_back({op(), known[random_() % known.size()]});
    a.send_from_zero = random_() % 3 == 0;
    if (random_() % 50 == 0) a.refusals.push_back({op(), {{keys[random_() % 4], 1}}, "no"});
    ack.actors.push_back(a);
    const std::uint64_t epoch = d.epoch();
    const std::vector<Event> events = d.receive(now_, wire::seal(wire::encode_body(ack)));
    ASSERT_LE(d.safe(), d.last_op());
    for (const Event& e : events) {
      if (e.kind == Event::Kind::twin) {
        ASSERT_NE(d.epoch(), epoch);
        ASSERT_EQ(d.last_op(), 0u);
      }
      for (const KeyType& k : e.keys) ASSERT_TRUE(k.key == "c" || k.key == "s") << k.key;
    }
    ASSERT_TRUE(d.persist());
  }
  Device again = opened(options());
  EXPECT_EQ(again.last_op(), d.last_op());
}

}  // namespace
}  // namespace tributary::sdk
