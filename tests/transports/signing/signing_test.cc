// SPDX-License-Identifier: Apache-2.0
// Signatures: those of tests/vectors/signature.json in both directions, those of RFC 8032, and that
// nothing else verifies. (Which points are no keys: tests/fleet/keys_test.cc, all 14 encodings.)
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <utility>

#include "tests/transports/wire/vectors.h"
#include "transports/signing/seal.h"

namespace tributary::signing {
namespace {

namespace vectors = wire::vectors;
using vectors::from_digits;
using vectors::from_hex;
using vectors::Json;
using wire::to_hex;

template <class Bytes>
Bytes fixed(const std::string& bytes) {
  Bytes out{};
  EXPECT_EQ(bytes.size(), out.size());
  std::memcpy(out.data(), bytes.data(), std::min(bytes.size(), out.size()));
  return out;
}

Kind kind_of(const std::string& word) {
  for (const Kind kind :
       {Kind::delta, Kind::ack, Kind::head, Kind::status, Kind::seal, Kind::proposal}) {
    if (message(kind, "", "") == "tributary/1 " + word + " \n") return kind;
  }
  ADD_FAILURE() << "no kind is called " << word;
  return Kind::delta;
}

Signer signer_from(const SecretKey::Seed& seed) {
  return signer_of(std::make_shared<const SecretKey>(SecretKey::from_seed(seed)));
}

TEST(SignatureVectors, AreMadeAndTaken) {
  const Json all = vectors::valid("signature");
  EXPECT_GE(all.size(), 8U);
  for (const Json& v : all) {
    SCOPED_TRACE(v.at("name"));
    const Kind kind = kind_of(v.at("kind"));
    const std::string fleet = v.at("fleet"), body = from_hex(v.at("body"));
    const auto seed = fixed<SecretKey::Seed>(from_hex(v.at("seed")));
    const SecretKey key = SecretKey::from_seed(seed);
    EXPECT_EQ(key.seed(), seed);
    EXPECT_EQ(to_hex(view(key.public_bytes())), v.at("public"));
    EXPECT_EQ(vet(key.public_bytes()), "");
    EXPECT_EQ(to_hex(key_id(key.public_bytes())), v.at("key_id"));
    EXPECT_EQ(to_hex(message(kind, fleet, body)), v.at("message"));
    EXPECT_EQ(to_hex(view(key.sign(message(kind, fleet, body)))), v.at("signature"));
    EXPECT_EQ(to_hex(seal(kind, fleet, body, signer_from(seed))), v.at("hex"));

    const std::string frame = from_hex(v.at("hex"));
    const auto sealed = wire::decode_sealed(frame, {});
    ASSERT_TRUE(sealed) << to_string(sealed.error());
    EXPECT_EQ(sealed->body, body);
    EXPECT_EQ(to_hex(sealed->key_id), v.at("key_id"));
    EXPECT_TRUE(verifies(key.public_bytes(), kind, fleet, *sealed));
  }
}

// By the verifier, whatever key it is given; or, where `verifies` says that it alone cannot tell,
// by the vetting of the key.
TEST(SignatureVectors, TheOthersAreRefused) {
  const Json all = vectors::load("signature").at("refused");
  std::size_t lenient = 0, by_vetting_alone = 0;
  for (const Json& v : all) {
    SCOPED_TRACE(v.at("name"));
    const auto key = fixed<PublicBytes>(from_hex(v.at("public")));
    const bool taken = verifies(key, from_hex(v.at("message")), from_hex(v.at("signature")));
    EXPECT_EQ(vet(key).empty(), v.at("fit").get<bool>());
    EXPECT_EQ(taken, v.at("verifies").get<bool>());
    EXPECT_FALSE(taken && vet(key).empty());
    lenient += v.at("equation").get<bool>() ? 1 : 0;
    by_vetting_alone += taken ? 1 : 0;
  }
  EXPECT_GE(lenient, 20U) << "these are the ones that another verifier would take";
  EXPECT_EQ(by_vetting_alone, 3U) << "keys of mixed order";
}

TEST(Signatures, OfRfc8032) {
  struct Row {
    const char *seed, *key, *message, *signature;
  };
  for (const Row& row : {
           Row{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
               "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
               "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc6"
               "1e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
           Row{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
               "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
               "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e45"
               "8f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
           Row{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
               "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
               "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae"
               "67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
       }) {
    const SecretKey key = SecretKey::from_seed(fixed<SecretKey::Seed>(from_digits(row.seed)));
    const std::string text = from_digits(row.message);
    EXPECT_EQ(to_hex(view(key.public_bytes())), row.key);
    EXPECT_EQ(to_hex(view(key.sign(text))), row.signature);
    EXPECT_TRUE(verifies(key.public_bytes(), text, from_digits(row.signature)));
  }
}

TEST(Signatures, RandomOnesVerifyAndNothingNearThemDoes) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    SecretKey::Seed own{};
    for (auto& byte : own) byte = static_cast<std::uint8_t>(random());
    const SecretKey key = SecretKey::from_seed(own);
    EXPECT_EQ(vet(key.public_bytes()), "");
    std::string text(random() % 300, '\0');
    for (char& c : text) c = static_cast<char>(random());
    Signature signature = key.sign(text);
    ASSERT_TRUE(verifies(key.public_bytes(), text, view(signature)));
    const auto flip = [&](auto& bytes) {
      const std::size_t bit = random() % (bytes.size() * 8);
      bytes[bit / 8] = static_cast<std::remove_reference_t<decltype(bytes[0])>>(
          static_cast<unsigned char>(bytes[bit / 8]) ^ 1U << bit % 8);
      return bit;
    };
    Signature torn = signature;
    const std::size_t bit = flip(torn);
    EXPECT_FALSE(verifies(key.public_bytes(), text, view(torn))) << "bit " << bit;
    if (!text.empty()) {
      std::string other = text;
      const std::size_t at = flip(other);
      EXPECT_FALSE(verifies(key.public_bytes(), other, view(signature))) << "bit " << at;
    }
    EXPECT_FALSE(verifies(key.public_bytes(), text + '\0', view(signature)));
    EXPECT_FALSE(verifies(key.public_bytes(), text, view(signature).substr(0, 63)));
    EXPECT_FALSE(verifies(key.public_bytes(), text, std::string(view(signature)) + '\0'));
    EXPECT_FALSE(verifies(key.public_bytes(), text, ""));
  }
}

TEST(Seals, KindsAndFleetsAreKeptApart) {
  const Signer signer = signer_of(std::make_shared<const SecretKey>(SecretKey::make()));
  const std::vector<Kind> kinds = {Kind::delta,  Kind::ack,  Kind::head,
                                   Kind::status, Kind::seal, Kind::proposal};
  const std::vector<std::string> fleets = {"demo", "dem", "demo2", "d"};
  for (const Kind made : kinds) {
    for (const std::string& in : fleets) {
      const std::string frame = seal(made, in, "o\nbody", signer);
      const auto sealed = wire::decode_sealed(frame, {});
      ASSERT_TRUE(sealed);
      for (const Kind read : kinds) {
        for (const std::string& of : fleets) {
          EXPECT_EQ(verifies(signer.key, read, of, *sealed), made == read && in == of)
              << message(made, in, "") << message(read, of, "");
        }
      }
    }
  }
}

// An id has no newline, so where the fleet ends and the body begins has one reading.
TEST(Seals, AFleetCannotReachIntoTheBody) {
  EXPECT_NE(message(Kind::delta, "demo", "x"), message(Kind::delta, "dem", "ox"));
  EXPECT_FALSE(wire::valid_id("demo\nx"));
  EXPECT_FALSE(wire::valid_id("delta demo"));
}

TEST(Seals, TheKeyIdNamesTheKey) {
  const PublicBytes key = SecretKey::make().public_bytes();
  EXPECT_EQ(key_id(key), wire::sha256(view(key)).view().substr(0, 8));
  EXPECT_NE(key_id(key), key_id(SecretKey::make().public_bytes()));
}

TEST(SecretKeys, MovedOnTheyAreGoneAndTheNewOneSigns) {
  SecretKey first = SecretKey::make();
  const PublicBytes key = first.public_bytes();
  const SecretKey::Seed seed = first.seed();
  const SecretKey second = std::move(first);
  EXPECT_EQ(second.seed(), seed);
  EXPECT_EQ(second.public_bytes(), key);
  EXPECT_TRUE(verifies(key, "a", view(second.sign("a"))));
  // NOLINTNEXTLINE(bugprone-use-after-move): that nothing is left is what is tried.
  EXPECT_EQ(first.seed(), SecretKey::Seed{}) << "the secret is in two places";
  EXPECT_FALSE(verifies(key, "a", view(first.sign("a"))));
}

TEST(SecretKeys, NoTwoAreEqual) {
  EXPECT_NE(SecretKey::make().seed(), SecretKey::make().seed());
}

// Whoever keeps the key elsewhere is asked for the signature of the whole message.
TEST(Signers, AreAskedForTheWholeMessage) {
  const auto key = std::make_shared<const SecretKey>(SecretKey::make());
  Signer signer = signer_of(key);
  std::vector<std::string> asked;
  signer.sign = [&](std::string_view m) {
    asked.emplace_back(m);
    return key->sign(m);
  };
  const std::string frame = seal(Kind::ack, "demo", "body", signer);
  EXPECT_EQ(asked, std::vector<std::string>{"tributary/1 ack demo\nbody"});
  EXPECT_TRUE(verifies(key->public_bytes(), Kind::ack, "demo", *wire::decode_sealed(frame, {})));
}

}  // namespace
}  // namespace tributary::signing
