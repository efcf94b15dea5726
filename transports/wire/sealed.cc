// SPDX-License-Identifier: Apache-2.0
// The frame (docs/protocol.md section 2) and the text rules of ids and keys (section 1).
#include <algorithm>
#include <array>
#include <cassert>

#include "transports/wire/envelope.h"
#include "transports/wire/reader.h"
#include "transports/wire/utf8.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::size_t key_id_bytes_max = 32;
constexpr std::size_t signature_bytes = 64;

bool read_sealed(Reader& r, Sealed& out, const Limits& limits) {
  if (!r.frame(protocol_version, 4, "sealed", "sealed.version") ||
      !r.bin(out.body, limits.body_bytes_max, "sealed.body") ||
      !r.bin(out.key_id, key_id_bytes_max, "sealed.key_id") ||
      !r.bin(out.signature, signature_bytes, "sealed.signature"))
    return false;
  const bool whole = out.signature.size() == signature_bytes;
  if (!(whole || out.signature.empty()) || whole == out.key_id.empty())
    return r.fail(Code::range, "sealed.signature");
  return r.end("sealed");
}

// What an ASCII character may do. Looked up: ids and keys are most of what a gateway reads.
enum Use : unsigned char { nothing, in_key, in_both, slash };

constexpr std::array<Use, 128> uses = [] {
  std::array<Use, 128> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool printable = c >= 0x20 && c != 0x7F && c != '+' && c != '#';
    table[c] = alnum || c == '_' || c == '-' ? in_both : printable ? in_key : nothing;
  }
  table['/'] = slash;
  return table;
}();

bool id_character(char c) {
  const auto b = static_cast<unsigned char>(c);
  return b < uses.size() && uses[b] == in_both;
}

// How many plain characters `key` begins with: of most keys all between two slashes.
std::size_t plain_characters(std::string_view key) {
  std::size_t n = 0;
  for (; n < key.size(); ++n) {
    const auto b = static_cast<unsigned char>(key[n]);
    if (b >= uses.size() || uses[b] == nothing || uses[b] == slash) break;
  }
  return n;
}

// Keys end up in topics: what a broker refuses there (Mosquitto drops the publisher's connection)
// is no key.
bool key_code_point(std::uint32_t c) {
  if (c < uses.size()) return uses[c] != nothing;
  return c > 0x9F && !(c >= 0xFDD0 && c <= 0xFDEF) && (c & 0xFFFE) != 0xFFFE;
}

// One character off the front of `key`; false when it may not be in a key.
bool take_character(std::string_view& key, bool& is_slash) {
  const auto b = static_cast<unsigned char>(key.front());
  std::uint32_t c = b;
  is_slash = b == '/';
  if (b >= uses.size()) return next_code_point(key, c) && key_code_point(c);
  key.remove_prefix(1);
  return uses[b] != nothing;
}

}  // namespace

Result<Sealed, DecodeError> decode_sealed(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.sealed_bytes_max) return Failure{DecodeError{Code::limit, 0, "sealed"}};
  Reader r(bytes);
  Sealed out;
  if (!read_sealed(r, out, limits)) return Failure{r.error()};
  return out;
}

std::string seal(std::string_view body, std::string_view key_id, std::string_view signature) {
  assert(key_id.size() <= key_id_bytes_max && key_id.empty() == signature.empty());
  assert(signature.empty() || signature.size() == signature_bytes);
  Writer w;
  w.reserve(2 + bin_size(body.size()) + bin_size(key_id.size()) + bin_size(signature.size()));
  w.array(4);
  w.uint(protocol_version);
  w.bin(body);
  w.bin(key_id);
  w.bin(signature);
  return w.take();
}

std::string type_name(std::uint8_t type) {
  static constexpr const char* names[] = {"gcounter", "pncounter", "gset", "orset", "lww"};
  return known(type) ? names[type - 1] : "type-" + std::to_string(type);
}

std::optional<std::uint8_t> type_named(std::string_view name) {
  for (unsigned type = 1; type <= type_max; ++type) {
    if (name == type_name(static_cast<std::uint8_t>(type))) return static_cast<std::uint8_t>(type);
  }
  return std::nullopt;
}

bool valid_id(std::string_view id) {
  return !id.empty() && id.size() <= id_bytes_max &&
         std::all_of(id.begin(), id.end(), id_character);
}

bool valid_key(std::string_view key) {
  if (key.empty() || key.size() > Limits{}.key_bytes_max || key.back() == '/') return false;
  std::size_t segments = 1;
  bool after_slash = true;
  while (!key.empty()) {
    if (const std::size_t plain = plain_characters(key); plain > 0) {
      key.remove_prefix(plain);
      after_slash = false;
      continue;
    }
    bool is_slash = false;
    if (!take_character(key, is_slash)) return false;
    if (is_slash && (after_slash || ++segments > key_segments_max)) return false;
    after_slash = is_slash;
  }
  return true;
}

// What plain characters follow the beginning of a valid key, unless that ends within a character,
// makes a valid one.
bool valid_key_after(std::string_view before, std::size_t same, std::string_view key) {
  const bool cut = same < before.size() && (before[same] & '\xC0') == '\x80';
  if (cut || key.size() > Limits{}.key_bytes_max || key.size() == same) return valid_key(key);
  const std::string_view rest = key.substr(same);
  return plain_characters(rest) == rest.size() || valid_key(key);
}

}  // namespace tributary::wire
