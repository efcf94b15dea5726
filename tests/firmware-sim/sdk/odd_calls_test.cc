// SPDX-License-Identifier: Apache-2.0
// Calls that an application should not make, or seldom does, and what a device makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/firmware-sim/sdk/device_fixture.h"

namespace tributary::sdk {
namespace {

using testing::DeviceTest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// An application that removes every add of an element, as it reads them in state/…, names its own.
// As a foreign removal it made a delta that no reader takes, and the writer stopped at it.
TEST_F(DeviceTest, RemovingAnOwnAddByItsDotErasesIt) {
  Device d = opened(options());
  Set s = d.set("s");
  s.insert("x");
  s.insert("y");
  EXPECT_EQ(s.erase_foreign("d1", d.epoch(), 1), Outcome::applied);
  EXPECT_THAT(s.elements(), ElementsAre("y"));
  EXPECT_EQ(s.erase_foreign("d1", d.epoch(), 1), Outcome::unchanged) << "it is gone already";
  EXPECT_EQ(s.erase_foreign("d1", d.epoch() + 1, 1), Outcome::applied) << "another epoch's";
  exchange(d, g_);
  EXPECT_EQ(d.unacknowledged(), 0u);
  EXPECT_THAT(g_.elements("s"), ElementsAre("y"));
}

TEST_F(DeviceTest, AHandleOfABadKeyDoesNothing) {
  Device d = opened(options());
  const std::string_view bad = "a//b";
  EXPECT_EQ(d.counter(bad).add(1), Outcome::bad_key);
  EXPECT_EQ(d.counter(bad).value(), 0u);
  EXPECT_EQ(d.up_down(bad).add(1), Outcome::bad_key);
  EXPECT_EQ(d.up_down(bad).subtract(1), Outcome::bad_key);
  EXPECT_EQ(d.up_down(bad).added() + d.up_down(bad).subtracted(), 0u);
  EXPECT_EQ(d.grow_set(bad).insert("x"), Outcome::bad_key);
  EXPECT_FALSE(d.grow_set(bad).contains("x"));
  EXPECT_EQ(d.grow_set(bad).size(), 0u);
  EXPECT_EQ(d.set(bad).insert("x"), Outcome::bad_key);
  EXPECT_EQ(d.set(bad).erase("x"), Outcome::bad_key);
  EXPECT_EQ(d.set(bad).erase_foreign("d2", 1, 1), Outcome::bad_key);
  EXPECT_EQ(d.set(bad).forget_foreign("d2", 1, 1), Outcome::bad_key);
  EXPECT_FALSE(d.set(bad).contains("x"));
  EXPECT_EQ(d.set(bad).size(), 0u);
  EXPECT_THAT(d.set(bad).elements(), IsEmpty());
  EXPECT_EQ(d.reg(bad).set(1), Outcome::bad_key);
  EXPECT_EQ(d.reg(bad).value(), std::nullopt);
  EXPECT_EQ(d.last_op(), 0u);
}

TEST_F(DeviceTest, HandlesShowWhatThisDeviceDid) {
  Device d = opened(options());
  EXPECT_EQ(d.fleet(), "demo");
  EXPECT_EQ(d.id(), "d1");
  d.up_down("p").add(5);
  d.up_down("p").subtract(2);
  EXPECT_EQ(d.up_down("p").added(), 5u);
  EXPECT_EQ(d.up_down("p").subtracted(), 2u);
  EXPECT_EQ(d.up_down("p").subtract(~std::uint64_t{0}), Outcome::overflow);
  d.grow_set("g").insert("x");
  EXPECT_TRUE(d.grow_set("g").contains("x"));
  EXPECT_FALSE(d.grow_set("g").contains("y"));
  EXPECT_EQ(d.grow_set("g").size(), 1u);
  EXPECT_EQ(d.reg("r").value(), std::nullopt);
  d.reg("r").set(-5);
  EXPECT_EQ(d.reg("r").value(), wire::Scalar{std::int64_t{-5}});
  Device other = opened(options());
  other = std::move(d);
  EXPECT_EQ(other.up_down("p").added(), 5u);
}

TEST_F(DeviceTest, RemovalsOfOthersAreKeptUntilForgotten) {
  Device d = opened(options());
  Set s = d.set("s");
  EXPECT_EQ(s.erase_foreign("d2", 1, 9), Outcome::applied);
  EXPECT_EQ(s.erase_foreign("d2", 1, 9), Outcome::unchanged);
  EXPECT_EQ(s.erase_foreign("d 2", 1, 9), Outcome::bad_value);
  EXPECT_EQ(s.erase_foreign("d2", 1, 0), Outcome::bad_value);
  exchange(d, g_);
  const testing::ActorId me{"d1", d.epoch()};
  EXPECT_EQ(g_.part("s", wire::Type::orset, me)->foreign.count({"d2", 1, 9}), 1u);
  EXPECT_EQ(s.forget_foreign("d2", 1, 9), Outcome::applied);
  EXPECT_EQ(s.forget_foreign("d2", 1, 9), Outcome::unchanged);
  EXPECT_EQ(d.last_op(), 2u);
  exchange(d, g_);
  EXPECT_EQ(d.unacknowledged(), 0u);
}

TEST_F(DeviceTest, OptionsThatWouldStopItAreRefused) {
  const auto error = [&](auto change) {
    Options o = options();
    change(o);
    const auto d = Device::open(std::move(o));
    return d ? std::string("opened") : d.error().text;
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(error([](Options& o) { o.body_bytes_max = 200'000; }), HasSubstr("body_bytes_max"));
  EXPECT_THAT(error([](Options& o) { o.batch_ops_max = 0; }), HasSubstr("batch_ops_max"));
  EXPECT_THAT(error([](Options& o) { o.resend_min_ms = 0; }), HasSubstr("resend_min_ms"));
  EXPECT_THAT(error([](Options& o) { o.catch_up_ms = 0; }), HasSubstr("catch_up_ms"));
  EXPECT_THAT(error([](Options& o) { o.acks_needed = 65; }), HasSubstr("acks_needed"));
  EXPECT_THAT(error([](Options& o) { o.inflight_max = 0; }), HasSubstr("inflight_max"));
  EXPECT_THAT(error([](Options& o) { o.burst_packets_max = 0; }), HasSubstr("burst_packets_max"));
}

TEST(Names, AreThoseOfTheHeader) {
  const std::pair<Outcome, std::string> outcomes[] = {
      {Outcome::applied, "applied"},     {Outcome::unchanged, "unchanged"},
      {Outcome::overflow, "overflow"},   {Outcome::muted, "muted"},
      {Outcome::too_large, "too large"}, {Outcome::bad_value, "bad value"},
      {Outcome::bad_key, "bad key"},
  };
  for (const auto& [outcome, text] : outcomes) EXPECT_EQ(name(outcome), text);
  using Kind = Event::Kind;
  const std::pair<Kind, std::string> kinds[] = {
      {Kind::acknowledged, "acknowledged"}, {Kind::refused, "refused"},
      {Kind::removed, "removed"},           {Kind::twin, "twin"},
      {Kind::save_failed, "save failed"},   {Kind::bad_ack, "bad ack"},
  };
  for (const auto& [kind, text] : kinds) EXPECT_EQ(name(kind), text);
}

struct AckTest : DeviceTest {
  // One ack of `gateway` for this device's epoch, with op 0.
  std::string ack(const Device& d, const std::function<void(wire::ActorAck&)>& fill,
                  std::string_view gateway = "g1", std::string_view device = "d1") {
    wire::Ack all;
    all.fleet = "demo";
    all.gateway = gateway;
    all.incarnation = 11;
    all.hlc = crdt::Hlc::at(now_);
    all.device = device;
    wire::ActorAck a;
    a.epoch = d.epoch();
    fill(a);
    all.actors.push_back(a);
    return wire::seal(wire::encode_body(all));
  }
};

TEST_F(AckTest, ARefusalThatNamesNoKeyIsToldOnceAGatewayAndRule) {
  Device d = opened(options());
  d.counter("c").add(1);
  const auto refused = [](std::string_view rule, std::uint64_t to = 1) {
    return [=](wire::ActorAck& a) {
      wire::Refusal r;
      r.to = to;
      r.rule = rule;
      a.refusals.push_back(r);
    };
  };
  auto events = d.receive(now_, ack(d, refused("no room")));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::refused);
  EXPECT_EQ(events[0].text, "no room");
  EXPECT_THAT(events[0].keys, IsEmpty());
  EXPECT_THAT(d.receive(now_, ack(d, refused("no room"))), IsEmpty());
  EXPECT_EQ(d.receive(now_, ack(d, refused("another rule"))).size(), 1u);
  EXPECT_EQ(d.receive(now_, ack(d, refused("no room"), "g2")).size(), 1u);
  EXPECT_THAT(d.receive(now_, ack(d, refused("not yet", 2))), IsEmpty()) << "never sent";
  EXPECT_EQ(d.last_op(), 1u) << "nothing was muted";
}

TEST_F(AckTest, WhatIsMutedStaysAsItIs) {
  Device d = opened(options());
  Set s = d.set("s");
  s.insert("x");
  s.erase_foreign("d2", 1, 1);
  d.reg("r").set(1);
  d.counter("fine").add(1);
  const auto refuse = [](wire::ActorAck& a) {
    wire::Refusal r;
    r.to = 3;
    r.keys = {{"s", 4}, {"r", 5}, {"absent", 1}, {"fine", 2}};
    r.rule = "no";
    a.refusals.push_back(r);
  };
  auto events = d.receive(now_, ack(d, refuse));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].keys.size(), 2u);
  EXPECT_THAT(d.receive(now_, ack(d, refuse)), IsEmpty()) << "said again: nothing more to mute";
  const std::uint64_t last = d.last_op();
  EXPECT_EQ(s.insert("y"), Outcome::muted);
  EXPECT_EQ(s.erase("x"), Outcome::muted);
  EXPECT_EQ(s.erase("absent"), Outcome::muted);
  EXPECT_EQ(s.erase_foreign("d2", 1, 2), Outcome::muted);
  EXPECT_EQ(s.forget_foreign("d2", 1, 1), Outcome::muted);
  EXPECT_EQ(d.reg("r").set(2), Outcome::muted);
  EXPECT_EQ(d.last_op(), last);
  EXPECT_EQ(d.counter("fine").add(1), Outcome::applied);
  d.persist();
  Device again = opened(options());
  EXPECT_EQ(again.set("s").insert("y"), Outcome::muted);
  EXPECT_EQ(again.reg("r").value(), wire::Scalar{std::uint64_t{1}});
}

TEST_F(AckTest, AnAckForAnotherDeviceAndARottenQuoteAreReported) {
  Device d = opened(options());
  d.set("s").insert("x");
  auto events = d.receive(now_, ack(
                                    d, [](wire::ActorAck&) {}, "g1", "d2"));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::bad_ack);
  events = d.receive(now_, ack(d, [](wire::ActorAck& a) { a.removals.push_back("rubbish"); }));
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::bad_ack);
  EXPECT_EQ(d.set("s").size(), 1u);
}

// Somebody removes a whole set of ours: what is not fetched does not pile up, and the set is right.
TEST_F(AckTest, OfManyEventsTheNewestStay) {
  Device d = opened(options());
  Set s = d.set("s");
  std::string quote;
  {
    Options o = options();
    o.device = "other";
    o.save = nullptr;
    o.saved.clear();
    o.body_bytes_max = 100'000;
    Device other = opened(std::move(o));
    for (std::uint64_t op = 1; op <= 1'100; ++op) {
      s.insert("element-" + std::to_string(op));
      other.set("s").erase_foreign("d1", d.epoch(), op);
    }
    const auto packets = other.poll(now_ += 60);
    ASSERT_EQ(packets.size(), 1u);
    quote = packets[0].payload;
  }
  const auto events = d.receive(now_, ack(d, [&](wire::ActorAck& a) { a.removals = {quote}; }));
  EXPECT_EQ(events.size(), 1'024u);
  EXPECT_EQ(events.back().element, "element-1100");
  EXPECT_EQ(s.size(), 0u);
}

// The clock steps back by an hour: a gateway that is behind still gets its delta in seconds.
TEST_F(AckTest, CatchingUpSurvivesAClockThatStepsBack) {
  Device d = opened(options());
  d.counter("c").add(1);
  now_ += 60;
  for (const Packet& p : d.poll(now_)) {
    g_.take(p.payload);
    h_.take(p.payload);
  }
  d.receive(now_, h_.ack("d1", now_));
  d.counter("c").add(1);
  exchange(d, g_);
  d.receive(now_, h_.ack("d1", now_));  // heard, and behind
  now_ -= 3'600'000;
  d.time(now_);
  std::size_t tries = 0;
  while (h_.contiguous({"d1", d.epoch()}) < 2 && tries++ < 20) {
    ASSERT_TRUE(d.deadline());
    ASSERT_LE(*d.deadline(), now_ + 20'000);
    now_ = *d.deadline();
    for (const Packet& p : d.poll(now_)) h_.take(p.payload);
  }
  EXPECT_EQ(h_.contiguous({"d1", d.epoch()}), 2u);
}

TEST_F(AckTest, ALongBurstGoesOutOverSeveralPolls) {
  Options o = options();
  o.burst_packets_max = 2;
  Device d = opened(std::move(o));
  for (int i = 0; i < 600; ++i) d.grow_set("s").insert("element-" + std::to_string(i));
  now_ += 60;
  std::size_t polls = 0;
  while (d.deadline() && *d.deadline() <= now_) {
    const auto packets = d.poll(now_);
    ASSERT_LE(packets.size(), 2u);
    for (const Packet& p : packets) g_.take(p.payload);
    ASSERT_LT(++polls, 20u);
  }
  EXPECT_GT(polls, 2u);
  EXPECT_EQ(g_.elements("s").size(), 600u);
}

// A gateway that is gone for good does not keep a device awake.
TEST_F(AckTest, AGatewayThatStaysSilentIsGivenUp) {
  Device d = opened(options());
  d.counter("c").add(1);
  now_ += 60;
  for (const Packet& p : d.poll(now_)) {
    g_.take(p.payload);
    h_.take(p.payload);
  }
  d.receive(now_, h_.ack("d1", now_));
  d.counter("c").add(1);
  exchange(d, g_);
  std::size_t tries = 0;
  for (; d.deadline() && tries < 50; ++tries) {
    now_ = *d.deadline();
    EXPECT_EQ(d.poll(now_).size(), 1u);
  }
  EXPECT_EQ(tries, 8u);
  EXPECT_EQ(d.unacknowledged(), 0u) << "another gateway has it";
}

TEST_F(AckTest, LongKeysAndElementsStayWithinAPacket) {
  Device d = opened(options());
  for (const std::size_t n : {40u, 400u}) {
    Set s = d.set(std::string(n, 'k'));
    for (char c = 'a'; c <= 'z'; ++c) s.insert(std::string(300, c));
    s.erase_foreign(std::string(40, 'd'), ~std::uint64_t{0}, 70'000);
  }
  now_ += 60;
  std::size_t packets = 0;
  for (auto more = d.poll(now_); !more.empty(); more = d.poll(now_)) {
    for (const Packet& p : more) {
      EXPECT_LE(decoded(p).sealed.body.size(), 1'300u);
      g_.take(p.payload);
      ++packets;
    }
  }
  EXPECT_GT(packets, 10u);
  EXPECT_EQ(g_.elements(std::string(400, 'k')).size(), 26u);
}

}  // namespace
}  // namespace tributary::sdk
