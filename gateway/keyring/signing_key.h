// SPDX-License-Identifier: Apache-2.0
// Files of the Ed25519 keys with which the admin, gateways and devices sign
// (transports/signing). Never the key of a TLS certificate.
//
//   SigningKey key = SigningKey::make({"demo", "device", "sensor-7"});
//   write_file("sign.key", key.secret_text(), Access::secret);
//   write_file("sign.pub", key.public_text(), Access::visible);
//   PublicKey theirs = PublicKey::parse(text);       // strict, and vetted
//
// The files are text, described in docs/security.md. Promise: a PublicKey is a point of the prime
// order group in its one canonical encoding: neither small, nor mixed, nor another spelling of one.
// The secret leaves memory with its object. Throws Error(refused) for what is no such key.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "transports/signing/ed25519.h"
#include "transports/wire/bytes.h"

namespace tributary::keyring {

struct Owner {
  std::string fleet;
  std::string role;  // "admin", "gateway", "device"
  std::string id;
  friend bool operator==(const Owner&, const Owner&) = default;
};

using signing::PublicBytes;
using signing::vet;
using SignatureBytes = signing::Signature;

struct PublicKey {
  Owner owner;
  PublicBytes bytes{};

  static PublicKey parse(std::string_view text);
  std::string text() const;
  std::string fingerprint() const;  // SHA-256 of the 32 bytes, 64 hex digits
  bool verifies(std::string_view message, const SignatureBytes& signature) const;
};

class SigningKey {
 public:
  static SigningKey make(Owner owner);
  static SigningKey parse(std::string_view text);

  const PublicKey& public_key() const { return public_; }
  std::string public_text() const { return public_.text(); }
  std::string secret_text() const;
  SignatureBytes sign(std::string_view message) const { return secret_->sign(message); }
  // For signing::signer_of.
  std::shared_ptr<const signing::SecretKey> secret() const { return secret_; }

 private:
  SigningKey(Owner owner, signing::SecretKey secret)
      : public_{std::move(owner), secret.public_bytes()},
        secret_(std::make_shared<const signing::SecretKey>(std::move(secret))) {}
  PublicKey public_;
  std::shared_ptr<const signing::SecretKey> secret_;
};

using wire::from_hex;
inline std::string to_hex(const std::uint8_t* bytes, std::size_t size) {
  return wire::to_hex({reinterpret_cast<const char*>(bytes), size});
}

}  // namespace tributary::keyring
