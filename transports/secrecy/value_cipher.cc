// SPDX-License-Identifier: Apache-2.0
#include "transports/secrecy/value_cipher.h"

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

namespace tributary::secrecy {
namespace {

constexpr std::string_view magic = "tsv1";
constexpr std::size_t id_bytes = 8;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(ValueCipher::overhead == magic.size() + id_bytes + nonce_bytes + tag_bytes);
static_assert(ValueCipher::key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

void want_sodium() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start: no randomness");
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// BLAKE2b, keyed.
void keyed_hash(std::string_view key, std::string_view message, unsigned char* out,
                std::size_t size) {
  crypto_generichash(out, size, bytes_of(message), message.size(), bytes_of(key), key.size());
}

std::string context(const ValuePlace& p) {
  std::string out = "tributary/1 value ";
  out.append(p.fleet).push_back('\n');
  out.push_back(static_cast<char>(p.type));
  return out.append(p.key);
}

}  // namespace

std::string ValueCipher::make_key() {
  want_sodium();
  std::string key(key_bytes, '\0');
  randombytes_buf(key.data(), key.size());
  return key;
}

std::optional<ValueCipher> ValueCipher::from_key(std::string_view bytes) {
  want_sodium();
  if (bytes.size() != key_bytes) return std::nullopt;
  ValueCipher out;
  keyed_hash(bytes, "tributary/1 value cipher", out.cipher_.data(), out.cipher_.size());
  keyed_hash(bytes, "tributary/1 value nonces", out.nonces_.data(), out.nonces_.size());
  std::array<unsigned char, 32> id{};
  keyed_hash(bytes, "tributary/1 value id", id.data(), id.size());
  out.id_.assign(reinterpret_cast<const char*>(id.data()), id_bytes);
  return out;
}

std::string ValueCipher::seal(const ValuePlace& place, std::string_view plain,
                              std::string_view salt) const {
  const std::string where = context(place);
  // Lengths first: no other place, salt and value give the same bytes.
  std::string said = std::to_string(where.size()) + ' ' + std::to_string(salt.size()) + '\n';
  said.append(where).append(salt).append(plain);
  std::array<unsigned char, nonce_bytes> nonce{};
  keyed_hash({reinterpret_cast<const char*>(nonces_.data()), nonces_.size()}, said, nonce.data(),
             nonce.size());
  std::string out(magic);
  out.append(id_).append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  const std::size_t head = out.size();
  out.resize(head + plain.size() + tag_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      reinterpret_cast<unsigned char*>(out.data()) + head, nullptr, bytes_of(plain), plain.size(),
      bytes_of(where), where.size(), nullptr, nonce.data(), cipher_.data());
  return out;
}

std::optional<std::string> ValueCipher::open(const ValuePlace& place,
                                             std::string_view sealed) const {
  if (sealed_by(sealed) != std::string_view(id_)) return std::nullopt;
  const std::string where = context(place);
  const std::string_view nonce = sealed.substr(magic.size() + id_bytes, nonce_bytes);
  const std::string_view text = sealed.substr(magic.size() + id_bytes + nonce_bytes);
  std::string plain(text.size() - tag_bytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, bytes_of(text),
          text.size(), bytes_of(where), where.size(), bytes_of(nonce), cipher_.data()) != 0) {
    return std::nullopt;
  }
  return plain;
}

std::optional<std::string_view> sealed_by(std::string_view bytes) {
  if (bytes.size() < ValueCipher::overhead || !bytes.starts_with(magic)) return std::nullopt;
  return bytes.substr(magic.size(), id_bytes);
}

}  // namespace tributary::secrecy
