// SPDX-License-Identifier: Apache-2.0
// Hashes, hexadecimal, compression, UTF-8 and the words of errors.
#include "transports/wire/bytes.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <unordered_set>
#include <vector>

#include "transports/wire/ack.h"
#include "transports/wire/compress.h"
#include "transports/wire/utf8.h"

namespace tributary::wire {
namespace {

std::string sha256_hex(std::string_view data) {
  return to_hex(sha256(data).view());
}

TEST(Sha256, KnownAnswers) {  // FIPS 180-4
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, EachThreadHasItsOwnContext) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([t, &wrong] {
      const std::string data(t * 100, 'x');
      const Hash expected = sha256(data);
      for (int i = 0; i < 1'000; ++i) wrong[t] += sha256(data) != expected;
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Hash, OrdersAsUnsignedBytesAndIsHashable) {
  Hash low, high;
  low.bytes[0] = 0x7F;
  high.bytes[0] = 0x80;
  EXPECT_LT(low, high);
  EXPECT_LT(low.view(), high.view());
  EXPECT_EQ((std::unordered_set<Hash>{low, high, low}.size()), 2u);
}

TEST(Hex, IsLowerCase) {
  EXPECT_EQ(to_hex(std::string_view("\x00\xAB\xFF", 3)), "00abff");
}

TEST(Hex, IsReadWholeAndExactOrNotAtAll) {
  unsigned char out[2] = {};
  ASSERT_TRUE(from_hex("09af", out, 2));
  EXPECT_EQ(out[0], 0x09);
  EXPECT_EQ(out[1], 0xAF);
  for (const std::string_view bad : {"", "09a", "09aff", "09AF", "0g00", "g000", "/000", "0:00"})
    EXPECT_FALSE(from_hex(bad, out, 2)) << bad;
}

TEST(Compressed, IsExpandedToWhatItSaysAndNothingElse) {
  for (const Codec codec : {Codec::lz4, Codec::gzip}) {
    for (const std::string& plain : {std::string(), std::string("x"), std::string(10'000, 'x')}) {
      const std::string small = compress(plain, codec);
      std::string out;
      EXPECT_TRUE(expand(small, codec, plain.size(), out));
      EXPECT_EQ(out, plain);
      EXPECT_FALSE(expand(small, codec, plain.size() + 1, out)) << plain.size();
      if (!plain.empty()) {
        EXPECT_FALSE(expand(small, codec, plain.size() - 1, out));
      }
      EXPECT_FALSE(expand(small, codec, std::size_t{1} << 32, out)) << "no memory is taken for it";
    }
  }
}

// The grammar of RFC 3629 section 4, written as it stands there: another way than the code's.
bool rfc3629(const unsigned char* s, std::size_t n) {
  const auto in = [&](std::size_t i, int lo, int hi) { return s[i] >= lo && s[i] <= hi; };
  const auto tail = [&](std::size_t i) { return in(i, 0x80, 0xBF); };
  if (n == 1) return in(0, 0x00, 0x7F);
  if (n == 2) return in(0, 0xC2, 0xDF) && tail(1);
  if (n == 3) {
    if (!tail(2)) return false;
    return (in(0, 0xE0, 0xE0) && in(1, 0xA0, 0xBF)) || (in(0, 0xE1, 0xEC) && tail(1)) ||
           (in(0, 0xED, 0xED) && in(1, 0x80, 0x9F)) || (in(0, 0xEE, 0xEF) && tail(1));
  }
  if (!tail(2) || !tail(3)) return false;
  return (in(0, 0xF0, 0xF0) && in(1, 0x90, 0xBF)) || (in(0, 0xF1, 0xF3) && tail(1)) ||
         (in(0, 0xF4, 0xF4) && in(1, 0x80, 0x8F));
}

// Every sequence of n bytes as one character.
void compare_all(std::size_t n, std::uint32_t first, std::uint32_t last) {
  std::uint32_t disagree = 0;
  for (std::uint32_t v = first; v <= last; ++v) {
    unsigned char s[4];
    for (std::size_t i = 0; i < n; ++i) s[i] = static_cast<unsigned char>(v >> (8 * (n - 1 - i)));
    std::string_view text(reinterpret_cast<const char*>(s), n);
    std::uint32_t c = 0;
    const bool one = next_code_point(text, c) && text.empty();
    disagree += one != rfc3629(s, n);
    if (v == last) break;
  }
  EXPECT_EQ(disagree, 0u) << n << " bytes";
}

TEST(Utf8, EverySequenceAsRfc3629Says) {
  compare_all(1, 0, 0xFF);
  compare_all(2, 0, 0xFFFF);
  compare_all(3, 0xC0'0000, 0xFF'FFFF);
  for (const std::uint32_t lead :
       {0xEFU, 0xF0U, 0xF1U, 0xF3U, 0xF4U, 0xF5U, 0xF8U})  // tails at the edges
    for (std::uint32_t second = 0; second < 256; ++second)
      for (const std::uint32_t rest : {0x7F7FU, 0x7F80U, 0x8080U, 0xBFBFU, 0xBFC0U, 0xC080U})
        compare_all(4, lead << 24 | second << 16 | rest, lead << 24 | second << 16 | rest);
}

TEST(Utf8, AnErrorAnywhereIsFound) {
  for (std::size_t n = 0; n < 40; ++n) {
    std::string text(n, 'a');
    EXPECT_TRUE(is_utf8(text));
    for (std::size_t i = 0; i < n; ++i) {
      text[i] = '\xFF';
      EXPECT_FALSE(is_utf8(text)) << i << " of " << n;
      text[i] = 'a';
    }
    EXPECT_TRUE(is_utf8(text + "é" + text));
    EXPECT_FALSE(is_utf8(text + "\xC3"));
  }
}

TEST(DecodeErrors, SayWhatWhereAndInWhat) {
  EXPECT_EQ(to_string(DecodeError{DecodeError::Code::truncated, 17, "delta.from"}),
            "truncated at byte 17: delta.from");
  const auto e = decode_envelope(std::string_view("\x92\x02\x01"), Limits{});
  EXPECT_EQ(to_string(e.error()), "version at byte 1: sealed.version");
  std::set<std::string> names;
  for (int c = 0; c <= static_cast<int>(DecodeError::Code::fleet); ++c)
    names.insert(name(static_cast<DecodeError::Code>(c)));
  EXPECT_EQ(names.size(), 10u);
  EXPECT_EQ(names.count("unknown"), 0u);
}

TEST(Types, HaveNames) {
  EXPECT_EQ(type_name(1), "gcounter");
  EXPECT_EQ(type_name(5), "lww");
  EXPECT_EQ(type_name(17), "type-17");
  EXPECT_FALSE(known(0));
  EXPECT_FALSE(known(6));
}

}  // namespace
}  // namespace tributary::wire
