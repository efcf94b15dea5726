// SPDX-License-Identifier: Apache-2.0
// A certificate authority of one fleet: makes keys and certificates, and says which are revoked.
// Over OpenSSL; P-256 with SHA-256, which brokers, small TLS stacks and secure elements all take.
//
//   Pair ca = make_ca("demo", {now_s - day_s, now_s + 3'650 * day_s});
//   std::string key = make_key();
//   std::string certificate = issue(ca, {.common_name = "g1", .uri = "tributary:demo:gateway:g1"},
//                                   key, validity);
//   std::string list = revocations(ca, {"0a1b…"}, validity);
//
// Everything is PEM. Promise: no key is ever in a text that is thrown. Throws Error.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace tributary::keyring {

struct Validity {
  std::int64_t from_s = 0;
  std::int64_t to_s = 0;
};

struct Pair {
  std::string certificate;
  std::string key;
};

struct Subject {
  std::string common_name{};         // the id: what the broker takes for the user's name
  std::string uri{};                 // exactly one
  std::vector<std::string> hosts{};  // DNS names and addresses, of a server
  bool server = false;               // else a client
};

Pair make_ca(const std::string& fleet, const Validity& validity);
std::string make_key();
// For the public half of `key`.
std::string issue(const Pair& ca, const Subject& subject, const std::string& key,
                  const Validity& validity);
// For the key that the request proves; only P-256 and Ed25519. Of the request nothing else counts.
std::string issue_requested(const Pair& ca, const Subject& subject, const std::string& request,
                            const Validity& validity);
// For the key of a certificate that there is already.
std::string issue_again(const Pair& ca, const Subject& subject, const std::string& certificate,
                        const Validity& validity);

// A request (PKCS #10), signed by the key: that is the proof that its owner has it.
std::string make_request(const std::string& key, const std::string& common_name);
// The bytes of its public key as in a certificate (SubjectPublicKeyInfo), in hex.
std::string public_half(const std::string& certificate_or_request);

std::string serial_of(const std::string& certificate);  // hex
std::string revocations(const Pair& ca, const std::vector<std::string>& serials,
                        const Validity& validity);

bool is_host(const std::string& text);  // a DNS name or an address, as a certificate can hold it

}  // namespace tributary::keyring
