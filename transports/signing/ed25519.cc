// SPDX-License-Identifier: Apache-2.0
#include "transports/signing/ed25519.h"

#include <sodium.h>

#include <stdexcept>
#include <utility>

namespace tributary::signing {
namespace {

void need_sodium() {
  if (!ready()) throw std::runtime_error("libsodium does not start: is there entropy?");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

bool ready() {
  static const bool started = sodium_init() >= 0;
  return started;
}

std::string vet(const PublicBytes& key) {
  need_sodium();
  // Canonical, on the curve, in the prime-order group, and not of small order.
  if (crypto_core_ed25519_is_valid_point(key.data()) == 1) return {};
  return "is no fit Ed25519 key: not canonical, not on the curve, or of small or mixed order; "
         "signatures by such a key can be made by anybody";
}

bool verifies(const PublicBytes& key, std::string_view message, std::string_view signature) {
  need_sodium();
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(bytes_of(signature), bytes_of(message), message.size(),
                                     key.data()) == 0;
}

SecretKey SecretKey::make() {
  need_sodium();
  SecretKey key;
  crypto_sign_keypair(key.public_.data(), key.secret_.data());
  return key;
}

SecretKey SecretKey::from_seed(const Seed& seed) {
  need_sodium();
  SecretKey key;
  crypto_sign_seed_keypair(key.public_.data(), key.secret_.data(), seed.data());
  return key;
}

SecretKey::SecretKey(SecretKey&& other) noexcept : public_(other.public_), secret_(other.secret_) {
  sodium_memzero(other.secret_.data(), other.secret_.size());
}

SecretKey::~SecretKey() {
  sodium_memzero(secret_.data(), secret_.size());
}

SecretKey::Seed SecretKey::seed() const {
  Seed out{};
  crypto_sign_ed25519_sk_to_seed(out.data(), secret_.data());
  return out;
}

Signature SecretKey::sign(std::string_view message) const {
  Signature out{};
  crypto_sign_detached(out.data(), nullptr, bytes_of(message), message.size(), secret_.data());
  return out;
}

}  // namespace tributary::signing
