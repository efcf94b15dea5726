// SPDX-License-Identifier: Apache-2.0
// The Device's rules, one at a time, against a gateway in the plainest form.
#include "firmware-sim/sdk/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/firmware-sim/sdk/naive_gateway.h"

namespace tributary::sdk {
namespace {

using testing::ActorId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NaiveGateway;
using ::testing::UnorderedElementsAre;

constexpr std::uint64_t start_ms = 1'700'000'000'000;

class DeviceTest : public ::testing::Test {
 protected:
  Options options() {
    Options o;
    o.fleet = "demo";
    o.device = "d1";
    o.random = [this] { return random_(); };
    o.save = [this](std::string_view s) {
      if (!save_works_) return false;
      ++saves_;
      saved_ = std::string(s);
      return true;
    };
    o.saved = saved_;
    return o;
  }
  static Device opened(Options o) {
    Result<Device, Error> d = Device::open(std::move(o));
    EXPECT_TRUE(d) << d.error().text;
    return std::move(*d);
  }
  // Everything due now, delivered to `g`; its ack, back. Returns the events.
  std::vector<Event> exchange(Device& d, NaiveGateway& g) {
    now_ += 60;
    std::vector<Packet> packets = d.poll(now_);
    for (const Packet& p : packets) g.take(p.payload);
    return d.receive(now_, g.ack("d1", now_));
  }
  static wire::Envelope decoded(const Packet& p) {
    auto e = wire::decode_envelope(p.payload, {});
    EXPECT_TRUE(e) << wire::to_string(e.error());
    return *e;
  }

  std::mt19937_64 random_{7};
  std::string saved_;
  bool save_works_ = true;
  int saves_ = 0;
  std::uint64_t now_ = start_ms;
  NaiveGateway g_{"demo", "g1", 11}, h_{"demo", "g2", 12};
};

TEST_F(DeviceTest, CountsAndIsAcknowledged) {
  Device d = opened(options());
  Counter c = d.counter("hall/people");
  d.time(now_);
  EXPECT_EQ(c.add(3), Outcome::applied);
  EXPECT_EQ(c.add(4), Outcome::applied);
  EXPECT_EQ(d.last_op(), 2u);
  EXPECT_THAT(d.poll(now_), IsEmpty()) << "waits for the batch";
  EXPECT_EQ(d.deadline(), now_ + 50);
  const std::vector<Event> events = exchange(d, g_);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::acknowledged);
  EXPECT_EQ(events[0].op, 2u);
  EXPECT_EQ(d.safe(), 2u);
  EXPECT_EQ(d.deadline(), std::nullopt);
  EXPECT_EQ(g_.total("hall/people").first, 7u);
}

TEST_F(DeviceTest, EveryTypeArrives) {
  Device d = opened(options());
  d.time(now_);
  d.counter("c").add(2);
  UpDown u = d.up_down("u");
  u.add(5);
  u.subtract(3);
  d.grow_set("g").insert("badge-1");
  Set s = d.set("s");
  s.insert("fire");
  s.insert("smoke");
  s.erase("fire");
  d.reg("r").set(21.5);
  exchange(d, g_);
  EXPECT_EQ(g_.total("c").first, 2u);
  EXPECT_EQ(g_.total("u"), std::pair(std::uint64_t{5}, std::uint64_t{3}));
  EXPECT_THAT(g_.elements("g"), ElementsAre("badge-1"));
  EXPECT_THAT(g_.elements("s"), ElementsAre("smoke"));
  EXPECT_EQ(g_.value("r"), *wire::encode_scalar(21.5));
  EXPECT_EQ(d.unacknowledged(), 0u);
}

TEST_F(DeviceTest, OneKeyMayHoldSeveralTypes) {
  Device d = opened(options());
  d.counter("k").add(2);
  d.set("k").insert("x");
  d.reg("k").set("text");
  exchange(d, g_);
  EXPECT_EQ(g_.total("k").first, 2u);
  EXPECT_THAT(g_.elements("k"), ElementsAre("x"));
  EXPECT_EQ(d.safe(), 3u);
}

TEST_F(DeviceTest, RefusesWhatCannotBe) {
  Device d = opened(options());
  Counter c = d.counter("c");
  EXPECT_EQ(c.add(~std::uint64_t{0}), Outcome::applied);
  EXPECT_EQ(c.add(1), Outcome::overflow);
  EXPECT_EQ(c.value(), ~std::uint64_t{0});
  EXPECT_EQ(c.add(0), Outcome::unchanged);
  EXPECT_EQ(d.counter("bad//key").add(1), Outcome::bad_key);
  EXPECT_EQ(d.counter("$fleet/policy").add(1), Outcome::bad_key);
  EXPECT_EQ(d.counter("").add(1), Outcome::bad_key);
  EXPECT_EQ(d.grow_set("g").insert(std::string(1'025, 'x')), Outcome::too_large);
  EXPECT_EQ(d.grow_set("g").insert(std::string(1'024, 'x')), Outcome::applied);
  EXPECT_EQ(d.grow_set("g").insert(std::string(1'024, 'x')), Outcome::unchanged);
  EXPECT_EQ(d.set("s").erase("absent"), Outcome::unchanged);
  EXPECT_EQ(d.reg("r").set(std::string(70'000, 'x')), Outcome::too_large);
  EXPECT_EQ(d.reg("r").set(std::numeric_limits<double>::quiet_NaN()), Outcome::bad_value);
  EXPECT_EQ(d.reg("r").set("\xff"), Outcome::bad_value);
  EXPECT_EQ(d.last_op(), 2u) << "only what was applied took a number";
}

TEST_F(DeviceTest, OptionsAreChecked) {
  const auto error = [&](auto change) {
    Options o = options();
    change(o);
    const auto d = Device::open(std::move(o));
    return d ? std::string("opened") : d.error().text;
  };
  EXPECT_THAT(error([](Options& o) { o.fleet = "a b"; }), ::testing::HasSubstr("fleet"));
  EXPECT_THAT(error([](Options& o) { o.device = ""; }), ::testing::HasSubstr("device"));
  EXPECT_THAT(error([](Options& o) { o.random = nullptr; }), ::testing::HasSubstr("random"));
  EXPECT_THAT(error([](Options& o) { o.acks_needed = 0; }), ::testing::HasSubstr("acks_needed"));
  EXPECT_THAT(error([](Options& o) { o.body_bytes_max = 9; }), ::testing::HasSubstr("body_bytes"));
  EXPECT_THAT(error([](Options& o) { o.resend_max_ms = 1; }), ::testing::HasSubstr("resend"));
}

TEST_F(DeviceTest, AHundredOperationsDoNotWait) {
  Device d = opened(options());
  d.time(now_);
  Counter c = d.counter("c");
  for (int i = 0; i < 99; ++i) c.add(1);
  EXPECT_THAT(d.poll(now_), IsEmpty());
  c.add(1);
  EXPECT_EQ(d.poll(now_).size(), 1u);
}

TEST_F(DeviceTest, SendsAgainWithGrowingPausesAndTheSameBytes) {
  Options o = options();
  o.random = [this] { return random_() & ~std::uint64_t{0xFFFF}; };
  Device d = opened(std::move(o));
  d.time(now_);
  d.counter("c").add(1);
  now_ += 50;
  const std::vector<Packet> first = d.poll(now_);
  ASSERT_EQ(first.size(), 1u);
  std::uint64_t last = now_;
  std::vector<std::uint64_t> pauses;
  for (int i = 0; i < 10; ++i) {
    now_ = *d.deadline();
    const std::vector<Packet> again = d.poll(now_);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].payload, first[0].payload);
    pauses.push_back(now_ - last);
    last = now_;
  }
  EXPECT_GE(pauses[0], 1'000u);
  EXPECT_LE(pauses[0], 1'250u);
  EXPECT_GE(pauses[9], 60'000u);
  EXPECT_LE(pauses[9], 75'000u);
}

TEST_F(DeviceTest, AClockThatStepsBackOnlyDelays) {
  Device d = opened(options());
  d.time(now_);
  d.counter("c").add(1);
  now_ += 50;
  EXPECT_EQ(d.poll(now_).size(), 1u);
  now_ -= 3'600'000;
  EXPECT_THAT(d.poll(now_), IsEmpty());
  EXPECT_LE(*d.deadline(), now_ + 1'250);
}

TEST_F(DeviceTest, SavesBeforeItSends) {
  Device d = opened(options());
  d.counter("c").add(1);
  save_works_ = false;
  now_ += 60;
  EXPECT_THAT(d.poll(now_), IsEmpty());
  EXPECT_TRUE(d.save_failing());
  EXPECT_THAT(d.poll(now_ + 10), IsEmpty()) << "not tried again at once";
  const std::vector<Event> events = d.receive(now_, g_.ack("d1", now_));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::save_failed);
  save_works_ = true;
  now_ = *d.deadline();
  EXPECT_EQ(d.poll(now_).size(), 1u);
  EXPECT_FALSE(d.save_failing());
  Device again = opened(options());
  EXPECT_EQ(again.last_op(), 1u);
  EXPECT_EQ(again.epoch(), d.epoch());
}

TEST_F(DeviceTest, ARebootWithMemoryGoesOn) {
  std::uint64_t epoch = 0;
  {
    Device d = opened(options());
    epoch = d.epoch();
    d.counter("c").add(5);
    d.set("s").insert("x");
    d.set("s").insert("y");
    d.set("s").erase("x");
    d.reg("r").set(7);
    exchange(d, g_);
    d.counter("c").add(1);
    EXPECT_TRUE(d.persist());
  }
  Device d = opened(options());
  EXPECT_EQ(d.epoch(), epoch);
  EXPECT_EQ(d.counter("c").value(), 6u);
  EXPECT_THAT(d.set("s").elements(), ElementsAre("y"));
  EXPECT_EQ(d.reg("r").value(), wire::Scalar{std::uint64_t{7}});
  const auto events = exchange(d, g_);
  EXPECT_EQ(g_.total("c").first, 6u);
  EXPECT_EQ(d.unacknowledged(), 0u);
}

TEST_F(DeviceTest, WithoutMemoryEveryStartIsAFreshEpoch) {
  Options o = options();
  o.save = nullptr;
  Device a = opened(o);
  a.counter("c").add(5);
  exchange(a, g_);
  Device b = opened(o);
  EXPECT_NE(a.epoch(), b.epoch());
  b.counter("c").add(5);
  exchange(b, g_);
  EXPECT_EQ(g_.total("c").first, 10u);
}

TEST_F(DeviceTest, DamagedSnapshotsAreRefused) {
  Device d = opened(options());
  d.counter("c").add(1);
  d.set("s").insert("x");
  ASSERT_TRUE(d.persist());
  const std::string good = saved_;
  for (std::size_t i = 0; i < good.size(); ++i) {
    Options o = options();
    o.saved = good;
    o.saved[i] = static_cast<char>(o.saved[i] ^ 0x40);
    const auto r = Device::open(std::move(o));
    ASSERT_FALSE(r) << "byte " << i;
    EXPECT_EQ(r.error().code, Error::Code::snapshot_corrupt);
    Options cut = options();
    cut.saved = good.substr(0, i);
    EXPECT_EQ(static_cast<bool>(Device::open(std::move(cut))), i == 0) << "cut at " << i;
  }
  Options other = options();
  other.saved = good;
  other.device = "d2";
  const auto r = Device::open(std::move(other));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, Error::Code::snapshot_foreign);
}

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

TEST_F(DeviceTest, WaitsForAnAnswerAfterAFewPackets) {
  Options o = options();
  o.inflight_max = 4;
  Device d = opened(std::move(o));
  int sent = 0;
  for (int i = 0; i < 15; ++i) {
    d.counter("c").add(1);
    now_ += 60;
    sent += static_cast<int>(d.poll(now_).size());
  }
  EXPECT_EQ(sent, 4);
}

TEST_F(DeviceTest, LargeSetIsCutIntoPacketsThatFit) {
  Device d = opened(options());
  Set s = d.set("s");
  GrowSet gs = d.grow_set("badges");
  for (int i = 0; i < 500; ++i) s.insert("element-" + std::to_string(i));
  for (int i = 0; i < 500; ++i) gs.insert("badge-" + std::to_string(i));
  for (int i = 0; i < 500; i += 3) s.erase("element-" + std::to_string(i));
  now_ += 60;
  std::vector<Packet> packets;
  for (std::vector<Packet> more = d.poll(now_); !more.empty(); more = d.poll(now_)) {
    packets.insert(packets.end(), more.begin(), more.end());
  }
  EXPECT_GT(packets.size(), 8u);
  std::shuffle(packets.begin(), packets.end(), random_);
  for (const Packet& p : packets) {
    EXPECT_LE(decoded(p).sealed.body.size(), 1'300u);
    EXPECT_EQ(decoded(p).delta.parts, packets.size());
    g_.take(p.payload);
  }
  d.receive(now_, g_.ack("d1", now_));
  EXPECT_EQ(d.unacknowledged(), 0u);
  const std::vector<std::string> mine = s.elements();
  EXPECT_EQ(g_.elements("s"), std::set<std::string>(mine.begin(), mine.end()));
  EXPECT_EQ(g_.elements("badges").size(), 500u);
  s.insert("one more");
  s.erase("element-1");
  now_ += 60;
  packets = d.poll(now_);
  ASSERT_EQ(packets.size(), 1u) << "a large set travels by what changed";
  EXPECT_GT(decoded(packets[0]).delta.entries[0].lo, 0u);
  g_.take(packets[0].payload);
  EXPECT_EQ(g_.elements("s").count("element-1"), 0u);
  EXPECT_EQ(g_.elements("s").count("one more"), 1u);
}

TEST_F(DeviceTest, PartsOfOneDeltaAddUpOverALossyLink) {
  Device d = opened(options());
  GrowSet s = d.grow_set("s");
  for (int i = 0; i < 5'000; ++i) s.insert("element-" + std::to_string(i));
  std::size_t sent = 0;
  for (int i = 0; i < 5'000 && d.unacknowledged() != 0; ++i) {
    now_ = std::max(now_ + 60, *d.deadline());
    for (const Packet& p : d.poll(now_)) {
      ++sent;
      if (random_() % 10 < 3) continue;
      g_.take(p.payload);
      if (random_() % 10 < 7) d.receive(now_, g_.ack("d1", now_));
    }
  }
  EXPECT_EQ(d.unacknowledged(), 0u) << "after " << sent << " packets";
  EXPECT_LT(sent, 1'500u);
  EXPECT_EQ(g_.elements("s").size(), 5'000u);
}

TEST_F(DeviceTest, AMonthOfChurnStaysBounded) {
  Device d = opened(options());
  Set s = d.set("s");
  for (int i = 0; i < 200'000; ++i) {
    s.insert("e" + std::to_string(i % 50));
    if (i % 7 == 0) s.erase("e" + std::to_string(i % 50));
    if (i % 1'000 == 0) d.poll(now_ += 60'000);
  }
  ASSERT_TRUE(d.persist());
  EXPECT_LT(saved_.size(), 8'000u) << "memory follows the state, not the history";
  now_ = *d.deadline() + 60'000;
  const auto packets = d.poll(now_);
  EXPECT_LE(packets.size(), 2u);
  for (const Packet& p : packets) g_.take(p.payload);
  d.receive(now_, g_.ack("d1", now_));
  EXPECT_EQ(d.unacknowledged(), 0u);
  const std::vector<std::string> mine = s.elements();
  EXPECT_EQ(g_.elements("s"), std::set<std::string>(mine.begin(), mine.end()));
}

TEST_F(DeviceTest, EveryInsertIsAnOperationAndRetiresTheOlderAdd) {
  Device d = opened(options());
  Set s = d.set("s");
  s.insert("x");
  exchange(d, g_);
  EXPECT_EQ(s.insert("x"), Outcome::applied);
  exchange(d, g_);
  const testing::Part* p = g_.part("s", wire::Type::orset, {"d1", d.epoch()});
  ASSERT_NE(p, nullptr);
  EXPECT_THAT(p->live, ElementsAre(std::pair(std::uint64_t{2}, std::string("x"))));
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

TEST_F(DeviceTest, ABadClockHidesOneValueNotAllThatFollow) {
  Device d = opened(options());
  constexpr std::uint64_t in_2100_ms = 4'102'444'800'000;
  d.time(in_2100_ms);
  d.reg("r").set(1);
  EXPECT_EQ(d.clock().ms(), in_2100_ms);
  d.time(now_);
  d.reg("r").set(2);
  EXPECT_EQ(d.clock().ms(), now_);
  exchange(d, g_);
  EXPECT_EQ(g_.value("r"), *wire::encode_scalar(wire::Scalar{std::uint64_t{2}}));
}

TEST_F(DeviceTest, WithoutAClockStampsStillGrow) {
  {
    Device d = opened(options());
    d.time(now_);
    d.reg("r").set(1);
    d.persist();
  }
  Device d = opened(options());
  d.time(1'234);  // since boot: never set
  d.reg("r").set(2);
  EXPECT_GT(d.clock(), crdt::Hlc::at(now_));
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

TEST_F(DeviceTest, HandlesSurviveAMove) {
  Device d = opened(options());
  Counter c = d.counter("c");
  Device moved = std::move(d);
  c.add(2);
  EXPECT_EQ(moved.last_op(), 1u);
  exchange(moved, g_);
  EXPECT_EQ(g_.total("c").first, 2u);
}

TEST_F(DeviceTest, LinkUpSendsAtOnce) {
  Device d = opened(options());
  d.counter("c").add(1);
  now_ += 60;
  EXPECT_EQ(d.poll(now_).size(), 1u);
  now_ += 10;
  EXPECT_THAT(d.poll(now_), IsEmpty());
  d.link_up(now_);
  EXPECT_EQ(d.poll(now_).size(), 1u);
}

}  // namespace
}  // namespace tributary::sdk
