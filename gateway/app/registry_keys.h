// SPDX-License-Identifier: Apache-2.0
// Public keys for a check that needs no gateway: from files of a fleet's folder.
//
//   const Keys keys = keys_of({.registry = "registry", .admin = "admin.pub"}, "gateway");
//   auto [begin, end] = keys.equal_range("g1");
//
// Throws Trouble, and keyring::Error for files that cannot be read.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "transports/signing/ed25519.h"

namespace tributary::app {

using Keys = std::multimap<std::string, signing::PublicBytes, std::less<>>;  // by their owner's id

struct KeyFiles {
  std::string registry = {}, admin = {};  // all that this admin has signed
  std::vector<std::string> keys = {};     // sign.pub of one owner each
};

// `role`: "gateway", "device"; empty: whoever.
Keys keys_of(const KeyFiles& files, std::string_view role);
signing::PublicBytes admin_key_of(const std::string& path);

}  // namespace tributary::app
