// SPDX-License-Identifier: Apache-2.0
// Sealed values: those of tests/vectors/secret.json in both directions, and that nothing opens with
// another key, elsewhere, or with one bit changed.
#include "transports/secrecy/value_cipher.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/transports/wire/vectors.h"

namespace tributary::secrecy {
namespace {

namespace vectors = wire::vectors;
using vectors::from_hex;
using vectors::Json;
using wire::to_hex;

TEST(SecretVectors, AreMadeAndOpened) {
  const Json all = vectors::valid("secret");
  EXPECT_GE(all.size(), 9U);
  std::set<std::string> different;
  for (const Json& v : all) {
    SCOPED_TRACE(v.at("name"));
    const auto cipher = ValueCipher::from_key(from_hex(v.at("key")));
    ASSERT_TRUE(cipher);
    EXPECT_EQ(to_hex(cipher->id()), v.at("id"));
    const std::string fleet = v.at("fleet"), key = v.at("place");
    const ValuePlace place{fleet, v.at("type").get<std::uint8_t>(), key};
    const std::string plain = from_hex(v.at("plain")), bytes = from_hex(v.at("hex"));
    EXPECT_EQ(to_hex(cipher->seal(place, plain, from_hex(v.at("salt")))), v.at("hex"));
    EXPECT_EQ(cipher->open(place, bytes), plain);
    EXPECT_EQ(bytes.size(), plain.size() + ValueCipher::overhead);
    EXPECT_EQ(sealed_by(bytes), std::string_view(cipher->id()));
    different.insert(bytes);
  }
  EXPECT_EQ(different.size(), all.size());
}

TEST(ValueCipher, OpensNothingElse) {
  const auto cipher = ValueCipher::from_key(ValueCipher::make_key());
  const auto other = ValueCipher::from_key(ValueCipher::make_key());
  ASSERT_TRUE(cipher && other);
  EXPECT_NE(cipher->id(), other->id());
  const ValuePlace place{"demo", 4, "hall/badges"};
  const std::string sealed = cipher->seal(place, "badge-17");
  EXPECT_EQ(sealed, cipher->seal(place, "badge-17")) << "devices agree, so that sets merge";
  EXPECT_EQ(cipher->open(place, sealed), "badge-17");
  EXPECT_FALSE(other->open(place, sealed));
  EXPECT_FALSE(cipher->open({"demo", 4, "hall/badge"}, sealed));
  EXPECT_FALSE(cipher->open({"demo", 3, "hall/badges"}, sealed));
  EXPECT_FALSE(cipher->open({"plant", 4, "hall/badges"}, sealed));
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(cipher->open(place, changed)) << "bit " << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(cipher->open(place, sealed.substr(0, size))) << "cut to " << size;
  }
}

TEST(ValueCipher, KeysHaveThirtyTwoBytes) {
  EXPECT_FALSE(ValueCipher::from_key(""));
  EXPECT_FALSE(ValueCipher::from_key(std::string(31, 'x')));
  EXPECT_FALSE(ValueCipher::from_key(std::string(33, 'x')));
  EXPECT_NE(ValueCipher::make_key(), ValueCipher::make_key());
}

TEST(ValueCipher, ASaltHidesThatValuesAreEqual) {
  const auto cipher = ValueCipher::from_key(std::string(32, 'k'));
  const ValuePlace place{"demo", 5, "hall/temperature"};
  EXPECT_NE(cipher->seal(place, "21", "1"), cipher->seal(place, "21", "2"));
  EXPECT_EQ(cipher->open(place, cipher->seal(place, "21", "2")), "21");
  EXPECT_NE(cipher->seal(place, "x", "y"), cipher->seal(place, "yx", ""));
}

}  // namespace
}  // namespace tributary::secrecy
