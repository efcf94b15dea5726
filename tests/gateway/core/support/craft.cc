// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/core/support/craft.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "transports/wire/scalar.h"
#include "transports/wire/writer.h"

namespace tributary::core::testing {
namespace {

std::uint8_t number(wire::Type type) {
  return static_cast<std::uint8_t>(type);
}

wire::Entry entry(std::string_view key, wire::Type type, std::uint64_t lo, std::uint64_t hi,
                  wire::Payload payload) {
  wire::Entry e;
  e.key = key;
  e.type = number(type);
  e.lo = lo;
  e.hi = hi;
  e.payload = std::move(payload);
  return e;
}

std::string encoded(const wire::OrSetPayload& p) {
  wire::Writer w;
  w.array(3);
  w.map(p.adds.size());
  for (const auto& a : p.adds) {
    w.uint(a.op);
    w.bin(a.element);
  }
  w.array(p.removed.size());
  for (const std::uint64_t op : p.removed) w.uint(op);
  w.array(p.foreign.size());
  for (const auto& f : p.foreign) {
    w.array(3);
    w.str(f.device);
    w.uint(f.epoch);
    w.uint(f.op);
  }
  return w.take();
}

// Decodes an OR-Set's payload by putting it back into a delta of one entry.
wire::OrSetPayload decoded_payload(const wire::Entry& e) {
  const std::string_view bytes = std::get<wire::UnknownPayload>(e.payload).bytes;
  wire::Writer w;
  w.array(11);
  w.str("demo"), w.boolean(false), w.str("a"), w.uint(1), w.uint(0), w.uint(e.hi), w.uint(1);
  w.uint(1), w.uint(1), w.uint(0), w.array(1), w.array(5), w.str("k"), w.uint(4), w.uint(e.lo);
  w.uint(e.hi), w.raw(bytes);
  const auto delta = wire::decode_delta(keep(w.take()), {});
  EXPECT_TRUE(delta) << (delta ? "" : to_string(delta.error()));
  return std::get<wire::OrSetPayload>(delta->entries.at(0).payload);
}

}  // namespace

std::string_view keep(std::string text) {
  static std::deque<std::string> kept;
  return kept.emplace_back(std::move(text));
}

wire::Entry counter(std::string_view key, std::uint64_t hi, std::uint64_t p) {
  return entry(key, wire::Type::gcounter, 0, hi, wire::GCounterPayload{p});
}

wire::Entry up_down(std::string_view key, std::uint64_t hi, std::uint64_t p, std::uint64_t n) {
  return entry(key, wire::Type::pncounter, 0, hi, wire::PnCounterPayload{p, n});
}

wire::Entry grown(std::string_view key, std::uint64_t lo, std::uint64_t hi,
                  std::vector<std::string_view> elements) {
  std::sort(elements.begin(), elements.end());
  return entry(key, wire::Type::gset, lo, hi, wire::GSetPayload{std::move(elements)});
}

wire::Entry set(std::string_view key, std::uint64_t lo, std::uint64_t hi, Adds adds,
                std::vector<std::uint64_t> removed, Foreign foreign) {
  return entry(key, wire::Type::orset, lo, hi,
               wire::OrSetPayload{std::move(adds), std::move(removed), std::move(foreign)});
}

wire::Entry reg(std::string_view key, std::uint64_t hi, std::uint64_t op, crdt::Hlc hlc,
                std::uint64_t value) {
  const std::string_view bytes = keep(*wire::encode_scalar(wire::Scalar{value}));
  return entry(key, wire::Type::lww, 0, hi, wire::LwwPayload{op, hlc, bytes});
}

wire::Entry unknown(std::string_view key, std::uint8_t type, std::uint64_t lo, std::uint64_t hi,
                    std::string_view payload) {
  wire::Entry e = entry(key, wire::Type::orset, lo, hi, wire::UnknownPayload{payload});
  e.type = type;
  return e;
}

std::string envelope(const Frame& f, std::vector<wire::Entry> entries) {
  wire::Delta d;
  d.fleet = f.fleet;
  d.device = f.device;
  d.epoch = f.epoch;
  d.from = f.from;
  d.to = f.to;
  d.id = f.id;
  d.part = f.part;
  d.parts = f.parts;
  d.hlc = f.hlc;
  std::map<std::pair<std::string_view, std::uint8_t>, const wire::Entry*> sorted;
  for (const wire::Entry& e : entries) sorted[{e.key, e.type}] = &e;
  for (const auto& [name, e] : sorted) d.entries.push_back(*e);
  return wire::seal(wire::encode_delta(d));
}

std::string parts(std::uint64_t from, std::uint64_t to, std::uint64_t total,
                  std::string_view device) {
  return envelope({.device = device, .from = from, .to = to}, {counter("parts", to, total)});
}

std::string packed(const std::vector<std::string_view>& envelopes, wire::Codec codec) {
  return wire::encode_pack(envelopes, codec);
}

wire::Envelope decoded(std::string_view bytes) {
  auto e = wire::decode_envelope(bytes, wire::Limits{});
  if (!e) {
    ADD_FAILURE() << "not an envelope: " << to_string(e.error());
    std::abort();
  }
  return std::move(*e);
}

wire::Hash hash_of(std::string_view bytes) {
  return wire::sha256(wire::decode_sealed(bytes, wire::Limits{})->body);
}

std::string to_future(std::string_view bytes) {
  wire::Envelope e = decoded(bytes);
  for (wire::Entry& x : e.delta.entries) {
    if (x.type != number(wire::Type::orset)) continue;
    x.payload = wire::UnknownPayload{keep(encoded(std::get<wire::OrSetPayload>(x.payload)))};
    x.type = future_type;
  }
  return wire::seal(wire::encode_delta(e.delta));
}

std::string from_future(std::string_view bytes) {
  wire::Envelope e = decoded(bytes);
  for (wire::Entry& x : e.delta.entries) {
    if (x.type != future_type) continue;
    x.payload = decoded_payload(x);
    x.type = number(wire::Type::orset);
  }
  return wire::seal(wire::encode_delta(e.delta));
}

void Core::take(const wire::Envelope& e) {
  ActorRecord& actor = actors.intern(e.delta.device, e.delta.epoch);
  if (live.contains(e.hash)) return;
  std::vector<KeyState*> of_entries;
  for (const wire::Entry& x : e.delta.entries) {
    of_entries.push_back(&keys.intern(x.key, x.type));
    keys.apply(actor, *of_entries.back(), x, 1);
  }
  const auto gone = live.insert(e, actor, of_entries, ++rows, true);
  dropped.insert(dropped.end(), gone.begin(), gone.end());
  for (const auto& [key, holder] : keys.take_released()) {
    const auto more = live.recheck(*key, holder);
    dropped.insert(dropped.end(), more.begin(), more.end());
  }
  keys.take_foreign();
}

void Core::take(const wire::Evidence& pair) {
  const wire::Delta& d = pair.first.delta;
  ActorRecord& actor = actors.intern(d.device, d.epoch);
  const auto about = contradiction(d, pair.second.delta);
  EXPECT_TRUE(about) << "evidence of nothing";
  const bool proof = d.is_signed && pair.second.delta.is_signed;
  KeptEvidence kept{pair.id, pair.first.hash, pair.second.hash, pair.bytes, *about, proof, 0};
  if (evidence.better({&actor}, kept)) evidence.put({&actor}, std::move(kept), keys.digests());
}

void Core::take(std::string_view bytes) {
  if (!wire::is_evidence(bytes)) return take(decoded(bytes));
  const auto pair = wire::decode_evidence(bytes, wire::Limits{});
  ASSERT_TRUE(pair) << to_string(pair.error());
  take(*pair);
}

std::unique_ptr<Core> Core::rebuilt() const {
  auto out = std::make_unique<Core>();
  for (const auto& [hash, bytes] : held()) out->take(*bytes);
  return out;
}

std::vector<std::pair<wire::Hash, LiveSet::Bytes>> Core::held() const {
  auto all = live.page("", live.size());  // nothing of it is cold
  return std::move(*all);
}

std::string Core::digest() {
  return wire::to_hex(keys.digests().all().view());
}

std::string Core::unknown_digest() {
  return wire::to_hex(live.unknown_digests().all().view());
}

std::string Core::shows(std::string_view key, wire::Type type) const {
  const KeyState* k = keys.find(key, number(type));
  return k == nullptr ? "nothing" : k->json();
}

}  // namespace tributary::core::testing
