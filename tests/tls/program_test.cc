// SPDX-License-Identifier: Apache-2.0
// The program with TLS: the whole main job, what a gateway says of its files, what commands need.
#include "tests/e2e/support/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/eventually.h"
#include "tests/tls/world.h"

namespace tributary::e2e {
namespace {

using test::World;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class SecureProgram : public testing::Test {
 protected:
  std::string uri() const { return "mqtts://127.0.0.1:" + std::to_string(world.broker.port()); }
  std::string toml(const std::string& folder, const std::string& more = {}) const {
    const std::string file = (dir.path() / "g1.toml").string();
    write_file(file, "[gateway]\nid = \"g1\"\ndata_dir = \"" + (dir.path() / "g1").string() +
                         "\"\n[[broker]]\nuri = \"" + uri() + "\"\nca_file = \"" + folder +
                         "/ca.crt\"\ncertificate_file = \"" + folder + "/tls.crt\"\nkey_file = \"" +
                         folder + "/tls.key\"\n" + more);
    return file;
  }
  std::string folder(const std::string& name) const { return world.dir() + "/" + name; }
  std::vector<std::string> as(std::vector<std::string> words, const std::string& who) const {
    words.insert(words.end(), {"--broker", uri(), "--identity", folder(who)});
    return words;
  }

  World world;
  test::TempDir dir;
};

TEST_F(SecureProgram, DeviceGatewayAndOperatorWorkTogether) {
  const std::string me = folder("gateways/g1");
  Program g1({"gateway", "--config", toml(me, test::security_lines(me))}, dir.path() / "g1.log");
  ASSERT_TRUE(test::eventually(30s, [&] {
    return g1.log().find("connected: to broker local") != std::string::npos;
  })) << g1.log();
  write_file(dir.path() / "r.csv", "timestamp,key,type,operation,value\n1,a/b,gcounter,add,3\n");
  const Ran sent =
      run(as({"device", "replay", (dir.path() / "r.csv").string(), "--id", "d1", "--speed", "0"},
             "devices/d1"));
  EXPECT_EQ(sent.status, 0) << sent.err;
  const Ran got = run(as({"get", "a/b"}, "operators/op"));
  EXPECT_EQ(got.out, "3\n") << got.err;
  const Ran status = run(as({"status", "--json"}, "operators/op"));
  EXPECT_THAT(status.out,
              AllOf(HasSubstr("\"tls\": true"), HasSubstr("\"certificate_days_left\": 36")));
}

// Without a grant nothing is allowed; the device hears why, and goes on when the grant has come.
TEST_F(SecureProgram, WhatNoGrantAllowsIsRefusedByItsName) {
  const std::string me = folder("gateways/g1");
  Program g1({"gateway", "--config",
              toml(me, test::security_lines(me) + "permissions = true\n[http]\nlisten = \"\"\n")},
             dir.path() / "g1.log");
  write_file(dir.path() / "r.csv", "timestamp,key,type,operation,value\n1,a/b,gcounter,add,3\n");
  const auto replay = [&] {
    return run(
        as({"device", "replay", (dir.path() / "r.csv").string(), "--id", "d1", "--speed", "0"},
           "devices/d1"));
  };
  const Ran refused = replay();
  EXPECT_THAT(refused.err, HasSubstr("no grant lets 'd1' add to gcounter 'a/b'")) << g1.log();
  EXPECT_EQ(run(as({"get", "a/b"}, "operators/op")).status, 1);

  keyring::Keyring& ring = world.ring();
  wire::GrantRecord grant;
  grant.members = "d?";
  grant.keys = "a/*";
  grant.operations = wire::GrantRecord::add;
  ASSERT_TRUE(ring.grant(grant, test::now_s()));
  ring.save(test::now_s());  // into the gateway's folder, which it reads again by itself
  EXPECT_TRUE(test::eventually(30s, [&] { return replay().err.empty(); })) << g1.log();
  EXPECT_EQ(run(as({"get", "a/b"}, "operators/op")).out, "3\n");  // what was refused never counts
}

TEST_F(SecureProgram, ConfigCheckReadsTheFilesOfSignatures) {
  const std::string me = folder("gateways/g1");
  EXPECT_EQ(run({"config", "check", toml(me, test::security_lines(me))}).status, 0);
  write_file(me + "/registry", "garbage");
  Ran ran = run({"config", "check", toml(me, test::security_lines(me))});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr(me + "/registry: "));
  ran = run({"config", "check", toml(me, test::security_lines(folder("gateways/g2")))});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("is the key of gateway g2 of fleet demo, and not of gateway g1"));
  ran = run({"config", "check", toml(me, "[security]\npermissions = true\n")});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("security.permissions needs security.signatures"));
}

TEST_F(SecureProgram, ADeviceCannotBeAnother) {
  write_file(dir.path() / "r.csv", "timestamp,key,type,operation,value\n1,a/b,gcounter,add,3\n");
  const Ran ran =
      run(as({"device", "replay", (dir.path() / "r.csv").string(), "--id", "d2"}, "devices/d1"));
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("is the identity of d1, not of d2"));
}

TEST_F(SecureProgram, CommandsSayWhatIsMissing) {
  Ran ran = run({"get", "a", "--broker", uri()});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("--identity"));
  ran = run(as({"get", "a"}, "operators/nobody"));
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("operators/nobody/tls.key: No such file"));
  ran = run({"get", "a", "--broker", "mqtt://127.0.0.1:1", "--identity", folder("operators/op")});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("is without TLS"));
}

TEST_F(SecureProgram, ConfigCheckAndTheGatewayFindBadFilesAtOnce) {
  const std::string file = toml(folder("gateways/g2"));  // of another gateway
  for (const auto& words : {std::vector<std::string>{"config", "check", file},
                            std::vector<std::string>{"gateway", "--config", file}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 3);
    EXPECT_THAT(ran.err, HasSubstr("is the certificate of tributary:demo:gateway:g2, and this is "
                                   "tributary:demo:gateway:g1"));
  }
  const Ran good = run({"config", "check", toml(folder("gateways/g1"))});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(good.err, "");
}

TEST_F(SecureProgram, AnEndThatIsNearIsSaidByCheckAndInTheLog) {
  const std::string other = (dir.path() / "fleet").string();
  test::small_fleet(other, test::now_s(), 10);
  const std::string file = toml(other + "/gateways/g1");
  const Ran ran = run({"config", "check", file});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("tls.crt: ends in "));
  Program g1({"gateway", "--config", file}, dir.path() / "g1.log");
  EXPECT_TRUE(test::eventually(30s, [&] {
    return g1.log().find("ends in ") != std::string::npos &&
           // This broker is of another fleet.
           g1.log().find("was not signed by the CA in") != std::string::npos;
  })) << g1.log();
}

TEST_F(SecureProgram, WithoutTlsAwayFromTheLoopbackThereIsAWarning) {
  const std::string file = (dir.path() / "plain.toml").string();
  write_file(file, "[[broker]]\nuri = \"mqtt://10.1.2.3\"\n");
  Ran ran = run({"config", "check", file});
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("neither TLS nor the loopback"));
  write_file(file, "[[broker]]\nuri = \"mqtt://127.0.0.1\"\n");
  EXPECT_EQ(run({"config", "check", file}).err, "");
}

TEST(SecureDemo, TheWholeMainJobIsExact) {
  const test::TempDir dir;
  const Ran ran = run({"demo", "--secure", "--plain", "--seconds", "5", "--devices", "60", "--dir",
                       (dir.path() / "run").string(), "--verdict-s", "90"},
                      180s);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("verdict    EXACT"), HasSubstr("mutual TLS 1.3")));
}

}  // namespace
}  // namespace tributary::e2e
