// SPDX-License-Identifier: Apache-2.0
// A device that seals what it says: gateways see bytes, holders of the key see values, and sets
// still merge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/firmware-sim/sdk/device_fixture.h"

namespace tributary::sdk {
namespace {

using secrecy::ValueCipher;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const ValueCipher old_key = *ValueCipher::from_key(std::string(32, 'o'));
const ValueCipher new_key = *ValueCipher::from_key(std::string(32, 'n'));

class SecretDevice : public testing::DeviceTest {
 protected:
  Options with(std::vector<ValueKey> keys) {
    Options o = options();
    o.value_keys = std::move(keys);
    return o;
  }
  std::vector<std::string> opened_elements(const ValueCipher& cipher, std::uint8_t type,
                                           std::string_view key) {
    std::vector<std::string> out;
    for (const std::string& e : g_.elements(std::string(key))) {
      const auto plain = cipher.open({"demo", type, key}, e);
      out.push_back(plain ? *plain : "?");
    }
    std::sort(out.begin(), out.end());
    return out;
  }
};

TEST_F(SecretDevice, GatewaysSeeBytesAndHoldersOfTheKeySeeValues) {
  Device d = opened(with({{"hall/", new_key}}));
  Set badges = d.set("hall/badges");
  GrowSet seen = d.grow_set("hall/seen");
  Register name = d.reg("hall/name");
  EXPECT_EQ(badges.insert("alice"), Outcome::applied);
  EXPECT_EQ(badges.insert("bob"), Outcome::applied);
  EXPECT_EQ(badges.erase("bob"), Outcome::applied);
  EXPECT_EQ(seen.insert("alice"), Outcome::applied);
  EXPECT_EQ(seen.insert("alice"), Outcome::unchanged);
  EXPECT_EQ(name.set("the hall of alice"), Outcome::applied);
  now_ += 60;
  for (const Packet& p : d.poll(now_)) {
    EXPECT_THAT(p.payload, Not(HasSubstr("alice")));
    g_.take(p.payload);
  }
  EXPECT_TRUE(badges.contains("alice"));
  EXPECT_FALSE(badges.contains("bob"));
  EXPECT_THAT(badges.elements(), ElementsAre("alice"));
  EXPECT_EQ(name.value(), wire::Scalar(std::string("the hall of alice")));
  EXPECT_THAT(opened_elements(new_key, 4, "hall/badges"), ElementsAre("alice"));
  EXPECT_THAT(opened_elements(new_key, 3, "hall/seen"), ElementsAre("alice"));
  const auto blob = wire::decode_scalar(g_.value("hall/name"));
  ASSERT_TRUE(blob);
  const auto plain = new_key.open({"demo", 5, "hall/name"}, std::get<wire::Blob>(*blob).bytes);
  ASSERT_TRUE(plain);
  EXPECT_EQ(*wire::decode_scalar(*plain), wire::Scalar(std::string("the hall of alice")));
}

TEST_F(SecretDevice, CountersAndOtherKeysStayInTheClear) {
  Device d = opened(with({{"hall/", new_key}}));
  d.counter("hall/people").add(3);
  d.set("yard/badges").insert("alice");
  exchange(d, g_);
  EXPECT_EQ(g_.total("hall/people").first, 3u);
  EXPECT_THAT(g_.elements("yard/badges"), ElementsAre("alice"));
}

TEST_F(SecretDevice, TheSameReadingLooksDifferentEachTime) {
  Device d = opened(with({{"", new_key}}));
  Register r = d.reg("hall/temperature");
  r.set(21);
  exchange(d, g_);
  const std::string before = g_.value("hall/temperature");
  r.set(21);
  exchange(d, g_);
  EXPECT_NE(g_.value("hall/temperature"), before);
  EXPECT_EQ(r.value(), wire::Scalar(std::uint64_t{21}));
}

TEST_F(SecretDevice, TwoDevicesWithTheKeyAddOneElement) {
  Device one = opened(with({{"hall/", new_key}}));
  Options o = with({{"hall/", new_key}});
  o.device = "d2";
  o.save = {};
  Device two = opened(std::move(o));
  one.set("hall/badges").insert("alice");
  two.set("hall/badges").insert("alice");
  exchange(one, g_);
  now_ += 60;
  for (const Packet& p : two.poll(now_)) g_.take(p.payload);
  EXPECT_EQ(g_.elements("hall/badges").size(), 1u);
}

// The new key seals, the old one still opens, erases, and is replaced where an element comes again.
TEST_F(SecretDevice, AKeyIsChanged) {
  {
    Device d = opened(with({{"hall/", old_key}}));
    d.set("hall/badges").insert("alice");
    d.set("hall/badges").insert("bob");
    d.reg("hall/name").set("old");
    exchange(d, g_);
  }
  Device d = opened(with({{"hall/", new_key}, {"hall/", old_key}}));
  Set badges = d.set("hall/badges");
  EXPECT_TRUE(badges.contains("alice"));
  EXPECT_THAT(badges.elements(), ElementsAre("alice", "bob"));
  EXPECT_EQ(d.reg("hall/name").value(), wire::Scalar(std::string("old")));
  EXPECT_EQ(badges.erase("alice"), Outcome::applied);
  EXPECT_EQ(badges.insert("bob"), Outcome::applied);
  exchange(d, g_);
  EXPECT_THAT(badges.elements(), ElementsAre("bob"));
  EXPECT_THAT(opened_elements(new_key, 4, "hall/badges"), ElementsAre("bob"));
}

TEST_F(SecretDevice, TheLongestPrefixSeals) {
  Device d = opened(with({{"", old_key}, {"hall/", new_key}}));
  d.set("hall/badges").insert("alice");
  d.set("yard/badges").insert("bob");
  exchange(d, g_);
  EXPECT_THAT(opened_elements(new_key, 4, "hall/badges"), ElementsAre("alice"));
  EXPECT_THAT(opened_elements(old_key, 4, "yard/badges"), ElementsAre("bob"));
}

TEST_F(SecretDevice, TheLimitIsThatOfWhatIsSealed) {
  Device d = opened(with({{"", new_key}}));
  Set s = d.set("hall/badges");
  EXPECT_EQ(s.insert(std::string(1'024 - ValueCipher::overhead, 'x')), Outcome::applied);
  EXPECT_EQ(s.insert(std::string(1'025 - ValueCipher::overhead, 'x')), Outcome::too_large);
}

TEST_F(SecretDevice, APrefixMustFitAKey) {
  EXPECT_FALSE(Device::open(with({{std::string(513, 'x'), new_key}})));
}

}  // namespace
}  // namespace tributary::sdk
