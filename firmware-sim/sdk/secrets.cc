// SPDX-License-Identifier: Apache-2.0
// Which key seals what: of those that fit, the first with the longest prefix.
#include <algorithm>
#include <optional>

#include "firmware-sim/sdk/engine.h"

namespace tributary::sdk {
namespace {

bool has_secrets(wire::Type type) {
  return type != wire::Type::gcounter && type != wire::Type::pncounter;
}

}  // namespace

std::vector<const secrecy::ValueCipher*> Engine::ciphers(const Cell& cell) const {
  std::vector<const ValueKey*> fit;
  if (has_secrets(cell.type)) {
    for (const ValueKey& v : options_.value_keys) {
      if (cell.key.starts_with(v.prefix)) fit.push_back(&v);
    }
  }
  std::stable_sort(fit.begin(), fit.end(), [](const ValueKey* a, const ValueKey* b) {
    return a->prefix.size() > b->prefix.size();
  });
  std::vector<const secrecy::ValueCipher*> out;
  for (const ValueKey* v : fit) out.push_back(&v->cipher);
  return out;
}

bool Engine::seals(const Cell& cell) const {
  return !options_.value_keys.empty() && !ciphers(cell).empty();
}

std::string Engine::sealed(const Cell& cell, std::string_view plain, std::string_view salt) const {
  if (!seals(cell)) return std::string(plain);
  const secrecy::ValuePlace place{options_.fleet, static_cast<std::uint8_t>(cell.type), cell.key};
  return ciphers(cell).front()->seal(place, plain, salt);
}

std::string Engine::opened(const Cell& cell, std::string_view bytes) const {
  const secrecy::ValuePlace place{options_.fleet, static_cast<std::uint8_t>(cell.type), cell.key};
  if (seals(cell)) {
    for (const secrecy::ValueCipher* cipher : ciphers(cell)) {
      if (std::optional<std::string> plain = cipher->open(place, bytes)) return std::move(*plain);
    }
  }
  return std::string(bytes);
}

std::vector<std::string> Engine::forms(const Cell& cell, std::string_view plain) const {
  std::vector<std::string> out;
  if (seals(cell)) {
    const secrecy::ValuePlace place{options_.fleet, static_cast<std::uint8_t>(cell.type), cell.key};
    for (const secrecy::ValueCipher* cipher : ciphers(cell))
      out.push_back(cipher->seal(place, plain));
  }
  out.emplace_back(plain);  // from before it was sealed
  return out;
}

}  // namespace tributary::sdk
