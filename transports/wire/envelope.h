// SPDX-License-Identifier: Apache-2.0
// Envelopes: sealed deltas, docs/protocol.md sections 2 and 3. The strict reader is the only way
// from untrusted bytes to an Envelope; what it returns satisfies every rule of the grammar.
//
//   Result<Envelope, DecodeError> e = decode_envelope(bytes, limits);
//   for (const Entry& x : e->delta.entries) …          // views into e->bytes, which the Envelope
//   keeps alive std::string body = encode_delta(delta); std::string bytes = seal(body);
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "crdt/hlc.h"
#include "crdt/result.h"
#include "transports/wire/bytes.h"

namespace tributary::wire {

// The numbers of docs/protocol.md section 9; a deployment may only lower them.
struct Limits {
  std::size_t sealed_bytes_max = 262'144;
  std::size_t body_bytes_max = 196'608;
  std::size_t entries_max = 8'192;
  std::size_t key_bytes_max = 512;
  std::size_t element_bytes_max = 1'024;
  std::size_t scalar_bytes_max = 65'536;
  std::size_t items_max = 16'384;  // elements, adds, removed, foreign of one entry, each
  std::size_t depth_max = 8;
  std::size_t pack_bytes_max = 4'194'304;
  std::size_t pack_ratio_max = 256;
  std::size_t pack_envelopes_max = 65'536;
  std::size_t payload_bytes_max = 1'048'576;  // one MQTT payload
};

inline constexpr std::uint64_t protocol_version = 1;
inline constexpr std::size_t id_bytes_max = 64;
inline constexpr std::size_t key_segments_max = 64;  // Mosquitto refuses topics of more than 200
inline constexpr std::uint32_t parts_max = 65'535;   // of a delta

enum class Type : std::uint8_t { gcounter = 1, pncounter = 2, gset = 3, orset = 4, lww = 5 };
inline constexpr std::uint8_t type_max = 127;
constexpr bool known(std::uint8_t type) {
  return type >= 1 && type <= 5;
}
// "gcounter" …; "type-17" for one that is not known.
std::string type_name(std::uint8_t type);
// The other way round; nullopt: no type is called so.
std::optional<std::uint8_t> type_named(std::string_view name);

struct GCounterPayload {
  std::uint64_t p = 0;
};
struct PnCounterPayload {
  std::uint64_t p = 0, n = 0;
};
struct GSetPayload {
  std::vector<std::string_view> elements;
};
struct OrSetPayload {
  struct Add {
    std::uint64_t op;
    std::string_view element;
  };
  struct Foreign {
    std::string_view device;
    std::uint64_t epoch, op;
    friend auto operator<=>(const Foreign&, const Foreign&) = default;
  };
  std::vector<Add> adds;
  std::vector<std::uint64_t> removed;
  std::vector<Foreign> foreign;
};
struct LwwPayload {
  std::uint64_t op = 0;
  crdt::Hlc hlc;
  std::string_view value;  // the scalar's exact MessagePack bytes: see scalar.h
};
struct UnknownPayload {
  std::string_view bytes;
};
using Payload = std::variant<GCounterPayload, PnCounterPayload, GSetPayload, OrSetPayload,
                             LwwPayload, UnknownPayload>;

struct Entry {
  std::string_view key;
  std::uint8_t type = 0;
  std::uint64_t lo = 0, hi = 0;
  Payload payload;
  std::size_t bytes =
      0;  // encoded size of the whole entry; set by the decoder, ignored by the encoder
};

struct Delta {
  std::string_view fleet;
  bool is_signed = false;
  std::string_view device;
  std::uint64_t epoch = 0, from = 0, to = 0, id = 0;
  std::uint32_t part = 1, parts = 1;
  crdt::Hlc hlc;
  std::vector<Entry> entries;
};

struct Sealed {
  std::string_view body, key_id, signature;
};

struct Envelope {
  std::shared_ptr<const std::string> bytes;  // verbatim; every view below points into it
  Sealed sealed;
  Hash hash;  // of sealed.body
  Delta delta;
};

Result<Sealed, DecodeError> decode_sealed(std::string_view bytes, const Limits&);
Result<Envelope, DecodeError> decode_envelope(std::shared_ptr<const std::string> bytes,
                                              const Limits&);
inline Result<Envelope, DecodeError> decode_envelope(std::string_view bytes, const Limits& limits) {
  return decode_envelope(std::make_shared<const std::string>(bytes), limits);
}
// The body alone, for tools and tests. Views point into `body`.
Result<Delta, DecodeError> decode_delta(std::string_view body, const Limits&);

// One entry again, of a body that was decoded before: the one that begins at `offset` there, in the
// delta of that actor to `to`. Views point into `body`.
Entry entry_at(std::string_view body, std::size_t offset, std::string_view device,
               std::uint64_t epoch, std::uint64_t to);

// REQUIRES: the delta satisfies the grammar (ordering included); asserted.
std::string encode_delta(const Delta&);
std::string seal(std::string_view body, std::string_view key_id = {},
                 std::string_view signature = {});
// The encoded size of one entry, without encoding it.
std::size_t encoded_size(const Entry&);

bool valid_id(std::string_view id);    // device, gateway, fleet
bool valid_key(std::string_view key);  // docs/protocol.md section 1

}  // namespace tributary::wire
