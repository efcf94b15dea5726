// SPDX-License-Identifier: Apache-2.0
// Records of the fleet's registry: elements of the G-Sets $fleet/keys, $fleet/grants and
// $fleet/settlements, docs/protocol.md.
// Views in what is decoded point into the bytes given.
//
//   std::string element = encode(KeyRecord{"device", "sensor-7", key_bytes});
//   Result<KeyRecord, DecodeError> r = decode_key_record(element);   // strict, like all decoders
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "transports/wire/bytes.h"

namespace tributary::wire {

inline constexpr std::string_view registry_prefix = "$fleet/";
inline constexpr std::string_view keys_key = "$fleet/keys";
inline constexpr std::string_view grants_key = "$fleet/grants";
inline constexpr std::string_view settlements_key = "$fleet/settlements";
inline constexpr std::string_view admin_id = "admin";  // who writes the registry

// The actor of what people change through a gateway; it signs with the gateway's key.
std::string operator_id(std::string_view gateway);

// This member signs with this key.
struct KeyRecord {
  std::string_view role;  // "device", "gateway"
  std::string_view id;
  std::string_view key;  // 32 bytes: Ed25519
};
// REQUIRES: the grammar; asserted.
std::string encode(const KeyRecord&);
// `version`: a record of another kind, which a newer writer may have made.
Result<KeyRecord, DecodeError> decode_key_record(std::string_view bytes);

// These members may do this to these keys. What no grant allows is not allowed.
struct GrantRecord {
  enum Operation : std::uint8_t {
    add = 1,    // count up, add elements
    take = 2,   // count down, remove elements, one's own or others'
    set = 4,    // write a register
    other = 8,  // types that this version does not know
  };
  static constexpr std::uint64_t unbounded = ~std::uint64_t{0};

  std::string_view members;         // a pattern of ids: '*' any run of characters, '?' one
  std::string_view keys;            // the same of keys; "{id}" stands for the member's own id
  std::vector<std::uint8_t> types;  // ascending; empty: all
  std::uint8_t operations = 0;      // bits of Operation, not 0
  // A counter's sum, either way, may be at most burst + per_hour × the hours from `since_ms` to the
  // delta's hlc; `burst` unbounded: no bound.
  std::uint64_t since_ms = 0, burst = unbounded, per_hour = 0;
  std::uint64_t bytes_max = unbounded;  // of an entry of any other type, encoded
};
std::string encode(const GrantRecord&);
Result<GrantRecord, DecodeError> decode_grant_record(std::string_view bytes);
// In a pattern only what ids and keys may have, and * ? { }.
bool valid_member_pattern(std::string_view pattern);
bool valid_key_pattern(std::string_view pattern);

// Of what this device says, only what a settlement names is valid from now on: all of one epoch, or
// all that one key of it signed, in whatever epoch.
struct ClosingRecord {
  std::string_view device;
  std::optional<std::uint64_t> epoch;  // nullopt: `key` is what is closed
  std::string_view key;                // 32 bytes: Ed25519; empty when an epoch is closed
};
// REQUIRES: the grammar, and one of both; asserted.
std::string encode(const ClosingRecord&);
Result<ClosingRecord, DecodeError> decode_closing_record(std::string_view bytes);

// These envelopes of a device are valid whatever was closed: a part of a list, which counts once it
// is whole.
struct SettlementRecord {
  static constexpr std::uint64_t parts_max = 100'000;
  static constexpr std::size_t hashes_max = 24;  // of one record: an element has 1,024 bytes

  std::string_view device;
  std::uint64_t id = 0;               // of the list, among those of the device
  std::uint64_t part = 1, parts = 1;  // 1 <= part <= parts <= parts_max
  std::vector<Hash> hashes;           // of bodies, ascending; at most hashes_max
};
std::string encode(const SettlementRecord&);
Result<SettlementRecord, DecodeError> decode_settlement_record(std::string_view bytes);

// This grant allows nothing any more, but to the envelopes that its exemptions name.
struct WithdrawalRecord {
  Hash grant;  // of the grant's record
};
std::string encode(const WithdrawalRecord&);
Result<WithdrawalRecord, DecodeError> decode_withdrawal_record(std::string_view bytes);

// What a grant allows to these envelopes it goes on allowing once it is withdrawn: a part of a
// list, which counts once it is whole.
struct ExemptionRecord {
  static constexpr std::uint64_t parts_max = SettlementRecord::parts_max;
  static constexpr std::size_t hashes_max = SettlementRecord::hashes_max;

  Hash grant;                         // of the grant's record
  std::uint64_t id = 0;               // of the list, among those of the grant
  std::uint64_t part = 1, parts = 1;  // 1 <= part <= parts <= parts_max
  std::vector<Hash> hashes;           // of bodies, ascending; at most hashes_max
};
std::string encode(const ExemptionRecord&);
Result<ExemptionRecord, DecodeError> decode_exemption_record(std::string_view bytes);

// The admin removed this add of an OR-Set. Not what removes it: an entry of the same envelope does,
// as for any removal of another actor's add. It keeps that envelope alive and tells what the entry
// is about.
struct RemovalRecord {
  std::string_view key;     // not one that begins with '$'
  std::string_view device;  // whose add
  std::uint64_t epoch = 0, op = 0;
};
std::string encode(const RemovalRecord&);
Result<RemovalRecord, DecodeError> decode_removal_record(std::string_view bytes);

}  // namespace tributary::wire
