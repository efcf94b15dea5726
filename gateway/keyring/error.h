// SPDX-License-Identifier: Apache-2.0
// How everything in this folder fails: one sentence for a person, with what, where and what to do,
// and whose matter it is.
//
//   throw Error(Error::Kind::refused, "sensor-7: is enrolled already: `tributary fleet keys`");
//
// No text holds a secret.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

namespace tributary::keyring {

struct Error : std::runtime_error {
  enum class Kind : std::uint8_t {
    refused,  // what was asked for is not allowed, or what was given is no good
    storage,  // a file or a directory
    crypto,   // the library failed: no entropy, out of memory
  };
  Error(Kind which, const std::string& text) : std::runtime_error(text), kind(which) {}
  Kind kind;
};

}  // namespace tributary::keyring
