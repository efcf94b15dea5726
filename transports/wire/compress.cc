// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/compress.h"

#include <lz4.h>
#include <zlib.h>

#include <cassert>
#include <cstdint>
#include <limits>
#include <memory>

namespace tributary::wire {
namespace {

constexpr int gzip_only =
    15 + 16;  // zlib's windowBits: the largest window, gzip header and trailer
constexpr std::size_t int_max = std::numeric_limits<int>::max();

int to_int(std::size_t n) {
  assert(n <= int_max);
  return static_cast<int>(n);
}

Bytef* in_pointer(std::string_view s) {  // zlib takes no const, and does not write
  return reinterpret_cast<Bytef*>(const_cast<char*>(s.data()));
}

// Its 16 KiB of working memory are on the heap: a task of firmware has a small stack.
std::string lz4(std::string_view plain) {
  const auto words = (static_cast<std::size_t>(LZ4_sizeofState()) + 7) / 8;
  const auto state = std::make_unique_for_overwrite<std::uint64_t[]>(words);
  std::string out(static_cast<std::size_t>(LZ4_compressBound(to_int(plain.size()))), '\0');
  const int n = LZ4_compress_fast_extState(state.get(), plain.data(), out.data(),
                                           to_int(plain.size()), to_int(out.size()), 1);
  assert(n > 0);
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::string gzip(std::string_view plain) {
  z_stream z{};
  const int level = Z_DEFAULT_COMPRESSION;
  [[maybe_unused]] int rc = deflateInit2(&z, level, Z_DEFLATED, gzip_only, 8, Z_DEFAULT_STRATEGY);
  assert(rc == Z_OK);
  std::string out(deflateBound(&z, static_cast<uLong>(plain.size())), '\0');
  z.next_in = in_pointer(plain);
  z.avail_in = static_cast<uInt>(plain.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  rc = deflate(&z, Z_FINISH);
  assert(rc == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

bool gunzip(std::string_view data, std::string& out) {
  z_stream z{};
  if (inflateInit2(&z, gzip_only) != Z_OK) return false;
  char spare = 0;  // zlib wants somewhere to write even when nothing should come
  z.next_in = in_pointer(data);
  z.avail_in = static_cast<uInt>(data.size());
  z.next_out = reinterpret_cast<Bytef*>(out.empty() ? &spare : out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const int rc = inflate(&z, Z_FINISH);
  const bool whole = rc == Z_STREAM_END && z.avail_in == 0 && z.avail_out == 0;
  inflateEnd(&z);
  return whole;
}

}  // namespace

std::string compress(std::string_view plain, Codec codec) {
  assert(codec != Codec::plain && plain.size() <= int_max);
  return codec == Codec::lz4 ? lz4(plain) : gzip(plain);
}

bool expand(std::string_view data, Codec codec, std::size_t size, std::string& out) {
  if (data.size() > int_max || size > int_max) return false;
  if (codec == Codec::plain) {
    if (data.size() != size) return false;
    out.assign(data);
    return true;
  }
  out.resize(size);
  if (codec == Codec::gzip) return gunzip(data, out);
  const int n = LZ4_decompress_safe(data.data(), out.data(), to_int(data.size()), to_int(size));
  return n >= 0 && static_cast<std::size_t>(n) == size;
}

}  // namespace tributary::wire
