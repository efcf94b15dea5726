// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/signing_key.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "gateway/keyring/error.h"
#include "gateway/keyring/lines.h"

namespace tributary::keyring {
namespace {

constexpr std::string_view public_title = "tributary public key 1";
constexpr std::string_view secret_title = "tributary signing key 1";

Owner owner_of(const std::vector<std::string>& values) {
  Owner owner{values[0], values[1], values[2]};
  const bool known = owner.role == "admin" || owner.role == "gateway" || owner.role == "device";
  if (!known || !is_id(owner.fleet) || !is_id(owner.id)) {
    throw Error(Error::Kind::refused, "a key file names no fleet, role or id that can be");
  }
  return owner;
}

PublicBytes public_bytes(const std::string& hex) {
  PublicBytes out{};
  if (!from_hex(hex, out.data(), out.size())) {
    throw Error(Error::Kind::refused, "a public key is 64 lower-case hex digits");
  }
  if (const std::string wrong = vet(out); !wrong.empty()) {
    throw Error(Error::Kind::refused, "the public key " + hex + " " + wrong);
  }
  return out;
}

}  // namespace

PublicKey PublicKey::parse(std::string_view text) {
  const auto values = from_lines(text, public_title, {"fleet", "role", "id", "public"});
  return {owner_of(values), public_bytes(values[3])};
}

std::string PublicKey::text() const {
  return to_lines(public_title, {{"fleet", owner.fleet},
                                 {"role", owner.role},
                                 {"id", owner.id},
                                 {"public", to_hex(bytes.data(), bytes.size())}});
}

std::string PublicKey::fingerprint() const {
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), bytes.data(), bytes.size());
  return to_hex(hash.data(), hash.size());
}

bool PublicKey::verifies(std::string_view message, const SignatureBytes& signature) const {
  return vet(bytes).empty() && signing::verifies(bytes, message, signing::view(signature));
}

SigningKey SigningKey::make(Owner owner) {
  return {std::move(owner), signing::SecretKey::make()};
}

SigningKey SigningKey::parse(std::string_view text) {
  auto values = from_lines(text, secret_title, {"fleet", "role", "id", "public", "secret"});
  const PublicBytes named = public_bytes(values[3]);
  signing::SecretKey::Seed seed{};
  const bool hex = from_hex(values[4], seed.data(), seed.size());
  signing::SecretKey secret = signing::SecretKey::from_seed(seed);
  sodium_memzero(seed.data(), seed.size());
  sodium_memzero(values[4].data(), values[4].size());
  if (!hex || secret.public_bytes() != named) {
    throw Error(Error::Kind::refused, "the secret of a signing key does not make its public key");
  }
  return {owner_of(values), std::move(secret)};
}

std::string SigningKey::secret_text() const {
  signing::SecretKey::Seed bytes = secret_->seed();
  std::string seed = to_hex(bytes.data(), bytes.size());
  std::string out =
      to_lines(secret_title, {{"fleet", public_.owner.fleet},
                              {"role", public_.owner.role},
                              {"id", public_.owner.id},
                              {"public", to_hex(public_.bytes.data(), public_.bytes.size())},
                              {"secret", seed}});
  sodium_memzero(bytes.data(), bytes.size());
  sodium_memzero(seed.data(), seed.size());
  return out;
}

}  // namespace tributary::keyring
