// SPDX-License-Identifier: Apache-2.0
// Random valid deltas, acks and heads for RapidCheck properties: call from inside rc::check. Small
// numbers and the edges of every encoding are frequent.
//
//   Arena arena;
//   const Delta d = random_delta(arena);
#pragma once
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/transports/wire/vectors.h"
#include "transports/wire/ack.h"
#include "transports/wire/scalar.h"

namespace tributary::wire::random_messages {

using vectors::Arena;

inline std::uint64_t below(std::uint64_t n) {
  return *rc::gen::resize(100, rc::gen::inRange<std::uint64_t>(0, n));
}

inline std::uint64_t number_of(std::uint64_t min, std::uint64_t max) {
  static constexpr std::uint64_t edges[] = {
      0, 1, 127, 128, 255, 256, 65'535, 65'536, 0xFFFF'FFFF, 0x1'0000'0000, ~std::uint64_t{0}};
  const std::uint64_t v = below(3) == 0 ? edges[below(std::size(edges))] : below(1'000);
  return std::clamp(v, min, max);
}
inline std::uint64_t any_number() {
  return number_of(0, ~std::uint64_t{0});
}

inline std::string bytes_of(std::size_t max) {
  std::string out(below(max + 1), '\0');
  for (char& c : out) c = static_cast<char>(below(256));
  return out;
}

inline std::string id() {
  static constexpr std::string_view letters = "abzAZ09_-";
  std::string out(below(8) == 0 ? 64 : 1 + below(6), 'a');
  for (char& c : out) c = letters[below(letters.size())];
  return out;
}

inline std::string text(std::size_t max) {
  static const std::vector<std::string> pieces = {"a", "z", " ", "\"", "é", "温", "🌡", "\n"};
  std::string out;
  for (std::size_t n = below(max + 1); n > 0; --n) out += pieces[below(pieces.size())];
  return out;
}

inline std::string key() {
  std::string out = id();
  for (std::size_t n = below(3); n > 0; --n) out += "/" + id();
  return out.substr(0, out.find_last_not_of('/') + 1);
}

inline Scalar scalar() {
  switch (below(8)) {
    case 0:
      return std::monostate{};
    case 1:
      return below(2) == 0;
    case 2:
      return any_number();
    case 3:
      return -1 - static_cast<std::int64_t>(any_number() / 2);
    case 4:
      return static_cast<double>(below(100));
    case 5:
      return *rc::gen::arbitrary<double>();
    case 6:
      return text(40);
    default:
      return Blob{bytes_of(40)};
  }
}

// Canonical, of any shape, at most `depth` deep.
inline std::string value(std::size_t depth) {
  const std::size_t shape = depth == 0 ? 0 : below(3);
  std::string out;
  if (shape == 0) return *encode_scalar(scalar());
  const std::size_t n = below(4);
  if (shape == 1) {
    out += static_cast<char>(0x90 | n);
    for (std::size_t i = 0; i < n; ++i) out += value(depth - 1);
    return out;
  }
  std::set<std::string> keys;
  for (std::size_t i = 0; i < n; ++i) keys.insert(value(0));
  out += static_cast<char>(0x80 | keys.size());
  for (const std::string& k : keys) out += k + value(depth - 1);
  return out;
}

inline std::vector<std::uint64_t> ascending(std::uint64_t min, std::uint64_t max) {
  std::set<std::uint64_t> out;
  for (std::size_t n = below(20); n > 0 && min <= max; --n) out.insert(number_of(min, max));
  return {out.begin(), out.end()};
}

inline OrSetPayload orset(const Delta& d, const Entry& e, Arena& arena) {
  OrSetPayload out;
  for (const std::uint64_t op : ascending(e.lo + 1, e.hi))
    out.adds.push_back({op, arena.keep(bytes_of(20))});
  out.removed = ascending(1, e.lo);
  std::set<OrSetPayload::Foreign> foreign;
  for (std::size_t n = below(4); n > 0; --n) {
    const OrSetPayload::Foreign f{arena.keep(id()), any_number(), number_of(1, ~std::uint64_t{0})};
    if (f.device != d.device || f.epoch != d.epoch) foreign.insert(f);
  }
  out.foreign.assign(foreign.begin(), foreign.end());
  return out;
}

inline Payload payload(const Delta& d, const Entry& e, Arena& arena) {
  std::set<std::string> elements;
  GSetPayload set;
  switch (e.type) {
    case 1:
      return GCounterPayload{number_of(1, ~std::uint64_t{0})};
    case 2:
      return PnCounterPayload{any_number(), number_of(1, ~std::uint64_t{0})};
    case 3:
      for (std::size_t n = below(20); n > 0; --n) elements.insert(bytes_of(20));
      for (const std::string& x : elements) set.elements.push_back(arena.keep(x));
      return set;
    case 4:
      return orset(d, e, arena);
    case 5: {
      const auto v = encode_scalar(scalar());
      return LwwPayload{number_of(1, d.to), crdt::Hlc{any_number()}, arena.keep(v ? *v : "\xC0")};
    }
    default:
      return UnknownPayload{arena.keep(value(8))};
  }
}

inline Delta random_delta(Arena& arena) {
  Delta d;
  d.fleet = arena.keep(id());
  d.device = arena.keep(id());
  d.epoch = any_number();
  d.from = number_of(0, ~std::uint64_t{0} - 1);
  d.to = number_of(d.from + 1, ~std::uint64_t{0});
  d.id = any_number();
  d.parts = static_cast<std::uint32_t>(number_of(1, 65'535));
  d.part = static_cast<std::uint32_t>(number_of(1, d.parts));
  d.hlc.packed = any_number();
  std::set<std::pair<std::string, std::uint8_t>> names;
  for (std::size_t n = below(20); n > 0; --n)
    names.emplace(key(), static_cast<std::uint8_t>(below(4) == 0 ? 1 + below(127) : 1 + below(5)));
  for (const auto& n : names) {
    Entry e;
    e.key = arena.keep(n.first);
    e.type = n.second;
    const bool whole = e.type == 1 || e.type == 2 || e.type == 5;
    e.lo = whole ? 0 : number_of(0, d.to - 1);
    e.hi = whole ? d.to : number_of(e.lo + 1, d.to);
    e.payload = payload(d, e, arena);
    d.entries.push_back(std::move(e));
  }
  return d;
}

inline Hash random_hash() {
  Hash h;
  for (unsigned char& b : h.bytes) b = static_cast<unsigned char>(below(256));
  return h;
}

inline Ack random_ack(Arena& arena) {
  Ack a;
  a.fleet = arena.keep(id());
  a.gateway = arena.keep(id());
  a.device = arena.keep(id());
  a.incarnation = any_number();
  a.hlc.packed = any_number();
  for (const std::uint64_t epoch : ascending(0, ~std::uint64_t{0})) {
    ActorAck x;
    x.epoch = epoch;
    x.op = any_number();
    if (x.op != 0) x.hash = random_hash();
    for (const std::uint64_t op : ascending(1, ~std::uint64_t{0}))
      if (x.points.size() < ack_points_max) x.points.push_back({op, random_hash()});
    x.send_from_zero = below(2) == 0;
    for (std::size_t n = below(3); n > 0; --n) x.removals.push_back(arena.keep(bytes_of(100)));
    for (std::size_t n = below(3); n > 0; --n) {
      Refusal f;
      f.to = number_of(1, ~std::uint64_t{0});
      f.keys.emplace_back(arena.keep(key()), static_cast<std::uint8_t>(1 + below(127)));
      f.rule = arena.keep(text(40));
      x.refusals.push_back(std::move(f));
    }
    a.actors.push_back(std::move(x));
  }
  return a;
}

inline Head random_head(Arena& arena) {
  Head h;
  h.fleet = arena.keep(id());
  h.gateway = arena.keep(id());
  h.incarnation = any_number();
  h.session = any_number();
  h.number = any_number();
  h.hlc.packed = any_number();
  for (const std::uint64_t t : ascending(1, 127)) h.types.push_back(static_cast<std::uint8_t>(t));
  for (auto& b : h.buckets) {
    if (below(2) == 0) continue;
    b.emplace();
    b->digest = random_hash();
    if (below(2) == 0) b->unknown = random_hash();
    b->live = any_number();
    if (below(2) == 0) continue;
    b->published = random_hash();
    b->parts = std::uint32_t{1} << below(17);
  }
  return h;
}

// One change to a message: a bit, a byte, some bytes away, doubled, or in from elsewhere.
inline std::string mutated(std::string bytes) {
  if (bytes.empty()) return std::string(1, static_cast<char>(below(256)));
  const std::size_t at = below(bytes.size());
  const std::size_t n = 1 + below(std::min<std::size_t>(8, bytes.size() - at));
  switch (below(6)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
      break;
    case 1:
      bytes[at] = static_cast<char>(below(256));
      break;
    case 2:
      bytes.erase(at, n);
      break;
    case 3:
      bytes.insert(at, bytes.substr(at, n));
      break;
    case 4:
      bytes.replace(at, n, bytes.substr(below(bytes.size()), n));
      break;
    default: {  // a small number one more or less: still canonical, often out of range or order
      const int step = below(2) == 0 ? 1 : -1;
      bytes[at] = static_cast<char>(bytes[at] + step);
    }
  }
  return bytes;
}

}  // namespace tributary::wire::random_messages
