// SPDX-License-Identifier: Apache-2.0
// Packs (many envelopes, compressed when smaller), and the peers' batches and state parts:
// docs/protocol.md sections 5 and 7.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::wire {

enum class Codec : std::uint8_t { plain = 0, lz4 = 1, gzip = 2 };

// The plain data of a pack: array of bin.
std::string plain_pack(const std::vector<std::string_view>& envelopes);
// A whole pack: plain when `preferred` does not make it smaller.
std::string encode_pack(std::string_view plain, Codec preferred);
inline std::string encode_pack(const std::vector<std::string_view>& envelopes, Codec preferred) {
  return encode_pack(plain_pack(envelopes), preferred);
}

struct Pack {
  std::shared_ptr<const std::string> plain;  // the unpacked data
  std::vector<std::string_view> envelopes;   // views into it; not decoded further
};
Result<Pack, DecodeError> decode_pack(std::string_view bytes, const Limits&);

// What arrives on up/<device>: one envelope, or a pack of them (told apart by the first element).
Result<std::vector<std::string_view>, DecodeError> split_upload(std::string_view payload,
                                                                const Limits&, Pack& storage);

struct Batch {
  std::string_view gateway;
  std::uint64_t incarnation = 0, session = 0, number = 0;
  std::string_view pack;
};
std::string encode(const Batch&);
Result<Batch, DecodeError> decode_batch(std::string_view bytes, const Limits&);

struct StatePart {
  std::string_view gateway;
  std::uint64_t incarnation = 0;
  std::uint32_t bucket = 0, part = 0, parts = 0;
  std::string_view pack;
};
std::string encode(const StatePart&);
Result<StatePart, DecodeError> decode_state_part(std::string_view bytes, const Limits&);

}  // namespace tributary::wire
