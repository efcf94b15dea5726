// SPDX-License-Identifier: Apache-2.0
// Records of the fleet's registry: elements of the G-Set $fleet/keys, docs/protocol.md section 9.
// Views in what is decoded point into the bytes given.
//
//   std::string element = encode(KeyRecord{"device", "sensor-7", key_bytes});
//   Result<KeyRecord, DecodeError> r = decode_key_record(element);   // strict, like all decoders
#pragma once
#include <string>
#include <string_view>

#include "crdt/result.h"
#include "transports/wire/bytes.h"

namespace tributary::wire {

inline constexpr std::string_view registry_prefix = "$fleet/";
inline constexpr std::string_view keys_key = "$fleet/keys";
inline constexpr std::string_view admin_id = "admin";  // who writes the registry

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

}  // namespace tributary::wire
