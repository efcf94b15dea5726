// SPDX-License-Identifier: Apache-2.0
// The target of a request, taken apart. Its promise: what comes out is UTF-8 without control
// characters, or nothing does.
//
//   parse_target("/api/v1/values?prefix=plant%2F")->query[0].second == "plant/"
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary::http {

struct Target {
  std::string path;                                        // decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// nullopt: not of the form /path?query, a bad escape, not UTF-8, or control characters.
std::optional<Target> parse_target(std::string_view target);

// Everything but letters, digits and -._~ escaped.
std::string percent_encode(std::string_view text);

}  // namespace tributary::http
