// SPDX-License-Identifier: Apache-2.0
// Enrolment of a device whose keys are its own: the admin gives it a challenge, the device answers
// with its public keys and signatures by both, and only then is it believed to have them.
//
//   Challenge challenge = Challenge::make({"demo", "device", "sensor-7"});   // admin → device
//   std::string proof = prove(challenge, signing_key, tls_key_pem);          // device → admin
//   Proven proven = check_proof(proof, challenge);                           // throws, or it is so
//
// Both are text, described in docs/security.md. A challenge is good for one enrolment: its maker
// forgets it afterwards. Throws Error(refused).
#pragma once
#include <string>
#include <string_view>

#include "gateway/keyring/signing_key.h"

namespace tributary::keyring {

struct Challenge {
  Owner owner;
  std::string nonce;  // 64 hex digits

  static Challenge make(Owner owner);
  static Challenge parse(std::string_view text);
  std::string text() const;
};

struct Proven {
  PublicKey key;
  std::string request;  // PEM, for the TLS certificate
};

std::string prove(const Challenge& challenge, const SigningKey& key, const std::string& tls_key);
Proven check_proof(std::string_view proof, const Challenge& challenge);

}  // namespace tributary::keyring
