// SPDX-License-Identifier: Apache-2.0
// tests/vectors/envelope.json through the codec: bytes to fields, fields to bytes, and what must be
// refused.
#include <gtest/gtest.h>

#include "tests/transports/wire/vectors.h"
#include "transports/wire/envelope.h"

namespace tributary::wire {
namespace {

using vectors::Arena;
using vectors::hex;
using vectors::Json;
using vectors::number;

Json to_json(const GCounterPayload& c) {
  return {{"p", number(c.p)}};
}
Json to_json(const PnCounterPayload& c) {
  return {{"p", number(c.p)}, {"n", number(c.n)}};
}
Json to_json(const UnknownPayload& p) {
  return {{"bytes", hex(p.bytes)}};
}
Json to_json(const LwwPayload& p) {
  return {{"op", number(p.op)}, {"hlc", number(p.hlc.packed)}, {"value", hex(p.value)}};
}
Json to_json(const GSetPayload& s) {
  Json elements = Json::array();
  for (const std::string_view e : s.elements) elements.push_back(hex(e));
  return {{"elements", elements}};
}
Json to_json(const OrSetPayload& s) {
  Json adds = Json::array(), removed = Json::array(), foreign = Json::array();
  for (const auto& a : s.adds) adds.push_back({number(a.op), hex(a.element)});
  for (const std::uint64_t op : s.removed) removed.push_back(number(op));
  for (const auto& f : s.foreign)
    foreign.push_back({std::string(f.device), number(f.epoch), number(f.op)});
  return {{"adds", adds}, {"removed", removed}, {"foreign", foreign}};
}

Json to_json(const Entry& e) {
  return {{"key", e.key},
          {"type", e.type},
          {"lo", number(e.lo)},
          {"hi", number(e.hi)},
          {"payload", std::visit([](const auto& p) { return to_json(p); }, e.payload)}};
}

Json to_json(const Envelope& e) {
  const Delta& d = e.delta;
  Json entries = Json::array();
  for (const Entry& x : d.entries) entries.push_back(to_json(x));
  const Json delta = {{"fleet", d.fleet},       {"signed", d.is_signed},
                      {"device", d.device},     {"epoch", number(d.epoch)},
                      {"from", number(d.from)}, {"to", number(d.to)},
                      {"id", number(d.id)},     {"part", d.part},
                      {"parts", d.parts},       {"hlc", number(d.hlc.packed)},
                      {"entries", entries}};
  return {
      {"key_id", hex(e.sealed.key_id)}, {"signature", hex(e.sealed.signature)}, {"delta", delta}};
}

OrSetPayload orset_of(const Json& p, Arena& arena) {
  OrSetPayload out;
  for (const Json& a : p.at("adds")) out.adds.push_back({number(a.at(0)), arena.bytes(a.at(1))});
  for (const Json& op : p.at("removed")) out.removed.push_back(number(op));
  for (const Json& f : p.at("foreign"))
    out.foreign.push_back({arena.text(f.at(0)), number(f.at(1)), number(f.at(2))});
  return out;
}

Payload payload_of(std::uint8_t type, const Json& p, Arena& arena) {
  GSetPayload set;
  switch (type) {
    case 1:
      return GCounterPayload{number(p.at("p"))};
    case 2:
      return PnCounterPayload{number(p.at("p")), number(p.at("n"))};
    case 3:
      for (const Json& e : p.at("elements")) set.elements.push_back(arena.bytes(e));
      return set;
    case 4:
      return orset_of(p, arena);
    case 5:
      return LwwPayload{number(p.at("op")), crdt::Hlc{number(p.at("hlc"))},
                        arena.bytes(p.at("value"))};
    default:
      return UnknownPayload{arena.bytes(p.at("bytes"))};
  }
}

Delta delta_of(const Json& f, Arena& arena) {
  Delta d;
  d.fleet = arena.text(f.at("fleet"));
  d.is_signed = f.at("signed").get<bool>();
  d.device = arena.text(f.at("device"));
  d.epoch = number(f.at("epoch"));
  d.from = number(f.at("from"));
  d.to = number(f.at("to"));
  d.id = number(f.at("id"));
  d.part = f.at("part").get<std::uint32_t>();
  d.parts = f.at("parts").get<std::uint32_t>();
  d.hlc.packed = number(f.at("hlc"));
  for (const Json& e : f.at("entries")) {
    Entry x;
    x.key = arena.text(e.at("key"));
    x.type = e.at("type").get<std::uint8_t>();
    x.lo = number(e.at("lo"));
    x.hi = number(e.at("hi"));
    x.payload = payload_of(x.type, e.at("payload"), arena);
    d.entries.push_back(std::move(x));
  }
  return d;
}

TEST(EnvelopeVectors, DecodeToTheirFields) {
  for (const Json& v : vectors::valid("envelope")) {
    SCOPED_TRACE(v.at("name"));
    const auto e = decode_envelope(vectors::message(v), Limits{});
    ASSERT_TRUE(e) << to_string(e.error());
    EXPECT_EQ(to_json(*e), v.at("fields"));
    EXPECT_EQ(to_hex(e->hash.view()), v.at("hash").get<std::string>());
    for (const Entry& x : e->delta.entries) EXPECT_EQ(x.bytes, encoded_size(x));
  }
}

TEST(EnvelopeVectors, FieldsEncodeToTheirBytes) {
  for (const Json& v : vectors::valid("envelope")) {
    SCOPED_TRACE(v.at("name"));
    Arena arena;
    const Json& f = v.at("fields");
    const std::string body = encode_delta(delta_of(f.at("delta"), arena));
    const std::string sealed =
        seal(body, arena.bytes(f.at("key_id")), arena.bytes(f.at("signature")));
    EXPECT_EQ(to_hex(sealed), v.at("hex").get<std::string>());
  }
}

TEST(EnvelopeVectors, InvalidOnesAreRefusedByName) {
  for (const Json& v : vectors::invalid("envelope")) {
    SCOPED_TRACE(v.at("name"));
    const auto e = decode_envelope(vectors::message(v), Limits{});
    ASSERT_FALSE(e);
    EXPECT_STREQ(name(e.error().code), v.at("error").get<std::string>().c_str())
        << to_string(e.error());
    EXPECT_STRNE(e.error().where, "");
  }
}

TEST(SessionVectors, EveryMessageIsValid) {
  for (const Json& step : vectors::load("session")) {
    SCOPED_TRACE(step.at("said"));
    const std::string bytes = vectors::message(step);
    const auto sealed = decode_sealed(bytes, Limits{});
    ASSERT_TRUE(sealed) << to_string(sealed.error());
    if (step.at("topic").get<std::string>().find("/up/") != std::string::npos) {
      const auto e = decode_envelope(bytes, Limits{});
      EXPECT_TRUE(e) << to_string(e.error());
    }
  }
}

}  // namespace
}  // namespace tributary::wire
