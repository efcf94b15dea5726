// SPDX-License-Identifier: Apache-2.0
// `tributary fleet settle` with two gateways behind TLS: a key is stolen, used, and shut out; what
// its device had counted before stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "tests/e2e/support/program.h"
#include "tests/support/eventually.h"
#include "tests/tls/world.h"

namespace tributary::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class Settle : public testing::Test {
 protected:
  void SetUp() override {
    test::small_fleet(fleet);  // its directory is not held: the program changes it
    broker = std::make_unique<test::Mosquitto>(test::broker_lines(fleet));
    // g2 keeps the registry's file of the first day: it hears the rest from g1.
    write_file(dir.path() / "registry-of-g2", read_file(fleet + "/gateways/g2/registry"));
    write_file(token, "correct-horse-battery-staple\n");
    g1 = gateway("g1", fleet + "/gateways/g1/registry");
    g2 = gateway("g2", (dir.path() / "registry-of-g2").string());
  }
  std::string uri() const { return "mqtts://127.0.0.1:" + std::to_string(broker->port()); }
  std::unique_ptr<Program> gateway(const std::string& id, const std::string& registry) const {
    const std::string me = fleet + "/gateways/" + id;
    const std::string file = (dir.path() / (id + ".toml")).string();
    write_file(file, "[gateway]\nid = \"" + id + "\"\ndata_dir = \"" + (dir.path() / id).string() +
                         "\"\n[http]\nlisten = \"\"\ntoken_file = \"" + token + "\"\n" +
                         "[[broker]]\nuri = \"" + uri() + "\"\nca_file = \"" + me +
                         "/ca.crt\"\ncertificate_file = \"" + me + "/tls.crt\"\nkey_file = \"" +
                         me +
                         "/tls.key\"\n[security]\nsignatures = \"require\"\nadmin_key_file = \"" +
                         me + "/admin.pub\"\nsigning_key_file = \"" + me +
                         "/sign.key\"\nregistry_file = \"" + registry + "\"\n");
    return std::make_unique<Program>(std::vector<std::string>{"gateway", "--config", file},
                                     dir.path() / (id + ".log"));
  }
  Ran as(const std::string& who, std::vector<std::string> words) const {
    words.insert(words.end(), {"--broker", uri(), "--identity", fleet + "/" + who});
    return run(words);
  }
  Ran admin(std::vector<std::string> words) const {
    words.insert(words.begin(), "fleet");
    words.insert(words.end(), {"--dir", fleet});
    return run(words);
  }
  Ran settle(std::vector<std::string> words, const std::string& id = "d1") const {
    words.insert(words.begin(),
                 {"settle", id, "--broker", uri(), "--identity", fleet + "/operators/op"});
    return admin(words);
  }
  // Whoever has this folder counts so many more, in an epoch of its own.
  Ran count(int n, const std::string& identity = "devices/d1") const {
    const std::string file = (dir.path() / "r.csv").string();
    write_file(
        file, "timestamp,key,type,operation,value\n1,a/b,gcounter,add," + std::to_string(n) + "\n");
    return as(identity, {"device", "replay", file, "--id", "d1", "--speed", "0"});
  }
  bool shows(const std::string& value) const {
    return test::eventually(60s, [&] {
      return as("operators/op", {"get", "a/b", "--gateway", "g1"}).out == value + "\n" &&
             as("operators/op", {"get", "a/b", "--gateway", "g2"}).out == value + "\n";
    });
  }

  test::TempDir dir;
  const std::string fleet = (dir.path() / "fleet").string();
  const std::string token = (dir.path() / "token").string();
  std::unique_ptr<test::Mosquitto> broker;
  std::unique_ptr<Program> g1, g2;
};

TEST_F(Settle, AStolenKeyIsShutOutAndWhatItsDeviceCountedStays) {
  ASSERT_EQ(count(3).status, 0) << g1->log();
  ASSERT_TRUE(shows("3")) << g1->log() << g2->log();
  const std::string monday = (dir.path() / "monday.jsonl").string();
  ASSERT_EQ(as("operators/op", {"export", "--envelopes", "--output", monday}).status, 0);
  const std::string thief = (dir.path() / "thief").string();
  std::filesystem::copy(fleet + "/devices/d1", thief);
  ASSERT_EQ(count(1'000).status, 0);
  ASSERT_TRUE(shows("1003"));

  Ran ran = settle({"--close-keys", "--keep", monday});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("is a member with its only key"), HasSubstr("revoke d1")));
  ASSERT_EQ(admin({"revoke", "d1"}).status, 0);
  const std::string before = read_file(fleet + "/registry");
  ran = settle({"--close-keys", "--keep", monday, "--dry-run"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("d1: 2 epochs and 1 keys are closed; of 2 envelopes 1 stay valid"),
                    HasSubstr("1003"), HasSubstr("a/b")));
  EXPECT_EQ(read_file(fleet + "/registry"), before) << "a dry run writes nothing";

  ran = settle({"--close-keys", "--keep", monday});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_TRUE(shows("3")) << g1->log() << g2->log();
  EXPECT_THAT(g1->log(), HasSubstr("settled: 1 envelopes are no longer valid"));
  EXPECT_THAT(g2->log(), HasSubstr("settled: 1 envelopes are no longer valid"));

  // Whoever reads the registry's file reads over what it carries.
  EXPECT_EQ(admin({"keys"}).status, 0);
  EXPECT_EQ(run({"policy", "list", "--dir", fleet}).status, 0);
  EXPECT_EQ(run({"config", "check", (dir.path() / "g1.toml").string()}).status, 0);
  write_file(dir.path() / "none.json", "[]");
  ran = run({"evidence", "verify", (dir.path() / "none.json").string(), "--registry",
             fleet + "/registry", "--admin", fleet + "/admin/sign.pub"});
  EXPECT_THAT(ran.out, HasSubstr("there is none in it")) << ran.err;

  // The broker has not been told of the revocation: the thief still gets as far as the gateways.
  std::filesystem::create_directories(fleet + "/devices");
  std::filesystem::remove_all(fleet + "/devices/d1");
  std::filesystem::copy(thief, fleet + "/devices/d1");
  ran = count(500);
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("closed: the admin has settled what counts of this key of 'd1'"));
  EXPECT_TRUE(shows("3"));

  // The device is enrolled anew, and counts again; over restarts, too.
  ASSERT_EQ(admin({"enroll", "d1"}).status, 0);
  broker->stop();
  broker->start();
  ASSERT_EQ(count(4).status, 0);
  EXPECT_TRUE(shows("7")) << g1->log();
  EXPECT_EQ(g1->end(SIGTERM), 0);
  EXPECT_EQ(g2->end(SIGTERM), 0);
  g1->start();
  g2->start();
  EXPECT_TRUE(shows("7")) << g1->log();
}

TEST_F(Settle, DoubtsAreSaidAndNothingIsWrittenUntilForced) {
  ASSERT_EQ(count(3).status, 0) << g1->log();
  ASSERT_TRUE(shows("3"));
  EXPECT_EQ(g2->end(SIGTERM), 0);
  const std::string before = read_file(fleet + "/registry");
  Ran ran = settle({"--keep", "none"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("but: gateway g2 is offline: what only it has will not count"));
  EXPECT_THAT(ran.err, HasSubstr("nothing was written"));
  EXPECT_EQ(read_file(fleet + "/registry"), before);
  ran = settle({"--keep", "none", "--force", "--json"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\"before\": \"3\""), HasSubstr("\"stay\": 0")));
  g2->start();
  EXPECT_TRUE(
      test::eventually(60s,
                       [&] {
                         return as("operators/op", {"get", "a/b", "--gateway", "g1"}).status == 1 &&
                                as("operators/op", {"get", "a/b", "--gateway", "g2"}).status == 1;
                       }))
      << g1->log() << g2->log();
  // Only that epoch was closed: the same key goes on in another.
  ASSERT_EQ(count(2).status, 0);
  EXPECT_TRUE(shows("2")) << g1->log();
}

// What an operator had removed through g1, before g1 was found to be in bad hands.
TEST_F(Settle, WhatWouldAppearAgainIsNamed) {
  const std::string file = (dir.path() / "doors.csv").string();
  write_file(file,
             "timestamp,key,type,operation,value\n1,hall/doors,orset,insert,north\n"
             "2,hall/doors,orset,insert,south\n");
  ASSERT_EQ(as("devices/d1", {"device", "replay", file, "--id", "d1", "--speed", "0"}).status, 0);
  const auto doors = [&](const std::string& wanted) {
    return test::eventually(60s, [&] {
      return as("operators/op", {"get", "hall/doors", "--gateway", "g1"}).out == wanted + "\n" &&
             as("operators/op", {"get", "hall/doors", "--gateway", "g2"}).out == wanted + "\n";
    });
  };
  ASSERT_TRUE(doors(R"(["north","south"])")) << g1->log() << g2->log();
  const Ran removed = as("operators/op", {"operate", "hall/doors", "orset", "remove", "north",
                                          "--gateway", "g1", "--token-file", token});
  ASSERT_EQ(removed.status, 0) << removed.err;
  ASSERT_TRUE(doors(R"(["south"])"));
  Ran ran = settle({"--keep", "none"}, "operator-g1");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("but: it had removed \"north\" from hall/doors, which appears "
                                 "again: `tributary operate hall/doors orset remove"));
  ran = settle({"--keep", "none", "--force"}, "operator-g1");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(doors(R"(["north","south"])")) << g1->log() << g2->log();
}

TEST_F(Settle, MistakesAreNamed) {
  EXPECT_THAT(settle({}).err, HasSubstr("d1: nothing is known of it"));
  EXPECT_THAT(settle({"--epoch", "seven"}).err, HasSubstr("\"seven\" is no epoch"));
  EXPECT_THAT(settle({"--from", "nowhere.jsonl"}).err, HasSubstr("nowhere.jsonl"));
  const std::string bad = (dir.path() / "bad.jsonl").string();
  write_file(bad, "{}\n");
  EXPECT_THAT(settle({"--from", bad}).err, HasSubstr("bad.jsonl:1: not an envelope"));
  const Ran ran = admin({"settle", "nobody", "--close-keys", "--from", "/dev/null"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("nobody: the registry has no key of it"));
}

}  // namespace
}  // namespace tributary::e2e
