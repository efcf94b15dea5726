// SPDX-License-Identifier: Apache-2.0
// Ed25519 (RFC 8032) over libsodium, the one verifier of this project: libraries disagree about odd
// signatures, and gateways that disagree never converge.
//
//   SecretKey key = SecretKey::make();
//   Signature s = key.sign(message);
//   bool good = verifies(key.public_bytes(), message, view(s));
//
// Promise: what verifies() takes is decided by the bytes alone, alike on every machine; s + L, an R
// or A of small order and other spellings of a point are refused. A secret leaves memory with its
// object. Functions are pure and may be called from any thread.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::signing {

using PublicBytes = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

// Empty: fit for use. Else what is wrong with it: not canonical, not on the curve, of small or
// mixed order.
std::string vet(const PublicBytes& key);

// REQUIRES: vet(key) is empty (once, when the key was taken in).
bool verifies(const PublicBytes& key, std::string_view message, std::string_view signature);

template <std::size_t n>
std::string_view view(const std::array<std::uint8_t, n>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), n};
}

class SecretKey {
 public:
  using Seed = std::array<std::uint8_t, 32>;  // "private key" in RFC 8032
  static SecretKey make();                    // from the system's randomness
  static SecretKey from_seed(const Seed&);
  ~SecretKey();
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&&) = delete;

  const PublicBytes& public_bytes() const { return public_; }
  Seed seed() const;
  Signature sign(std::string_view message) const;

 private:
  SecretKey() = default;
  PublicBytes public_{};
  std::array<std::uint8_t, 64> secret_{};  // libsodium's form: seed and public key
};

// False: libsodium does not start, for want of randomness. Everything above calls it first and
// throws std::runtime_error then.
bool ready();

}  // namespace tributary::signing
