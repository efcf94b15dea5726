// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/bytes.h"

// The low-level functions are deprecated for their want of providers, not of safety. Through EVP
// the digest of a short atom takes half as long again, and that is most of what a counter costs.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace tributary::wire {

Hash sha256(std::string_view data) {
  Hash out;
  SHA256_CTX context;
  SHA256_Init(&context);  // none of these can fail
  SHA256_Update(&context, data.data(), data.size());
  SHA256_Final(out.bytes.data(), &context);
  return out;
}

std::string to_hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += digits[b >> 4];
    out += digits[b & 15];
  }
  return out;
}

bool from_hex(std::string_view text, unsigned char* out, std::size_t size) {
  if (text.size() != 2 * size) return false;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i < size; ++i) {
    const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<unsigned char>(high << 4 | low);
  }
  return true;
}

const char* name(DecodeError::Code code) {
  switch (code) {
    case DecodeError::Code::truncated:
      return "truncated";
    case DecodeError::Code::trailing:
      return "trailing";
    case DecodeError::Code::type:
      return "type";
    case DecodeError::Code::not_canonical:
      return "not_canonical";
    case DecodeError::Code::range:
      return "range";
    case DecodeError::Code::limit:
      return "limit";
    case DecodeError::Code::utf8:
      return "utf8";
    case DecodeError::Code::version:
      return "version";
    case DecodeError::Code::compression:
      return "compression";
    case DecodeError::Code::fleet:
      break;
  }
  return "fleet";
}

std::string to_string(const DecodeError& error) {
  return std::string(name(error.code)) + " at byte " + std::to_string(error.offset) + ": " +
         error.where;
}

}  // namespace tributary::wire
