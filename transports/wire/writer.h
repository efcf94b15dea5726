// SPDX-License-Identifier: Apache-2.0
// Appends canonical MessagePack to a string, through msgpack-c. One promise: of every value it
// writes the shortest encoding, the only one that Reader takes. Internal to transports/wire.
//
//   Writer w;
//   w.array(2);
//   w.uint(7);
//   w.str("x");
//   return w.take();
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "transports/wire/bytes.h"

namespace tributary::wire {

class Writer {
 public:
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  void array(std::size_t n);
  void map(std::size_t n);
  void uint(std::uint64_t v);
  void negative(std::int64_t v);  // REQUIRES: v < 0
  void nil();
  void boolean(bool v);
  void float64(double v);
  void str(std::string_view v);
  void bin(std::string_view v);
  void hash(const Hash& v) { bin(v.view()); }
  void raw(std::string_view encoded) { out_.append(encoded); }  // REQUIRES: canonical already
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Sizes of what Writer appends.
constexpr std::size_t uint_size(std::uint64_t v) {
  return v < 0x80 ? 1 : v < 0x100 ? 2 : v < 0x10000 ? 3 : v < 0x100000000 ? 5 : 9;
}
constexpr std::size_t str_size(std::size_t n) {
  return n + (n < 32 ? 1u : n < 0x100 ? 2u : n < 0x10000 ? 3u : 5u);
}
constexpr std::size_t bin_size(std::size_t n) {
  return n + (n < 0x100 ? 2u : n < 0x10000 ? 3u : 5u);
}
constexpr std::size_t array_size(std::size_t n) {
  return n < 16 ? 1 : n < 0x10000 ? 3 : 5;
}

}  // namespace tributary::wire
