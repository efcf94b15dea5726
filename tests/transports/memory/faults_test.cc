// SPDX-License-Identifier: Apache-2.0
// The in-process broker's faults: what they may do, what they may never do, and that a seed
// repeats.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "transports/memory/broker.h"

namespace tributary::transports::memory {
namespace {

using Kind = Event::Kind;

struct Pair {
  explicit Pair(const Options& options) : broker(options) {
    Message will;
    will.topic = "status/a";
    will.payload = "gone";
    a = broker.session("a", will);
    b = broker.session("b");
    b->subscribe("x", Qos::at_least_once);
    b->subscribe("status/+", Qos::at_least_once);
    a->start();
    b->start();
    broker.advance(60'000);
    a->poll(100);
    b->poll(100);
  }

  bool send(int number, Qos qos = Qos::at_least_once) {
    Message m;
    m.topic = "x";
    m.payload = std::to_string(number);
    m.qos = qos;
    return a->publish(m);
  }

  std::vector<int> received() {
    std::vector<int> numbers;
    for (const Event& event : b->poll(1'000'000)) {
      if (event.kind == Kind::message && event.message.topic == "x") {
        numbers.push_back(std::stoi(event.message.payload));
      }
    }
    return numbers;
  }

  void later(std::uint64_t ms) { broker.advance(broker.now_ms() + ms); }

  Broker broker;
  std::unique_ptr<Session> a;
  std::unique_ptr<Session> b;
};

std::set<int> first(int count) {
  std::set<int> all;
  for (int i = 0; i < count; ++i) all.insert(i);
  return all;
}

TEST(MemoryFaults, Qos1SurvivesLossAndDuplicatesQos0DoesNot) {
  Pair pair({.seed = 7, .faults = {.loss = 0.3}});
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pair.send(i));
  pair.later(10'000'000);
  const auto got = pair.received();
  EXPECT_EQ(std::set<int>(got.begin(), got.end()), first(500));
  EXPECT_GT(got.size(), 500U) << "lost acks must show as duplicates";
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pair.send(i, Qos::at_most_once));
  pair.later(10'000'000);
  const auto few = pair.received();
  EXPECT_LT(few.size(), 350U);  // 0.7 × 0.7 of 500 = 245
  EXPECT_GT(few.size(), 150U);
}

TEST(MemoryFaults, EachWayMayLoseOtherwise) {
  Pair up({.seed = 7, .faults = {.loss = 0.5, .loss_to_client = 0.0}});
  Pair down({.seed = 7, .faults = {.loss_to_client = 0.5}});
  for (Pair* pair : {&up, &down}) {
    const std::uint64_t before = pair->broker.stats().published;
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(pair->send(i, Qos::at_most_once));
    pair->later(10'000'000);
    const std::uint64_t published = pair->broker.stats().published - before;
    const std::size_t delivered = pair->received().size();
    EXPECT_LT(delivered, 325U);
    EXPECT_GT(delivered, 175U);
    EXPECT_EQ(published, pair == &up ? delivered : 500U);
  }
}

TEST(MemoryFaults, LossAloneKeepsTheFirstArrivalsInOrder) {
  Pair pair({.seed = 8, .faults = {.loss = 0.3, .delay_min_ms = 1, .delay_max_ms = 30}});
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(pair.send(i));
  pair.later(10'000'000);
  int newest = -1;
  for (const int number : pair.received()) {
    EXPECT_LE(number, newest + 1);  // a duplicate, or the next
    newest = std::max(newest, number);
  }
  EXPECT_EQ(newest, 299);
}

TEST(MemoryFaults, DuplicatesAndReorders) {
  Pair pair({.seed = 9, .faults = {.duplicate = 0.2, .reorder = 0.2}});
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pair.send(i));
  pair.later(1'000'000);
  const auto got = pair.received();
  EXPECT_EQ(std::set<int>(got.begin(), got.end()), first(500));
  EXPECT_GT(got.size(), 600U);
  EXPECT_FALSE(std::is_sorted(got.begin(), got.end()));
  EXPECT_GT(pair.broker.stats().duplicated, 100U);
}

TEST(MemoryFaults, DelayHoldsMessagesBack) {
  Pair pair({.seed = 1, .faults = {.delay_min_ms = 50, .delay_max_ms = 50}});
  ASSERT_TRUE(pair.send(1));
  pair.later(99);
  EXPECT_TRUE(pair.received().empty());
  EXPECT_TRUE(pair.broker.next_ms().has_value());
  pair.later(1);
  EXPECT_EQ(pair.received().size(), 1U);
}

TEST(MemoryFaults, AShortPartitionHoldsAndLosesNothing) {
  Pair pair({.seed = 1});
  pair.broker.partition("a", Cut::both);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pair.send(i));
  pair.later(5000);
  EXPECT_TRUE(pair.received().empty());
  EXPECT_TRUE(pair.a->connected());
  pair.broker.partition("a", Cut::none);
  pair.later(0);
  EXPECT_EQ(pair.received().size(), 100U);
}

TEST(MemoryFaults, ALongPartitionEndsInAWillAndAReconnect) {
  Pair pair({.seed = 1});
  pair.broker.partition("a", Cut::both);
  pair.later(10'000);
  EXPECT_FALSE(pair.a->connected());
  EXPECT_TRUE(pair.broker.client_connected("a")) << "the broker is more patient";
  pair.later(5000);
  EXPECT_FALSE(pair.broker.client_connected("a"));
  const auto seen = pair.b->poll(10);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].message.payload, "gone");
  pair.broker.partition("a", Cut::none);
  pair.later(10'000);
  EXPECT_TRUE(pair.a->connected());
}

TEST(MemoryFaults, OneWayPartitions) {
  Pair pair({.seed = 1});
  pair.broker.partition("b", Cut::to_client);
  ASSERT_TRUE(pair.send(1));
  pair.later(1000);
  EXPECT_TRUE(pair.received().empty());
  EXPECT_EQ(pair.a->outbox_size(), 0U) << "the broker has it";
  pair.broker.partition("b", Cut::none);
  pair.later(0);
  EXPECT_EQ(pair.received().size(), 1U);
  pair.broker.partition("a", Cut::to_client);
  ASSERT_TRUE(pair.send(2));
  pair.later(1000);
  EXPECT_EQ(pair.received().size(), 1U);
  EXPECT_EQ(pair.a->outbox_size(), 1U) << "the ack cannot come back";
}

TEST(MemoryFaults, AOneWayCutFillsTheBrokersQueueWhichDropsInSilence) {
  Pair pair({.seed = 1, .in_flight_max = 20, .queued_max = 100});
  pair.broker.partition("b", Cut::to_client);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(pair.send(i));
  pair.later(100);
  pair.broker.partition("b", Cut::none);
  pair.later(100);
  const auto got = pair.received();
  EXPECT_EQ(got.size(), 120U);
  EXPECT_EQ(got.back(), 119) << "the oldest are kept";
  EXPECT_EQ(pair.broker.stats().dropped, 380U);
}

TEST(MemoryFaults, BreakingConnectionsAreReportedAndRepaired) {
  Pair pair({.seed = 3, .faults = {.disconnect = 0.02}, .reconnect_max_ms = 250});
  int taken = 0;
  int breaks = 0;
  for (int i = 0; i < 2000; ++i) {
    taken += pair.send(i) ? 1 : 0;
    pair.later(50);
    for (const Event& event : pair.a->poll(100)) breaks += event.kind == Kind::disconnected ? 1 : 0;
  }
  EXPECT_GT(breaks, 10);
  EXPECT_GT(taken, 1000);
  EXPECT_GT(pair.received().size(), 500U);
}

// Found by the simulator, seed 50535: connections that live for milliseconds, made again ten times
// a second for ever, where the real session pauses for up to 30 s.
TEST(MemoryFaults, AConnectionThatBreaksAtOnceIsMadeAgainMoreAndMoreSeldom) {
  Pair pair({.seed = 3});
  pair.later(60'000);
  for (const std::size_t most : {std::size_t{12}, std::size_t{4}}) {  // 0.25 s to 30 s; then 30 s
    std::size_t breaks = 0;
    for (int second = 0; second < 60; ++second) {
      pair.broker.disconnect("a");
      pair.later(1'000);
      for (const Event& event : pair.a->poll(100))
        breaks += event.kind == Kind::disconnected ? 1 : 0;
    }
    EXPECT_GE(breaks, 1U);
    EXPECT_LE(breaks, most);
  }
  pair.later(90'000);
  EXPECT_TRUE(pair.a->connected());
  pair.broker.disconnect("a");
  pair.later(250);
  EXPECT_TRUE(pair.a->connected()) << "it had lasted: the pauses begin anew";
}

TEST(MemoryFaults, TheSameSeedGivesTheSameTraceAnotherSeedAnother) {
  auto run = [](std::uint64_t seed) {
    std::vector<std::string> trace;
    Pair pair({.seed = seed,
               .faults = {.loss = 0.2,
                          .duplicate = 0.1,
                          .reorder = 0.1,
                          .disconnect = 0.01,
                          .delay_max_ms = 20}});
    pair.broker.on_trace([&](const std::string& line) { trace.push_back(line); });
    for (int i = 0; i < 300; ++i) {
      pair.send(i, i % 3 == 0 ? Qos::at_most_once : Qos::at_least_once);
      if (i == 100) pair.broker.partition("b", Cut::both);
      if (i == 150) pair.broker.partition("b", Cut::none);
      if (i == 200) pair.broker.restart();
      pair.later(100);
      pair.received();
    }
    return trace;
  };
  const auto once = run(42);
  EXPECT_GT(once.size(), 500U);
  EXPECT_EQ(once, run(42));
  EXPECT_NE(once, run(43));
}

// Found by the simulator, seed 123: a bucket that a late older publish had set back was never whole
// again, because its gateway could not know. MQTT does not do that to one connection.
TEST(MemoryFaults, ALateOlderPublishDoesNotSetARetainedTopicBack) {
  Pair pair({.seed = 7,
             .faults = {.loss = 0.3, .duplicate = 0.3, .reorder = 0.5, .reorder_ms = 5'000},
             .window = 100});
  for (int i = 0; i < 50; ++i) {
    Message m;
    m.topic = "kept";
    m.payload = std::to_string(i);
    m.retain = true;
    pair.a->publish(m);
    pair.later(20);
  }
  pair.later(120'000);
  EXPECT_EQ(pair.broker.retained().at("kept").payload, "49");
}

}  // namespace
}  // namespace tributary::transports::memory
