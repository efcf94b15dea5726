// SPDX-License-Identifier: Apache-2.0
// What is encoded decodes to the same, and what decodes encodes to the same bytes: one valid
// encoding. RapidCheck prints the seed; RC_PARAMS="seed=…" replays it.
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "tests/transports/wire/random_messages.h"
#include "transports/wire/pack.h"

namespace tributary::wire {
namespace {

using random_messages::below;
using vectors::Arena;

TEST(RoundTrip, EveryTypeInOneDelta) {
  Delta d;
  d.fleet = "f";
  d.device = "d1";
  d.epoch = 7;
  d.from = 2;
  d.to = 9;
  d.id = 5;
  d.hlc = crdt::Hlc::at(1000, 1);
  d.entries.push_back({"a", 1, 0, 9, GCounterPayload{300}, 0});
  d.entries.push_back({"a", 2, 0, 9, PnCounterPayload{3, 70000}, 0});
  d.entries.push_back({"b", 3, 2, 9, GSetPayload{{"", "x", "xy"}}, 0});
  d.entries.push_back(
      {"b", 4, 2, 9, OrSetPayload{{{3, "x"}, {9, "y"}}, {1, 2}, {{"d0", 1, 1}, {"d1", 8, 1}}}, 0});
  d.entries.push_back({"c", 5, 0, 9, LwwPayload{9, crdt::Hlc::at(5), "\x2a"}, 0});
  d.entries.push_back({"c", 77, 1, 9, UnknownPayload{"\x91\x01"}, 0});
  const std::string body = encode_delta(d);
  const auto e = decode_envelope(seal(body), Limits{});
  ASSERT_TRUE(e) << to_string(e.error());
  EXPECT_EQ(encode_delta(e->delta), body);
  for (const Entry& x : e->delta.entries) EXPECT_EQ(x.bytes, encoded_size(x));
  EXPECT_EQ(e->hash, sha256(body));
  EXPECT_EQ(e->sealed.body, body);
}

TEST(RoundTrip, RandomDeltas) {
  EXPECT_TRUE(rc::check("a delta decodes to what was encoded", [] {
    Arena arena;
    const Delta d = random_messages::random_delta(arena);
    const std::string body = encode_delta(d);
    const auto back = decode_delta(body, Limits{});
    if (!back) RC_FAIL(to_string(back.error()));
    RC_ASSERT(encode_delta(*back) == body);
    RC_ASSERT(back->entries.size() == d.entries.size());
    std::size_t offset = body.size();
    for (const Entry& e : back->entries) offset -= e.bytes;
    Delta again = *back;
    for (Entry& e : again.entries) {
      const std::size_t at = std::exchange(offset, offset + e.bytes);
      e = entry_at(body, at, d.device, d.epoch, d.to);
    }
    RC_ASSERT(encode_delta(again) == body);
    RC_ASSERT(back->device == d.device);
    RC_ASSERT(back->to == d.to);
    for (std::size_t i = 0; i < d.entries.size(); ++i) {
      RC_ASSERT(back->entries[i].key == d.entries[i].key);
      RC_ASSERT(back->entries[i].bytes == encoded_size(d.entries[i]));
    }
  }));
}

TEST(RoundTrip, RandomAcks) {
  EXPECT_TRUE(rc::check("an ack decodes to what was encoded", [] {
    Arena arena;
    const Ack a = random_messages::random_ack(arena);
    const std::string sealed = seal(encode_body(a));
    const auto back = decode_ack(sealed, Limits{});
    if (!back) RC_FAIL(to_string(back.error()));
    RC_ASSERT(seal(encode_body(*back)) == sealed);
    RC_ASSERT(back->actors.size() == a.actors.size());
    for (std::size_t i = 0; i < a.actors.size(); ++i) {
      RC_ASSERT(back->actors[i].points == a.actors[i].points);
      RC_ASSERT(back->actors[i].removals == a.actors[i].removals);
      RC_ASSERT(back->actors[i].refusals.size() == a.actors[i].refusals.size());
      RC_ASSERT(back->actors[i].send_from_zero == a.actors[i].send_from_zero);
    }
  }));
}

TEST(RoundTrip, RandomHeads) {
  EXPECT_TRUE(rc::check("a head decodes to what was encoded", [] {
    Arena arena;
    const Head h = random_messages::random_head(arena);
    const std::string sealed = seal(encode_body(h));
    const auto back = decode_head(sealed, Limits{});
    if (!back) RC_FAIL(to_string(back.error()));
    RC_ASSERT(back->buckets == h.buckets);
    RC_ASSERT(back->types == h.types);
    RC_ASSERT(seal(encode_body(*back)) == sealed);
  }));
}

TEST(RoundTrip, RandomPacks) {
  EXPECT_TRUE(rc::check("a pack unpacks to what was packed, with every codec", [] {
    Arena arena;
    std::vector<std::string_view> envelopes;
    for (std::size_t n = below(30); n > 0; --n) {
      const std::string bytes = random_messages::bytes_of(60);
      envelopes.push_back(arena.keep(bytes));
      if (below(2) == 0) envelopes.push_back(envelopes.back());  // something to compress
    }
    for (const Codec codec : {Codec::plain, Codec::lz4, Codec::gzip}) {
      const std::string packed = encode_pack(envelopes, codec);
      const auto back = decode_pack(packed, Limits{});
      if (!back) RC_FAIL(to_string(back.error()));
      RC_ASSERT(back->envelopes == envelopes);
      RC_ASSERT(packed.size() <= back->plain->size() + 16);
    }
  }));
}

TEST(RoundTrip, RandomScalars) {
  EXPECT_TRUE(rc::check("a scalar decodes to what was encoded", [] {
    const Scalar s = random_messages::scalar();
    const auto bytes = encode_scalar(s);
    if (!bytes) {
      RC_ASSERT(std::isnan(std::get<double>(s)));
      return;
    }
    const auto back = decode_scalar(*bytes);
    if (!back) RC_FAIL(to_string(back.error()));
    RC_ASSERT(*back == s);
    RC_ASSERT(vectors::Json::accept(json_of_scalar(*bytes)));
  }));
}

TEST(Scalars, EqualValuesHaveEqualBytes) {
  EXPECT_EQ(*encode_scalar(-0.0), *encode_scalar(0.0));
  EXPECT_EQ(*encode_scalar(std::int64_t{5}), *encode_scalar(std::uint64_t{5}));
  EXPECT_NE(*encode_scalar(2.0), *encode_scalar(std::uint64_t{2}));  // msgpack-c would say equal
}

TEST(Scalars, WhatCannotBeWrittenIsRefused) {
  EXPECT_EQ(encode_scalar(std::nan("")).error().code, DecodeError::Code::range);
  EXPECT_EQ(encode_scalar(std::string("\xC3")).error().code, DecodeError::Code::utf8);
  EXPECT_EQ(encode_scalar(std::string(65'534, 's')).error().code, DecodeError::Code::limit);
  EXPECT_TRUE(encode_scalar(std::string(65'533, 's')));
}

TEST(Json, ElementsAreTextOrBase64) {
  EXPECT_EQ(json_of_bytes("a\"\\\x01\x7F é"), "\"a\\\"\\\\\\u0001\\u007f é\"");
  EXPECT_EQ(json_of_bytes("1\r\n\t2"), "\"1\\r\\n\\t2\"");
  EXPECT_EQ(json_of_bytes("\xFF"), "{\"base64\":\"/w==\"}");
  EXPECT_EQ(json_of_bytes("\xFF\xFE\xFD"), "{\"base64\":\"//79\"}");
  EXPECT_EQ(json_of_scalar("\xC1"), "{\"base64\":\"wQ==\"}");  // not a scalar: shown as it is
  EXPECT_TRUE(rc::check("always JSON", [] {
    RC_ASSERT(vectors::Json::accept(json_of_bytes(random_messages::bytes_of(20))));
    RC_ASSERT(vectors::Json::accept(json_of_bytes(random_messages::text(20))));
  }));
}

TEST(Uploads, AnEnvelopeOrAPack) {
  Pack storage;
  Delta d;
  d.fleet = "f";
  d.device = "d";
  d.to = 1;
  const std::string envelope = seal(encode_delta(d));
  const auto one = split_upload(envelope, Limits{}, storage);
  ASSERT_TRUE(one);
  EXPECT_EQ(*one, std::vector<std::string_view>{envelope});

  const auto three =
      split_upload(encode_pack({envelope, "x", envelope}, Codec::lz4), Limits{}, storage);
  ASSERT_TRUE(three);
  EXPECT_EQ(*three, (std::vector<std::string_view>{envelope, "x", envelope}));

  const std::vector<std::string_view> alone = {envelope};
  const std::string inner_pack = encode_pack(alone, Codec::plain);
  const std::vector<std::string_view> packed = {inner_pack};
  const std::string nested = encode_pack(packed, Codec::plain);
  const auto inner = split_upload(nested, Limits{}, storage);
  ASSERT_TRUE(inner);
  const auto refused = decode_envelope((*inner)[0], Limits{});
  ASSERT_FALSE(refused) << "a pack in a pack is no envelope";
  EXPECT_EQ(refused.error().code, DecodeError::Code::version);

  const std::map<std::string, DecodeError::Code> bad = {{"", DecodeError::Code::truncated},
                                                        {"\x90", DecodeError::Code::type},
                                                        {"\x91\x09", DecodeError::Code::version},
                                                        {"hello", DecodeError::Code::type}};
  for (const auto& b : bad) {
    const auto r = split_upload(b.first, Limits{}, storage);
    ASSERT_FALSE(r) << b.first;
    EXPECT_EQ(r.error().code, b.second) << to_string(r.error());
  }
  EXPECT_EQ(split_upload(std::string(1'048'577, '\x94'), Limits{}, storage).error().code,
            DecodeError::Code::limit);
}

// However much a gateway has to say, the ack stays readable: a device that cannot read its acks is
// lost.
TEST(Acks, NeverOverALimit) {
  Ack a;
  a.fleet = "f";
  a.gateway = "g";
  a.device = "d";
  const std::string large(60'000, 'x'), rule = std::string(199, 'r') + "é", key(512, 'k');
  for (std::uint64_t epoch = 1; epoch <= 100; ++epoch) {
    ActorAck x;
    x.epoch = epoch;
    x.op = ~std::uint64_t{0};
    for (std::uint64_t op = 0; op < ack_points_max; ++op) x.points.push_back({~op, Hash{}});
    std::reverse(x.points.begin(), x.points.end());
    x.removals.assign(20, large);
    Refusal f;
    f.to = 1;
    f.keys.assign(40, {key, 1});
    f.rule = rule;
    x.refusals.assign(40, f);
    a.actors.push_back(std::move(x));
  }
  const std::string sealed = seal(encode_body(a));
  const auto back = decode_ack(sealed, Limits{});
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(back->actors.size(), ack_actors_max);
  EXPECT_EQ(back->actors[0].removals.size(), 2u);
  EXPECT_GE(back->actors[0].refusals.size(), 1u);
  EXPECT_EQ(back->actors[0].refusals[0].rule, std::string(199, 'r'));
  EXPECT_EQ(back->actors[0].refusals[0].keys.size(), refusal_keys_max);
}

TEST(Limits, AreThoseOfTheDeployment) {
  Delta d;
  d.fleet = "f";
  d.device = "d";
  d.to = 9;
  d.entries.push_back({"long/key", 1, 0, 9, GCounterPayload{1}, 0});
  d.entries.push_back({"set", 3, 0, 9, GSetPayload{{"a", "bb", "ccc"}}, 0});
  d.entries.push_back({"t", 5, 0, 9, LwwPayload{9, {}, "\xA3xyz"}, 0});
  const std::string bytes = seal(encode_delta(d));
  ASSERT_TRUE(decode_envelope(bytes, Limits{}));
  const auto refused = [&](const Limits& limits) {
    const auto r = decode_envelope(bytes, limits);
    return r ? std::string("accepted") : to_string(r.error());
  };
  EXPECT_EQ(refused({.sealed_bytes_max = 10}), "limit at byte 0: sealed");
  EXPECT_EQ(refused({.body_bytes_max = 10}), "limit at byte 2: sealed.body");
  EXPECT_EQ(refused({.entries_max = 2}), "limit at byte 17: delta.entries");
  EXPECT_EQ(refused({.key_bytes_max = 7}), "limit at byte 19: entry.key");
  EXPECT_NE(refused({.element_bytes_max = 2}).find("gset.element"), std::string::npos);
  EXPECT_NE(refused({.items_max = 2}).find("gset"), std::string::npos);
  EXPECT_NE(refused({.scalar_bytes_max = 3}).find("lww.value"), std::string::npos);
}

}  // namespace
}  // namespace tributary::wire
