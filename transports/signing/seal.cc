// SPDX-License-Identifier: Apache-2.0
#include "transports/signing/seal.h"

#include <utility>

namespace tributary::signing {
namespace {

constexpr std::size_t key_id_bytes = 8;

const char* name(Kind kind) {
  switch (kind) {
    case Kind::delta:
      return "delta";
    case Kind::ack:
      return "ack";
    case Kind::head:
      return "head";
    case Kind::status:
      return "status";
    case Kind::seal:
      return "seal";
    case Kind::proposal:
      return "proposal";
  }
  return "";
}

}  // namespace

std::string message(Kind kind, std::string_view fleet, std::string_view body) {
  std::string out = "tributary/1 ";
  out.reserve(out.size() + 16 + fleet.size() + body.size());
  out += name(kind);
  out += ' ';
  out += fleet;
  out += '\n';
  out += body;
  return out;
}

std::string key_id(const PublicBytes& key) {
  return std::string(wire::sha256(view(key)).view().substr(0, key_id_bytes));
}

Signer signer_of(std::shared_ptr<const SecretKey> key) {
  Signer out{key->public_bytes(), key_id(key->public_bytes()), {}};
  out.sign = [key = std::move(key)](std::string_view m) { return key->sign(m); };
  return out;
}

std::string seal(Kind kind, std::string_view fleet, std::string_view body, const Signer& signer) {
  const Signature s = signer.sign(message(kind, fleet, body));
  return wire::seal(body, signer.id, view(s));
}

bool verifies(const PublicBytes& key, Kind kind, std::string_view fleet,
              const wire::Sealed& sealed) {
  return verifies(key, message(kind, fleet, sealed.body), sealed.signature);
}

}  // namespace tributary::signing
