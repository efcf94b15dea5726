// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/pack.h"

#include <bit>
#include <cassert>

#include "transports/wire/compress.h"
#include "transports/wire/reader.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::uint64_t pack_frame = 2, batch_frame = 3, state_frame = 4;
constexpr std::uint64_t u64_max = ~std::uint64_t{0};
constexpr std::uint32_t state_parts_max = 65'536;  // of a bucket
constexpr std::uint64_t buckets = 64;

struct PackHeader {
  std::uint64_t codec = 0, size = 0;
  std::string_view data;
};

bool read_header(Reader& r, const Limits& limits, PackHeader& h) {
  if (!r.frame(pack_frame, 4, "pack") || !r.uint_in(h.codec, 0, 2, "pack.codec") ||
      !r.uint(h.size, "pack.size"))
    return false;
  if (h.size > limits.pack_bytes_max) return r.fail(Code::limit, "pack.size");
  if (!r.bin(h.data, limits.pack_bytes_max, "pack.data")) return false;
  if (h.size > limits.pack_ratio_max * h.data.size()) return r.fail(Code::limit, "pack.size");
  return r.end("pack");
}

bool read_plain(Reader& r, const Limits& limits, std::vector<std::string_view>& out) {
  std::size_t n = 0;
  if (!r.array(n, limits.pack_envelopes_max, 2, "pack.envelopes")) return false;
  out.resize(n);
  for (std::string_view& e : out)
    if (!r.bin(e, limits.sealed_bytes_max, "pack.envelope")) return false;
  return r.end("pack.envelopes");
}

bool over(std::string_view payload, const Limits& limits) {
  return payload.size() > limits.payload_bytes_max;
}

}  // namespace

std::string plain_pack(const std::vector<std::string_view>& envelopes) {
  std::size_t size = array_size(envelopes.size());
  for (const std::string_view e : envelopes) size += bin_size(e.size());
  Writer w;
  w.reserve(size);
  w.array(envelopes.size());
  for (const std::string_view e : envelopes) w.bin(e);
  return w.take();
}

std::string encode_pack(std::string_view plain, Codec preferred) {
  std::string small;
  if (preferred != Codec::plain) small = compress(plain, preferred);
  // Over the ratio a reader would take it for a bomb.
  const bool smaller = preferred != Codec::plain && small.size() < plain.size() &&
                       plain.size() <= Limits{}.pack_ratio_max * small.size();
  const std::string_view data = smaller ? std::string_view(small) : plain;
  Writer w;
  w.reserve(16 + data.size());
  w.array(4);
  w.uint(pack_frame);
  w.uint(static_cast<std::uint64_t>(smaller ? preferred : Codec::plain));
  w.uint(plain.size());
  w.bin(data);
  return w.take();
}

Result<Pack, DecodeError> decode_pack(std::string_view bytes, const Limits& limits) {
  Reader r(bytes);
  PackHeader h;
  if (!read_header(r, limits, h)) return Failure{r.error()};
  auto plain = std::make_shared<std::string>();
  if (!expand(h.data, static_cast<Codec>(h.codec), h.size, *plain)) {
    const auto at = static_cast<std::size_t>(h.data.data() - bytes.data());
    return Failure{DecodeError{Code::compression, at, "pack.data"}};
  }
  Reader inner(*plain);
  Pack out;
  if (!read_plain(inner, limits, out.envelopes)) return Failure{inner.error()};
  out.plain = std::move(plain);
  return out;
}

Result<std::vector<std::string_view>, DecodeError> split_upload(std::string_view payload,
                                                                const Limits& limits,
                                                                Pack& storage) {
  if (over(payload, limits)) return Failure{DecodeError{Code::limit, 0, "upload"}};
  Reader r(payload);
  std::size_t fields = 0;
  std::uint64_t frame = 0;
  if (!r.array(fields, Reader::frame_fields_max, 1, "upload")) return Failure{r.error()};
  if (fields == 0) return Failure{DecodeError{Code::type, 0, "upload"}};
  if (!r.uint(frame, "upload.version")) return Failure{r.error()};
  if (frame == protocol_version) return std::vector<std::string_view>{payload};
  Result<Pack, DecodeError> pack = decode_pack(payload, limits);
  if (!pack) return Failure{pack.error()};
  storage = std::move(*pack);
  return storage.envelopes;
}

std::string encode(const Batch& b) {
  assert(valid_id(b.gateway) && b.number >= 1);
  Writer w;
  w.array(6);
  w.uint(batch_frame);
  w.str(b.gateway);
  for (const std::uint64_t v : {b.incarnation, b.session, b.number}) w.uint(v);
  w.bin(b.pack);
  return w.take();
}

Result<Batch, DecodeError> decode_batch(std::string_view bytes, const Limits& limits) {
  if (over(bytes, limits)) return Failure{DecodeError{Code::limit, 0, "batch"}};
  Reader r(bytes);
  Batch b;
  if (!r.frame(batch_frame, 6, "batch") || !r.id(b.gateway, "batch.gateway") ||
      !r.uint(b.incarnation, "batch.incarnation") || !r.uint(b.session, "batch.session") ||
      !r.uint_in(b.number, 1, u64_max, "batch.number") ||
      !r.bin(b.pack, limits.payload_bytes_max, "batch.pack") || !r.end("batch"))
    return Failure{r.error()};
  return b;
}

std::string encode(const StatePart& s) {
  assert(valid_id(s.gateway) && s.bucket < buckets && s.part < s.parts);
  assert(std::has_single_bit(s.parts) && s.parts <= state_parts_max);
  Writer w;
  w.array(7);
  w.uint(state_frame);
  w.str(s.gateway);
  w.uint(s.incarnation);
  for (const std::uint32_t v : {s.bucket, s.part, s.parts}) w.uint(v);
  w.bin(s.pack);
  return w.take();
}

Result<StatePart, DecodeError> decode_state_part(std::string_view bytes, const Limits& limits) {
  if (over(bytes, limits)) return Failure{DecodeError{Code::limit, 0, "state"}};
  Reader r(bytes);
  StatePart s;
  std::uint64_t bucket = 0, part = 0, parts = 0;
  if (!r.frame(state_frame, 7, "state") || !r.id(s.gateway, "state.gateway") ||
      !r.uint(s.incarnation, "state.incarnation") ||
      !r.uint_in(bucket, 0, buckets - 1, "state.bucket") ||
      !r.uint_in(part, 0, state_parts_max - 1, "state.part") ||
      !r.uint_in(parts, part + 1, state_parts_max, "state.parts"))
    return Failure{r.error()};
  if (!std::has_single_bit(parts)) r.fail(Code::range, "state.parts");
  if (!std::has_single_bit(parts) || !r.bin(s.pack, limits.payload_bytes_max, "state.pack") ||
      !r.end("state"))
    return Failure{r.error()};
  s.bucket = static_cast<std::uint32_t>(bucket);
  s.part = static_cast<std::uint32_t>(part);
  s.parts = static_cast<std::uint32_t>(parts);
  return s;
}

}  // namespace tributary::wire
