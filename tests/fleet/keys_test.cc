// SPDX-License-Identifier: Apache-2.0
// Signing keys: their files, and which points are no keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "gateway/keyring/error.h"
#include "gateway/keyring/lines.h"
#include "gateway/keyring/signing_key.h"

namespace tributary::keyring {
namespace {

using testing::HasSubstr;

const Owner owner{"demo", "device", "sensor-7"};

PublicBytes bytes(const std::string& hex) {
  PublicBytes out{};
  EXPECT_TRUE(from_hex(hex, out.data(), out.size())) << hex;
  return out;
}

std::string refusal(const std::string& text) {
  try {
    PublicKey::parse(text);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

TEST(SigningKey, FilesAreReadAsTheyWereWritten) {
  const SigningKey made = SigningKey::make(owner);
  const SigningKey read = SigningKey::parse(made.secret_text());
  EXPECT_EQ(read.public_key().owner, owner);
  EXPECT_EQ(read.public_text(), made.public_text());
  const PublicKey known = PublicKey::parse(made.public_text());
  EXPECT_TRUE(known.verifies("a reading", read.sign("a reading")));
  EXPECT_FALSE(known.verifies("another", read.sign("a reading")));
  EXPECT_EQ(known.fingerprint().size(), 64U);
}

TEST(SigningKey, TheFirstVectorOfRfc8032) {
  const SigningKey key = SigningKey::parse(
      "tributary signing key 1\nfleet demo\nrole admin\nid admin\n"
      "public d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n"
      "secret 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n");
  const SignatureBytes signature = key.sign("");
  EXPECT_EQ(
      to_hex(signature.data(), signature.size()),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
      "b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST(SigningKey, ASecretThatDoesNotMakeThePublicKeyIsRefused) {
  std::string text = SigningKey::make(owner).secret_text();
  const std::size_t at = text.find("secret ") + 7;
  text[at] = text[at] == '0' ? '1' : '0';
  EXPECT_THROW(SigningKey::parse(text), Error);
}

// All eight points whose order divides eight, and the other spellings that some verifiers take.
TEST(Vetting, PointsOfSmallOrderAreNoKeys) {
  for (const char* hex : {
           "0100000000000000000000000000000000000000000000000000000000000000",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "0000000000000000000000000000000000000000000000000000000000000000",
           "0000000000000000000000000000000000000000000000000000000000000080",
           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
           "0100000000000000000000000000000000000000000000000000000000000080",
           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
       }) {
    EXPECT_NE(vet(bytes(hex)), "") << hex;
    EXPECT_THAT(
        refusal(to_lines("tributary public key 1",
                         {{"fleet", "demo"}, {"role", "device"}, {"id", "x"}, {"public", hex}})),
        HasSubstr("is no fit Ed25519 key"));
  }
}

TEST(Vetting, AKeyWithASmallPartIsNoKey) {
  // A good key plus the point of order two: on the curve, canonical, and outside the prime group.
  const PublicBytes good = SigningKey::make(owner).public_key().bytes;
  const PublicBytes two = bytes("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  PublicBytes mixed{};
  // libsodium adds no such points: (x, y) + (0, -1) is (-x, -y), worked out by hand.
  PublicBytes y = good;
  const bool sign = (y[31] & 0x80U) != 0;
  y[31] &= 0x7fU;
  const PublicBytes p = bytes("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  unsigned borrow = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned take = y[i] + borrow;
    borrow = p[i] < take ? 1 : 0;
    mixed[i] = static_cast<std::uint8_t>(p[i] + 256 * borrow - take);
  }
  mixed[31] = static_cast<std::uint8_t>(mixed[31] | (sign ? 0U : 0x80U));
  EXPECT_EQ(vet(good), "");
  EXPECT_NE(vet(mixed), "");
  EXPECT_NE(vet(two), "");
}

TEST(Vetting, WhatIsNotOnTheCurveIsNoKey) {
  unsigned refused = 0;
  for (unsigned i = 2; i < 66; ++i) {
    PublicBytes one{};
    one[0] = static_cast<std::uint8_t>(i);
    refused += vet(one).empty() ? 0 : 1;
  }
  EXPECT_GE(refused, 48U) << "half are off the curve, and most others outside the prime group";
}

TEST(KeyFiles, AreTakenInOneSpellingOnly) {
  const std::string good = SigningKey::make(owner).public_text();
  EXPECT_EQ(refusal(good), "");
  const std::vector<std::string> bad = {
      "",
      good + "\n",
      good + "more x\n",
      good.substr(0, good.size() - 1),
      " " + good,
      "tributary public key 2" + good.substr(good.find('\n')),
      std::string(good).replace(good.find("fleet demo"), 10, "fleet  demo"),
      std::string(good).replace(good.find("role device"), 11, "role thief!"),
      std::string(good).replace(good.find("id sensor-7"), 11, "id ../../pw"),
      std::string(good).replace(good.find("\npublic ") + 8, 2, "zz"),
      std::string(good).replace(good.find('\n'), 1, "\r\n"),
  };
  for (const std::string& text : bad) EXPECT_NE(refusal(text), "") << text;
  std::string upper = good;
  const std::size_t at = upper.find("\npublic ") + 8;
  upper.replace(at, 64, std::string(64, 'A'));
  EXPECT_THAT(refusal(upper), HasSubstr("lower-case hex"));
}

}  // namespace
}  // namespace tributary::keyring
