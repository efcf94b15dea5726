// SPDX-License-Identifier: Apache-2.0
// Fixed-width little-endian numbers in a byte string, for rows that only this program reads back. A
// format starts with its version and ends with the first 8 bytes of the SHA-256 of all before it.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "transports/wire/bytes.h"

namespace tributary::core {

class Writer {
 public:
  // `room`: bytes that are about to be written, if that is known.
  explicit Writer(std::size_t room = 0) { out_.reserve(room + checksum_bytes); }
  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u32(std::uint32_t v) { fixed(v); }
  void u64(std::uint64_t v) { fixed(v); }
  void bytes(std::string_view v) { out_.append(v); }
  // The string, with its checksum.
  std::string finish() {
    const wire::Hash sum = wire::sha256(out_);
    out_.append(sum.view().substr(0, checksum_bytes));
    return std::move(out_);
  }

 private:
  static constexpr std::size_t checksum_bytes = 8;
  template <class T>
  void fixed(T v) {
    std::array<char, sizeof v> little_endian;
    for (std::size_t i = 0; i < sizeof v; ++i)
      little_endian[i] = static_cast<char>(v >> (8 * i) & 0xFF);
    out_.append(little_endian.data(), little_endian.size());
  }
  std::string out_;
};

// Reads what Writer wrote. After any failed read ok() is false and every value is zero.
class Reader {
 public:
  // Checks the checksum; ok() tells.
  explicit Reader(std::string_view in) {
    ok_ = in.size() >= 8 &&
          wire::sha256(in.substr(0, in.size() - 8)).view().substr(0, 8) == in.substr(in.size() - 8);
    if (ok_) in_ = in.substr(0, in.size() - 8);
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(fixed(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  std::string_view bytes(std::size_t n) {
    if (!ok_ || in_.size() < n) {
      ok_ = false;
      return {};
    }
    const std::string_view v = in_.substr(0, n);
    in_.remove_prefix(n);
    return v;
  }
  wire::Hash hash() {
    wire::Hash h;
    const std::string_view v = bytes(h.bytes.size());
    if (ok_) std::memcpy(h.bytes.data(), v.data(), v.size());
    return h;
  }
  // All that is left.
  std::string_view rest() { return bytes(in_.size()); }
  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }

 private:
  std::uint64_t fixed(std::size_t n) {
    const std::string_view v = bytes(n);
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
      out |= std::uint64_t{static_cast<unsigned char>(v[i])} << (8 * i);
    }
    return out;
  }
  std::string_view in_;
  bool ok_ = false;
};

}  // namespace tributary::core
