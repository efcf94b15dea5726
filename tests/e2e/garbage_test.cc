// SPDX-License-Identifier: Apache-2.0
// Whatever arrives on any topic: refused, counted, named in the log once per kind, state unchanged.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/e2e/support/counted.h"
#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"
#include "transports/mqtt/session.h"
#include "transports/wire/envelope.h"
#include "transports/wire/pack.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;

constexpr std::uint64_t seed = 20240501;
const std::string root = "tributary/v1/demo/";

std::string envelope_of(const std::string& device, const std::string& fleet = "demo") {
  return counted({.device = device, .key = "bad/key", .p = 1'000'000, .fleet = fleet});
}

std::string random_bytes(std::mt19937_64& random, std::size_t size) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// A pack that says 4 MiB and holds nothing of the kind; and one that says more than is allowed.
std::vector<std::string> bombs() {
  std::string pack("\x94\x02\x01\xce\x00\x40\x00\x00\xc4\x10", 10);
  pack += std::string(16, '\0');
  std::string huge("\x94\x02\x01\xce\xff\xff\xff\xff\xc4\x10", 10);
  huge += std::string(16, '\0');
  return {pack, huge, std::string("\xdd\xff\xff\xff\xff", 5), std::string(100'000, '\x91')};
}

std::vector<std::string> payloads(std::mt19937_64& random) {
  std::vector<std::string> out = bombs();
  const std::string good = envelope_of("dev-9");
  for (std::size_t cut = 0; cut < good.size(); cut += 3) out.push_back(good.substr(0, cut));
  for (int i = 0; i < 50; ++i) {
    std::string flipped = good;
    flipped[random() % flipped.size()] = static_cast<char>(random());
    // Unsigned, some flips make another valid envelope: only signatures can tell.
    if (!wire::decode_envelope(flipped, wire::Limits{})) out.push_back(flipped);
  }
  for (const std::size_t size : {1U, 17U, 1'000U, 100'000U})
    out.push_back(random_bytes(random, size));
  out.push_back(good + "x");
  out.push_back(envelope_of("dev-8"));             // not the device of the topic
  out.push_back(envelope_of("dev-9", "another"));  // not our fleet
  out.push_back(std::string(1'000'000, 'k'));
  out.push_back("{\"gateway\":\"\\ud800\",\"state\":[[[[[[[[");
  return out;
}

class Publisher {
 public:
  explicit Publisher(const Site& site)
      : session_(transports::mqtt::make_session(
            {.uri = site.broker.uri(), .client_id = "garbage", .max_packet_bytes = 2U << 20U})) {
    session_->start();
    EXPECT_TRUE(eventually(10s, [&] { return session_->connected(); }));
  }
  ~Publisher() { session_->stop(5'000); }
  void put(const std::string& topic, const std::string& payload, bool retain = false) {
    EXPECT_TRUE(eventually(10s, [&] {
      session_->poll(100);
      return session_->publish({.topic = topic, .payload = payload, .retain = retain});
    }));
  }
  void drain() {
    EXPECT_TRUE(eventually(20s, [&] {
      session_->poll(100);
      return session_->outbox_size() == 0;
    }));
  }

 private:
  std::unique_ptr<transports::Session> session_;
};

nlohmann::json status(Site& site) {
  const auto all = nlohmann::json::parse(site.ask({"status", "--json", "-g", "g1"}).out);
  return all.at(0);
}

std::size_t lines_with(const std::string& log, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = log.find(word); at != std::string::npos; at = log.find(word, at + 1))
    ++count;
  return count;
}

TEST(Garbage, OnEveryTopicChangesNothing) {
  Site site;
  Program& g1 = site.gateway("g1");
  site.replay("dev-1", "1,a,gcounter,add,2\n");
  const std::string digest = site.digest("g1");
  const nlohmann::json before = status(site);
  {
    Publisher publisher(site);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 5; ++round) {
      for (const std::string& payload : payloads(random)) {
        for (const char* topic :
             {"up/dev-9", "up/a/b", "ack/dev-1", "gw/x/status", "gw/x/delta", "gw/x/head",
              "gw/x/state/0/0", "gw/g1/delta", "req/g1/status", "req/g1/../x", "view/x/lww/k"}) {
          publisher.put(root + topic, payload);
        }
      }
      publisher.put(root + "gw/x/head", random_bytes(random, 500), true);
      publisher.put(root + "gw/x/state/3/0", random_bytes(random, 500), true);
    }
    publisher.drain();
  }
  // One honest device more: everything before it was worked through when its operation is counted.
  site.replay("dev-2", "1,a,gcounter,add,1\n");
  EXPECT_EQ(site.get("g1", "a"), "3");
  EXPECT_EQ(site.get("g1", "bad/key"), "");
  const nlohmann::json after = status(site);
  EXPECT_EQ(after["actors"], 2) << "no actor but the two honest ones";
  EXPECT_GT(after["counters"]["rejected_total"].get<int>(), 100);
  const auto grown =
      after["memory_bytes"].get<std::int64_t>() - before["memory_bytes"].get<std::int64_t>();
  EXPECT_LT(grown, std::int64_t{48} << 20) << "memory follows the state, not the traffic";
  EXPECT_LT(lines_with(g1.log(), "\n"), 60U) << "once per kind and interval: " << g1.log();
  EXPECT_NE(g1.log().find("warning"), std::string::npos) << "but it is said: " << g1.log();
  g1.end(SIGKILL);
  g1.start();
  EXPECT_TRUE(eventually(10s, [&] { return site.get("g1", "a") == "3"; })) << g1.log();
}

TEST(Garbage, NobodyBorrowsAGatewaysVoice) {
  Site site;
  Program& g1 = site.gateway("g1");
  ASSERT_TRUE(eventually(10s, [&] { return !site.digest("g1").empty(); })) << g1.log();
  auto session = transports::mqtt::make_session({.uri = site.broker.uri(), .client_id = "asks"});
  session->subscribe("tributary/#", transports::Qos::at_least_once);
  session->start();
  ASSERT_TRUE(eventually(10s, [&] { return session->connected(); }));
  const std::string mine = root + "reply/asks";
  for (const std::string& topic :
       {root + "gw/x/head", root + "up/dev-1", root + "replyx",
        std::string("tributary/v1/other/up/d"), std::string("tributary/v1/other/reply/x"),
        std::string("$SYS/x"), mine}) {
    transports::Message request;
    request.topic = root + "req/g1/status";
    request.response_topic = topic;
    request.correlation = "c";
    ASSERT_TRUE(eventually(10s, [&] { return session->publish(request); }));
  }
  std::vector<std::string> answered;
  EXPECT_TRUE(eventually(10s, [&] {
    for (const transports::Event& event : session->poll(100)) {
      if (event.kind == transports::Event::Kind::message && event.message.correlation == "c" &&
          event.message.response_topic.empty()) {
        answered.push_back(event.message.topic);
      }
    }
    return !answered.empty() && answered.back() == mine;
  }));
  EXPECT_EQ(answered, std::vector<std::string>{mine});
  session->stop(1'000);
}

}  // namespace
}  // namespace tributary::e2e
