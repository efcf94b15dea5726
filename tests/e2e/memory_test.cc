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

constexpr std::uint64_t keys = 100;
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

wire::Delta by(const std::string& name, std::uint64_t op) {
  wire::Delta delta;
  delta.fleet = "demo";
  delta.device = name;
  delta.epoch = 7;
  delta.from = op - 1;
  delta.to = op;
  delta.id = op;
  delta.hlc = crdt::Hlc::at(1'700'000'000'000 + op);
  return delta;
}

// Its operations (op - 1, op] bring each of the keys that all devices share to op times its number.
std::string counted(std::uint64_t device, std::uint64_t op) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (std::uint64_t k = 0; k < keys; ++k) out.push_back("line/" + std::to_string(100 + k));
    return out;
  }();
  const std::string name = "m-" + std::to_string(device);
  wire::Delta delta = by(name, op);
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

// Devices in groups of twenty, which share registers and sets of their own: 40 KB in a packet.
constexpr std::uint64_t group = 20, registers = 20;
std::string text_of(std::uint64_t device, std::uint64_t op) {
  return (std::to_string(device) + ':' + std::to_string(op) + ' ').append(980, '.');
}
std::string wrote(std::uint64_t device, std::uint64_t op) {
  const std::string name = "m-" + std::to_string(device), text = text_of(device, op);
  const std::string value = std::string("\xda") + static_cast<char>(text.size() >> 8) +
                            static_cast<char>(text.size()) + text;
  wire::Delta delta = by(name, op);
  std::vector<std::string> names;
  for (std::uint64_t k = 0; k < 2 * registers; ++k) {
    names.push_back((k < registers ? "note/" : "seen/") + std::to_string(device / group) + '/' +
                    std::to_string(100 + k));
  }
  for (std::uint64_t k = 0; k < 2 * registers; ++k) {
    wire::Entry e{.key = names[k], .type = 5, .lo = 0, .hi = op, .payload = {}, .bytes = 0};
    if (k < registers) {
      e.payload = wire::LwwPayload{op, delta.hlc, value};
    } else {
      e.type = 4;
      e.lo = op - 1;
      e.payload = wire::OrSetPayload{.adds = {{op, text}}, .removed = {}, .foreign = {}};
    }
    delta.entries.push_back(std::move(e));
  }
  return wire::seal(wire::encode_delta(delta));
}

// All of them, each until it is acknowledged.
class Fleet {
 public:
  using Said = std::string (*)(std::uint64_t device, std::uint64_t op);
  // `window`: packets that are not acknowledged yet.
  Fleet(const Site& site, Said said, std::uint64_t devices, std::uint64_t window)
      : site_(site), said_(said), devices_(devices), window_(window) {
    connect();
  }
  ~Fleet() { session_->stop(0); }

  bool say(std::uint64_t op, std::chrono::seconds timeout) {
    const auto began = std::chrono::steady_clock::now();
    const auto end = began + timeout;
    std::vector<bool> done(devices_ + 1, false);
    std::uint64_t acknowledged = 0, next = 1, again = 1, silences = 0;
    auto heard = std::chrono::steady_clock::now();
    while (acknowledged < devices_) {
      if (std::chrono::steady_clock::now() > end) {
        tell("too late", acknowledged, next);
        return false;
      }
      while (next <= devices_ && next - 1 - acknowledged < window_ && send(next, op)) ++next;
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
    std::printf("%llu packets acknowledged in %.1f s\n", static_cast<unsigned long long>(devices_),
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
  // As devices_ do that hear nothing for long.
  void connect() {
    if (session_) session_->stop(0);
    session_ = transports::mqtt::make_session(
        {.uri = site_.broker.uri(), .client_id = "fleet", .outbox_max = 2 * window_});
    session_->on_ready(waker_.callback());
    session_->subscribe("tributary/v1/demo/ack/+", transports::Qos::at_least_once, false);
    session_->start();
  }
  bool send(std::uint64_t device, std::uint64_t op) {
    return session_->publish({.topic = "tributary/v1/demo/up/m-" + std::to_string(device),
                              .payload = said_(device, op),
                              .qos = transports::Qos::at_least_once});
  }
  const Site& site_;
  const Said said_;
  const std::uint64_t devices_, window_;
  sdk::mqtt::Waker waker_;
  std::unique_ptr<transports::Session> session_;
};

nlohmann::json status_of(Site& site) {
  return nlohmann::json::parse(site.ask({"status", "--json", "-g", "g1"}).out)[0];
}

TEST(Memory, TenTimesItsLimitIsTakenAndShownAndThereAfterAKill) {
  constexpr std::uint64_t devices = 20'000;
  Site site;
  Program& g1 = site.gateway("g1", {"*"}, small_memory);
  std::string sum = std::to_string(devices * (devices + 1) / 2);
  std::uint64_t most = 0;
  {
    Fleet fleet(site, counted, devices, 500);
    ASSERT_TRUE(fleet.say(1, 120s)) << g1.log();
    most = test::resident_kib(g1.pid());
    EXPECT_TRUE(eventually(20s, [&] { return site.get("g1", "line/107") == sum; }));
    const auto s = status_of(site);
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

// So it is of registers and sets, which leave memory whole.
TEST(Memory, TenTimesItsLimitOfRegistersAndSets) {
  constexpr std::uint64_t devices = 4'000;
  Site site;
  Program& g1 = site.gateway("g1", {"*"}, small_memory);
  std::uint64_t most = 0;
  {
    Fleet fleet(site, wrote, devices, 50);
    ASSERT_TRUE(fleet.say(1, 120s)) << g1.log();
    most = test::resident_kib(g1.pid());
    const auto s = status_of(site);
    std::printf("%s live bytes; %s keys, %s of them at rest; estimated memory %s of %s\n",
                s["live_bytes"].dump().c_str(), s["keys"].dump().c_str(),
                s["cold_keys"].dump().c_str(), s["memory"]["bytes"].dump().c_str(),
                s["memory"]["max"].dump().c_str());
    EXPECT_GE(s["live_bytes"].get<std::uint64_t>(), 140u << 20);
    EXPECT_GE(s["cold_keys"].get<std::uint64_t>(), s["keys"].get<std::uint64_t>() * 8 / 10);
    EXPECT_LE(s["memory"]["bytes"], s["memory"]["max"]);
  }
  {
    Fleet first(site, wrote, 4 * group, 50);  // of the first groups, which had rested longest
    ASSERT_TRUE(first.say(2, 60s)) << g1.log();
  }
  // The greatest name wins what was written at one time.
  EXPECT_EQ(site.get("g1", "note/1/100"), text_of(39, 2));
  EXPECT_EQ(site.get("g1", "note/9/119"), text_of(199, 1));
  const auto seen = [&](const std::string& key) {
    return nlohmann::json::parse(site.get("g1", key)).size();
  };
  EXPECT_EQ(seen("seen/1/139"), 2 * group);
  EXPECT_EQ(seen("seen/9/120"), group);
  std::string digest;
  ASSERT_TRUE(eventually(20s, [&] { return !(digest = site.digest("g1")).empty(); }));
  site.forget_gateway("g1");
  Program& again = site.gateway("g1", {"*"}, small_memory);
  ASSERT_TRUE(eventually(60s, [&] { return site.digest("g1") == digest; })) << again.log();
  most = std::max<std::uint64_t>(most, test::resident_kib(again.pid()));
  EXPECT_EQ(site.get("g1", "note/1/100"), text_of(39, 2));
  EXPECT_EQ(seen("seen/9/120"), group);
  std::printf("resident %llu KiB at most\n", static_cast<unsigned long long>(most));
  EXPECT_LT(most, resident_kib_max);
}

}  // namespace
}  // namespace tributary::e2e
