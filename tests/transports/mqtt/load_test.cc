// SPDX-License-Identifier: Apache-2.0
// The MQTT session under load: the window, push-back in both directions, and what it costs.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "tests/transports/mqtt/harness.h"

namespace tributary::transports::mqtt {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* roomy =
    "max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages 200\n";

// Publishes "0" … "count-1" on "x", as fast as the outbox takes them.
void blast(Client& client, int count) {
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(client.await([&] { return client.send("x", std::to_string(i)); }));
  }
}

void expect_all_in_order(const std::vector<Message>& messages, int count) {
  ASSERT_EQ(messages.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(messages[static_cast<std::size_t>(i)].payload, std::to_string(i));
  }
}

TEST(MqttLoad, TwentyThousandThroughTheWindowArriveInOrder) {
  Mosquitto broker(roomy);
  Client a(broker, "a");
  Client b(broker, "b");
  b.session->subscribe("x", Qos::at_least_once);
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  const auto begin = Clock::now();
  std::thread sender([&] { blast(a, 20'000); });
  const bool all = b.await_messages(20'000);
  sender.join();
  ASSERT_TRUE(all);
  const std::chrono::duration<double> took = Clock::now() - begin;
  RecordProperty("messages_per_s", static_cast<int>(20'000 / took.count()));
  expect_all_in_order(b.messages, 20'000);
  EXPECT_TRUE(a.await_sent());
  EXPECT_EQ(a.connects, 1);
  EXPECT_EQ(b.connects, 1);
}

// More of QoS 0 is sent by Paho's thread while some is on its way, else by the session's own: whose
// turn it is changes each time that all was sent, and while that one is busy with QoS 1.
TEST(MqttLoad, QosZeroArrivesInOrderWhicheverThreadSendsIt) {
  constexpr int count = 20'000;
  Mosquitto broker(roomy);
  Client a(broker, "a");
  Client b(broker, "b");
  b.session->subscribe("x", Qos::at_most_once);
  b.session->subscribe("y", Qos::at_least_once);
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  std::thread sender([&] {
    for (int i = 0; i < count; ++i) {
      const auto offer = [&](const char* topic, Qos qos) {
        return a.await([&] { return a.send(topic, std::to_string(i), false, qos); });
      };
      EXPECT_TRUE(offer("x", Qos::at_most_once));
      EXPECT_TRUE(i % 10 != 0 || offer("y", Qos::at_least_once));
      EXPECT_TRUE(i % 997 != 0 || a.await_sent());
    }
  });
  const bool all = b.await_messages(count + count / 10);
  sender.join();
  ASSERT_TRUE(all);
  std::erase_if(b.messages, [](const Message& m) { return m.topic == "y"; });
  expect_all_in_order(b.messages, count);
  EXPECT_TRUE(a.await_sent());
}

TEST(MqttLoad, ASlowConsumerLosesNothing) {
  Mosquitto broker(roomy);
  Client a(broker, "a");
  Options options = options_for(broker, "b");
  options.inbound_max = 50;
  Client b(options);
  b.session->subscribe("x", Qos::at_least_once);
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  std::thread sender([&] { blast(a, 5'000); });
  std::size_t largest = 0;
  // Seven at a time, and only when the queue has filled up: the callback waits all the while.
  const bool all = eventually(deadline, [&] {
    for (int i = 0; i < 100; ++i) {
      auto events = b.session->poll(7);
      largest = std::max(largest, events.size());
      for (Event& event : events) b.messages.push_back(std::move(event.message));
      if (events.size() < 7) break;
    }
    return b.messages.size() >= 5'000;
  });
  sender.join();
  ASSERT_TRUE(all) << b.messages.size();
  expect_all_in_order(b.messages, 5'000);
  EXPECT_EQ(largest, 7U);
}

TEST(MqttLoad, OneThreadMayPublishWhileTheInboxOfAnotherSessionIsFull) {
  Mosquitto broker(roomy);
  Options options = options_for(broker, "b");
  options.inbound_max = 5;
  Client b(options);
  b.session->subscribe("x", Qos::at_least_once);
  Client a(broker, "a");
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  for (int i = 0; i < 2000; ++i) {  // b's inbox fills at once and Paho's only thread waits for us
    ASSERT_TRUE(a.send("x", std::to_string(i)));
  }
  ASSERT_TRUE(b.await_messages(2000));
  expect_all_in_order(b.messages, 2000);
}

// A gateway that does not read until it has sent what it must: it must not wait for itself.
TEST(MqttLoad, AReaderThatSendsBeforeItReadsGetsOn) {
  Mosquitto broker(roomy);
  Options options = options_for(broker, "b");
  options.inbound_max = 500;
  Client b(options);
  b.session->subscribe("x", Qos::at_least_once);
  Client a(broker, "a");
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  for (int i = 0; i < 800; ++i) ASSERT_TRUE(a.send("x", std::to_string(i)));
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(b.send("answer", std::to_string(i)));
  EXPECT_TRUE(eventually(deadline, [&] { return b.session->outbox_size() == 0; }));
  EXPECT_TRUE(eventually(deadline, [&] { return a.session->outbox_size() == 0; }));
  ASSERT_TRUE(b.await_messages(800));
  expect_all_in_order(b.messages, 800);
  EXPECT_EQ(b.connects, 1);
}

TEST(MqttLoad, StoppingOneSessionDoesNotWaitForTheFullInboxOfAnother) {
  Mosquitto broker(roomy);
  Options options = options_for(broker, "b");
  options.inbound_max = 5;
  Client b(options);
  b.session->subscribe("x", Qos::at_least_once);
  Client a(broker, "a");
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(a.send("x", std::to_string(i)));
  const auto begin = Clock::now();
  a.session->stop(10'000);
  EXPECT_LT(Clock::now() - begin, 8s);
  ASSERT_TRUE(b.await_messages(500));
  expect_all_in_order(b.messages, 500);
}

TEST(MqttLoad, AConsumerThatDiedIsDisconnectedNotCheated) {
  Mosquitto broker(roomy);
  Client a(broker, "a");
  Options options = options_for(broker, "b");
  options.inbound_max = 10;
  options.keepalive_s = 4;  // patience: two seconds
  Client b(options);
  b.session->subscribe("x", Qos::at_least_once);
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  blast(a, 1000);
  ASSERT_TRUE(eventually(deadline, [&] { return !b.session->connected(); }));
  ASSERT_TRUE(b.await([&] { return !b.disconnects.empty(); }));
  EXPECT_NE(b.disconnects[0].find("took no messages"), std::string::npos) << b.disconnects[0];
  ASSERT_GE(b.messages.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(b.messages[i].payload, std::to_string(i));
  ASSERT_TRUE(b.await_connects(2));
}

TEST(MqttLoad, AFullOutboxSaysSoAndWakes) {
  Mosquitto broker;
  Options options = options_for(broker, "a");
  options.outbox_max = 100;
  std::atomic<int> woken{0};  // before the client, whose thread writes it
  Client a(options, false);
  a.session->on_ready([&] { ++woken; });
  a.session->start();
  ASSERT_TRUE(a.await_connected());
  broker.pause();
  int taken = 0;
  while (a.send("x", "x")) ++taken;
  EXPECT_EQ(taken, 100);
  EXPECT_EQ(a.session->outbox_size(), 100U);
  const int before = woken;
  broker.resume();
  EXPECT_TRUE(eventually(deadline, [&] { return woken > before; }));
  EXPECT_TRUE(a.send("x", "x"));
}

TEST(MqttLoad, BytesBoundTheOutboxToo) {
  Mosquitto broker;
  Options options = options_for(broker, "a");
  options.outbox_bytes_max = 100'000;
  Client a(options);
  ASSERT_TRUE(a.await_connected());
  broker.pause();
  int taken = 0;
  while (a.send("x", std::string(30'000, 'x'))) ++taken;
  EXPECT_EQ(taken, 3);
  broker.resume();
  EXPECT_TRUE(a.await_sent());
}

TEST(MqttLoad, KilledBrokersInTheMiddleOfItAreSurvived) {
  Mosquitto broker(roomy);
  Client a(broker, "a");
  Client b(broker, "b");
  b.session->subscribe("x", Qos::at_least_once);
  ASSERT_TRUE(a.await_connected());
  ASSERT_TRUE(b.await_connected());
  std::atomic<bool> done{false};
  std::thread sender([&] {
    for (int i = 0; !done; ++i) {
      const Qos qos = i % 2 == 0 ? Qos::at_most_once : Qos::at_least_once;
      if (!a.send("x", std::to_string(i), false, qos)) std::this_thread::yield();
    }
  });
  for (int round = 0; round < 3; ++round) {
    const std::size_t before = b.messages.size();
    EXPECT_TRUE(b.await_messages(before + 1000));
    broker.kill();
    broker.start();
  }
  const std::size_t before = b.messages.size();
  EXPECT_TRUE(b.await_messages(before + 1000));
  done = true;
  sender.join();
  EXPECT_TRUE(a.await([&] {
    b.collect();  // while its inbox is full, nothing is sent
    return a.session->outbox_size() == 0;
  }));
}

}  // namespace
}  // namespace tributary::transports::mqtt
