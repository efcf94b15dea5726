// SPDX-License-Identifier: Apache-2.0
// What the access list that `tributary fleet` writes keeps apart, asked of a real Mosquitto.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tls/world.h"

namespace tributary::transports::mqtt {
namespace {

using test::World;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string root = "tributary/v1/demo/";

class AccessList : public testing::Test {
 protected:
  // Publishes at QoS 1, and says what the broker answered: "" when it took it.
  static std::string answer(Client& client, const std::string& topic, bool retain = false) {
    EXPECT_TRUE(client.await_connected());
    client.refusals.clear();
    EXPECT_TRUE(client.send(topic, "x", retain));
    EXPECT_TRUE(client.await_sent());
    client.collect();
    return client.refusals.empty() ? "" : client.refusals[0].reason;
  }
  World world;
};

const auto refused = HasSubstr("not authorised");

TEST_F(AccessList, ADeviceSpeaksForItselfOnly) {
  Client d1(world.options("devices", "d1"));
  EXPECT_EQ(answer(d1, root + "up/d1"), "");
  for (const char* topic : {"up/d2", "up/g1", "ack/d1", "ack/d2", "gw/g1/head", "gw/g1/status",
                            "view/g1/gcounter/a", "req/g1/status", "reply/op"}) {
    EXPECT_THAT(answer(d1, root + topic), refused) << topic;
  }
  EXPECT_THAT(answer(d1, "tributary/v1/other/up/d1"), refused);
  EXPECT_THAT(answer(d1, "elsewhere"), refused);
}

TEST_F(AccessList, ADeviceHearsItsOwnAcksOnlyWhateverItSubscribesTo) {
  Client g1(world.options("gateways", "g1"));
  ASSERT_EQ(answer(g1, root + "gw/g1/head", true), "");
  Client d1(world.options("devices", "d1"));
  d1.session->subscribe("#", Qos::at_least_once);
  d1.session->subscribe(root + "ack/+", Qos::at_least_once);
  ASSERT_TRUE(d1.await_connected());
  ASSERT_EQ(answer(g1, root + "ack/d2"), "");
  ASSERT_EQ(answer(g1, root + "gw/g1/delta"), "");
  ASSERT_EQ(answer(g1, root + "ack/d1"), "");  // the last: what came before it would be there
  ASSERT_TRUE(d1.await_messages(1));
  for (const Message& message : d1.messages) EXPECT_EQ(message.topic, root + "ack/d1");
}

TEST_F(AccessList, AGatewaySpeaksUnderItsOwnNameOnly) {
  Client g1(world.options("gateways", "g1"));
  for (const char* topic : {"gw/g1/status", "gw/g1/delta", "gw/g1/head", "gw/g1/state/7/0",
                            "view/g1/gcounter/a/b", "ack/d1", "reply/op"}) {
    EXPECT_EQ(answer(g1, root + topic), "") << topic;
  }
  for (const char* topic : {"gw/g2/status", "gw/g2/head", "gw/g2/state/7/0", "gw/g1/other",
                            "view/g2/gcounter/a", "up/d1", "up/g1", "req/g2/status"}) {
    EXPECT_THAT(answer(g1, root + topic), refused) << topic;
  }
}

TEST_F(AccessList, AnOperatorAsksAndReadsAndChangesNothing) {
  Client op(world.options("operators", "op"));
  EXPECT_EQ(answer(op, root + "req/g1/status"), "");
  for (const char* topic : {"up/d1", "ack/d1", "gw/g1/head", "view/g1/gcounter/a", "reply/op"}) {
    EXPECT_THAT(answer(op, root + topic), refused) << topic;
  }
}

// Mosquitto ends the session of whoever comes with the same client id.
TEST_F(AccessList, NobodyCanEndAnothersSessionByTakingItsClientId) {
  Client g1(world.options("gateways", "g1"));
  ASSERT_TRUE(g1.await_connected());
  Options thief = world.options("devices", "d1");
  thief.client_id = "g1";
  Client d1(thief);
  ASSERT_TRUE(d1.await_connected());
  EXPECT_EQ(answer(g1, root + "gw/g1/head"), "");
  EXPECT_EQ(g1.connects, 1);
  EXPECT_TRUE(g1.disconnects.empty());
}

TEST_F(AccessList, ARevokedMembersRightsEndWithAReloadOfTheBroker) {
  Client d1(world.options("devices", "d1"));
  ASSERT_EQ(answer(d1, root + "up/d1"), "");
  world.ring().revoke("d1");
  world.ring().save(test::now_s());
  world.broker.reload();
  EXPECT_TRUE(d1.await([&] {
    d1.send(root + "up/d1", "x");
    return !d1.refusals.empty() || !d1.disconnects.empty();
  }));
  Client d2(world.options("devices", "d2"));
  EXPECT_EQ(answer(d2, root + "up/d2"), "");
}

// A certificate of the CA alone is not enough, and an access list with nobody in it denies.
TEST_F(AccessList, WhoIsNotNamedMayDoNothing) {
  keyring::write_file(world.dir() + "/broker/acl", keyring::access_list("tributary/v1/demo", {}),
                      keyring::Access::secret);
  world.broker.stop();
  world.broker.start();
  Client g1(world.options("gateways", "g1"));
  EXPECT_THAT(answer(g1, root + "gw/g1/head"), refused);
  EXPECT_THAT(answer(g1, root + "ack/d1"), refused);
}

}  // namespace
}  // namespace tributary::transports::mqtt
