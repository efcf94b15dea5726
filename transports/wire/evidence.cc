// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/evidence.h"

#include <cassert>
#include <utility>

#include "transports/wire/reader.h"
#include "transports/wire/writer.h"

namespace tributary::wire {
namespace {

using Code = DecodeError::Code;

constexpr std::uint64_t evidence_frame = 7;

bool of_one_actor(const Delta& a, const Delta& b) {
  return a.fleet == b.fleet && a.device == b.device && a.epoch == b.epoch;
}

}  // namespace

Hash evidence_id(const Hash& first, const Hash& second) {
  assert(first < second);
  return sha256(std::string(first.view()) + std::string(second.view()));
}

bool is_evidence(std::string_view bytes) {
  return bytes.starts_with("\x93\x07");
}

std::string encode_evidence(const Envelope& a, const Envelope& b) {
  assert(a.hash != b.hash && of_one_actor(a.delta, b.delta));
  const bool in_order = a.hash < b.hash;
  Writer w;
  w.array(3);
  w.uint(evidence_frame);
  w.bin(in_order ? *a.bytes : *b.bytes);
  w.bin(in_order ? *b.bytes : *a.bytes);
  return w.take();
}

Result<Evidence, DecodeError> decode_evidence(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.sealed_bytes_max)
    return Failure{DecodeError{Code::limit, 0, "evidence"}};
  Reader r(bytes);
  std::string_view first, second;
  if (!r.frame(evidence_frame, 3, "evidence") ||
      !r.bin(first, limits.sealed_bytes_max, "evidence.first") ||
      !r.bin(second, limits.sealed_bytes_max, "evidence.second") || !r.end("evidence"))
    return Failure{r.error()};
  Evidence out;
  for (auto& [from, to] : {std::pair(first, &out.first), std::pair(second, &out.second)}) {
    auto e = decode_envelope(from, limits);
    if (!e) {
      DecodeError error = e.error();
      error.offset += static_cast<std::size_t>(from.data() - bytes.data());
      return Failure{std::move(error)};
    }
    *to = std::move(*e);
  }
  const auto at = static_cast<std::size_t>(second.data() - bytes.data());
  if (!(out.first.hash < out.second.hash))
    return Failure{DecodeError{Code::not_canonical, at, "evidence.second"}};
  if (!of_one_actor(out.first.delta, out.second.delta))
    return Failure{DecodeError{Code::range, at, "evidence.second"}};
  out.bytes = std::make_shared<const std::string>(bytes);
  out.id = evidence_id(out.first.hash, out.second.hash);
  return out;
}

}  // namespace tributary::wire
