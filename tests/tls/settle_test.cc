// SPDX-License-Identifier: Apache-2.0
// `tributary fleet settle` with two gateways behind TLS: a key is stolen, used, and shut out; what
// its device had counted before stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "gateway/keyring/registry.h"
#include "tests/tls/two_gateways.h"
#include "transports/signing/seal.h"
#include "transports/wire/envelope.h"
#include "transports/wire/record.h"

namespace tributary::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class Settle : public TwoGateways {
 protected:
  Ran settle(std::vector<std::string> words, const std::string& id = "d1") const {
    words.insert(words.begin(),
                 {"settle", id, "--broker", uri(), "--identity", fleet + "/operators/op"});
    return admin(words);
  }
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

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k)
      three = three << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? digits[three >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

// A line of an export: this device did something to the set hall/doors.
std::string line_of(const std::string& fleet, const std::string& device, wire::OrSetPayload what) {
  const auto key =
      keyring::SigningKey::parse(read_file(fleet + "/devices/" + device + "/sign.key"));
  wire::Entry entry;
  entry.key = "hall/doors";
  entry.type = static_cast<std::uint8_t>(wire::Type::orset);
  entry.hi = 1;
  entry.payload = std::move(what);
  wire::Delta d;
  d.fleet = "demo";
  d.is_signed = true;
  d.device = device;
  d.epoch = 5;
  d.to = d.id = 1;
  d.entries.push_back(std::move(entry));
  return "{\"bytes\": \"" +
         base64(signing::seal(signing::Kind::delta, "demo", wire::encode_delta(d),
                              signing::signer_of(key.secret()))) +
         "\"}\n";
}

TEST_F(Settle, WhatWouldAppearAgainIsRemovedByTheAdmin) {
  const std::string file = (dir.path() / "all.jsonl").string();
  write_file(file, line_of(fleet, "d2", {{{1, "north"}}, {}, {}}) +
                       line_of(fleet, "d1", {{}, {}, {{"d2", 5, 1}}}));
  Ran ran = settle({"--from", file, "--dry-run"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, testing::Not(HasSubstr("north"))) << "what stays goes on removing";
  ran = settle({"--from", file, "--keep", "none", "--return", "--dry-run"});
  EXPECT_THAT(ran.out, HasSubstr("it had removed \"north\" from hall/doors, which appears again"));
  const auto removals = [&] {
    std::vector<std::string> out;
    const auto admin = keyring::PublicKey::parse(read_file(fleet + "/admin/sign.pub"));
    for (const std::string& record :
         keyring::Registry::parse(read_file(fleet + "/registry"), admin).settlements()) {
      const auto r = wire::decode_removal_record(record);
      if (r) out.push_back(std::string(r->key) + ' ' + std::string(r->device));
    }
    return out;
  };
  ran = settle({"--from", file, "--keep", "none", "--return"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(removals().empty());
  ran = settle({"--from", file, "--keep", "none"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out,
              HasSubstr("it had removed \"north\" from hall/doors, which the admin removes"));
  EXPECT_THAT(removals(), testing::ElementsAre("hall/doors d2"));
  ran = settle({"--from", file, "--keep", "none"});
  EXPECT_THAT(ran.err, HasSubstr("all of that is settled already; nothing was written"));
}

TEST_F(Settle, AClosedKeyIsClosedInEveryEpochAlsoBesideOneThatIsNamed) {
  const std::string file = (dir.path() / "all.jsonl").string();
  write_file(file, line_of(fleet, "d1", {{{1, "north"}}, {}, {}}));
  ASSERT_EQ(admin({"revoke", "d1"}).status, 0);
  // Another epoch than that of the envelope, whose key is closed: it is kept all the same.
  const std::vector<std::string> words = {"--from", file, "--epoch", "00000000000000ff",
                                          "--close-keys"};
  Ran ran = settle(words);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 epochs and 1 keys are closed; of 1 envelopes 1 stay valid"));
  const std::string registry = read_file(fleet + "/registry");
  ran = settle(words);
  EXPECT_THAT(ran.err, HasSubstr("all of that is settled already; nothing was written"));
  EXPECT_EQ(read_file(fleet + "/registry"), registry);
  // What was named once cannot be taken back, and the tool does not pretend so.
  ran = settle({"--from", file, "--keep", "none"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("of 1 envelopes 1 stay valid"),
                             HasSubstr("but: 1 envelopes were settled before")));
}

TEST_F(Settle, MistakesAreNamed) {
  EXPECT_THAT(settle({}).err, HasSubstr("d1: nothing is known of it"));
  EXPECT_THAT(settle({"--epoch", "seven"}).err, HasSubstr("\"seven\" is no epoch"));
  EXPECT_THAT(settle({"--from", "nowhere.jsonl"}).err, HasSubstr("nowhere.jsonl: No such file"));
  const std::string bad = (dir.path() / "bad.jsonl").string();
  write_file(bad, "{}\n");
  EXPECT_THAT(settle({"--from", bad}).err, HasSubstr("bad.jsonl:1: not an object with \"bytes\""));
  const Ran ran = admin({"settle", "nobody", "--close-keys", "--from", "/dev/null"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("nobody: the registry has no key of it"));
}

}  // namespace
}  // namespace tributary::e2e
