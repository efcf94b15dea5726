// SPDX-License-Identifier: Apache-2.0
// The in-process broker without faults: it behaves as a broker does.
#include "transports/memory/broker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tributary::transports::memory {
namespace {

using Kind = Event::Kind;

Message message(std::string topic, std::string payload, Qos qos = Qos::at_least_once,
                bool retain = false) {
  Message m;
  m.topic = std::move(topic);
  m.payload = std::move(payload);
  m.qos = qos;
  m.retain = retain;
  return m;
}

std::vector<Event> drain(Session& session) {
  return session.poll(1'000'000);
}

std::vector<std::string> payloads(Session& session) {
  std::vector<std::string> all;
  for (Event& event : drain(session)) {
    if (event.kind == Kind::message) all.push_back(std::move(event.message.payload));
  }
  return all;
}

// A started and connected session, its `connected` event taken.
std::unique_ptr<Session> join(Broker& broker, const std::string& id,
                              std::optional<Message> will = {}) {
  auto session = broker.session(id, std::move(will));
  session->start();
  broker.advance(broker.now_ms());
  const auto events = drain(*session);
  EXPECT_EQ(events.size(), 1U);
  EXPECT_TRUE(session->connected());
  return session;
}

TEST(MemoryBroker, DeliversToWhoSubscribed) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  auto b = join(broker, "b");
  auto c = join(broker, "c");
  b->subscribe("x/+", Qos::at_least_once);
  c->subscribe("y/#", Qos::at_least_once);
  broker.advance(0);
  Message m = message("x/1", "hello");
  m.response_topic = "answers";
  m.correlation = "7";
  EXPECT_TRUE(a->publish(m));
  EXPECT_EQ(a->outbox_size(), 1U);
  broker.advance(0);
  EXPECT_EQ(a->outbox_size(), 0U);
  const auto events = drain(*b);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::message);
  EXPECT_EQ(events[0].message.topic, "x/1");
  EXPECT_EQ(events[0].message.payload, "hello");
  EXPECT_EQ(events[0].message.response_topic, "answers");
  EXPECT_EQ(events[0].message.correlation, "7");
  EXPECT_FALSE(events[0].message.retain);
  EXPECT_TRUE(drain(*c).empty());
}

TEST(MemoryBroker, KeepsOrderOfManyMessagesThroughItsWindow) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  auto b = join(broker, "b");
  b->subscribe("x", Qos::at_least_once);
  std::vector<std::string> sent;
  for (int i = 0; i < 5000; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(a->publish(message("x", sent.back())));
  }
  broker.advance(0);
  EXPECT_EQ(payloads(*b), sent);
  EXPECT_EQ(broker.stats().dropped, 0U);
}

TEST(MemoryBroker, RetainedAreReplayedOnEverySubscribeAndClearedByNothing) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  a->publish(message("r/1", "one", Qos::at_least_once, true));
  a->publish(message("r/2", "two", Qos::at_most_once, true));
  broker.advance(0);
  auto b = join(broker, "b");
  b->subscribe("r/#", Qos::at_least_once);
  broker.advance(0);
  auto events = drain(*b);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_TRUE(events[0].message.retain);
  b->subscribe("r/#", Qos::at_least_once);
  broker.advance(0);
  EXPECT_EQ(payloads(*b).size(), 2U);
  a->publish(message("r/1", "", Qos::at_least_once, true));
  broker.advance(0);
  EXPECT_EQ(payloads(*b), std::vector<std::string>{""});
  EXPECT_EQ(broker.retained().size(), 1U);
}

TEST(MemoryBroker, ARetainedReplayIsTruncatedInSilenceLikeMosquittos) {
  Broker broker({.seed = 1, .outbox_max = 5000});
  auto a = join(broker, "a");
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(a->publish(message("r/" + std::to_string(i), "x", Qos::at_least_once, true)));
  }
  broker.advance(0);
  EXPECT_EQ(broker.retained().size(), 5000U);
  auto b = join(broker, "b");
  b->subscribe("r/+", Qos::at_least_once);
  broker.advance(0);
  EXPECT_EQ(payloads(*b).size(), 1020U);
  EXPECT_EQ(broker.stats().dropped, 3980U);
  auto c = join(broker, "c");
  c->subscribe("r/+", Qos::at_most_once);
  broker.advance(0);
  EXPECT_EQ(payloads(*c).size(), 5000U);
}

TEST(MemoryBroker, NoLocalKeepsOnesOwnMessagesAway) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  auto b = join(broker, "b");
  a->subscribe("x/#", Qos::at_least_once, true);
  b->subscribe("x/#", Qos::at_least_once, false);
  b->publish(message("x/1", "from b"));
  a->publish(message("x/1", "from a"));
  broker.advance(0);
  EXPECT_EQ(payloads(*a), std::vector<std::string>{"from b"});
  EXPECT_EQ(payloads(*b).size(), 2U);
}

TEST(MemoryBroker, OverlappingSubscriptionsDeliverOnceAtTheBestQos) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  a->subscribe("x/#", Qos::at_most_once);
  a->subscribe("x/1", Qos::at_least_once);
  a->publish(message("x/1", "once"));
  broker.advance(0);
  const auto events = drain(*a);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].message.qos, Qos::at_least_once);
}

TEST(MemoryBroker, UnsubscribedIsNotDeliveredNorSubscribedAgain) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  a->subscribe("x", Qos::at_least_once);
  a->subscribe("y", Qos::at_least_once);
  a->unsubscribe("x");
  broker.disconnect("a");
  broker.advance(1000);
  ASSERT_TRUE(a->connected());
  a->publish(message("x", "no"));
  a->publish(message("y", "yes"));
  broker.advance(1000);
  EXPECT_EQ(payloads(*a), std::vector<std::string>{"yes"});
}

// Where a topic goes is remembered, and a subscription by name or by wildcard changes it.
TEST(MemoryBroker, ATopicGoesToWhoeverIsSubscribedNow) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  auto b = join(broker, "b");
  const auto heard = [&] {
    for (const char* topic : {"x/1", "x/2", "y"}) a->publish(message(topic, topic));
    broker.advance(0);
    return payloads(*b);
  };
  using Topics = std::vector<std::string>;
  EXPECT_EQ(heard(), Topics{});
  b->subscribe("x/+", Qos::at_least_once);
  EXPECT_EQ(heard(), (Topics{"x/1", "x/2"}));
  b->subscribe("y", Qos::at_least_once);
  EXPECT_EQ(heard(), (Topics{"x/1", "x/2", "y"}));
  b->subscribe("$share/g/x/2", Qos::at_least_once);
  EXPECT_EQ(heard(), (Topics{"x/1", "x/2", "x/2", "y"}));
  b->unsubscribe("x/+");
  EXPECT_EQ(heard(), (Topics{"x/2", "y"}));
  b->unsubscribe("$share/g/x/2");
  b->unsubscribe("y");
  EXPECT_EQ(heard(), Topics{});
}

TEST(MemoryBroker, WillIsPublishedWhenASessionDiesButNotWhenItStops) {
  Broker broker({.seed = 1});
  auto watcher = join(broker, "w");
  watcher->subscribe("status/+", Qos::at_least_once);
  auto a = join(broker, "a", message("status/a", "gone", Qos::at_least_once, true));
  auto b = join(broker, "b", message("status/b", "gone", Qos::at_least_once, true));
  a.reset();
  b->publish(message("status/b", "bye", Qos::at_least_once, true));
  b->stop(1000);
  b.reset();
  broker.advance(10);
  EXPECT_EQ(broker.retained().at("status/a").payload, "gone");
  EXPECT_EQ(broker.retained().at("status/b").payload, "bye");
  EXPECT_EQ(payloads(*watcher).size(), 2U);
  EXPECT_FALSE(broker.client_connected("a"));
  EXPECT_FALSE(broker.client_connected("b"));
}

TEST(MemoryBroker, KillForgetsRetainedAndEverybodyComesBack) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  a->subscribe("x", Qos::at_least_once);
  a->publish(message("r", "kept", Qos::at_least_once, true));
  broker.advance(0);
  broker.kill();
  EXPECT_FALSE(a->connected());
  EXPECT_FALSE(a->publish(message("x", "nowhere")));
  broker.advance(500);
  auto events = drain(*a);
  ASSERT_EQ(events.size(), 2U);  // the loss, and one failed connect, however many there were
  EXPECT_EQ(events[0].reason, "connection lost");
  EXPECT_EQ(events[1].reason, "connection refused");
  broker.restart();
  broker.advance(1000);
  events = drain(*a);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::connected);
  EXPECT_TRUE(broker.retained().empty());
  a->publish(message("x", "again"));
  broker.advance(1000);
  EXPECT_EQ(payloads(*a), std::vector<std::string>{"again"});
}

TEST(MemoryBroker, RestartCanRollRetainedBack) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  a->publish(message("r", "old", Qos::at_least_once, true));
  broker.advance(0);
  broker.take_snapshot();
  a->publish(message("r", "new", Qos::at_least_once, true));
  broker.advance(0);
  broker.restart(Retained::kept);
  EXPECT_EQ(broker.retained().at("r").payload, "new");
  broker.restart(Retained::snapshot);
  EXPECT_EQ(broker.retained().at("r").payload, "old");
}

TEST(MemoryBroker, TooLargeOrMisnamedIsRefusedAndTheSessionGoesOn) {
  Broker broker({.seed = 1, .packet_bytes_max = 100});
  auto a = join(broker, "a");
  a->subscribe("x", Qos::at_least_once);
  EXPECT_TRUE(a->publish(message("x", std::string(101, 'x'))));
  EXPECT_TRUE(a->publish(message("x/+", "wild")));
  a->subscribe("x/#/y", Qos::at_least_once);
  EXPECT_TRUE(a->publish(message("x", "fits")));
  broker.advance(0);
  int refused = 0;
  int delivered = 0;
  for (const Event& event : drain(*a)) {
    refused += event.kind == Kind::refused ? 1 : 0;
    delivered += event.kind == Kind::message ? 1 : 0;
  }
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(delivered, 1);
  EXPECT_EQ(a->outbox_size(), 0U);
}

TEST(MemoryBroker, AFullInboxPushesBackAndLosesNothingAtQos1) {
  Broker broker({.seed = 1, .queued_max = 0, .inbox_max = 10});
  auto a = join(broker, "a");
  auto b = join(broker, "b");
  b->subscribe("x", Qos::at_least_once);
  std::vector<std::string> sent;
  for (int i = 0; i < 500; ++i) {
    sent.push_back(std::to_string(i));
    ASSERT_TRUE(a->publish(message("x", sent.back())));
  }
  broker.advance(0);
  std::vector<std::string> got;
  for (int round = 0; round < 500 && got.size() < sent.size(); ++round) {
    for (const Event& event : b->poll(3)) got.push_back(event.message.payload);
    broker.advance(0);
  }
  EXPECT_EQ(got, sent);
}

TEST(MemoryBroker, AFullOutboxSaysSoAndWakesWhenThereIsRoom) {
  Broker broker({.seed = 1, .outbox_max = 20});
  auto a = join(broker, "a");
  int woken = 0;
  a->on_ready([&] { ++woken; });
  int taken = 0;
  while (a->publish(message("x", "x"))) ++taken;
  EXPECT_EQ(taken, 20);
  EXPECT_EQ(woken, 0);
  broker.advance(0);
  EXPECT_GT(woken, 0);
  EXPECT_TRUE(a->publish(message("x", "x")));
}

TEST(MemoryBroker, TheSecondSessionOfAnIdTakesTheConnectionOver) {
  Broker broker({.seed = 1});
  auto first = join(broker, "twin", message("status", "gone", Qos::at_least_once, true));
  auto second = broker.session("twin");
  second->start();
  broker.advance(0);
  EXPECT_FALSE(first->connected());
  EXPECT_TRUE(second->connected());
  EXPECT_EQ(broker.retained().at("status").payload, "gone");
  const auto events = drain(*first);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].reason, "session taken over by another client");
}

TEST(MemoryBroker, SessionsMayOutliveIt) {
  auto broker = std::make_unique<Broker>(Options{.seed = 1});
  auto a = join(*broker, "a");
  broker.reset();
  EXPECT_FALSE(a->connected());
  EXPECT_FALSE(a->publish(message("x", "x")));
  a->stop(100);
}

TEST(MemoryBroker, AWakeMayUseItsSession) {
  Broker broker({.seed = 1});
  auto a = join(broker, "a");
  auto b = join(broker, "b");
  a->subscribe("ping", Qos::at_least_once);
  b->subscribe("pong", Qos::at_least_once);
  a->on_ready([&] {
    for (const Event& event : a->poll(10)) {
      if (event.kind == Kind::message) a->publish(message("pong", event.message.payload));
    }
  });
  b->publish(message("ping", "1"));
  broker.advance(0);
  EXPECT_EQ(payloads(*b), std::vector<std::string>{"1"});
}

}  // namespace
}  // namespace tributary::transports::memory
