// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/scalar.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "transports/wire/envelope.h"
#include "transports/wire/reader.h"
#include "transports/wire/utf8.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::uint64_t json_integer_max = std::uint64_t{1} << 53;  // exact in every JSON reader

// Writes one scalar; the error it leaves says what can't be written.
struct ScalarWriter {
  Writer& w;

  bool operator()(std::monostate) const { return w.nil(), true; }
  bool operator()(bool v) const { return w.boolean(v), true; }
  bool operator()(std::uint64_t v) const { return w.uint(v), true; }
  bool operator()(std::int64_t v) const {
    v < 0 ? w.negative(v) : w.uint(static_cast<std::uint64_t>(v));
    return true;
  }
  bool operator()(double v) const {
    if (std::isnan(v)) return false;
    w.float64(v == 0 ? 0.0 : v);
    return true;
  }
  bool operator()(const std::string& v) const {
    if (!is_utf8(v)) return false;
    w.str(v);
    return true;
  }
  bool operator()(const Blob& v) const { return w.bin(v.bytes), true; }
};

std::uint64_t big_endian(std::string_view b) {
  std::uint64_t v = 0;
  for (const char c : b) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

// int 8 … 64, sign extended.
std::int64_t signed_of(std::string_view digits) {
  const std::size_t shift = 64 - 8 * digits.size();
  return static_cast<std::int64_t>(big_endian(digits) << shift) >> shift;
}

// REQUIRES: canonical, as Reader::scalar found: 32-bit lengths would be over scalar_bytes_max.
Scalar scalar_of(std::string_view b) {
  const auto lead = static_cast<unsigned char>(b[0]);
  const std::string_view rest = b.substr(1);
  if (lead < 0x80) return std::uint64_t{lead};
  if (lead >= 0xE0) return std::int64_t{static_cast<signed char>(lead)};
  if (lead < 0xC0) return std::string(rest);
  switch (lead) {
    case 0xC2:
      return false;
    case 0xC3:
      return true;
    case 0xC4:
      return Blob{std::string(rest.substr(1))};
    case 0xC5:
      return Blob{std::string(rest.substr(2))};
    case 0xCB:
      return std::bit_cast<double>(big_endian(rest));
    case 0xCC:
    case 0xCD:
    case 0xCE:
    case 0xCF:
      return big_endian(rest);
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3:
      return signed_of(rest);
    case 0xD9:
      return std::string(rest.substr(1));
    case 0xDA:
      return std::string(rest.substr(2));
    default:
      return std::monostate{};
  }
}

void append_escaped(std::string& out, char c) {
  static constexpr char digits[] = "0123456789abcdef";
  const auto b = static_cast<unsigned char>(c);
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (b >= 0x20 && b != 0x7F) {
    out += c;
    return;
  }
  out += "\\u00";
  out += digits[b >> 4];
  out += digits[b & 15];
}

std::string json_string(std::string_view utf8) {
  std::string out = "\"";
  for (const char c : utf8) append_escaped(out, c);
  return out += '"';
}

std::string base64(std::string_view in) {  // RFC 4648, padded
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const std::string_view three = in.substr(i, 3);
    const auto bits = static_cast<std::uint32_t>(big_endian(three) << (8 * (3 - three.size())));
    for (std::size_t j = 0; j < 4; ++j)
      out += j <= three.size() ? digits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

std::string json_base64(std::string_view in) {
  return "{\"base64\":\"" + base64(in) + "\"}";
}

template <class T>
std::string digits_of(T v) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v).ptr;
  return {buffer.data(), end};
}

template <class T>
std::string json_integer(T v, std::uint64_t magnitude) {
  const std::string text = digits_of(v);
  return magnitude <= json_integer_max ? text : '"' + text + '"';
}

struct JsonWriter {
  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(std::uint64_t v) const { return json_integer(v, v); }
  std::string operator()(std::int64_t v) const {
    return json_integer(v,
                        v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v));
  }
  std::string operator()(double v) const {  // JSON has no infinity
    return std::isinf(v) ? (v > 0 ? "\"Infinity\"" : "\"-Infinity\"") : digits_of(v);
  }
  std::string operator()(const std::string& v) const { return json_string(v); }
  std::string operator()(const Blob& v) const { return json_base64(v.bytes); }
};

}  // namespace

Result<std::string, DecodeError> encode_scalar(const Scalar& scalar) {
  Writer w;
  if (!std::visit(ScalarWriter{w}, scalar)) {
    const bool text = std::holds_alternative<std::string>(scalar);
    return Failure{DecodeError{text ? Code::utf8 : Code::range, 0, "scalar"}};
  }
  std::string out = w.take();
  if (out.size() > Limits{}.scalar_bytes_max) return Failure{DecodeError{Code::limit, 0, "scalar"}};
  return out;
}

Result<Scalar, DecodeError> decode_scalar(std::string_view bytes) {
  Reader r(bytes);
  std::string_view exact;
  if (!r.scalar(exact, Limits{}.scalar_bytes_max, "scalar") || !r.end("scalar"))
    return Failure{r.error()};
  return scalar_of(exact);
}

std::string json_of_bytes(std::string_view bytes) {
  return is_utf8(bytes) ? json_string(bytes) : json_base64(bytes);
}

std::string json_of_scalar(std::string_view canonical) {
  const Result<Scalar, DecodeError> scalar = decode_scalar(canonical);
  return scalar ? std::visit(JsonWriter{}, *scalar) : json_base64(canonical);
}

}  // namespace tributary::wire
