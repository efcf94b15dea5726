// SPDX-License-Identifier: Apache-2.0
// A device over a session with the in-process broker: acks in, packets out, over loss, outages and
// a full outbox.
#include "firmware-sim/sdk/mqtt/runner.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "tests/firmware-sim/sdk/naive_gateway.h"
#include "transports/memory/broker.h"

namespace tributary::sdk::mqtt {
namespace {

using testing::NaiveGateway;
using transports::Qos;
namespace memory = transports::memory;

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() {
    Options o;
    o.fleet = "demo";
    o.device = "d1";
    o.random = [this] { return random_(); };
    device_.emplace(std::move(*Device::open(std::move(o))));
  }
  void start(memory::Options options) {
    broker_ = std::make_unique<memory::Broker>(options);
    broker_->advance(now_);
    gateway_side_ = broker_->session("gateway");
    gateway_side_->subscribe("tributary/v1/demo/up/+", Qos::at_least_once);
    gateway_side_->start();
    device_side_ = broker_->session("d1");
    runner_.emplace(*device_, *device_side_, "tributary/v1");
    device_side_->start();
  }
  void serve_gateway() {
    for (const transports::Event& e : gateway_side_->poll(1'000)) {
      if (e.kind != transports::Event::Kind::message) continue;
      EXPECT_EQ(e.message.topic, "tributary/v1/demo/up/d1");
      gateway_.take(e.message.payload);
      transports::Message ack;
      ack.topic = "tributary/v1/demo/ack/d1";
      ack.payload = gateway_.ack("d1", now_);
      gateway_side_->publish(std::move(ack));
    }
  }
  // Steps simulated time until everything is acknowledged; false when it never is.
  bool run() {
    for (int i = 0; i < 20'000; ++i) {
      now_ += 20;
      broker_->advance(now_);
      serve_gateway();
      runner_->step(now_);
      if (device_->unacknowledged() == 0) return true;
    }
    return false;
  }

  std::mt19937_64 random_{3};
  std::uint64_t now_ = 1'700'000'000'000;
  NaiveGateway gateway_{"demo", "g1", 1};
  std::unique_ptr<memory::Broker> broker_;
  std::unique_ptr<transports::Session> gateway_side_, device_side_;
  std::optional<Device> device_;
  std::optional<Runner> runner_;
};

TEST_F(RunnerTest, DeliversAndIsAcknowledged) {
  start({});
  device_->counter("c").add(3);
  EXPECT_TRUE(run());
  EXPECT_EQ(gateway_.total("c").first, 3u);
  EXPECT_EQ(runner_->pause_ms(now_), 60'000u);
}

TEST_F(RunnerTest, SurvivesABadLink) {
  memory::Options o;
  o.faults.loss = 0.3;
  o.faults.duplicate = 0.2;
  o.faults.reorder = 0.2;
  o.faults.disconnect = 0.02;
  start(o);
  for (int i = 0; i < 50; ++i) {
    device_->counter("c").add(1);
    device_->set("s").insert("element-" + std::to_string(i % 7));
    run();
  }
  EXPECT_EQ(device_->unacknowledged(), 0u);
  EXPECT_EQ(gateway_.total("c").first, 50u);
  EXPECT_EQ(gateway_.elements("s").size(), 7u);
}

TEST_F(RunnerTest, AnOutageCostsOneDelta) {
  start({});
  device_->counter("c").add(1);
  ASSERT_TRUE(run());
  broker_->kill();
  for (int i = 0; i < 500; ++i) {
    device_->counter("c").add(1);
    broker_->advance(now_ += 1'000);
    runner_->step(now_);
  }
  EXPECT_EQ(device_->unacknowledged(), 500u);
  broker_->restart();
  const std::uint64_t before = broker_->stats().published;
  EXPECT_TRUE(run());
  EXPECT_EQ(gateway_.total("c").first, 501u);
  EXPECT_LE(broker_->stats().published - before, 4u);
}

TEST_F(RunnerTest, AFullOutboxHoldsPacketsBack) {
  memory::Options o;
  o.outbox_max = 4;
  start(o);
  for (int i = 0; i < 2'000; ++i) device_->grow_set("s").insert("element-" + std::to_string(i));
  EXPECT_TRUE(run());
  EXPECT_EQ(gateway_.elements("s").size(), 2'000u);
}

TEST(Waker, WakesAcrossThreadsAndBefore) {
  Waker w;
  w.wake();
  w.wait(60'000);  // returns at once
  std::thread t(w.callback());
  w.wait(60'000);
  t.join();
}

}  // namespace
}  // namespace tributary::sdk::mqtt
