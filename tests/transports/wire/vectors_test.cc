// SPDX-License-Identifier: Apache-2.0
// The other files of tests/vectors through the codec, and the hex examples of docs/protocol.md
// against the vectors.
#include "tests/transports/wire/vectors.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include "transports/wire/ack.h"
#include "transports/wire/ask.h"
#include "transports/wire/evidence.h"
#include "transports/wire/pack.h"
#include "transports/wire/record.h"
#include "transports/wire/scalar.h"
#include "transports/wire/window_seal.h"

namespace tributary::wire {
namespace {

using vectors::Arena;
using vectors::hex;
using vectors::Json;
using vectors::number;

// --- what must be refused, for every format

using Decoder = std::function<std::optional<DecodeError>(const std::string&)>;

template <class F>
Decoder refusal_of(F decode) {
  return [decode](const std::string& bytes) -> std::optional<DecodeError> {
    const auto r = decode(bytes);
    if (r) return std::nullopt;
    return r.error();
  };
}

const std::map<std::string, Decoder>& decoders() {
  static const Limits limits;
  static const std::map<std::string, Decoder> all = {
      {"envelope", refusal_of([](const auto& b) { return decode_envelope(b, limits); })},
      {"scalar", refusal_of([](const auto& b) { return decode_scalar(b); })},
      {"pack", refusal_of([](const auto& b) { return decode_pack(b, limits); })},
      {"batch", refusal_of([](const auto& b) { return decode_batch(b, limits); })},
      {"state", refusal_of([](const auto& b) { return decode_state_part(b, limits); })},
      {"ask", refusal_of([](const auto& b) { return decode_ask(b, limits); })},
      {"answer", refusal_of([](const auto& b) { return decode_answer(b, limits); })},
      {"ack", refusal_of([](const auto& b) { return decode_ack(b, limits); })},
      {"head", refusal_of([](const auto& b) { return decode_head(b, limits); })},
      {"evidence", refusal_of([](const auto& b) { return decode_evidence(b, limits); })},
      {"cosignature", refusal_of([](const auto& b) { return decode_cosignature(b, limits); })},
      {"proposal", refusal_of([](const auto& b) { return decode_seal_proposal(b, limits); })},
      {"seal_part", refusal_of([](const auto& b) { return decode_seal_part(b, limits); })},
      {"seal", refusal_of([](const auto& b) { return decode_window_seal(b, limits); })},
      {"record", refusal_of([](const auto& b) { return decode_key_record(b); })},
      {"closing", refusal_of([](const auto& b) { return decode_closing_record(b); })},
      {"settlement", refusal_of([](const auto& b) { return decode_settlement_record(b); })},
      {"withdrawal", refusal_of([](const auto& b) { return decode_withdrawal_record(b); })},
      {"exemption", refusal_of([](const auto& b) { return decode_exemption_record(b); })},
      {"removal", refusal_of([](const auto& b) { return decode_removal_record(b); })}};
  return all;
}

class EveryFormat : public testing::TestWithParam<std::string> {};

TEST_P(EveryFormat, RefusesTheInvalidVectorsByName) {
  const Json invalid = vectors::invalid(GetParam());
  EXPECT_GE(invalid.size(), 8u);
  for (const Json& v : invalid) {
    SCOPED_TRACE(v.at("name"));
    const auto error = decoders().at(GetParam())(vectors::message(v));
    ASSERT_TRUE(error);
    EXPECT_STREQ(name(error->code), v.at("error").get<std::string>().c_str()) << to_string(*error);
  }
}

// A valid message cut anywhere is refused, and so is one with a byte too many.
TEST_P(EveryFormat, RefusesEveryTruncation) {
  for (const Json& v : vectors::valid(GetParam())) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    ASSERT_FALSE(decoders().at(GetParam())(bytes));
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      const auto error = decoders().at(GetParam())(bytes.substr(0, n));
      ASSERT_TRUE(error) << "cut at " << n;
      EXPECT_EQ(error->code, DecodeError::Code::truncated) << "cut at " << n;
      EXPECT_LE(error->offset, n);
    }
    const auto longer = decoders().at(GetParam())(bytes + '\0');
    ASSERT_TRUE(longer);
    EXPECT_EQ(longer->code, DecodeError::Code::trailing);
  }
}

// Any one bit turned over: refused, or another valid message; never a crash (run under sanitizers).
TEST_P(EveryFormat, SurvivesEveryBitFlip) {
  std::size_t accepted = 0, refused = 0;
  for (const Json& v : vectors::valid(GetParam())) {
    std::string bytes = vectors::message(v);
    if (bytes.size() > 2'000) continue;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const char mask = static_cast<char>(1 << (bit % 8));
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
      ++(decoders().at(GetParam())(bytes) ? refused : accepted);
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_GT(accepted, 0u);
}

INSTANTIATE_TEST_SUITE_P(Wire, EveryFormat,
                         testing::Values("envelope", "scalar", "pack", "batch", "state", "ask",
                                         "answer", "ack", "head", "evidence", "cosignature",
                                         "proposal", "seal_part", "seal", "record", "closing",
                                         "settlement", "withdrawal", "exemption"),
                         [](const auto& format) { return format.param; });

// --- scalars

Json fields_of(const Scalar& s) {
  const auto of = [](const char* kind, Json value) {
    return Json{{"kind", kind}, {"value", std::move(value)}};
  };
  if (const auto* v = std::get_if<bool>(&s)) return of("bool", *v);
  if (const auto* v = std::get_if<std::uint64_t>(&s)) return of("uint", std::to_string(*v));
  if (const auto* v = std::get_if<std::int64_t>(&s)) return of("int", std::to_string(*v));
  if (const auto* v = std::get_if<std::string>(&s)) return of("str", *v);
  if (const auto* v = std::get_if<Blob>(&s)) return of("bin", hex(v->bytes));
  if (const auto* v = std::get_if<double>(&s)) {
    std::string big_endian(8, '\0');
    std::memcpy(big_endian.data(), v, 8);
    return of("float", hex(std::string(big_endian.rbegin(), big_endian.rend())));
  }
  return of("nil", nullptr);
}

TEST(ScalarVectors, BothWaysAndAsJson) {
  for (const Json& v : vectors::valid("scalar")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto scalar = decode_scalar(bytes);
    ASSERT_TRUE(scalar) << to_string(scalar.error());
    EXPECT_EQ(fields_of(*scalar), v.at("fields"));
    const auto again = encode_scalar(*scalar);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, bytes);
    EXPECT_EQ(json_of_scalar(bytes), v.at("json").get<std::string>());
  }
}

// --- packs, batches, states

TEST(PackVectors, BothWays) {
  for (const Json& v : vectors::valid("pack")) {
    SCOPED_TRACE(v.at("name"));
    const Json& f = v.at("fields");
    const auto pack = decode_pack(vectors::message(v), Limits{});
    ASSERT_TRUE(pack) << to_string(pack.error());
    Json envelopes = Json::array();
    for (const std::string_view e : pack->envelopes) envelopes.push_back(hex(e));
    EXPECT_EQ(envelopes, f.at("envelopes"));
    EXPECT_EQ(pack->plain->size(), f.at("size").get<std::size_t>());
    EXPECT_EQ(hex(sha256(*pack->plain).view()), v.at("plain_sha256"));

    const auto codec = static_cast<Codec>(f.at("codec").get<int>());
    const std::string again = encode_pack(pack->envelopes, codec);
    if (codec == Codec::plain) {
      EXPECT_EQ(hex(again), v.at("hex"));
    }
    const auto twice = decode_pack(again, Limits{});
    ASSERT_TRUE(twice) << to_string(twice.error());
    EXPECT_EQ(*twice->plain, *pack->plain);
    EXPECT_EQ(again[2], static_cast<char>(codec)) << "was not smaller";
  }
}

TEST(BatchVectors, BothWays) {
  for (const Json& v : vectors::valid("batch")) {
    const std::string bytes = vectors::message(v);
    const auto b = decode_batch(bytes, Limits{});
    ASSERT_TRUE(b) << to_string(b.error());
    const Json fields = {{"gateway", b->gateway},
                         {"incarnation", number(b->incarnation)},
                         {"session", number(b->session)},
                         {"number", number(b->number)},
                         {"pack", hex(b->pack)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*b), bytes);
  }
}

TEST(StateVectors, BothWays) {
  for (const Json& v : vectors::valid("state")) {
    const std::string bytes = vectors::message(v);
    const auto s = decode_state_part(bytes, Limits{});
    ASSERT_TRUE(s) << to_string(s.error());
    const Json fields = {{"gateway", s->gateway}, {"incarnation", number(s->incarnation)},
                         {"bucket", s->bucket},   {"part", s->part},
                         {"parts", s->parts},     {"pack", hex(s->pack)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*s), bytes);
  }
}

// --- acks and heads

Json fields_of(const ActorAck& a) {
  Json points = Json::array(), removals = Json::array(), refusals = Json::array();
  for (const Point& p : a.points) points.push_back({number(p.op), hex(p.hash.view())});
  for (const std::string_view e : a.removals) removals.push_back(hex(e));
  for (const Refusal& f : a.refusals) {
    Json keys = Json::array();
    for (const auto& key : f.keys) keys.push_back({key.first, key.second});
    refusals.push_back({{"to", number(f.to)}, {"keys", keys}, {"rule", f.rule}});
  }
  return {{"epoch", number(a.epoch)},
          {"op", number(a.op)},
          {"hash", a.op == 0 ? "" : to_hex(a.hash.view())},
          {"points", points},
          {"send_from_zero", a.send_from_zero},
          {"removals", removals},
          {"refusals", refusals}};
}

TEST(AckVectors, BothWays) {
  for (const Json& v : vectors::valid("ack")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto a = decode_ack(bytes, Limits{});
    ASSERT_TRUE(a) << to_string(a.error());
    Json actors = Json::array();
    for (const ActorAck& x : a->actors) actors.push_back(fields_of(x));
    const Json fields = {{"fleet", a->fleet},
                         {"gateway", a->gateway},
                         {"incarnation", number(a->incarnation)},
                         {"hlc", number(a->hlc.packed)},
                         {"device", a->device},
                         {"actors", actors}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(seal(encode_body(*a)), bytes);
  }
}

Json fields_of(std::size_t bucket, const BucketHead& b) {
  const auto of = [](const std::optional<Hash>& h) { return h ? to_hex(h->view()) : ""; };
  return {{"bucket", bucket},         {"digest", hex(b.digest.view())},
          {"unknown", of(b.unknown)}, {"live", number(b.live)},
          {"parts", b.parts},         {"published", of(b.published)}};
}

TEST(HeadVectors, BothWays) {
  for (const Json& v : vectors::valid("head")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto h = decode_head(bytes, Limits{});
    ASSERT_TRUE(h) << to_string(h.error());
    Json buckets = Json::array();
    for (std::size_t i = 0; i < h->buckets.size(); ++i)
      if (h->buckets[i]) buckets.push_back(fields_of(i, *h->buckets[i]));
    const Json fields = {{"fleet", h->fleet},
                         {"gateway", h->gateway},
                         {"incarnation", number(h->incarnation)},
                         {"session", number(h->session)},
                         {"number", number(h->number)},
                         {"hlc", number(h->hlc.packed)},
                         {"types", h->types},
                         {"buckets", buckets}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(seal(encode_body(*h)), bytes);
  }
}

// --- evidence

TEST(EvidenceVectors, BothWays) {
  for (const Json& v : vectors::valid("evidence")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    EXPECT_TRUE(is_evidence(bytes));
    const auto e = decode_evidence(bytes, Limits{});
    ASSERT_TRUE(e) << to_string(e.error());
    const Json fields = {{"first", hex(*e->first.bytes)}, {"second", hex(*e->second.bytes)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(to_hex(e->id.view()), v.at("id"));
    EXPECT_EQ(encode_evidence(e->second, e->first), bytes);
  }
}

// --- sealed windows

Json fields_of(const SealStatement& s) {
  return {{"fleet", s.fleet},
          {"opens", number(s.opens_ms)},
          {"closes", number(s.closes_ms)},
          {"members", s.members},
          {"digest", hex(s.digest.view())},
          {"content", hex(s.content.view())},
          {"envelopes", number(s.envelopes)}};
}

TEST(CosignatureVectors, BothWays) {
  for (const Json& v : vectors::valid("cosignature")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto c = decode_cosignature(bytes, Limits{});
    ASSERT_TRUE(c) << to_string(c.error());
    EXPECT_EQ(fields_of(c->statement), v.at("fields"));
    EXPECT_EQ(seal(encode_body(c->statement), c->sealed.key_id, c->sealed.signature), bytes);
  }
}

TEST(ProposalVectors, BothWays) {
  for (const Json& v : vectors::valid("proposal")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto p = decode_seal_proposal(bytes, Limits{});
    ASSERT_TRUE(p) << to_string(p.error());
    const Json fields = {{"fleet", p->fleet},
                         {"gateway", p->gateway},
                         {"statement", hex(p->statement)},
                         {"parts", p->parts}};
    EXPECT_EQ(fields, v.at("fields"));
    const auto sealed = decode_sealed(bytes, Limits{});
    EXPECT_EQ(seal(encode_body(*p), sealed->key_id, sealed->signature), bytes);
  }
}

TEST(SealPartVectors, BothWays) {
  for (const Json& v : vectors::valid("seal_part")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto p = decode_seal_part(bytes, Limits{});
    ASSERT_TRUE(p) << to_string(p.error());
    const Json fields = {{"gateway", p->gateway},
                         {"closes", number(p->closes_ms)},
                         {"part", p->part},
                         {"parts", p->parts},
                         {"pack", hex(p->pack)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*p), bytes);
  }
}

TEST(SealVectors, BothWays) {
  for (const Json& v : vectors::valid("seal")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto s = decode_window_seal(bytes, Limits{});
    ASSERT_TRUE(s) << to_string(s.error());
    Json cosigned = Json::array();
    for (const WindowSeal::By& by : s->cosigned)
      cosigned.push_back({by.gateway, hex(by.key_id), hex(by.signature)});
    EXPECT_EQ((Json{{"body", hex(s->body)}, {"cosigned", cosigned}}), v.at("fields"));
    EXPECT_EQ(fields_of(s->statement), v.at("statement"));
    EXPECT_EQ(encode_window_seal(s->body, s->cosigned), bytes);
  }
}

TEST(SealVectors, StatementsAreReadByThemselves) {
  for (const Json& v : vectors::valid("seal")) {
    const std::string bytes = vectors::message(v);
    const auto s = decode_window_seal(bytes, Limits{});
    ASSERT_TRUE(s);
    const auto statement = decode_seal_statement(s->body, Limits{});
    ASSERT_TRUE(statement) << to_string(statement.error());
    EXPECT_EQ(fields_of(*statement), v.at("statement"));
    EXPECT_EQ(encode_body(*statement), s->body);
    EXPECT_FALSE(decode_seal_statement(s->body, {.body_bytes_max = 10}));
    EXPECT_FALSE(decode_seal_statement(bytes, Limits{})) << "a frame is no statement";
    EXPECT_FALSE(decode_window_seal(bytes, {.sealed_bytes_max = 10}));
    EXPECT_FALSE(decode_seal_part(bytes, {.payload_bytes_max = 10}));
    EXPECT_FALSE(decode_seal_part(bytes, Limits{})) << "a seal is no part";
  }
}

TEST(SealVectors, TheContentIsTheHashOfHashesInOrder) {
  const Hash a = sha256("a"), b = sha256("b");
  const auto& [first, second] = std::minmax(a, b);
  const std::string both = std::string(first.view()) + std::string(second.view());
  EXPECT_EQ(content_hash({first, second}), sha256(both));
  EXPECT_EQ(content_hash({}), sha256(""));
}

TEST(SealVectors, TheQuorumIsMoreThanTwoThirds) {
  for (std::size_t n = 1; n <= seal_members_max; ++n) {
    EXPECT_GT(3 * seal_quorum(n), 2 * n);
    EXPECT_LE(3 * (seal_quorum(n) - 1), 2 * n);
    EXPECT_LE(seal_quorum(n), n);
  }
}

// --- records of the registry

TEST(RecordVectors, BothWays) {
  for (const Json& v : vectors::valid("record")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto r = decode_key_record(bytes);
    ASSERT_TRUE(r) << to_string(r.error());
    const Json fields = {{"role", r->role}, {"id", r->id}, {"key", hex(r->key)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*r), bytes);
  }
}

TEST(ClosingVectors, BothWays) {
  for (const Json& v : vectors::valid("closing")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto r = decode_closing_record(bytes);
    ASSERT_TRUE(r) << to_string(r.error());
    const Json fields = {{"device", r->device},
                         {"epoch", r->epoch ? Json(*r->epoch) : Json(nullptr)},
                         {"key", hex(r->key)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*r), bytes);
  }
}

// A part of a list of envelopes.
template <class Record>
Json list_of(const Record& r) {
  Json hashes = Json::array();
  for (const Hash& hash : r.hashes) hashes.push_back(hex(hash.view()));
  return {{"id", r.id}, {"part", r.part}, {"parts", r.parts}, {"hashes", hashes}};
}

TEST(SettlementVectors, BothWays) {
  for (const Json& v : vectors::valid("settlement")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto r = decode_settlement_record(bytes);
    ASSERT_TRUE(r) << to_string(r.error());
    Json fields = list_of(*r);
    fields["device"] = r->device;
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*r), bytes);
  }
}

TEST(WithdrawalVectors, BothWays) {
  for (const Json& v : vectors::valid("withdrawal")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto r = decode_withdrawal_record(bytes);
    ASSERT_TRUE(r) << to_string(r.error());
    EXPECT_EQ(Json({{"grant", hex(r->grant.view())}}), v.at("fields"));
    EXPECT_EQ(encode(*r), bytes);
  }
}

TEST(ExemptionVectors, BothWays) {
  for (const Json& v : vectors::valid("exemption")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto r = decode_exemption_record(bytes);
    ASSERT_TRUE(r) << to_string(r.error());
    Json fields = list_of(*r);
    fields["grant"] = hex(r->grant.view());
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*r), bytes);
  }
}

TEST(RemovalVectors, BothWays) {
  for (const Json& v : vectors::valid("removal")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto r = decode_removal_record(bytes);
    ASSERT_TRUE(r) << to_string(r.error());
    EXPECT_EQ(Json({{"key", r->key}, {"device", r->device}, {"epoch", r->epoch}, {"op", r->op}}),
              v.at("fields"));
    EXPECT_EQ(encode(*r), bytes);
  }
}

// --- names, hashes

TEST(NameVectors, KeysIdsAndBuckets) {
  const Json v = vectors::load("names");
  for (const Json& k : v.at("keys").at("valid")) EXPECT_TRUE(valid_key(k.get<std::string>())) << k;
  for (const Json& k : v.at("keys").at("invalid"))
    EXPECT_FALSE(valid_key(k.get<std::string>())) << k;
  for (const Json& i : v.at("ids").at("valid")) EXPECT_TRUE(valid_id(i.get<std::string>())) << i;
  for (const Json& i : v.at("ids").at("invalid")) EXPECT_FALSE(valid_id(i.get<std::string>())) << i;
  for (const Json& b : v.at("buckets"))
    EXPECT_EQ(bucket_of(b.at("device").get<std::string>(), number(b.at("epoch"))), b.at("bucket"));
}

TEST(DigestVectors, AtomHashesAndPublishedParts) {
  const Json v = vectors::load("digest");
  for (const Json& a : v.at("atoms"))
    EXPECT_EQ(hex(sha256(vectors::message(a)).view()), a.at("sha256")) << a.at("name");
  const Json& p = v.at("published");
  std::vector<std::map<Hash, std::string>> parts(p.at("parts").size());
  for (const Json& e : p.at("envelopes")) {
    const auto envelope = decode_envelope(vectors::from_hex(e), Limits{});
    ASSERT_TRUE(envelope);
    const auto& h = envelope->hash.bytes;
    const std::uint32_t first = static_cast<std::uint32_t>(h[0]) << 24 |
                                static_cast<std::uint32_t>(h[1]) << 16 |
                                static_cast<std::uint32_t>(h[2]) << 8 | h[3];
    parts[first % parts.size()][envelope->hash] = *envelope->bytes;
  }
  std::string hashes;
  for (const auto& part : parts) {
    std::vector<std::string_view> envelopes;
    for (const auto& e : part) envelopes.push_back(e.second);
    hashes += sha256(plain_pack(envelopes)).view();
  }
  EXPECT_EQ(hex(sha256(hashes).view()), p.at("published"));
}

// --- the page itself

// Fenced blocks "```hex FILE/NAME" hold the bytes of that vector, with comments after '#'.
TEST(ProtocolPage, ExamplesAreTheVectors) {
  std::istringstream page(vectors::read_file("docs/protocol.md"));
  std::string line, example, found;
  std::size_t examples = 0;
  while (std::getline(page, line)) {
    if (line.rfind("```hex ", 0) == 0) {
      example = line.substr(7);
      found.clear();
    } else if (line == "```" && !example.empty()) {
      const std::string file = example.substr(0, example.find('/'));
      const std::string wanted = example.substr(example.find('/') + 1);
      const Json all = vectors::load(file);
      std::string bytes;
      for (const Json& v : file == "session" ? all : all.at("valid"))
        if (v.value("name", v.value("said", "")) == wanted) bytes = v.at("hex");
      EXPECT_EQ(found, bytes) << example;
      example.clear();
      ++examples;
    } else if (!example.empty()) {
      for (const char c : line.substr(0, line.find('#')))
        if (c != ' ') found += c;
    }
  }
  EXPECT_GE(examples, 10u);
}

}  // namespace
}  // namespace tributary::wire
