// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/reference.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

namespace tributary::fuzz {
namespace {

using Value = msgpack::object;
namespace type = msgpack::type;

// --- section 1: text

// The code points of `text`; nullopt when it is not UTF-8 (RFC 3629).
std::optional<std::vector<std::uint32_t>> code_points(std::string_view text) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC0 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF8 ? 4
                                             : 0;
    if (length == 0 || i + length > text.size()) return std::nullopt;
    std::uint32_t c = length == 1 ? lead : lead & ((1U << (7 - length)) - 1);
    for (std::size_t k = 1; k < length; ++k) {
      const unsigned tail = static_cast<unsigned char>(text[i + k]);
      if (tail / 64 != 2) return std::nullopt;
      c = c * 64 + tail % 64;
    }
    const std::size_t shortest = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (shortest != length || c > 0x10FFFF || c / 0x800 == 0xD800 / 0x800) return std::nullopt;
    out.push_back(c);
    i += length;
  }
  return out;
}

bool key_character(std::uint32_t c) {
  const bool control = c <= 0x1F || (c >= 0x7F && c <= 0x9F);
  const bool no_character = (c >= 0xFDD0 && c <= 0xFDEF) || c % 0x10000 >= 0xFFFE;
  return !control && !no_character && c != '+' && c != '#';
}

// --- section 1: canonical MessagePack, written by hand

void number(std::string& out, std::uint64_t v, std::size_t width) {
  for (std::size_t i = width; i > 0; --i) out += static_cast<char>(v >> (8 * (i - 1)) & 0xFF);
}
void lead(std::string& out, unsigned byte) {
  out += static_cast<char>(byte);
}
// The shortest of a fixed form below `fix_max`, and of 8, 16 and 32 bits (8 only where there is
// such a form).
void header(std::string& out, std::uint64_t n, unsigned fix, unsigned fix_max, unsigned wide,
            bool has_8) {
  if (n < fix_max) return lead(out, fix | static_cast<unsigned>(n));
  if (has_8 && n < 0x100) return lead(out, wide), number(out, n, 1);
  if (has_8) ++wide;
  if (n < 0x10000) return lead(out, wide), number(out, n, 2);
  lead(out, wide + 1), number(out, n, 4);
}

void write(std::string& out, const Value& v);

void write_integer(std::string& out, const Value& v) {
  if (v.type == type::POSITIVE_INTEGER) {
    const std::uint64_t n = v.via.u64;
    if (n < 0x80) return number(out, n, 1);
    const std::size_t width = n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x100000000 ? 4 : 8;
    lead(out, 0xCC + static_cast<unsigned>(std::countr_zero(width)));
    return number(out, n, width);
  }
  const std::int64_t n = v.via.i64;
  if (n >= -32) return number(out, static_cast<std::uint64_t>(n), 1);
  const std::size_t width = n >= -128 ? 1 : n >= -32768 ? 2 : n >= -2147483648LL ? 4 : 8;
  lead(out, 0xD0 + static_cast<unsigned>(std::countr_zero(width)));
  number(out, static_cast<std::uint64_t>(n), width);
}

void write(std::string& out, const Value& v) {
  switch (v.type) {
    case type::NIL:
      return lead(out, 0xC0);
    case type::BOOLEAN:
      return lead(out, v.via.boolean ? 0xC3 : 0xC2);
    case type::POSITIVE_INTEGER:
    case type::NEGATIVE_INTEGER:
      return write_integer(out, v);
    case type::FLOAT32:
    case type::FLOAT64:
      lead(out, 0xCB);
      return number(out, std::bit_cast<std::uint64_t>(v.via.f64), 8);
    case type::STR:
      header(out, v.via.str.size, 0xA0, 32, 0xD9, true);
      out.append(v.via.str.ptr, v.via.str.size);
      return;
    case type::BIN:
      header(out, v.via.bin.size, 0, 0, 0xC4, true);
      out.append(v.via.bin.ptr, v.via.bin.size);
      return;
    case type::ARRAY:
      header(out, v.via.array.size, 0x90, 16, 0xDC, false);
      for (std::size_t i = 0; i < v.via.array.size; ++i) write(out, v.via.array.ptr[i]);
      return;
    case type::MAP:
      header(out, v.via.map.size, 0x80, 16, 0xDE, false);
      for (std::size_t i = 0; i < v.via.map.size; ++i) {
        write(out, v.via.map.ptr[i].key);
        write(out, v.via.map.ptr[i].val);
      }
      return;
    default:
      return lead(out, 0xC1);  // ext: never what was read
  }
}

std::string written(const Value& v) {
  std::string out;
  write(out, v);
  return out;
}

// --- the values of the grammar

std::optional<std::uint64_t> uint_of(const Value& v) {
  if (v.type != type::POSITIVE_INTEGER) return std::nullopt;
  return v.via.u64;
}
bool uint_within(const Value& v, std::uint64_t min, std::uint64_t max) {
  return v.type == type::POSITIVE_INTEGER && v.via.u64 >= min && v.via.u64 <= max;
}
bool array_of(const Value& v, std::size_t n) {
  return v.type == type::ARRAY && v.via.array.size == n;
}
const Value& item(const Value& v, std::size_t i) {
  return v.via.array.ptr[i];
}
std::string_view str_of(const Value& v) {
  return v.type == type::STR ? std::string_view(v.via.str.ptr, v.via.str.size) : std::string_view{};
}
std::string_view bin_of(const Value& v) {
  return v.type == type::BIN ? std::string_view(v.via.bin.ptr, v.via.bin.size) : std::string_view{};
}
bool is_id(const Value& v) {
  return v.type == type::STR && reference_id(str_of(v));
}
bool is_element(const Value& v) {
  return v.type == type::BIN && v.via.bin.size <= 1'024;
}

// Any value, arrays and maps at most `depth` deep.
bool is_value(const Value& v, int depth) {
  switch (v.type) {
    case type::FLOAT64:
      return v.via.f64 == v.via.f64 && std::bit_cast<std::uint64_t>(v.via.f64) != 1ull << 63;
    case type::STR:
      return reference_utf8(str_of(v));
    case type::ARRAY:
      for (std::size_t i = 0; i < v.via.array.size; ++i)
        if (depth == 0 || !is_value(item(v, i), depth - 1)) return false;
      return depth > 0;
    case type::MAP:
      for (std::size_t i = 0; i < v.via.map.size; ++i) {
        const auto& pair = v.via.map.ptr[i];
        if (depth == 0 || !is_value(pair.key, depth - 1) || !is_value(pair.val, depth - 1))
          return false;
        if (i > 0 && written(v.via.map.ptr[i - 1].key) >= written(pair.key)) return false;
      }
      return depth > 0;
    case type::FLOAT32:
    case type::EXT:
      return false;
    default:
      return true;
  }
}

// --- section 3

struct Head {
  std::string_view device;
  std::uint64_t epoch = 0, to = 0;
};

bool is_gset(const Value& v) {
  if (v.type != type::ARRAY || v.via.array.size > 16'384) return false;
  for (std::size_t i = 0; i < v.via.array.size; ++i) {
    if (!is_element(item(v, i))) return false;
    if (i > 0 && bin_of(item(v, i - 1)) >= bin_of(item(v, i))) return false;
  }
  return true;
}

bool is_adds(const Value& v, std::uint64_t lo, std::uint64_t hi) {
  if (v.type != type::MAP || v.via.map.size > 16'384) return false;
  for (std::size_t i = 0; i < v.via.map.size; ++i) {
    const auto& add = v.via.map.ptr[i];
    if (!uint_of(add.key) || *uint_of(add.key) <= lo || *uint_of(add.key) > hi) return false;
    if (i > 0 && v.via.map.ptr[i - 1].key.via.u64 >= add.key.via.u64) return false;
    if (!is_element(add.val)) return false;
  }
  return true;
}

bool is_removed(const Value& v, std::uint64_t lo) {
  if (v.type != type::ARRAY || v.via.array.size > 16'384) return false;
  for (std::size_t i = 0; i < v.via.array.size; ++i) {
    if (!uint_within(item(v, i), 1, lo)) return false;
    if (i > 0 && item(v, i - 1).via.u64 >= item(v, i).via.u64) return false;
  }
  return true;
}

bool is_foreign(const Value& v, const Head& head) {
  if (v.type != type::ARRAY || v.via.array.size > 16'384) return false;
  std::optional<std::tuple<std::string_view, std::uint64_t, std::uint64_t>> last;
  for (std::size_t i = 0; i < v.via.array.size; ++i) {
    const Value& f = item(v, i);
    if (!array_of(f, 3) || !is_id(item(f, 0)) || !uint_of(item(f, 1)) ||
        !uint_within(item(f, 2), 1, ~0ull))
      return false;
    const std::tuple next(str_of(item(f, 0)), item(f, 1).via.u64, item(f, 2).via.u64);
    if (std::get<0>(next) == head.device && std::get<1>(next) == head.epoch) return false;
    if (last && *last >= next) return false;
    last = next;
  }
  return true;
}

bool is_payload(const Value& v, std::uint64_t kind, std::uint64_t lo, std::uint64_t hi,
                const Head& head) {
  const bool whole = kind == 1 || kind == 2 || kind == 5;
  if (whole && (lo != 0 || hi != head.to)) return false;
  switch (kind) {
    case 1:
      return uint_within(v, 1, ~0ull);
    case 2:
      return array_of(v, 2) && uint_of(item(v, 0)) && uint_of(item(v, 1)) &&
             (item(v, 0).via.u64 != 0 || item(v, 1).via.u64 != 0);
    case 3:
      return is_gset(v);
    case 4:
      return array_of(v, 3) && is_adds(item(v, 0), lo, hi) && is_removed(item(v, 1), lo) &&
             is_foreign(item(v, 2), head);
    case 5:
      return array_of(v, 3) && uint_within(item(v, 0), 1, head.to) && uint_of(item(v, 1)) &&
             is_value(item(v, 2), 0) && written(item(v, 2)).size() <= 65'536;
    default:
      return is_value(v, 8);
  }
}

bool is_entries(const Value& v, const Head& head) {
  if (v.type != type::ARRAY || v.via.array.size > 8'192) return false;
  for (std::size_t i = 0; i < v.via.array.size; ++i) {
    const Value& e = item(v, i);
    if (!array_of(e, 5) || e.via.array.ptr[0].type != type::STR ||
        !reference_key(str_of(item(e, 0))) || !uint_within(item(e, 1), 1, 127) ||
        !uint_of(item(e, 2)) || !uint_of(item(e, 3)))
      return false;
    const std::uint64_t lo = item(e, 2).via.u64, hi = item(e, 3).via.u64;
    if (lo >= hi || hi > head.to) return false;
    if (!is_payload(item(e, 4), item(e, 1).via.u64, lo, hi, head)) return false;
    if (i == 0) continue;
    const Value& before = item(v, i - 1);
    if (std::tuple(str_of(item(before, 0)), item(before, 1).via.u64) >=
        std::tuple(str_of(item(e, 0)), item(e, 1).via.u64))
      return false;
  }
  return true;
}

bool is_delta(const Value& v) {
  if (!array_of(v, 11) || !is_id(item(v, 0)) || item(v, 1).type != type::BOOLEAN ||
      !is_id(item(v, 2)))
    return false;
  for (std::size_t i = 3; i < 10; ++i)
    if (!uint_of(item(v, i))) return false;
  const std::uint64_t from = item(v, 4).via.u64, to = item(v, 5).via.u64;
  const std::uint64_t part = item(v, 7).via.u64, parts = item(v, 8).via.u64;
  if (from >= to || part < 1 || part > parts || parts > 65'535) return false;
  return is_entries(item(v, 10), {str_of(item(v, 2)), item(v, 3).via.u64, to});
}

// --- against ours

struct SamePayload {
  const Value& v;
  bool operator()(const wire::GCounterPayload& c) const { return v.via.u64 == c.p; }
  bool operator()(const wire::PnCounterPayload& c) const {
    return item(v, 0).via.u64 == c.p && item(v, 1).via.u64 == c.n;
  }
  bool operator()(const wire::GSetPayload& s) const {
    const Value* begin = v.via.array.ptr;
    return std::equal(begin, begin + v.via.array.size, s.elements.begin(), s.elements.end(),
                      [](const Value& a, std::string_view b) { return bin_of(a) == b; });
  }
  bool operator()(const wire::OrSetPayload& s) const {
    const auto& adds = item(v, 0).via.map;
    const auto& removed = item(v, 1).via.array;
    const auto& foreign = item(v, 2).via.array;
    return std::equal(adds.ptr, adds.ptr + adds.size, s.adds.begin(), s.adds.end(),
                      [](const auto& a, const auto& b) {
                        return a.key.via.u64 == b.op && bin_of(a.val) == b.element;
                      }) &&
           std::equal(removed.ptr, removed.ptr + removed.size, s.removed.begin(), s.removed.end(),
                      [](const Value& a, std::uint64_t b) { return a.via.u64 == b; }) &&
           std::equal(foreign.ptr, foreign.ptr + foreign.size, s.foreign.begin(), s.foreign.end(),
                      [](const Value& a, const wire::OrSetPayload::Foreign& b) {
                        return str_of(item(a, 0)) == b.device && item(a, 1).via.u64 == b.epoch &&
                               item(a, 2).via.u64 == b.op;
                      });
  }
  bool operator()(const wire::LwwPayload& p) const {
    return item(v, 0).via.u64 == p.op && item(v, 1).via.u64 == p.hlc.packed &&
           written(item(v, 2)) == p.value;
  }
  bool operator()(const wire::UnknownPayload& p) const { return written(v) == p.bytes; }
};

bool same_entry(const Value& v, const wire::Entry& e) {
  const bool is_known = e.type >= 1 && e.type <= 5;
  return str_of(item(v, 0)) == e.key && item(v, 1).via.u64 == e.type &&
         item(v, 2).via.u64 == e.lo && item(v, 3).via.u64 == e.hi &&
         e.payload.index() == (is_known ? e.type - 1u : 5u) &&
         std::visit(SamePayload{item(v, 4)}, e.payload) && written(v).size() == e.bytes;
}

}  // namespace

bool reference_utf8(std::string_view text) {
  return code_points(text).has_value();
}

bool reference_key(std::string_view key) {
  const auto characters = code_points(key);
  if (!characters || key.empty() || key.size() > 512) return false;
  if (!std::all_of(characters->begin(), characters->end(), key_character)) return false;
  if (key.front() == '/' || key.back() == '/' || key.find("//") != key.npos) return false;
  return std::count(key.begin(), key.end(), '/') < 64;
}

bool reference_id(std::string_view id) {
  static constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !id.empty() && id.size() <= 64 && id.find_first_not_of(letters) == id.npos;
}

struct ReferenceDelta::Object {
  msgpack::object_handle handle;
};

ReferenceDelta::ReferenceDelta(std::string_view body) {
  if (body.size() > 196'608) return;
  auto object = std::make_unique<Object>();
  try {
    // Every item takes a byte, so nothing valid has more of them than bytes.
    const std::size_t n = body.size();
    std::size_t at = 0;
    object->handle = msgpack::unpack(body.data(), n, at, nullptr, nullptr,
                                     msgpack::unpack_limit(n, n, n, n, 0, 32));
    if (at != n) return;
  } catch (const std::exception&) {  // msgpack-c has several kinds; all mean that it gave up
    return;
  }
  if (!is_delta(object->handle.get()) || written(object->handle.get()) != body) return;
  object_ = std::move(object);
}

ReferenceDelta::~ReferenceDelta() = default;

bool ReferenceDelta::same(const wire::Delta& d) const {
  const Value& v = object_->handle.get();
  const std::uint64_t numbers[] = {d.epoch, d.from, d.to, d.id, d.part, d.parts, d.hlc.packed};
  for (std::size_t i = 0; i < std::size(numbers); ++i)
    if (item(v, 3 + i).via.u64 != numbers[i]) return false;
  const auto& entries = item(v, 10).via.array;
  return str_of(item(v, 0)) == d.fleet && item(v, 1).via.boolean == d.is_signed &&
         str_of(item(v, 2)) == d.device &&
         std::equal(entries.ptr, entries.ptr + entries.size, d.entries.begin(), d.entries.end(),
                    same_entry);
}

}  // namespace tributary::fuzz
