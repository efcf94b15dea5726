// SPDX-License-Identifier: Apache-2.0
// Which key seals what: of those that fit, the first. They are in the order of their prefixes'
// lengths, the longest first.
#include <optional>

#include "firmware-sim/sdk/engine.h"

namespace tributary::sdk {
namespace {

bool has_secrets(wire::Type type) {
  return type != wire::Type::gcounter && type != wire::Type::pncounter;
}

}  // namespace

template <class F>
void Engine::each_cipher(const Cell& cell, F&& f) const {
  if (!has_secrets(cell.type)) return;
  for (const ValueKey& v : options_.value_keys) {
    if (cell.key.starts_with(v.prefix) && f(v.cipher)) return;
  }
}

bool Engine::seals(const Cell& cell) const {
  bool found = false;
  each_cipher(cell, [&](const auto&) { return found = true; });
  return found;
}

std::string Engine::sealed(const Cell& cell, std::string_view plain, std::string_view salt) const {
  const secrecy::ValuePlace place{options_.fleet, static_cast<std::uint8_t>(cell.type), cell.key};
  std::optional<std::string> out;
  each_cipher(cell, [&](const secrecy::ValueCipher& cipher) {
    out = cipher.seal(place, plain, salt);
    return true;
  });
  return out ? std::move(*out) : std::string(plain);
}

std::string Engine::opened(const Cell& cell, std::string_view bytes) const {
  const secrecy::ValuePlace place{options_.fleet, static_cast<std::uint8_t>(cell.type), cell.key};
  std::optional<std::string> out;
  each_cipher(cell, [&](const secrecy::ValueCipher& cipher) {
    out = cipher.open(place, bytes);
    return out.has_value();
  });
  return out ? std::move(*out) : std::string(bytes);
}

std::vector<std::string> Engine::forms(const Cell& cell, std::string_view plain) const {
  const secrecy::ValuePlace place{options_.fleet, static_cast<std::uint8_t>(cell.type), cell.key};
  std::vector<std::string> out;
  each_cipher(cell, [&](const secrecy::ValueCipher& cipher) {
    out.push_back(cipher.seal(place, plain));
    return false;
  });
  out.emplace_back(plain);  // from before it was sealed
  return out;
}

}  // namespace tributary::sdk
