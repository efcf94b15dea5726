// SPDX-License-Identifier: Apache-2.0
// Small messages that ask for much: refused, and refused before anything large is allocated. A
// program of its own, because it counts every allocation.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/transports/wire/vectors.h"
#include "transports/wire/ack.h"
#include "transports/wire/compress.h"
#include "transports/wire/pack.h"
#include "transports/wire/scalar.h"
#include "transports/wire/writer.h"

namespace {
std::size_t largest_allocation = 0, allocated = 0;

void* counted(std::size_t n) {
  largest_allocation = n > largest_allocation ? n : largest_allocation;
  allocated += n;
  void* p = std::malloc(n == 0 ? 1 : n);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace

void* operator new(std::size_t n) {
  return counted(n);
}
void* operator new[](std::size_t n) {
  return counted(n);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete[](void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

struct Cost {
  std::optional<DecodeError> error;
  std::size_t largest = 0, total = 0;
};

template <class F>
Cost cost_of(F decode) {
  largest_allocation = allocated = 0;
  const auto r = decode();
  Cost c{std::nullopt, largest_allocation, allocated};
  if (!r) c.error = r.error();
  return c;
}

Cost envelope_cost(const std::string& bytes) {
  const auto shared = std::make_shared<const std::string>(bytes);
  return cost_of([&] { return decode_envelope(shared, Limits{}); });
}
Cost pack_cost(const std::string& bytes) {
  return cost_of([&] { return decode_pack(bytes, Limits{}); });
}

// A delta up to its entries.
std::string delta_head() {
  Delta d;
  d.fleet = "f";
  d.device = "d";
  d.to = 9;
  std::string body = encode_delta(d);
  body.pop_back();
  return body;
}
std::string entry(char type, const std::string& payload) {
  return std::string("\x91\x95\xA1k", 4) + type + std::string("\x00\x09", 2) + payload;
}

TEST(Bombs, CountsOfFourBillion) {
  const std::string array("\xDD\xFF\xFF\xFF\xFF"), map("\xDF\xFF\xFF\xFF\xFF");
  const std::string bodies[] = {array,
                                map,
                                delta_head() + array,
                                delta_head() + entry(3, array),
                                delta_head() + entry(4, "\x93" + map),
                                delta_head() + entry(4, "\x93\x80" + array),
                                delta_head() + entry(4, "\x93\x80\x90" + array),
                                delta_head() + entry(77, array),
                                delta_head() + entry(77, map)};
  for (const std::string& body : bodies) {
    const Cost c = envelope_cost(seal(body));
    ASSERT_TRUE(c.error) << to_hex(body);
    EXPECT_LE(c.total, 1024u) << to_string(*c.error);
  }
}

// Just below the limits, with nothing behind it.
TEST(Bombs, CountsThatTheRestCannotHold) {
  const std::string entries("\xDC\x20\x00", 3), items("\xDC\x40\x00", 3), adds("\xDE\x40\x00", 3);
  const std::string bodies[] = {delta_head() + entries, delta_head() + entry(3, items),
                                delta_head() + entry(4, "\x93" + adds),
                                delta_head() + entry(4, "\x93\x80" + items),
                                delta_head() + entry(4, "\x93\x80\x90" + items)};
  for (const std::string& body : bodies) {
    const Cost c = envelope_cost(seal(body));
    ASSERT_TRUE(c.error);
    EXPECT_EQ(c.error->code, Code::truncated);
    EXPECT_LE(c.total, 1024u) << to_string(*c.error);
  }
}

TEST(Bombs, LengthsOfFourGiB) {
  for (const char* lead : {"\xC6", "\xDB"}) {
    const std::string length = lead + std::string(4, '\xFF');
    for (const std::string& bytes :
         {"\x94\x01" + length, seal(delta_head() + entry(5, "\x93\x01\x00" + length)),
          seal(delta_head() + entry(77, length))}) {
      const Cost c = envelope_cost(bytes);
      ASSERT_TRUE(c.error);
      EXPECT_LE(c.total, 1024u);
    }
    EXPECT_TRUE(cost_of([&] { return decode_scalar(length); }).error);
  }
}

TEST(Bombs, DepthIsRefusedBeforeItIsReached) {
  for (const char nest : {'\x91', '\x81'}) {
    const std::string deep(190'000, nest);
    const Cost c = envelope_cost(seal(delta_head() + entry(77, deep)));
    ASSERT_TRUE(c.error);
    EXPECT_EQ(c.error->code, Code::limit);
    EXPECT_LE(c.total, 1024u);
  }
}

// What a body of the greatest size can make us allocate stays in proportion to it.
TEST(Bombs, ManySmallEntriesStayInProportion) {
  std::string body = delta_head() + std::string("\xDC\x20\x00", 3);
  for (int i = 0; i < 8'192; ++i)
    body += std::string("\x95\xA3") + std::to_string(100 + i % 900) +
            std::string("\x01\x00\x09\x01", 4);
  const Cost c = envelope_cost(seal(body));
  ASSERT_TRUE(c.error);
  EXPECT_EQ(c.error->code, Code::not_canonical);
  EXPECT_LE(c.total, 32 * body.size());
}

std::string pack_of(Codec codec, std::size_t size, const std::string& data) {
  Writer w;
  w.array(4);
  w.uint(2);
  w.uint(static_cast<std::uint64_t>(codec));
  w.uint(size);
  w.bin(data);
  return w.take();
}

TEST(Bombs, Lz4OfTwoHundredFiftyFiveToOne) {
  const std::string zeros(std::size_t{64} << 20, '\0');
  const std::string data = compress(zeros, Codec::lz4);
  ASSERT_LT(data.size() * 250, zeros.size());
  Cost c = pack_cost(pack_of(Codec::lz4, zeros.size(), data));
  ASSERT_TRUE(c.error);
  EXPECT_EQ(c.error->code, Code::limit);
  EXPECT_LE(c.total, 1024u);
  // The same with a size that is allowed, but is not true.
  c = pack_cost(pack_of(Codec::lz4, std::size_t{4} << 20, data));
  ASSERT_TRUE(c.error);
  EXPECT_EQ(c.error->code, Code::compression);
  EXPECT_LE(c.total, (std::size_t{4} << 20) + 1024);
}

TEST(Bombs, GzipOfAThousandToOne) {
  const std::string zeros(std::size_t{4} << 20, '\0');
  const std::string data = compress(zeros, Codec::gzip);
  ASSERT_LT(data.size() * 900, zeros.size());
  Cost c = pack_cost(pack_of(Codec::gzip, zeros.size(), data));
  ASSERT_TRUE(c.error);
  EXPECT_EQ(c.error->code, Code::limit);
  EXPECT_LE(c.total, 1024u);
  c = pack_cost(pack_of(Codec::gzip, 100'000, data));  // lies: unpacking stops at the size declared
  ASSERT_TRUE(c.error);
  EXPECT_EQ(c.error->code, Code::compression);
  EXPECT_LE(c.total, 101'024u);
}

TEST(Bombs, PacksOfNothing) {
  for (const std::string& plain :
       {std::string("\xDD\xFF\xFF\xFF\xFF"), std::string("\xDD\x00\x01\x00\x00", 5),
        std::string("\x91\xC6\xFF\xFF\xFF\xFF")}) {
    const Cost c = pack_cost(encode_pack(plain, Codec::plain));
    ASSERT_TRUE(c.error);
    EXPECT_LE(c.total, 1024u) << to_string(*c.error);
  }
}

// Every invalid vector, whatever it is: in proportion.
TEST(Bombs, NoInvalidVectorIsDear) {
  for (const char* format : {"envelope", "pack", "ack", "head"}) {
    for (const vectors::Json& v : vectors::invalid(format)) {
      const std::string bytes = vectors::message(v);
      const Cost costs[] = {envelope_cost(bytes), pack_cost(bytes),
                            cost_of([&] { return decode_ack(bytes, Limits{}); }),
                            cost_of([&] { return decode_head(bytes, Limits{}); })};
      for (const Cost& c : costs) EXPECT_LE(c.total, 1024 + 40 * bytes.size()) << v.at("name");
    }
  }
}

}  // namespace
}  // namespace tributary::wire
