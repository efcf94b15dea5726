// SPDX-License-Identifier: Apache-2.0
// The text form of keys, challenges and proofs: a title, then lines of "name value" in a fixed
// order. One way to write a thing, so one way to read it.
//
//   std::string text = to_lines("tributary public key 1", {{"fleet", "demo"}, {"id", "g1"}});
//   auto values = from_lines(text, "tributary public key 1", {"fleet", "id"});   // {"demo", "g1"}
//
// Promise: from_lines takes exactly what to_lines writes, and nothing else. Throws Error(refused).
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary::keyring {

std::string to_lines(std::string_view title,
                     const std::vector<std::pair<std::string_view, std::string_view>>& fields);
std::vector<std::string> from_lines(std::string_view text, std::string_view title,
                                    const std::vector<std::string_view>& names);

// [A-Za-z0-9_-]{1,64}: of fleets, gateways and devices, in topics and in certificates.
bool is_id(std::string_view text);

}  // namespace tributary::keyring
