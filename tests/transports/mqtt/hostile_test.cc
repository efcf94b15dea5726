// SPDX-License-Identifier: Apache-2.0
// The MQTT session at a broker that sends what MQTT forbids: it says why it lost the connection,
// takes nothing for acknowledged that was not, hands on no message that is none, and is well again
// at a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "tests/support/hostile_broker.h"
#include "tests/support/resident.h"
#include "tests/transports/mqtt/harness.h"

namespace tributary::transports::mqtt {
namespace {

using test::Act;
using test::hostile_acts;
using test::HostileBroker;
using test::RawPacket;

const std::string root = "tributary/v1/demo/";
constexpr int clients_count = 8;
#ifdef TRIBUTARY_SANITIZED
constexpr std::uint64_t grown_kib_max = 2 << 20;  // nearly all of it their own
#else
constexpr std::uint64_t grown_kib_max = 128 << 10;
#endif

class HostileMqtt : public ::testing::TestWithParam<bool> {
 protected:
  Options options(const Mosquitto& broker, const std::string& id) const {
    Options o = options_for(broker, id);
    o.version_311 = GetParam();
    o.connect_timeout_s = 3;
    return o;
  }
};

TEST_P(HostileMqtt, WhateverTheBrokerSendsTheSessionIsWellAgainAtARealOne) {
  Mosquitto real("", Mosquitto::Start::later);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < clients_count; ++i) {
    clients.push_back(std::make_unique<Client>(options(real, "c" + std::to_string(i)), false));
    clients.back()->session->subscribe(root + "#", Qos::at_least_once);
  }
  const std::uint64_t before = test::resident_kib(::getpid());
  std::set<std::string> said, refusals;
  {
    HostileBroker hostile(real.port(), hostile_acts(root));
    for (auto& client : clients) client->session->start();
    ASSERT_TRUE(eventually(30s, [&] {
      for (auto& client : clients) {
        client->collect();
        for (const Message& m : client->messages) EXPECT_TRUE(topic_valid(m.topic)) << m.topic;
        client->messages.clear();
        client->send("x", "for nobody");
        for (const Event& e : client->refusals) refusals.insert(e.reason);
        client->refusals.clear();
      }
      return hostile.all_played();
    })) << hostile.act();
    EXPECT_GT(hostile.published("x"), 0U);
  }
  EXPECT_LT(test::resident_kib(::getpid()), before + grown_kib_max);
  for (const auto& client : clients)
    said.insert(client->disconnects.begin(), client->disconnects.end());
  EXPECT_EQ(said.count(""), 0U) << "each has its reason";
  EXPECT_THAT(said, testing::Contains(testing::HasSubstr("cannot connect to " + real.uri())));
  EXPECT_THAT(said, testing::Contains(testing::HasSubstr("not authorised (135)")));
  if (!GetParam()) {
    EXPECT_THAT(said, testing::Contains("the broker hung up: server shutting down (139)"));
  }
  EXPECT_THAT(refusals, testing::Contains(testing::HasSubstr("a topic that MQTT does not allow")));
  real.start();
  // Said again until all have heard it: some still take the connection that is gone for one.
  const auto heard = [](const std::unique_ptr<Client>& client) {
    client->collect();
    return std::any_of(client->messages.begin(), client->messages.end(), [](const Message& m) {
      return m.topic == root + "well" && m.payload == "hello";
    });
  };
  ASSERT_TRUE(eventually(deadline, [&] {
    if (clients[0]->session->outbox_size() == 0) clients[0]->send(root + "well", "hello");
    return std::all_of(clients.begin(), clients.end(), heard);
  }));
  for (auto& client : clients) EXPECT_TRUE(client->await_sent());
}

INSTANTIATE_TEST_SUITE_P(Version, HostileMqtt, ::testing::Values(false, true),
                         [](const auto& version) { return version.param ? "v311" : "v5"; });

// Until the connection ends the broker owes the answer.
TEST(HostilePuback, OfAnIdThatIsNotOursAcknowledgesNothing) {
  Mosquitto later("", Mosquitto::Start::later);
  const Act wrong{"PUBACK of an id that is not ours", true, "", [](const RawPacket& p) {
                    return p.type() == 3 ? std::string("\x40\x02\x7A\xBC", 4) : std::string();
                  }};
  HostileBroker hostile(later.port(), {wrong});
  Client a(later, "a");
  ASSERT_TRUE(a.await_connected());
  std::set<std::size_t> owed;
  ASSERT_TRUE(eventually(deadline, [&] {  // once more when the connection ended before it was sent
    const std::uint64_t connection = a.session->progress().connection;
    if (connection == 0 || !a.send("x", "1")) return false;
    eventually(deadline, [&] {
      const Session::Progress now = a.session->progress();
      if (now.connection == connection) owed.insert(now.unacknowledged);
      return now.connection != connection;
    });
    return !owed.empty();
  }));
  EXPECT_EQ(owed, std::set<std::size_t>{1});
  EXPECT_GE(hostile.published("x"), 1U);
}

}  // namespace
}  // namespace tributary::transports::mqtt
