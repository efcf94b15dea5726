// SPDX-License-Identifier: Apache-2.0
// Sessions over mutual TLS with a real Mosquitto: who is refused, and that the reason is named.
#include "transports/mqtt/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tls/old_peers.h"
#include "tests/tls/world.h"
#include "transports/tls/probe.h"
#include "transports/tls/resumption.h"

namespace tributary::transports::mqtt {
namespace {

using test::now_s;
using test::World;
using testing::HasSubstr;

const keyring::Validity valid_now{now_s() - 60, now_s() + 3'600};

// The first reason that a session gives for not being connected.
std::string first_reason(const Options& options) {
  Client client(options);
  client.await([&] { return !client.disconnects.empty() || client.connects > 0; });
  EXPECT_EQ(client.connects, 0);
  return client.disconnects.empty() ? "" : client.disconnects.front();
}

std::string probe(const World& world, const tls::Files& files) {
  return tls::why_not({"127.0.0.1", world.broker.port(), files}, 10s, [] { return false; });
}

TEST(TlsSession, ConnectsAndCarriesMessagesBothWays) {
  World world;
  Client g1(world.options("gateways", "g1"));
  g1.session->subscribe("tributary/v1/demo/up/+", Qos::at_least_once);
  ASSERT_TRUE(g1.await_connected());
  Client d1(world.options("devices", "d1"));
  ASSERT_TRUE(d1.await_connected());
  ASSERT_TRUE(d1.send("tributary/v1/demo/up/d1", std::string(200'000, 'x')));
  ASSERT_TRUE(g1.await_messages(1));
  EXPECT_EQ(g1.messages[0].payload.size(), 200'000U);
  EXPECT_EQ(probe(world, world.files("devices", "d1")), "");
}

// Found in Paho: it keeps sessions from before their tickets, so that none was ever resumed.
TEST(TlsSession, WhoComesBackResumes) {
  World world;
  const auto connect_once = [&](const Options& options) {
    const tls::Handshakes before = tls::handshakes();
    Client client(options);
    EXPECT_TRUE(client.await_connected());  // CONNACK comes after the tickets
    const tls::Handshakes after = tls::handshakes();
    EXPECT_EQ(after.full + after.resumed, before.full + before.resumed + 1);
    return after.resumed - before.resumed;
  };
  const Options d1 = world.options("devices", "d1");
  EXPECT_EQ(connect_once(d1), 0U);
  EXPECT_EQ(connect_once(d1), 1U);
  EXPECT_EQ(connect_once(d1), 1U) << "a resumed session gives tickets as well";
  EXPECT_EQ(connect_once(world.options("devices", "d2")), 0U) << "a ticket is of one certificate";
  EXPECT_EQ(connect_once(d1), 1U);
  world.broker.stop();
  world.broker.start();
  EXPECT_EQ(connect_once(d1), 0U) << "a broker that does not know the ticket";
  EXPECT_EQ(connect_once(d1), 1U);
}

// A resumed handshake shows no certificate to the broker, which looks at no revocation then.
TEST(TlsSession, WhoIsRevokedDoesNotResume) {
  World world;
  {
    Client d1(world.options("devices", "d1"));
    ASSERT_TRUE(d1.await_connected());
  }
  world.ring().revoke("d1");
  world.ring().save(now_s());
  world.broker.reload();
  EXPECT_TRUE(test::eventually(10s, [&] {
    Client d1(world.options("devices", "d1"));
    d1.await([&] { return !d1.disconnects.empty() || d1.connects > 0; });
    return !d1.disconnects.empty() && d1.disconnects[0].find("revoked") != std::string::npos;
  }));
}

TEST(TlsSession, ByNameAndByAddress) {
  World world;
  Options options = world.options("gateways", "g1");
  options.uri = "mqtts://localhost:" + std::to_string(world.broker.port());
  Client client(options);
  EXPECT_TRUE(client.await_connected());
}

TEST(TlsSession, ABrokerOfAnotherFleetIsRefused) {
  World world;
  test::TempDir other;
  const auto ring = test::small_fleet((other.path() / "f").string());
  Options options = world.options("gateways", "g1");
  const std::string folder = ring.folder(keyring::Role::gateway, "g1");
  options.tls = {folder + "/ca.crt", folder + "/tls.crt", folder + "/tls.key"};
  EXPECT_THAT(first_reason(options), HasSubstr("was not signed by the CA in"));
}

TEST(TlsSession, ABrokersExpiredCertificateIsRefused) {
  World world;
  world.broker_certificate(world.authority(), {"127.0.0.1"}, {now_s() - 7'200, now_s() - 3'600});
  EXPECT_THAT(first_reason(world.options("gateways", "g1")),
              HasSubstr("the broker's certificate (broker) expired on"));
}

TEST(TlsSession, ABrokersCertificateOfTomorrowIsRefused) {
  World world;
  world.broker_certificate(world.authority(), {"127.0.0.1"}, {now_s() + 7'200, now_s() + 9'000});
  EXPECT_THAT(first_reason(world.options("gateways", "g1")), HasSubstr("is not valid before"));
}

TEST(TlsSession, ABrokersCertificateForAnotherNameIsRefused) {
  World world;
  world.broker_certificate(world.authority(), {"broker.example", "10.0.0.1"}, valid_now);
  EXPECT_THAT(first_reason(world.options("gateways", "g1")),
              testing::AllOf(HasSubstr("DNS:broker.example, IP Address:10.0.0.1"),
                             HasSubstr("not for 127.0.0.1")));
}

TEST(TlsSession, AMembersCertificateIsNoBrokers) {
  World world;
  world.broker.stop();
  for (const char* file : {"/tls.key", "/tls.crt"}) {
    keyring::write_file(world.dir() + "/broker" + file,
                        keyring::read_file(world.dir() + "/gateways/g2" + file),
                        keyring::Access::secret);
  }
  world.broker.start();
  EXPECT_THAT(first_reason(world.options("gateways", "g1")), HasSubstr("is refused"));
}

TEST(TlsSession, OurOwnBadFilesAreNotTried) {
  World world;
  Options options = world.options("gateways", "g1");
  options.tls.key = world.files("gateways", "g2").key;
  EXPECT_THAT(first_reason(options), HasSubstr("is not the key of"));
}

TEST(TlsSession, APlainBrokerAndNobodyAreTold) {
  World world;
  const test::Mosquitto plain;
  Options options = world.options("gateways", "g1");
  options.uri = "mqtts://127.0.0.1:" + std::to_string(plain.port());
  EXPECT_THAT(first_reason(options), HasSubstr("does it speak TLS there?"));
  options.uri = "mqtts://127.0.0.1:" + std::to_string(test::free_port());
  EXPECT_THAT(first_reason(options), HasSubstr("Connection refused"));
}

// Paho alone would have gone on with TLS 1.2.
TEST(TlsSession, ABrokerThatSpeaksOnlyTls12IsRefused) {
  World world;
  const test::OldServer old(world.dir() + "/broker");
  Options options = world.options("gateways", "g1");
  options.uri = "mqtts://127.0.0.1:" + std::to_string(old.port());
  EXPECT_THAT(first_reason(options), HasSubstr("does not speak TLS 1.3"));
}

TEST(TlsSession, AClientThatSpeaksOnlyTls12IsRefusedByTheBroker) {
  World world;
  const tls::Files files = world.files("devices", "d1");
  EXPECT_EQ(test::handshake(world.broker.port(), files, 0x0304), "TLSv1.3");
  EXPECT_EQ(test::handshake(world.broker.port(), files, 0x0303), "");
}

TEST(TlsSession, TheBrokerRefusesAForeignAnExpiredAndARevokedClient) {
  World world;
  test::TempDir other;
  const auto ring = test::small_fleet((other.path() / "f").string());
  const std::string folder = ring.folder(keyring::Role::device, "d1");
  tls::Files mixed = world.files("devices", "d1");
  mixed.certificate = folder + "/tls.crt";
  mixed.key = folder + "/tls.key";
  EXPECT_THAT(probe(world, mixed), HasSubstr("the broker refuses our certificate"));

  const std::string key = keyring::read_file(world.files("devices", "d2").key);
  keyring::write_file(
      world.files("devices", "d2").certificate,
      keyring::issue(world.authority(), {.common_name = "d2", .uri = "tributary:demo:device:d2"},
                     key, {now_s() - 7'200, now_s() - 3'600}),
      keyring::Access::visible);
  EXPECT_THAT(probe(world, world.files("devices", "d2")), HasSubstr("expired"));

  EXPECT_EQ(probe(world, world.files("devices", "d1")), "");
  world.ring().revoke("d1");
  world.ring().save(now_s());
  world.broker.reload();  // no restart
  EXPECT_TRUE(test::eventually(10s, [&] {
    return probe(world, world.files("devices", "d1")).find("revoked") != std::string::npos;
  }));
  EXPECT_EQ(probe(world, world.files("gateways", "g1")), "");
}

// Found by hand: CAs of one name, and the broker looked for revocations in the other's list.
TEST(TlsSession, DuringAChangeOfCaBothAreTaken) {
  World world;
  test::TempDir other;
  const std::string next = (other.path() / "f").string();
  const auto ring = test::small_fleet(next);
  world.broker.stop();
  const std::string folder = world.dir() + "/broker";
  for (const auto& [ours, theirs] :
       {std::pair{"/ca.crt", "/ca/ca.crt"}, std::pair{"/revoked.pem", "/broker/revoked.pem"}}) {
    keyring::write_file(folder + ours,
                        keyring::read_file(folder + ours) + keyring::read_file(next + theirs),
                        keyring::Access::visible);
  }
  world.broker.start();
  tls::Files files{folder + "/ca.crt", next + "/devices/d1/tls.crt", next + "/devices/d1/tls.key"};
  EXPECT_EQ(probe(world, files), "");
  EXPECT_EQ(probe(world, world.files("devices", "d1")), "");
}

TEST(TlsSession, NewFilesAreUsedWithoutARestart) {
  World world;
  Client client(world.options("gateways", "g1"));
  ASSERT_TRUE(client.await_connected());
  const auto before = tls::read_certificate(world.files("gateways", "g1").certificate);
  world.ring().rotate({"g1"}, 0, now_s());
  const auto after = tls::read_certificate(world.files("gateways", "g1").certificate);
  ASSERT_TRUE(before && after);
  EXPECT_NE(before->fingerprint, after->fingerprint);
  ASSERT_TRUE(client.await_connects(2));
  EXPECT_THAT(client.disconnects, testing::ElementsAre(HasSubstr("TLS files were replaced")));
}

TEST(TlsSession, HalfASetOfNewFilesIsWaitedFor) {
  World world;
  Client client(world.options("gateways", "g1"));
  ASSERT_TRUE(client.await_connected());
  const tls::Files files = world.files("gateways", "g1");
  const std::string key = keyring::make_key();
  const std::string certificate = keyring::issue(
      world.authority(), {.common_name = "g1", .uri = "tributary:demo:gateway:g1"}, key, valid_now);
  keyring::write_file(files.key, key, keyring::Access::secret);
  // Another session looks as often, and has its whole set: when it is back, this one has looked
  // too.
  Client other(world.options("gateways", "g2"));
  ASSERT_TRUE(other.await_connected());
  for (int connects = 2; connects <= 3; ++connects) {
    world.ring().rotate({"g2"}, 0, now_s());
    ASSERT_TRUE(other.await_connects(connects));
  }
  client.collect();
  EXPECT_EQ(client.connects, 1);
  EXPECT_TRUE(client.disconnects.empty());
  keyring::write_file(files.certificate, certificate, keyring::Access::visible);
  EXPECT_TRUE(client.await_connects(2));
}

}  // namespace
}  // namespace tributary::transports::mqtt
