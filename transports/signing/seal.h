// SPDX-License-Identifier: Apache-2.0
// What a signature of the protocol covers (docs/protocol.md section 2): the exact bytes of a body,
// behind a prefix that keeps the kinds of bodies, and fleets, apart.
//
//   Signer signer = signer_of(std::make_shared<SecretKey>(SecretKey::make()));
//   std::string frame = seal(Kind::delta, "demo", body, signer);
//   bool good = verifies(key, Kind::delta, "demo", sealed);
//
// Promise: a signature of one kind, or of one fleet, is none of any other. Pure functions.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "transports/signing/ed25519.h"
#include "transports/wire/envelope.h"

namespace tributary::signing {

enum class Kind : std::uint8_t { delta, ack, head, status, seal, proposal };

// "tributary/1 delta demo\n" and the body: what is signed.
std::string message(Kind kind, std::string_view fleet, std::string_view body);

// Names a key among those of one owner: the first 8 bytes of SHA-256 of the key.
std::string key_id(const PublicBytes& key);

// Who can sign: a key in memory, or whatever keeps one (a secure element). A gateway with several
// threads lets several call `sign` at once.
struct Signer {
  PublicBytes key{};
  std::string id;  // key_id(key)
  std::function<Signature(std::string_view message)> sign;
};
Signer signer_of(std::shared_ptr<const SecretKey> key);

// The whole frame. Of an envelope the delta must say that it was made to be signed.
std::string seal(Kind kind, std::string_view fleet, std::string_view body, const Signer& signer);

// REQUIRES: vet(key) is empty.
bool verifies(const PublicBytes& key, Kind kind, std::string_view fleet,
              const wire::Sealed& sealed);

}  // namespace tributary::signing
