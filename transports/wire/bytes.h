// SPDX-License-Identifier: Apache-2.0
// Byte strings, hashes and errors that every format shares.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace tributary::wire {

// SHA-256 of a body: the identity of an envelope. Ordered as unsigned bytes.
struct Hash {
  std::array<unsigned char, 32> bytes{};

  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  friend auto operator<=>(const Hash&, const Hash&) = default;
  // As words: hashes are compared for every bucket of every head.
  friend bool operator==(const Hash& a, const Hash& b) {
    std::uint64_t x[4], y[4];
    std::memcpy(x, a.bytes.data(), sizeof x);
    std::memcpy(y, b.bytes.data(), sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0;
  }
};

Hash sha256(std::string_view data);
// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
// The other way round. False, with `out` in any state: the text is not that of `size` bytes.
bool from_hex(std::string_view text, unsigned char* out, std::size_t size);

struct DecodeError {
  enum class Code : std::uint8_t {
    truncated,      // ends too early
    trailing,       // bytes after the end
    type,           // another kind of value than the grammar says
    not_canonical,  // a longer encoding than needed, or out of order
    range,          // a number outside its range
    limit,          // over a limit of Limits
    utf8,           // a str that is not UTF-8, or a character the grammar forbids
    version,        // a version this reader does not know
    compression,    // does not unpack to what it declares
    fleet,          // made for another fleet
  };
  Code code = Code::truncated;
  std::size_t offset = 0;  // in the bytes given
  const char* where = "";  // the field, in words
};
const char* name(DecodeError::Code);
// "truncated at byte 17: delta.from"
std::string to_string(const DecodeError&);

}  // namespace tributary::wire

template <>
struct std::hash<tributary::wire::Hash> {
  std::size_t operator()(const tributary::wire::Hash& h) const noexcept {
    std::size_t out;
    std::memcpy(&out, h.bytes.data(), sizeof out);
    return out;
  }
};
