// SPDX-License-Identifier: Apache-2.0
// Whether somebody knows a secret. Its promise: the time it takes depends on the lengths alone.
//
//   if (!same_secret(given, token)) refuse();
#pragma once
#include <cstddef>
#include <string_view>

namespace tributary::http {

inline bool same_secret(std::string_view given, std::string_view secret) {
  unsigned different = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char other = secret.empty() ? '\0' : secret[i % secret.size()];
    different |= static_cast<unsigned char>(given[i] ^ other);
  }
  return different == 0;
}

}  // namespace tributary::http
