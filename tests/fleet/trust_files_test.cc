// SPDX-License-Identifier: Apache-2.0
// What a fleet's directory says about signatures: the registry and the admin's key for gateways,
// the gateways' keys for devices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "gateway/keyring/enrolment.h"
#include "gateway/keyring/keyring.h"
#include "gateway/keyring/signing_key.h"
#include "tests/support/temp_dir.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"

namespace tributary::keyring {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class TrustFiles : public testing::Test {
 protected:
  TrustFiles() : dir((temp.path() / "plant").string()) {}
  Keyring fresh() { return Keyring::init({.dir = dir, .fleet = "plant"}, now_s); }
  std::string file(const std::string& name) const { return dir + "/" + name; }
  std::string text(const std::string& name) const { return read_file(file(name)); }

  // Role, id and first bytes of the key, of all records.
  std::vector<std::string> records(const std::string& name = "registry") const {
    std::vector<std::string> out;
    const std::string bytes = text(name);
    const auto pack = wire::decode_pack(bytes, wire::Limits{});
    EXPECT_TRUE(pack);
    for (const std::string_view one : pack->envelopes) {
      const auto e = wire::decode_envelope(one, wire::Limits{});
      EXPECT_TRUE(e);
      for (const wire::Entry& entry : e->delta.entries) {
        for (const std::string_view x : std::get<wire::GSetPayload>(entry.payload).elements) {
          const auto r = wire::decode_key_record(x);
          EXPECT_TRUE(r);
          // The actor of what people change through a gateway: the gateway's own key.
          if (r->id.starts_with("operator-")) {
            EXPECT_EQ(r->role, "device");
            continue;
          }
          out.push_back(std::string(r->role) + ' ' + std::string(r->id) + ' ' +
                        wire::to_hex(r->key));
        }
      }
    }
    return out;
  }
  std::string record_of(const std::string& role, const std::string& id) const {
    const PublicKey key = PublicKey::parse(text(role + "s/" + id + "/sign.pub"));
    return role + ' ' + id + ' ' + to_hex(key.bytes.data(), key.bytes.size());
  }

  test::TempDir temp;
  const std::string dir;
  const std::int64_t now_s = 1'800'000'000;
};

TEST_F(TrustFiles, AFreshFleetHasAnEmptyRegistry) {
  fresh();
  EXPECT_THAT(records(), ElementsAre());
}

TEST_F(TrustFiles, GatewaysGetTheRegistryAndTheAdminsKeyDevicesTheGatewaysKeys) {
  Keyring ring = fresh();
  ring.enroll(Role::device, "d1", now_s);  // before there is any gateway
  ring.enroll(Role::gateway, "g1", now_s);
  ring.enroll(Role::gateway, "g2", now_s);
  ring.enroll(Role::viewer, "op", now_s);
  ring.save(now_s);
  EXPECT_THAT(records(), UnorderedElementsAre(record_of("device", "d1"), record_of("gateway", "g1"),
                                              record_of("gateway", "g2")));
  for (const char* g : {"gateways/g1/", "gateways/g2/"}) {
    EXPECT_EQ(text(std::string(g) + "registry"), text("registry"));
    EXPECT_EQ(text(std::string(g) + "admin.pub"), text("admin/sign.pub"));
  }
  EXPECT_EQ(text("devices/d1/gateways.pub"),
            text("gateways/g1/sign.pub") + text("gateways/g2/sign.pub"));
  for (const char* none : {"devices/d1/registry", "devices/d1/admin.pub", "operators/op/registry",
                           "operators/op/admin.pub", "operators/op/gateways.pub"}) {
    EXPECT_FALSE(fs::exists(file(none))) << none;
  }
}

TEST_F(TrustFiles, EachEnrolmentReachesTheFoldersThatNeedIt) {
  {
    Keyring ring = fresh();
    ring.enroll(Role::gateway, "g1", now_s);
    ring.enroll(Role::device, "d1", now_s);
    ring.save(now_s);
  }
  const std::string of_d1 = text("devices/d1/gateways.pub"), before = text("registry");
  {
    Keyring ring(dir);
    ring.enroll(Role::device, "d2", now_s + 9);
    ring.save(now_s + 9);
  }
  EXPECT_EQ(text("devices/d1/gateways.pub"), of_d1);
  EXPECT_EQ(text("devices/d2/gateways.pub"), of_d1);
  EXPECT_NE(text("registry"), before);
  EXPECT_EQ(text("gateways/g1/registry"), text("registry"));
  EXPECT_EQ(records().size(), 3u);
  {
    Keyring ring(dir);
    ring.enroll(Role::gateway, "g2", now_s + 10);
    ring.save(now_s + 10);
  }
  const std::string both = text("gateways/g1/sign.pub") + text("gateways/g2/sign.pub");
  EXPECT_EQ(text("devices/d1/gateways.pub"), both);
  EXPECT_EQ(text("devices/d2/gateways.pub"), both);
  EXPECT_EQ(text("gateways/g1/registry"), text("gateways/g2/registry"));
  EXPECT_EQ(records("gateways/g1/registry").size(), 4u);
}

TEST_F(TrustFiles, ADeviceThatKeepsItsKeysIsEnteredWithTheOneItProved) {
  Keyring ring = fresh();
  ring.enroll(Role::gateway, "g1", now_s);
  const SigningKey key = SigningKey::make({"plant", "device", "d1"});
  const std::string proof =
      prove(Challenge::parse(ring.challenge(Role::device, "d1")), key, make_key());
  ring.enroll_proven(Role::device, "d1", proof, now_s);
  ring.save(now_s);
  EXPECT_THAT(records(),
              UnorderedElementsAre(record_of("gateway", "g1"), record_of("device", "d1")));
  EXPECT_THAT(text("devices/d1/gateways.pub"), text("gateways/g1/sign.pub"));
}

TEST_F(TrustFiles, WhatChangesNoKeyChangesNoRegistry) {
  Keyring ring = fresh();
  ring.enroll(Role::gateway, "g1", now_s);
  ring.enroll(Role::device, "d1", now_s);
  ring.save(now_s);
  const std::string before = text("registry");
  ring.rotate({"g1", "d1"}, 0, now_s + 1);
  ring.save(now_s + 1);
  EXPECT_EQ(text("registry"), before);
}

// What a revoked member signed before stays good: the registry only grows.
TEST_F(TrustFiles, ARevokedMemberStaysInTheRegistryAndEnrolledAgainHasTwoKeys) {
  Keyring ring = fresh();
  ring.enroll(Role::device, "d1", now_s);
  ring.save(now_s);
  const std::string first = record_of("device", "d1");
  ring.revoke("d1");
  ring.save(now_s + 1);
  EXPECT_THAT(records(), ElementsAre(first));
  ring.enroll(Role::device, "d1", now_s + 2);
  ring.save(now_s + 2);
  EXPECT_THAT(records(), UnorderedElementsAre(first, record_of("device", "d1")));
}

// A directory from before there was a registry.
TEST_F(TrustFiles, ADirectoryWithoutARegistryGetsOneWithEverybodyInIt) {
  {
    Keyring ring = fresh();
    ring.enroll(Role::gateway, "g1", now_s);
    ring.enroll(Role::device, "d1", now_s);
    ring.save(now_s);
  }
  for (const char* newer : {"registry", "gateways/g1/registry", "gateways/g1/admin.pub",
                            "gateways/g1/gateways.pub", "devices/d1/gateways.pub"}) {
    fs::remove(file(newer));
  }
  Keyring(dir).save(now_s + 5);
  EXPECT_THAT(records(),
              UnorderedElementsAre(record_of("gateway", "g1"), record_of("device", "d1")));
  EXPECT_EQ(text("gateways/g1/registry"), text("registry"));
  EXPECT_EQ(text("gateways/g1/admin.pub"), text("admin/sign.pub"));
  EXPECT_EQ(text("devices/d1/gateways.pub"), text("gateways/g1/sign.pub"));
}

TEST_F(TrustFiles, ARegistryOfAnotherAdminIsSaidAndLeftAlone) {
  fresh();
  Registry foreign("plant");
  const SigningKey thief = SigningKey::make({"plant", "admin", "admin"});
  foreign.add(Role::device, "x", thief.public_key().bytes, 1);
  const std::string bytes = foreign.pack(thief);
  write_file(file("registry"), bytes, Access::visible);
  std::string said;
  try {
    Keyring ring(dir);
  } catch (const std::exception& e) {
    said = e.what();
  }
  EXPECT_THAT(said, HasSubstr("is not signed by this fleet's admin"));
  EXPECT_EQ(text("registry"), bytes);
}

}  // namespace
}  // namespace tributary::keyring
