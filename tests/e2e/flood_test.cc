// SPDX-License-Identifier: Apache-2.0
// One device floods, another one works: what the second does is acknowledged in time, memory stays
// where it was, and everything is exact.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <thread>

#include "firmware-sim/sdk/mqtt/runner.h"
#include "tests/e2e/support/counted.h"
#include "tests/e2e/support/fleet.h"
#include "tests/e2e/support/real_device.h"
#include "tests/support/eventually.h"
#include "tests/support/resident.h"
#include "transports/mqtt/session.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr int operations = 40;
constexpr std::uint64_t flood_min = 5'000;  // messages, or it was none
// What a device waits at most for one acknowledgement, beside anything else on this machine.
constexpr auto latency_max = 10s;
constexpr std::uint64_t grown_kib_max = 96 << 10;

// One operation after the other, each when the one before is acknowledged: the longest of them.
std::chrono::milliseconds work(RealDevice& door, int times) {
  std::chrono::milliseconds longest{0};
  for (int n = 0; n < times; ++n) {
    const auto began = Clock::now();
    door->counter("hall/visitors").add();
    EXPECT_TRUE(door.acknowledged(latency_max));
    longest = std::max(longest,
                       std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began));
  }
  return longest;
}

// As fast as the broker takes it, until the end of this object.
class Flood {
 public:
  Flood(const Site& site, transports::Qos qos, std::function<std::string(std::uint64_t)> payload)
      : session_(transports::mqtt::make_session({.uri = site.broker.uri(),
                                                 .client_id = "flood",
                                                 .outbox_max = 1'000,
                                                 .qos0_outbox_max = 1'000})),
        thread_([this, qos, payload = std::move(payload)](const std::stop_token& stop) {
          while (!stop.stop_requested()) {
            session_->poll(1'000);
            if (session_->publish({.topic = "tributary/v1/demo/up/dev-9",
                                   .payload = payload(sent_),
                                   .qos = qos})) {
              ++sent_;
            } else {
              waker_.wait(50);
            }
          }
        }) {
    session_->on_ready(waker_.callback());
    session_->start();
  }
  ~Flood() {
    thread_.request_stop();
    thread_.join();
    session_->stop(0);
  }
  std::uint64_t sent() const { return sent_; }

 private:
  sdk::mqtt::Waker waker_;
  std::unique_ptr<transports::Session> session_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::jthread thread_;
};

// The n-th delta of a device that counts.
std::string counting(std::uint64_t n) {
  return counted({.device = "dev-9", .key = "flood/counted", .p = n + 1, .from = n});
}

void others_are_served_during(const std::function<std::string(std::uint64_t)>& payload,
                              transports::Qos qos) {
  Site site;
  Program& g1 = site.gateway("g1");
  RealDevice door(site.broker.uri(), "door-7");
  work(door, 1);  // connects
  const auto alone = work(door, operations);
  const std::uint64_t before = test::resident_kib(g1.pid());
  std::chrono::milliseconds beside{0};
  std::uint64_t sent = 0;
  int worked = 1 + operations;
  {
    Flood flood(site, qos, payload);
    ASSERT_TRUE(eventually(30s, [&] { return flood.sent() > flood_min / 10; }));
    while (worked < 2 * operations || flood.sent() < flood_min) {
      beside = std::max(beside, work(door, 1));
      ASSERT_LT(beside, latency_max) << g1.log();
      ++worked;
    }
    sent = flood.sent();
  }
  const std::uint64_t after = test::resident_kib(g1.pid());
  std::printf(
      "%llu messages; the longest of %d operations %lld ms, of %d before %lld ms; "
      "resident %llu KiB, before %llu\n",
      static_cast<unsigned long long>(sent), worked - 1 - operations,
      static_cast<long long>(beside.count()), operations, static_cast<long long>(alone.count()),
      static_cast<unsigned long long>(after), static_cast<unsigned long long>(before));
  EXPECT_LT(after, before + grown_kib_max);
  EXPECT_TRUE(eventually(20s, [&] {
    return site.get("g1", "hall/visitors") == std::to_string(worked);
  })) << g1.log();
}

TEST(Flood, OfGarbageLetsOthersThrough) {
  std::mt19937_64 random(20240503);
  std::string garbage(1'000, '\0');
  others_are_served_during(
      [&](std::uint64_t) {
        for (std::size_t at = 0; at < garbage.size(); at += 100) {
          garbage[at] = static_cast<char>(random());
        }
        return garbage;
      },
      transports::Qos::at_most_once);
}

TEST(Flood, OfValidPacketsLetsOthersThrough) {
  others_are_served_during(counting, transports::Qos::at_least_once);
}

}  // namespace
}  // namespace tributary::e2e
