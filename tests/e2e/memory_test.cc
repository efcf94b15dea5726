// SPDX-License-Identifier: Apache-2.0
// A gateway with ten times what its memory may hold: all of it is taken, shown exactly, gone on
// with and there again after a kill, while the process stays small.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "firmware-sim/sdk/mqtt/runner.h"
#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"
#include "tests/support/resident.h"
#include "transports/mqtt/session.h"
#include "transports/wire/ack.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;

constexpr std::uint64_t devices = 20'000, keys = 100;
constexpr std::uint64_t window = 500;  // packets that are not acknowledged yet
constexpr const char* small_memory = R"([memory]
total_max_mb = 16
gcounter_max_mb = 16
pncounter_max_mb = 16
gset_max_mb = 16
orset_max_mb = 16
lww_max_mb = 16
unknown_max_mb = 16
)";
constexpr std::uint64_t resident_kib_max = 96 << 10;  // 16 MiB of state, and what a gateway takes

// Its operations (op - 1, op] bring each of the keys that all devices share to op times its number.
std::string said(std::uint64_t device, std::uint64_t op) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (std::uint64_t k = 0; k < keys; ++k) out.push_back("line/" + std::to_string(100 + k));
    return out;
  }();
  const std::string name = "m-" + std::to_string(device);
  wire::Delta delta;
  delta.fleet = "demo";
  delta.device = name;
  delta.epoch = 7;
  delta.from = op - 1;
  delta.to = op;
  delta.id = op;
  delta.hlc = crdt::Hlc::at(1'700'000'000'000 + op);
  for (const std::string& key : names) {
    delta.entries.push_back({.key = key,
                             .type = 1,
                             .lo = 0,
                             .hi = op,
                             .payload = wire::GCounterPayload{.p = op * device},
                             .bytes = 0});
  }
  return wire::seal(wire::encode_delta(delta));
}

// All of them, each until it is acknowledged.
class Fleet {
 public:
  explicit Fleet(const Site& site) : site_(site) { connect(); }
  ~Fleet() { session_->stop(0); }

  bool say(std::uint64_t op, std::chrono::seconds timeout) {
    const auto began = std::chrono::steady_clock::now();
    const auto end = began + timeout;
    std::vector<bool> done(devices + 1, false);
    std::uint64_t acknowledged = 0, next = 1, again = 1, silences = 0;
    auto heard = std::chrono::steady_clock::now();
    while (acknowledged < devices) {
      if (std::chrono::steady_clock::now() > end) {
        tell("too late", acknowledged, next);
        return false;
      }
      while (next <= devices && next - 1 - acknowledged < window && send(next, op)) ++next;
      for (const transports::Event& e : session_->poll(1'000)) {
        if (e.kind != transports::Event::Kind::message) continue;
        const auto ack = wire::decode_ack(e.message.payload, wire::Limits{});
        if (!ack || ack->actors.at(0).op != op) continue;
        const std::uint64_t n = std::stoull(std::string(ack->device.substr(2)));
        if (done[n]) continue;
        done[n] = true;
        ++acknowledged;
        silences = 0;
        heard = std::chrono::steady_clock::now();
      }
      if (std::chrono::steady_clock::now() > heard + 2s) {  // what was not taken is said again
        if (++silences % 5 == 0) {
          tell("nothing was heard for ten seconds", acknowledged, next);
          connect();
        }
        for (again = 1; again < next; ++again)
          if (!done[again]) send(again, op);
        heard = std::chrono::steady_clock::now();
      }
      waker_.wait(5);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%llu packets of %llu operations, acknowledged in %.1f s\n",
                static_cast<unsigned long long>(devices), static_cast<unsigned long long>(keys),
                took.count());
    return true;
  }

 private:
  void tell(const char* what, std::uint64_t acknowledged, std::uint64_t next) const {
    std::printf("%s: %llu acknowledged, %llu said, connected: %d, %zu to be sent\n", what,
                static_cast<unsigned long long>(acknowledged),
                static_cast<unsigned long long>(next - 1), session_->connected() ? 1 : 0,
                session_->outbox_size());
  }
  // As devices do that hear nothing for long.
  void connect() {
    if (session_) session_->stop(0);
    session_ = transports::mqtt::make_session(
        {.uri = site_.broker.uri(), .client_id = "fleet", .outbox_max = 2 * window});
    session_->on_ready(waker_.callback());
    session_->subscribe("tributary/v1/demo/ack/+", transports::Qos::at_least_once, false);
    session_->start();
  }
  bool send(std::uint64_t device, std::uint64_t op) {
    return session_->publish({.topic = "tributary/v1/demo/up/m-" + std::to_string(device),
                              .payload = said(device, op),
                              .qos = transports::Qos::at_least_once});
  }
  const Site& site_;
  sdk::mqtt::Waker waker_;
  std::unique_ptr<transports::Session> session_;
};

TEST(Memory, TenTimesItsLimitIsTakenAndShownAndThereAfterAKill) {
  Site site;
  Program& g1 = site.gateway("g1", {"*"}, small_memory);
  const auto status = [&] {
    return nlohmann::json::parse(site.ask({"status", "--json", "-g", "g1"}).out)[0];
  };
  std::string sum = std::to_string(devices * (devices + 1) / 2);
  std::uint64_t most = 0;
  {
    Fleet fleet(site);
    ASSERT_TRUE(fleet.say(1, 120s)) << g1.log();
    most = test::resident_kib(g1.pid());
    EXPECT_TRUE(eventually(20s, [&] { return site.get("g1", "line/107") == sum; }));
    const auto s = status();
    std::printf("%s writers, %s of them at rest; estimated memory %s of %s\n",
                s["actors"].dump().c_str(), s["cold_actors"].dump().c_str(),
                s["memory"]["bytes"].dump().c_str(), s["memory"]["max"].dump().c_str());
    EXPECT_GE(s["cold_actors"].get<std::uint64_t>(), devices * 8 / 10);
    EXPECT_LE(s["memory"]["bytes"], s["memory"]["max"]);
    ASSERT_TRUE(fleet.say(2, 120s)) << g1.log();
    most = std::max<std::uint64_t>(most, test::resident_kib(g1.pid()));
  }
  sum = std::to_string(devices * (devices + 1));
  EXPECT_TRUE(eventually(20s, [&] { return site.get("g1", "line/107") == sum; }));
  std::string digest;
  ASSERT_TRUE(eventually(20s, [&] { return !(digest = site.digest("g1")).empty(); }));
  site.forget_gateway("g1");
  Program& again = site.gateway("g1", {"*"}, small_memory);
  ASSERT_TRUE(eventually(60s, [&] { return site.digest("g1") == digest; })) << again.log();
  EXPECT_TRUE(eventually(20s, [&] { return site.get("g1", "line/199") == sum; })) << again.log();
  most = std::max<std::uint64_t>(most, test::resident_kib(again.pid()));
  std::printf("resident %llu KiB at most\n", static_cast<unsigned long long>(most));
  EXPECT_LT(most, resident_kib_max);
}

}  // namespace
}  // namespace tributary::e2e
