// SPDX-License-Identifier: Apache-2.0
// A fleet that signs: keys made from names, its registry, and a gateway on a bench that has both.
//
//   Rig rig(enrolled("gw"));  rig.boot();
//   rig.gateway->registry(rig.now(), packed({registry({"a", "b"})}, wire::Codec::plain));
//   rig.up("a", by("a", {.to = 1}, {counter("k", 1, 5)}));
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "tests/gateway/core/support/craft.h"
#include "tests/gateway/core/support/rig.h"
#include "transports/signing/seal.h"

namespace tributary::core::testing {

// The same name has the same key, always.
const signing::Signer& key_of(std::string_view name);

// An envelope that is made to be signed, signed by the key of `signer`; else by its device's.
std::string by(std::string_view signer, Frame, std::vector<wire::Entry> entries);
inline std::string by_itself(Frame f, std::vector<wire::Entry> entries) {
  return by(f.device, f, std::move(entries));
}
// The body of any envelope under another signature.
std::string signed_as(std::string_view envelope, std::string_view key_id,
                      std::string_view signature);
// One bit of its signature turned over.
std::string torn(std::string_view envelope);

// An envelope of the admin: these members' keys, as operations from + 1 …; signed by `signer`.
// Names that begin with "gw" are gateways.
std::string registry(const std::vector<std::string>& members, std::uint64_t from = 0,
                     std::string_view signer = "admin", std::string_view fleet = "demo");

Options enrolled(std::string gateway = "gw", Signatures = Signatures::require);

// The device brought its counter "parts" to `total` by operation `to`; signed by itself.
inline std::string one(std::string_view device, std::uint64_t to = 1, std::uint64_t total = 5) {
  return by_itself({.device = device, .to = to}, {counter("parts", to, total)});
}
// These envelopes of the admin, as from the registry's file; then all is committed and said.
void give(Rig& rig, const std::vector<std::string>& envelopes);

// From a gateway to its peers.
std::string batch(std::string_view gateway, std::uint64_t number,
                  const std::vector<std::string_view>& envelopes);

}  // namespace tributary::core::testing
