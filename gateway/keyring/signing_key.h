// SPDX-License-Identifier: Apache-2.0
// Ed25519 keys (RFC 8032, over libsodium) of the admin, of gateways and of devices: what will sign
// envelopes. Never the key of a TLS certificate.
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
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tributary::keyring {

struct Owner {
  std::string fleet;
  std::string role;  // "admin", "gateway", "device"
  std::string id;
  friend bool operator==(const Owner&, const Owner&) = default;
};

using PublicBytes = std::array<std::uint8_t, 32>;
using SignatureBytes = std::array<std::uint8_t, 64>;

// Empty: fit for use. Else what is wrong with it.
std::string vet(const PublicBytes& key);

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
  ~SigningKey();
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  SigningKey(SigningKey&& other) noexcept;
  SigningKey& operator=(SigningKey&&) = delete;

  const PublicKey& public_key() const { return public_; }
  std::string public_text() const { return public_.text(); }
  std::string secret_text() const;
  SignatureBytes sign(std::string_view message) const;

 private:
  SigningKey() = default;
  PublicKey public_;
  std::array<std::uint8_t, 64> secret_{};  // libsodium's form: seed and public key
};

std::string to_hex(const std::uint8_t* bytes, std::size_t size);
// False when the text is not exactly 2 × size lower-case hex digits.
bool from_hex(std::string_view text, std::uint8_t* bytes, std::size_t size);

}  // namespace tributary::keyring
