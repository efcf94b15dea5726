// SPDX-License-Identifier: Apache-2.0
// The Device's rules, one at a time: operations, packets, pauses, memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/firmware-sim/sdk/device_fixture.h"

namespace tributary::sdk {
namespace {

using testing::DeviceTest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::NaiveGateway;

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

// Found by the simulator, seed 957542163: a broker whose queue holds fewer packets than a delta has
// parts dropped the same parts of every repetition, for ever. Seed 300078: with 177 parts, of which
// 49 came through, 45 minutes were not enough: each repetition but one began beside an earlier one.
TEST_F(DeviceTest, ARepetitionBeginsElsewhereSoThatAShortQueueEndsSomeTime) {
  constexpr std::size_t queue = 5;
  Options o = options();
  o.body_bytes_max = 256;
  Device d = opened(std::move(o));
  d.time(now_);
  for (int i = 0; i < 200; ++i) d.grow_set("g").insert("badge-" + std::to_string(i));
  std::size_t bursts = 0, parts = 0;
  for (; d.unacknowledged() > 0 && bursts < 200; ++bursts) {
    now_ += 80'000;
    const std::vector<Packet> packets = d.poll(now_);
    ASSERT_GT(packets.size(), 2 * queue);
    parts = std::max(parts, packets.size());
    for (std::size_t i = 0; i < queue; ++i) g_.take(packets[i].payload);
    d.receive(now_, g_.ack("d1", now_));
  }
  EXPECT_EQ(d.unacknowledged(), 0u) << "after " << bursts << " bursts";
  EXPECT_LE(bursts, 2 * parts / queue) << parts << " parts";
}

}  // namespace
}  // namespace tributary::sdk
