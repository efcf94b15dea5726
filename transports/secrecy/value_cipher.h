// SPDX-License-Identifier: Apache-2.0
// Values that only holders of a key can read, docs/protocol.md section 14: set elements and
// register values, sealed by a device (XChaCha20-Poly1305), opaque to brokers and gateways, and
// still merged by them.
//
//   ValueCipher cipher = *ValueCipher::from_key(bytes);            // 32 of them
//   const ValuePlace place{"demo", 4, "hall/badges"};
//   std::string element = cipher.seal(place, "badge-17");           // the same each time
//   cipher.open(place, element);                                    // "badge-17"
//
// Promise: what open() gives was sealed by a holder of the key, for this fleet, key and type. An
// element is sealed to the same bytes by every device that has the key (its nonce is a keyed hash
// of what it says, as in SIV, RFC 5297), so equal elements are seen to be equal, and merge. Pure
// functions; may be called from any thread.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::secrecy {

// Where a value stands: it opens nowhere else.
struct ValuePlace {
  std::string_view fleet;
  std::uint8_t type = 0;  // wire::Type
  std::string_view key;
};

class ValueCipher {
 public:
  static constexpr std::size_t key_bytes = 32;
  static constexpr std::size_t overhead = 4 + 8 + 24 + 16;  // magic, key id, nonce, tag

  static std::string make_key();  // from the system's randomness
  // nullopt: not 32 bytes.
  static std::optional<ValueCipher> from_key(std::string_view bytes);

  const std::string& id() const { return id_; }  // 8 bytes: names the key, tells nothing of it
  // With a salt that is new each time, equal values are not seen to be equal: for registers.
  std::string seal(const ValuePlace&, std::string_view plain, std::string_view salt = {}) const;
  // nullopt: not sealed, by another key, for another place, or damaged.
  std::optional<std::string> open(const ValuePlace&, std::string_view sealed) const;

 private:
  ValueCipher() = default;
  std::array<unsigned char, 32> cipher_{}, nonces_{};
  std::string id_;
};

// It looks like a sealed value: the id of its key. An element that merely looks so opens with no
// key.
std::optional<std::string_view> sealed_by(std::string_view bytes);

}  // namespace tributary::secrecy
