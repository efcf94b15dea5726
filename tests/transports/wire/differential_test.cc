// SPDX-License-Identifier: Apache-2.0
// Our reader against msgpack-c as the reference: whatever ours accepts, however it was damaged,
// msgpack-c reads as the same values, to the last byte. RapidCheck prints the seed;
// RC_PARAMS="seed=…" replays it.
#include <gtest/gtest.h>

#include <optional>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

#include "tests/transports/wire/random_messages.h"

namespace tributary::wire {
namespace {

using vectors::Arena;
using Object = msgpack::object;

// Throws std::bad_cast-like errors of msgpack-c when the shape is another.
struct Reference {
  explicit Reference(std::string_view bytes) {
    std::size_t at = 0;
    handle = msgpack::unpack(bytes.data(), bytes.size(), at);
    all_read_ = at == bytes.size();
  }
  bool whole() const { return all_read_; }

  msgpack::object_handle handle;

 private:
  bool all_read_ = false;
};

const Object& item(const Object& array, std::size_t i) {
  RC_ASSERT(array.type == msgpack::type::ARRAY);
  RC_ASSERT(i < array.via.array.size);
  return array.via.array.ptr[i];
}
std::size_t size_of(const Object& array) {
  RC_ASSERT(array.type == msgpack::type::ARRAY);
  return array.via.array.size;
}
std::uint64_t uint_of(const Object& o) {
  RC_ASSERT(o.type == msgpack::type::POSITIVE_INTEGER);
  return o.via.u64;
}
std::string_view bin_of(const Object& o) {
  RC_ASSERT(o.type == msgpack::type::BIN);
  return {o.via.bin.ptr, o.via.bin.size};
}
std::string_view str_of(const Object& o) {
  RC_ASSERT(o.type == msgpack::type::STR);
  return {o.via.str.ptr, o.via.str.size};
}

void same(const Object& o, const GCounterPayload& c) {
  RC_ASSERT(uint_of(o) == c.p);
}
void same(const Object& o, const PnCounterPayload& c) {
  RC_ASSERT(size_of(o) == 2u);
  RC_ASSERT(uint_of(item(o, 0)) == c.p);
  RC_ASSERT(uint_of(item(o, 1)) == c.n);
}
void same(const Object& o, const GSetPayload& s) {
  RC_ASSERT(size_of(o) == s.elements.size());
  for (std::size_t i = 0; i < s.elements.size(); ++i)
    RC_ASSERT(bin_of(item(o, i)) == s.elements[i]);
}
void same(const Object& o, const OrSetPayload& s) {
  RC_ASSERT(size_of(o) == 3u);
  const Object& adds = item(o, 0);
  RC_ASSERT(adds.type == msgpack::type::MAP);
  RC_ASSERT(adds.via.map.size == s.adds.size());
  for (std::size_t i = 0; i < s.adds.size(); ++i) {
    RC_ASSERT(uint_of(adds.via.map.ptr[i].key) == s.adds[i].op);
    RC_ASSERT(bin_of(adds.via.map.ptr[i].val) == s.adds[i].element);
  }
  RC_ASSERT(size_of(item(o, 1)) == s.removed.size());
  for (std::size_t i = 0; i < s.removed.size(); ++i)
    RC_ASSERT(uint_of(item(item(o, 1), i)) == s.removed[i]);
  RC_ASSERT(size_of(item(o, 2)) == s.foreign.size());
  for (std::size_t i = 0; i < s.foreign.size(); ++i) {
    const Object& f = item(item(o, 2), i);
    RC_ASSERT(size_of(f) == 3u);
    RC_ASSERT(str_of(item(f, 0)) == s.foreign[i].device);
    RC_ASSERT(uint_of(item(f, 1)) == s.foreign[i].epoch);
    RC_ASSERT(uint_of(item(f, 2)) == s.foreign[i].op);
  }
}

void same_scalar(const Object& o, const Scalar& s) {
  switch (o.type) {
    case msgpack::type::NIL:
      RC_ASSERT(std::holds_alternative<std::monostate>(s));
      break;
    case msgpack::type::BOOLEAN:
      RC_ASSERT(std::get<bool>(s) == o.via.boolean);
      break;
    case msgpack::type::POSITIVE_INTEGER:
      RC_ASSERT(std::get<std::uint64_t>(s) == o.via.u64);
      break;
    case msgpack::type::NEGATIVE_INTEGER:
      RC_ASSERT(std::get<std::int64_t>(s) == o.via.i64);
      break;
    case msgpack::type::FLOAT64:
      RC_ASSERT(std::get<double>(s) == o.via.f64);
      break;
    case msgpack::type::STR:
      RC_ASSERT(std::get<std::string>(s) == str_of(o));
      break;
    case msgpack::type::BIN:
      RC_ASSERT(std::get<Blob>(s).bytes == bin_of(o));
      break;
    default:
      RC_FAIL("a scalar that msgpack-c takes for something else");
  }
}

void same(const Object& o, const LwwPayload& p) {
  RC_ASSERT(size_of(o) == 3u);
  RC_ASSERT(uint_of(item(o, 0)) == p.op);
  RC_ASSERT(uint_of(item(o, 1)) == p.hlc.packed);
  const auto scalar = decode_scalar(p.value);
  RC_ASSERT(static_cast<bool>(scalar));
  same_scalar(item(o, 2), *scalar);
}

// Not msgpack-c's ==: it hands null pointers to memcmp when something is empty.
void same_object(const Object& a, const Object& b) {
  RC_ASSERT(a.type == b.type);
  switch (a.type) {
    case msgpack::type::ARRAY:
      RC_ASSERT(size_of(a) == size_of(b));
      for (std::size_t i = 0; i < size_of(a); ++i) same_object(item(a, i), item(b, i));
      break;
    case msgpack::type::MAP:
      RC_ASSERT(a.via.map.size == b.via.map.size);
      for (std::size_t i = 0; i < a.via.map.size; ++i) {
        same_object(a.via.map.ptr[i].key, b.via.map.ptr[i].key);
        same_object(a.via.map.ptr[i].val, b.via.map.ptr[i].val);
      }
      break;
    case msgpack::type::STR:
      RC_ASSERT(str_of(a) == str_of(b));
      break;
    case msgpack::type::BIN:
      RC_ASSERT(bin_of(a) == bin_of(b));
      break;
    case msgpack::type::BOOLEAN:
      RC_ASSERT(a.via.boolean == b.via.boolean);
      break;
    case msgpack::type::NIL:
      break;
    default:
      RC_ASSERT(a.via.u64 == b.via.u64);  // numbers, bit by bit
  }
}

void same(const Object& o, const UnknownPayload& p) {
  const Reference alone(p.bytes);
  RC_ASSERT(alone.whole());
  same_object(alone.handle.get(), o);
}

void same(const Object& o, const Delta& d) {
  RC_ASSERT(size_of(o) == 11u);
  RC_ASSERT(str_of(item(o, 0)) == d.fleet);
  RC_ASSERT(item(o, 1).type == msgpack::type::BOOLEAN);
  RC_ASSERT(item(o, 1).via.boolean == d.is_signed);
  RC_ASSERT(str_of(item(o, 2)) == d.device);
  const std::uint64_t numbers[] = {d.epoch, d.from, d.to, d.id, d.part, d.parts, d.hlc.packed};
  for (std::size_t i = 0; i < std::size(numbers); ++i)
    RC_ASSERT(uint_of(item(o, 3 + i)) == numbers[i]);
  const Object& entries = item(o, 10);
  RC_ASSERT(size_of(entries) == d.entries.size());
  for (std::size_t i = 0; i < d.entries.size(); ++i) {
    const Object& x = item(entries, i);
    const Entry& e = d.entries[i];
    RC_ASSERT(size_of(x) == 5u);
    RC_ASSERT(str_of(item(x, 0)) == e.key);
    RC_ASSERT(uint_of(item(x, 1)) == e.type);
    RC_ASSERT(uint_of(item(x, 2)) == e.lo);
    RC_ASSERT(uint_of(item(x, 3)) == e.hi);
    std::visit([&](const auto& p) { same(item(x, 4), p); }, e.payload);
  }
}

// True when ours accepts.
bool agrees(const std::string& body) {
  const auto d = decode_delta(body, Limits{});
  if (!d) {
    RC_ASSERT(d.error().offset <= body.size());
    return false;
  }
  const Reference reference(body);
  RC_ASSERT(reference.whole());
  same(reference.handle.get(), *d);
  RC_ASSERT(encode_delta(*d) == body);  // so there is no second encoding that ours accepts
  return true;
}

TEST(Differential, ValidDeltas) {
  EXPECT_TRUE(rc::check("msgpack-c reads the same", [] {
    Arena arena;
    RC_ASSERT(agrees(encode_delta(random_messages::random_delta(arena))));
  }));
}

TEST(Differential, DamagedDeltas) {
  std::size_t accepted = 0, refused = 0;
  EXPECT_TRUE(rc::check("what ours still accepts, msgpack-c reads the same", [&] {
    Arena arena;
    const std::string body = encode_delta(random_messages::random_delta(arena));
    for (int i = 0; i < 200; ++i) {
      std::string damaged = random_messages::mutated(body);
      while (random_messages::below(3) == 0) damaged = random_messages::mutated(damaged);
      ++(agrees(damaged) ? accepted : refused);
    }
  }));
  EXPECT_GT(accepted, 200u) << "the damage is too great to test anything";
  EXPECT_GT(refused, 200u);
}

TEST(Differential, DamagedScalars) {
  EXPECT_TRUE(rc::check("a scalar that ours accepts", [] {
    const auto bytes = encode_scalar(random_messages::scalar());
    for (int i = 0; bytes && i < 50; ++i) {
      const std::string damaged = random_messages::mutated(*bytes);
      const auto s = decode_scalar(damaged);
      if (!s) continue;
      const Reference reference(damaged);
      RC_ASSERT(reference.whole());
      same_scalar(reference.handle.get(), *s);
      RC_ASSERT(*encode_scalar(*s) == damaged);
    }
  }));
}

TEST(Differential, DamagedAcksAndHeads) {
  EXPECT_TRUE(rc::check("an ack or head that ours accepts has one encoding", [] {
    Arena arena;
    const std::string ack = encode_body(random_messages::random_ack(arena));
    const std::string head = encode_body(random_messages::random_head(arena));
    for (int i = 0; i < 50; ++i) {
      const std::string a = seal(random_messages::mutated(ack));
      if (const auto back = decode_ack(a, Limits{})) RC_ASSERT(seal(encode_body(*back)) == a);
      const std::string h = seal(random_messages::mutated(head));
      if (const auto back = decode_head(h, Limits{})) RC_ASSERT(seal(encode_body(*back)) == h);
    }
  }));
}

TEST(Differential, RandomBytes) {
  EXPECT_TRUE(rc::check("noise is refused or read the same", [] {
    for (int i = 0; i < 100; ++i) agrees(random_messages::bytes_of(100));
  }));
}

}  // namespace
}  // namespace tributary::wire
