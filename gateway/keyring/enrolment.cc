// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/enrolment.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "gateway/keyring/error.h"
#include "gateway/keyring/lines.h"
#include "gateway/keyring/pki.h"

namespace tributary::keyring {
namespace {

constexpr std::string_view challenge_title = "tributary enrolment challenge 1";
// The first line of what is signed: no signature over anything else of ours begins so.
constexpr std::string_view proof_title = "tributary enrolment proof 1";
constexpr std::string_view signature_field = "signature ";
constexpr std::string_view pem_begin = "-----BEGIN CERTIFICATE REQUEST-----\n";
constexpr std::string_view pem_end = "-----END CERTIFICATE REQUEST-----\n";
constexpr std::size_t pem_line = 64;

[[noreturn]] void refuse(const std::string& why) {
  throw Error(Error::Kind::refused, why);
}

// The base64 of a PEM request in one line, and back.
std::string to_line(const std::string& pem) {
  std::string out;
  for (std::size_t at = pem.find('\n') + 1; at < pem.size() && pem[at] != '-'; ++at) {
    if (pem[at] != '\n') out += pem[at];
  }
  return out;
}

std::string to_pem(const std::string& line) {
  std::string out(pem_begin);
  for (std::size_t at = 0; at < line.size(); at += pem_line)
    out += line.substr(at, pem_line) + "\n";
  return out + std::string(pem_end);
}

}  // namespace

Challenge Challenge::make(Owner owner) {
  std::array<std::uint8_t, 32> nonce{};
  if (sodium_init() < 0) throw Error(Error::Kind::crypto, "libsodium does not start");
  randombytes_buf(nonce.data(), nonce.size());
  return {std::move(owner), to_hex(nonce.data(), nonce.size())};
}

Challenge Challenge::parse(std::string_view text) {
  const auto v = from_lines(text, challenge_title, {"fleet", "role", "id", "nonce"});
  std::array<std::uint8_t, 32> nonce{};
  if (!is_id(v[0]) || !is_id(v[2]) || !from_hex(v[3], nonce.data(), nonce.size())) {
    refuse("the challenge is malformed: have it made again");
  }
  return {{v[0], v[1], v[2]}, v[3]};
}

std::string Challenge::text() const {
  return to_lines(
      challenge_title,
      {{"fleet", owner.fleet}, {"role", owner.role}, {"id", owner.id}, {"nonce", nonce}});
}

std::string prove(const Challenge& challenge, const SigningKey& key, const std::string& tls_key) {
  const Owner& owner = challenge.owner;
  if (key.public_key().owner != owner) {
    refuse("the signing key here is of " + key.public_key().owner.role + " " +
           key.public_key().owner.id + " of fleet " + key.public_key().owner.fleet +
           ", and the challenge is for another: use another directory");
  }
  const std::string request = to_line(make_request(tls_key, owner.id));
  const PublicBytes& bytes = key.public_key().bytes;
  std::string text = to_lines(proof_title, {{"fleet", owner.fleet},
                                            {"role", owner.role},
                                            {"id", owner.id},
                                            {"nonce", challenge.nonce},
                                            {"public", to_hex(bytes.data(), bytes.size())},
                                            {"request", request}});
  const SignatureBytes signature = key.sign(text);
  text += std::string(signature_field) + to_hex(signature.data(), signature.size()) + "\n";
  return text;
}

Proven check_proof(std::string_view proof, const Challenge& challenge) {
  const auto v = from_lines(proof, proof_title,
                            {"fleet", "role", "id", "nonce", "public", "request", "signature"});
  const Owner owner{v[0], v[1], v[2]};
  if (owner != challenge.owner || v[3] != challenge.nonce) {
    refuse("the proof answers another challenge than the one made last for " + challenge.owner.id +
           ": have the device answer that one");
  }
  Proven out;
  out.key.owner = owner;
  SignatureBytes signature{};
  if (!from_hex(v[4], out.key.bytes.data(), out.key.bytes.size()) ||
      !from_hex(v[6], signature.data(), signature.size())) {
    refuse("the proof's public key or signature is no lower-case hex of its length");
  }
  if (const std::string wrong = vet(out.key.bytes); !wrong.empty()) {
    refuse("the device's public key " + wrong);
  }
  const std::size_t signed_bytes = proof.rfind(signature_field);
  if (!out.key.verifies(proof.substr(0, signed_bytes), signature)) {
    refuse(
        "the proof is not signed by the key that it names: the device has not shown that it "
        "has it");
  }
  out.request = to_pem(v[5]);
  // An Ed25519 TLS key ends with the same 32 bytes: one key for two purposes is refused.
  const std::string tls_half = public_half(out.request);
  if (tls_half.size() >= v[4].size() &&
      tls_half.compare(tls_half.size() - v[4].size(), v[4].size(), v[4]) == 0) {
    refuse("the TLS key is the signing key: the device needs two");
  }
  return out;
}

}  // namespace tributary::keyring
