// SPDX-License-Identifier: Apache-2.0
// Files with a key for values that gateways cannot read (docs/security.md section 11).
//
//   make_value_key("hall.key");                              // 0600; never over one that is there
//   secrecy::ValueCipher cipher = read_value_key("hall.key");
//
// Throw Error: storage for the file, refused for what is in it.
#pragma once
#include <string>

#include "transports/secrecy/value_cipher.h"

namespace tributary::keyring {

secrecy::ValueCipher make_value_key(const std::string& path);
secrecy::ValueCipher read_value_key(const std::string& path);

}  // namespace tributary::keyring
