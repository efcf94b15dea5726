// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/reader.h"

#include <cassert>
#include <limits>

#include "transports/wire/utf8.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

// The leads of 8, 16 and 32-bit lengths; 0 where the format has none.
constexpr unsigned char str_leads[] = {0xD9, 0xDA, 0xDB};
constexpr unsigned char bin_leads[] = {0xC4, 0xC5, 0xC6};
constexpr unsigned char array_leads[] = {0, 0xDC, 0xDD};
constexpr unsigned char map_leads[] = {0, 0xDE, 0xDF};
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

}  // namespace

bool Reader::fail_at(Code code, const char* where, const char* at) {
  error_ = {code, base_ + static_cast<std::size_t>(at - begin_), where};
  return false;
}

bool Reader::take(unsigned char& b, const char* where) {
  last_ = at_;
  if (at_ == end_) return fail_at(Code::truncated, where, at_);
  b = static_cast<unsigned char>(*at_++);
  return true;
}

// `width` bytes, refused below `least`: a shorter encoding would hold it.
bool Reader::big_endian(std::uint64_t& v, unsigned width, std::uint64_t least, const char* where) {
  if (remaining() < width) return fail_at(Code::truncated, where, end_);
  v = 0;
  for (unsigned i = 0; i < width; ++i) v = v << 8 | static_cast<unsigned char>(at_[i]);
  at_ += width;
  return v >= least || fail(Code::not_canonical, where);
}

// A header with a length: `fix_count` short forms from lead `fix`, then those in `leads`.
bool Reader::sized(std::size_t& n, unsigned char b, const unsigned char* leads, unsigned fix,
                   unsigned fix_count, const char* where) {
  if (b >= fix && b < fix + fix_count) {
    n = b - fix;
    return true;
  }
  std::uint64_t v = 0;
  bool ok = false;
  if (leads[0] != 0 && b == leads[0]) {
    ok = big_endian(v, 1, fix_count, where);
  } else if (b == leads[1]) {
    ok = big_endian(v, 2, leads[0] != 0 ? 0x100 : fix_count, where);
  } else if (b == leads[2]) {
    ok = big_endian(v, 4, 0x10000, where);
  } else {
    return fail(Code::type, where);
  }
  n = v;
  return ok;
}

bool Reader::items(std::size_t n, std::size_t max, std::size_t item_bytes, const char* where) {
  if (n > max) return fail(Code::limit, where);
  return n <= remaining() / item_bytes || fail(Code::truncated, where);
}

bool Reader::array(std::size_t& n, std::size_t max, std::size_t item_bytes, const char* where) {
  unsigned char b = 0;
  return take(b, where) && sized(n, b, array_leads, 0x90, 16, where) &&
         items(n, max, item_bytes, where);
}

bool Reader::map(std::size_t& n, std::size_t max, std::size_t item_bytes, const char* where) {
  unsigned char b = 0;
  return take(b, where) && sized(n, b, map_leads, 0x80, 16, where) &&
         items(n, max, item_bytes, where);
}

bool Reader::any_array_of(std::size_t expected, const char* where) {
  unsigned char b = 0;
  std::size_t n = 0;
  if (!take(b, where) || !sized(n, b, array_leads, 0x90, 16, where)) return false;
  return n == expected || fail(Code::type, where);
}

bool Reader::any_uint(std::uint64_t& v, const char* where) {
  unsigned char b = 0;
  if (!take(b, where)) return false;
  assert(b >= 0x80);  // uint() reads the others
  switch (b) {
    case 0xCC:
      return big_endian(v, 1, 0x80, where);
    case 0xCD:
      return big_endian(v, 2, 0x100, where);
    case 0xCE:
      return big_endian(v, 4, 0x10000, where);
    case 0xCF:
      return big_endian(v, 8, 0x100000000, where);
    default:
      break;
  }
  if (b >= 0xE0) return fail(Code::range, where);  // a negative fixint
  if (b < 0xD0 || b > 0xD3) return fail(Code::type, where);
  return skip_signed(b, where) && fail(Code::range, where);
}

bool Reader::boolean(bool& v, const char* where) {
  unsigned char b = 0;
  if (!take(b, where)) return false;
  v = b == 0xC3;
  return b == 0xC2 || b == 0xC3 || fail(Code::type, where);
}

bool Reader::bytes(std::string_view& v, std::size_t n, std::size_t max, const char* where) {
  if (n > max) return fail(Code::limit, where);
  if (n > remaining()) return fail_at(Code::truncated, where, end_);
  v = {at_, n};
  at_ += n;
  return true;
}

bool Reader::str_header(std::size_t& n, unsigned char b, const char* where) {
  return sized(n, b, str_leads, 0xA0, 32, where);
}

bool Reader::bin_header(std::size_t& n, unsigned char b, const char* where) {
  return sized(n, b, bin_leads, 0, 0, where);
}

bool Reader::bin(std::string_view& v, std::size_t max, const char* where) {
  unsigned char b = 0;
  std::size_t n = 0;
  return take(b, where) && bin_header(n, b, where) && bytes(v, n, max, where);
}

bool Reader::any_text(std::string_view& v, std::size_t max, const char* where) {
  unsigned char b = 0;
  std::size_t n = 0;
  return take(b, where) && str_header(n, b, where) && bytes(v, n, max, where);
}

bool Reader::str(std::string_view& v, std::size_t max, const char* where) {
  return text(v, max, where) && (is_utf8(v) || fail(Code::utf8, where));
}

// What is valid here is UTF-8: it need not be looked at twice.
bool Reader::id(std::string_view& v, const char* where) {
  return text(v, id_bytes_max, where) && (valid_id(v) || fail(Code::utf8, where));
}

bool Reader::key(std::string_view& v, std::size_t max, const char* where) {
  return text(v, max, where) && (valid_key(v) || fail(Code::utf8, where));
}

// What plain_hash() did not take has another length.
bool Reader::any_hash(Hash&, const char* where) {
  std::string_view b;
  return bin(b, Hash{}.bytes.size(), where) && fail(Code::range, where);
}

bool Reader::any_optional_hash(Hash&, bool& present, const char* where) {
  std::string_view b;
  present = false;
  return bin(b, Hash{}.bytes.size(), where) && (b.empty() || fail(Code::range, where));
}

bool Reader::value(std::string_view& exact, std::size_t depth, const char* where) {
  const std::size_t from = offset();
  if (!skip(depth, where)) return false;
  exact = since(from);
  return true;
}

bool Reader::scalar(std::string_view& exact, std::size_t max, const char* where) {
  const char* const start = at_;
  unsigned char b = 0;
  if (!take(b, where) || !skip_leaf(b, where)) return false;
  exact = {start, static_cast<std::size_t>(at_ - start)};
  return exact.size() <= max || fail(Code::limit, where);
}

bool Reader::frame(std::uint64_t number, std::size_t fields, const char* where,
                   const char* where_number) {
  std::size_t n = 0;
  std::uint64_t found = 0;
  if (!array(n, frame_fields_max, 1, where)) return false;
  if (n == 0) return fail(DecodeError::Code::type, where);
  const char* const named = where_number == nullptr ? where : where_number;
  if (!uint(found, named)) return false;
  if (found != number) return fail(DecodeError::Code::version, named);
  return n == fields || fail(DecodeError::Code::type, where);
}

bool Reader::end(const char* where) {
  last_ = at_;
  return at_ == end_ || fail(Code::trailing, where);
}

// Recursion is as deep as `depth`, which the caller takes from Limits; what is skipped allocates
// nothing.
bool Reader::skip(std::size_t depth, const char* where) {
  unsigned char b = 0;
  if (!take(b, where)) return false;
  const bool is_array = (b >= 0x90 && b < 0xA0) || b == 0xDC || b == 0xDD;
  const bool is_map = (b >= 0x80 && b < 0x90) || b == 0xDE || b == 0xDF;
  if (!is_array && !is_map) return skip_leaf(b, where);
  if (depth == 0) return fail(Code::limit, where);
  std::size_t n = 0;
  if (is_map) {
    return sized(n, b, map_leads, 0x80, 16, where) && items(n, no_limit, 2, where) &&
           skip_map(n, depth - 1, where);
  }
  if (!sized(n, b, array_leads, 0x90, 16, where) || !items(n, no_limit, 1, where)) return false;
  for (std::size_t i = 0; i < n; ++i)
    if (!skip(depth - 1, where)) return false;
  return true;
}

// One valid encoding: the encoded keys of a map are strictly ascending.
bool Reader::skip_map(std::size_t n, std::size_t depth, const char* where) {
  std::string_view previous;
  for (std::size_t i = 0; i < n; ++i) {
    const char* const start = at_;
    if (!skip(depth, where)) return false;
    const std::string_view key{start, static_cast<std::size_t>(at_ - start)};
    last_ = start;
    if (i > 0 && !(previous < key)) return fail(Code::not_canonical, where);
    previous = key;
    if (!skip(depth, where)) return false;
  }
  return true;
}

// Any value but an array or a map, whose lead `b` was taken.
bool Reader::skip_leaf(unsigned char b, const char* where) {
  const char* const start = at_ - 1;
  std::string_view ignored;
  std::size_t n = 0;
  if (b == 0xC0 || b == 0xC2 || b == 0xC3 || b >= 0xE0) return true;
  if (b < 0x80 || (b >= 0xCC && b <= 0xCF)) {
    at_ = start;
    std::uint64_t v = 0;
    return uint(v, where);
  }
  if (b >= 0xD0 && b <= 0xD3) return skip_signed(b, where);
  if (b == 0xCB) return skip_float(where);
  if (b == 0xCA) return fail(Code::not_canonical, where);  // float 32
  if (b >= 0xC4 && b <= 0xC6) return bin_header(n, b, where) && bytes(ignored, n, no_limit, where);
  return str_header(n, b, where) && bytes(ignored, n, no_limit, where) &&
         (is_utf8(ignored) || fail(Code::utf8, where));
}

bool Reader::skip_float(const char* where) {
  std::uint64_t bits = 0;
  if (!big_endian(bits, 8, 0, where)) return false;
  const bool is_nan = (bits << 1) > 0xFFE0000000000000u;
  const bool is_minus_zero = bits == 0x8000000000000000u;
  return !(is_nan || is_minus_zero) || fail(Code::not_canonical, where);
}

// int 8 … 64, canonical only for negative numbers that no shorter form holds.
bool Reader::skip_signed(unsigned char b, const char* where) {
  static constexpr std::int64_t below[] = {-32, -128, -32768, -2147483648};
  const unsigned size = b - 0xD0u;
  const unsigned width = 1u << size;
  std::uint64_t bits = 0;
  if (!big_endian(bits, width, 0, where)) return false;
  const unsigned shift = 64 - 8 * width;
  const std::int64_t v = static_cast<std::int64_t>(bits << shift) >> shift;
  return v < below[size] || fail(Code::not_canonical, where);
}

}  // namespace tributary::wire
