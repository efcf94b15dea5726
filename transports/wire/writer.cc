// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/writer.h"

#define MSGPACK_NO_BOOST  // the packer needs none of it
#include <bit>
#include <cassert>
#include <limits>
#include <msgpack.hpp>

namespace tributary::wire {
namespace {

struct Stream {
  std::string& out;
  void write(const char* data, std::size_t n) { out.append(data, n); }
};

// msgpack-c takes 32-bit lengths; everything written here is far below (docs/protocol.md section
// 9).
std::uint32_t length(std::size_t n) {
  assert(n <= std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(n);
}

template <class F>
void pack(std::string& out, F&& write) {
  Stream stream{out};
  msgpack::packer<Stream> packer(stream);
  write(packer);
}

}  // namespace

void Writer::array(std::size_t n) {
  pack(out_, [n](auto& p) { p.pack_array(length(n)); });
}
void Writer::map(std::size_t n) {
  pack(out_, [n](auto& p) { p.pack_map(length(n)); });
}
void Writer::uint(std::uint64_t v) {
  pack(out_, [v](auto& p) { p.pack_uint64(v); });
}
void Writer::negative(std::int64_t v) {
  assert(v < 0);
  pack(out_, [v](auto& p) { p.pack_int64(v); });
}
void Writer::nil() {
  pack(out_, [](auto& p) { p.pack_nil(); });
}
void Writer::boolean(bool v) {
  pack(out_, [v](auto& p) { v ? p.pack_true() : p.pack_false(); });
}
// Not pack_double: since 4.1.2 it turns 2.0 into the integer 2, another value here.
void Writer::float64(double v) {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  out_ += '\xCB';
  for (unsigned shift = 64; shift > 0; shift -= 8) out_ += static_cast<char>(bits >> (shift - 8));
}
void Writer::str(std::string_view v) {
  pack(out_,
       [v](auto& p) { p.pack_str(length(v.size())).pack_str_body(v.data(), length(v.size())); });
}
void Writer::bin(std::string_view v) {
  pack(out_,
       [v](auto& p) { p.pack_bin(length(v.size())).pack_bin_body(v.data(), length(v.size())); });
}

}  // namespace tributary::wire
