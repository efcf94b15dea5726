// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cassert>

#include "transports/wire/ack.h"
#include "transports/wire/reader.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr const char* tag = "head";
constexpr std::uint64_t state_parts_max = 65'536;  // of a bucket

bool read_types(Reader& r, std::vector<std::uint8_t>& types) {
  std::size_t n = 0;
  if (!r.array(n, type_max, 1, "head.types")) return false;
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t type = 0;
    if (!r.uint_in(type, 1, type_max, "head.types")) return false;
    if (i > 0 && type <= types.back()) return r.fail(Code::not_canonical, "head.types");
    types.push_back(static_cast<std::uint8_t>(type));
  }
  return true;
}

bool read_optional(Reader& r, std::optional<Hash>& out, const char* where) {
  bool present = false;
  if (!r.optional_hash(out.emplace(), present, where)) return false;
  if (!present) out.reset();
  return true;
}

bool read_bucket(Reader& r, BucketHead& b) {
  std::uint64_t parts = 0;
  if (!r.array_of(5, "head.bucket") || !r.hash(b.digest, "head.digest") ||
      !read_optional(r, b.unknown, "head.unknown") || !r.uint(b.live, "head.live") ||
      !read_optional(r, b.published, "head.published") ||
      !r.uint_in(parts, 0, state_parts_max, "head.parts"))
    return false;
  const bool power_of_two = parts != 0 && (parts & (parts - 1)) == 0;  // popcount would be a call
  const bool fits = b.published ? power_of_two : parts == 0;
  b.parts = static_cast<std::uint32_t>(parts);
  return fits || r.fail(Code::range, "head.parts");
}

bool read_buckets(Reader& r, Head& h) {
  std::size_t n = 0;
  if (!r.map(n, bucket_count, 41, "head.buckets")) return false;
  std::uint64_t bucket = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t previous = bucket;
    if (!r.uint_in(bucket, 0, bucket_count - 1, "head.bucket")) return false;
    if (i > 0 && bucket <= previous) return r.fail(Code::not_canonical, "head.bucket");
    if (!read_bucket(r, h.buckets[bucket].emplace())) return false;
  }
  return true;
}

bool read_head(Reader& r, Head& h) {
  std::string_view kind;
  if (!r.array_of(9, "head") || !r.str(kind, id_bytes_max, "head.kind")) return false;
  if (kind != tag) return r.fail(Code::type, "head.kind");
  return r.id(h.fleet, "head.fleet") && r.id(h.gateway, "head.gateway") &&
         r.uint(h.incarnation, "head.incarnation") && r.uint(h.session, "head.session") &&
         r.uint(h.number, "head.number") && r.uint(h.hlc.packed, "head.hlc") &&
         read_types(r, h.types) && read_buckets(r, h) && r.end("head");
}

std::string_view view_of(const std::optional<Hash>& hash) {
  return hash ? hash->view() : std::string_view();
}

void write_buckets(Writer& w, const Head& h) {
  std::size_t n = 0;
  for (const auto& b : h.buckets) n += b.has_value();
  w.map(n);
  for (std::uint32_t i = 0; i < bucket_count; ++i) {
    if (!h.buckets[i]) continue;
    const BucketHead& b = *h.buckets[i];
    assert(b.parts <= state_parts_max);
    assert(b.published ? std::has_single_bit(b.parts) : b.parts == 0);
    w.uint(i);
    w.array(5);
    w.hash(b.digest);
    w.bin(view_of(b.unknown));
    w.uint(b.live);
    w.bin(view_of(b.published));
    w.uint(b.parts);
  }
}

}  // namespace

std::uint32_t bucket_of(std::string_view device, std::uint64_t epoch) {
  std::string name;
  name.reserve(device.size() + 1 + sizeof epoch);
  name += device;
  name += '\0';
  for (unsigned shift = 64; shift > 0; shift -= 8) name += static_cast<char>(epoch >> (shift - 8));
  return sha256(name).bytes[0] % bucket_count;
}

std::string encode_body(const Head& h) {
  assert(valid_id(h.fleet) && valid_id(h.gateway));
  Writer w;
  constexpr std::size_t bucket_bytes_most = 3 * bin_size(sizeof(Hash)) + 2 + 9 + 5;
  w.reserve(256 + bucket_count * bucket_bytes_most);
  w.array(9);
  w.str(tag);
  w.str(h.fleet);
  w.str(h.gateway);
  for (const std::uint64_t v : {h.incarnation, h.session, h.number, h.hlc.packed}) w.uint(v);
  w.array(h.types.size());
  std::uint8_t last = 0;
  for (const std::uint8_t type : h.types) {
    assert(type > last && type <= type_max);
    w.uint(type);
    last = type;
  }
  write_buckets(w, h);
  return w.take();
}

Result<Head, DecodeError> decode_head(std::string_view bytes, const Limits& limits) {
  const Result<Sealed, DecodeError> sealed = decode_sealed(bytes, limits);
  if (!sealed) return Failure{sealed.error()};
  Reader r(sealed->body, static_cast<std::size_t>(sealed->body.data() - bytes.data()));
  Head out;
  if (!read_head(r, out)) return Failure{r.error()};
  return out;
}

}  // namespace tributary::wire
