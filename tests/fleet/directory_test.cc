// SPDX-License-Identifier: Apache-2.0
// A fleet's directory: what is in it, who may read it, and that nothing of it is lost or
// overwritten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <thread>

#include "gateway/keyring/enrolment.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/keyring.h"
#include "gateway/keyring/signing_key.h"
#include "tests/support/temp_dir.h"
#include "transports/tls/files.h"

namespace tributary::keyring {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using transports::tls::day_s;
using transports::tls::read_certificate;

template <class Action>
std::string refusal(Action&& action) {
  try {
    action();
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

class FleetDirectory : public testing::Test {
 protected:
  FleetDirectory() : dir((temp.path() / "plant").string()) {}
  Keyring fresh() { return Keyring::init({.dir = dir, .fleet = "plant"}, now_s); }
  std::string file(const std::string& name) const { return dir + "/" + name; }

  test::TempDir temp;
  const std::string dir;
  const std::int64_t now_s = 1'800'000'000;
};

TEST_F(FleetDirectory, SecretsAreForTheirOwnerWhateverTheUmask) {
  const mode_t before = umask(0);
  {
    Keyring ring = fresh();
    ring.enroll(Role::gateway, "g1", now_s);
    ring.enroll(Role::device, "d1", now_s);
    ring.enroll(Role::viewer, "op", now_s);
    ring.save(now_s);
  }
  umask(before);
  unsigned secrets = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    struct stat is {};
    ASSERT_EQ(stat(entry.path().c_str(), &is), 0);
    const std::string name = entry.path().filename();
    if (entry.is_directory()) {
      EXPECT_EQ(is.st_mode & 0777U, 0700U) << entry.path();
      continue;
    }
    const bool visible = name.ends_with(".crt") || name.ends_with(".pub") ||
                         name == "revoked.pem" || name == "registry";
    EXPECT_EQ(is.st_mode & 0777U, visible ? 0644U : 0600U) << entry.path();
    const std::string text = read_file(entry.path());
    const bool secret = text.find("PRIVATE KEY") != std::string::npos ||
                        text.find("\nsecret ") != std::string::npos;
    EXPECT_EQ(secret, name.ends_with(".key")) << entry.path();
    secrets += secret ? 1 : 0;
  }
  EXPECT_EQ(secrets, 8U);  // CA, admin, broker, two of g1, two of d1, one of op
  struct stat top {};
  ASSERT_EQ(stat(dir.c_str(), &top), 0);
  EXPECT_EQ(top.st_mode & 0777U, 0700U);
}

TEST_F(FleetDirectory, ASecondInitChangesNothing) {
  fresh();
  const std::string ca = read_file(file("ca/ca.key"));
  EXPECT_THAT(refusal([&] { fresh(); }), HasSubstr("is the directory of a fleet already"));
  EXPECT_EQ(read_file(file("ca/ca.key")), ca);
}

TEST_F(FleetDirectory, ADirectoryOfSomethingElseIsLeftAlone) {
  fs::create_directory(dir);
  write_file(file("letter"), "dear", Access::visible);
  EXPECT_THAT(refusal([&] { fresh(); }), HasSubstr("is there and not empty"));
  EXPECT_EQ(read_file(file("letter")), "dear");
  EXPECT_EQ(std::distance(fs::directory_iterator(temp.path()), fs::directory_iterator()), 1);
}

TEST_F(FleetDirectory, AnInitThatFailsLeavesNothing) {
  EXPECT_NE(refusal([&] { Keyring::init({.dir = dir, .fleet = "a/b"}, now_s); }), "");
  EXPECT_NE(refusal([&] { Keyring::init({.dir = dir, .hosts = {"a b"}}, now_s); }), "");
  EXPECT_NE(refusal([&] { Keyring::init({.dir = dir, .hosts = {}}, now_s); }), "");
  EXPECT_NE(refusal([&] { Keyring::init({.dir = dir, .topic_root = "a/#"}, now_s); }), "");
  EXPECT_NE(refusal([&] { Keyring::init({.dir = dir, .days = 4'000}, now_s); }), "");
  EXPECT_NE(
      refusal([&] { Keyring::init({.dir = dir, .listen = "1\nallow_anonymous true"}, now_s); }),
      "");
  EXPECT_NE(refusal([&] { Keyring::init({.dir = dir + "/no/where"}, now_s); }), "");
  EXPECT_TRUE(fs::is_empty(temp.path()));
}

TEST_F(FleetDirectory, ACertificateNamesItsMemberOnceAndEndsBeforeTheCa) {
  Keyring ring = Keyring::init({.dir = dir, .fleet = "plant", .days = 3'649}, now_s);
  ring.enroll(Role::device, "d1", now_s + 100 * day_s);
  const auto mine = read_certificate(file("devices/d1/tls.crt"));
  const auto ca = read_certificate(file("ca/ca.crt"));
  ASSERT_TRUE(mine && ca);
  EXPECT_EQ(mine->common_name, "d1");
  EXPECT_THAT(mine->uris, ElementsAre("tributary:plant:device:d1"));
  EXPECT_EQ(mine->not_after_s, ca->not_after_s);
}

TEST_F(FleetDirectory, SigningKeysAreNotTlsKeysAndNoTwoAreEqual) {
  Keyring ring = fresh();
  for (const char* id : {"d1", "d2", "d3"}) ring.enroll(Role::device, id, now_s);
  ring.save(now_s);
  std::set<std::string> prints;
  for (const KeyRow& row : ring.keys()) {
    for (const std::string& print : {row.tls_fingerprint, row.signing_fingerprint}) {
      if (print.empty()) continue;
      EXPECT_TRUE(prints.insert(print).second) << row.id;
    }
  }
  EXPECT_EQ(prints.size(), 5U + 4U);  // certificates of CA, broker, devices; keys of admin, devices
}

TEST_F(FleetDirectory, OneNameIsOneMember) {
  Keyring ring = fresh();
  ring.enroll(Role::device, "x", now_s);
  const std::string key = read_file(file("devices/x/sign.key"));
  for (const Role role : {Role::device, Role::gateway, Role::viewer}) {
    EXPECT_THAT(refusal([&] { ring.enroll(role, "x", now_s); }), HasSubstr("is enrolled already"));
  }
  EXPECT_EQ(read_file(file("devices/x/sign.key")), key);
  for (const char* id :
       {"", "..", "a/b", "#", "+", "a b", "a\nuser g1", "broker", "admin", "nobody"}) {
    EXPECT_NE(refusal([&] { ring.enroll(Role::device, id, now_s); }), "") << id;
  }
}

TEST_F(FleetDirectory, WhatWasNotSavedCanBeEnrolledAgain) {
  {
    Keyring ring = fresh();
    ring.enroll(Role::device, "d1", now_s);  // and then the power went
  }
  Keyring ring(dir);
  EXPECT_TRUE(ring.members().empty());
  EXPECT_EQ(read_file(file("broker/acl")).find("user d1"), std::string::npos);
  ring.enroll(Role::device, "d1", now_s);
  ring.save(now_s);
  EXPECT_NE(read_file(file("broker/acl")).find("user d1"), std::string::npos);
}

TEST_F(FleetDirectory, ChangesOfTwoProcessesFollowEachOther) {
  fresh();
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([this, i] {
      Keyring ring(dir);
      ring.enroll(Role::device, "d" + std::to_string(i), now_s);
      ring.save(now_s);
    });
  }
  for (std::thread& one : all) one.join();
  EXPECT_EQ(Keyring(dir).members().size(), 4U);
}

TEST_F(FleetDirectory, RotateRenewsWhatEndsSoonAndKeepsTheRest) {
  Keyring ring = fresh();
  ring.enroll(Role::gateway, "g1", now_s);
  ring.enroll(Role::device, "d1", now_s + 200 * day_s);
  const std::string signing = read_file(file("gateways/g1/sign.key"));
  const std::string late = read_file(file("devices/d1/tls.crt"));
  const std::int64_t then_s = now_s + 330 * day_s;
  EXPECT_THAT(ring.rotate({}, 60, then_s), ElementsAre("broker", "g1"));
  EXPECT_EQ(read_file(file("devices/d1/tls.crt")), late);
  EXPECT_EQ(read_file(file("gateways/g1/sign.key")), signing);
  const std::string folder = file("gateways/g1");
  const transports::tls::Files files{folder + "/ca.crt", folder + "/tls.crt", folder + "/tls.key"};
  EXPECT_TRUE(transports::tls::check(files, then_s + 364 * day_s).empty());
  EXPECT_THAT(ring.rotate({}, 60, then_s), ElementsAre());
  EXPECT_THAT(refusal([&] {
                ring.rotate({"broker", "nobody-here"}, 60, then_s);
              }),
              HasSubstr("is no member"));
}

TEST_F(FleetDirectory, RevokingEndsEveryCertificateThatTheMemberEverHad) {
  Keyring ring = fresh();
  ring.enroll(Role::device, "d1", now_s);
  const std::string first = serial_of(read_file(file("devices/d1/tls.crt")));
  ring.rotate({"d1"}, 0, now_s + 1);
  const std::string second = serial_of(read_file(file("devices/d1/tls.crt")));
  ring.save(now_s + 1);
  ring.revoke("d1");
  ring.save(now_s + 2);
  EXPECT_EQ(read_file(file("broker/acl")).find("user d1"), std::string::npos);
  const std::string list = read_file(file("fleet.json"));
  EXPECT_THAT(list, testing::AllOf(HasSubstr(first), HasSubstr(second)));
  const Pair ca{read_file(file("ca/ca.crt")), read_file(file("ca/ca.key"))};
  EXPECT_GT(read_file(file("broker/revoked.pem")).size(),
            revocations(ca, {}, {now_s, now_s + 1}).size());
}

TEST_F(FleetDirectory, ADeviceKeepsItsKeysAndAChallengeIsGoodOnce) {
  Keyring ring = fresh();
  const Owner owner{"plant", "device", "d1"};
  const SigningKey key = SigningKey::make(owner);
  const std::string tls_key = make_key();
  EXPECT_THAT(refusal([&] { ring.enroll_proven(Role::device, "d1", "", now_s); }),
              HasSubstr("has no challenge to answer"));
  const std::string proof =
      prove(Challenge::parse(ring.challenge(Role::device, "d1")), key, tls_key);
  EXPECT_THAT(refusal([&] { ring.enroll_proven(Role::gateway, "d1", proof, now_s); }),
              HasSubstr("not for a gateway"));
  ring.enroll_proven(Role::device, "d1", proof, now_s);
  ring.save(now_s);
  EXPECT_FALSE(exists(file("devices/d1/tls.key")));
  EXPECT_FALSE(exists(file("devices/d1/sign.key")));
  EXPECT_EQ(public_half(read_file(file("devices/d1/tls.crt"))),
            public_half(make_request(tls_key, "d1")));
  // Its key stays its own when the certificate is renewed.
  ring.rotate({"d1"}, 0, now_s + day_s);
  EXPECT_EQ(public_half(read_file(file("devices/d1/tls.crt"))),
            public_half(make_request(tls_key, "d1")));
  ring.revoke("d1");
  EXPECT_THAT(refusal([&] { ring.enroll_proven(Role::device, "d1", proof, now_s); }),
              HasSubstr("has no challenge to answer"));
}

TEST_F(FleetDirectory, TwoDevicesCannotHaveOneKey) {
  Keyring ring = fresh();
  const SigningKey first = SigningKey::make({"plant", "device", "d1"});
  std::string text = first.secret_text();
  ring.enroll_proven(Role::device, "d1",
                     prove(Challenge::parse(ring.challenge(Role::device, "d1")), first, make_key()),
                     now_s);
  text.replace(text.find("id d1"), 5, "id d2");
  const SigningKey copy = SigningKey::parse(text);
  const std::string proof =
      prove(Challenge::parse(ring.challenge(Role::device, "d2")), copy, make_key());
  EXPECT_THAT(refusal([&] { ring.enroll_proven(Role::device, "d2", proof, now_s); }),
              HasSubstr("its public key is that of device d1"));
}

TEST_F(FleetDirectory, ADamagedListIsSaidAndNothingIsWritten) {
  fresh();
  const std::string good = read_file(file("fleet.json"));
  for (const std::string& bad :
       {std::string("{}"), std::string("not json"), good.substr(0, good.size() / 2)}) {
    write_file(file("fleet.json"), bad, Access::secret);
    EXPECT_THAT(refusal([&] { Keyring ring(dir); }), HasSubstr("fleet.json: is damaged"));
    EXPECT_EQ(read_file(file("fleet.json")), bad);
  }
}

TEST_F(FleetDirectory, NoMemberIsCalledAsWhatPeopleChangeThroughAGateway) {
  test::TempDir place;
  Keyring ring =
      Keyring::init({.dir = (place.path() / "plant").string(), .fleet = "plant"}, 1'800'000'000);
  for (const char* id : {"operator-g1", "operator-"}) {
    EXPECT_THROW(ring.enroll(Role::device, id, 1'800'000'000), Error) << id;
  }
}

TEST_F(FleetDirectory, ARevokedGatewayLeavesTheDevicesFiles) {
  test::TempDir place;
  const std::string plant = (place.path() / "plant").string();
  Keyring ring = Keyring::init({.dir = plant, .fleet = "plant"}, 1'800'000'000);
  for (const char* id : {"g1", "g2"}) ring.enroll(Role::gateway, id, 1'800'000'000);
  ring.enroll(Role::device, "d1", 1'800'000'000);
  ring.save(1'800'000'000);
  ring.revoke("g2");
  ring.save(1'800'000'001);
  EXPECT_EQ(read_file(plant + "/devices/d1/gateways.pub"),
            read_file(plant + "/gateways/g1/sign.pub"));
}

}  // namespace
}  // namespace tributary::keyring
