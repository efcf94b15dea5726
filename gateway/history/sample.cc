// SPDX-License-Identifier: Apache-2.0
#include "gateway/history/sample.h"

#include <charconv>
#include <cmath>

namespace tributary::history {
namespace {

std::optional<double> number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// How many items a JSON array has, without reading them.
double items(std::string_view json) {
  std::size_t commas = 0, depth = 0;
  bool in_text = false, empty = true;
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == ' ') continue;
    empty = false;
    if (c == '"') in_text = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (c == ',' && depth == 0) ++commas;
  }
  return empty ? 0 : static_cast<double>(commas + 1);
}

}  // namespace

std::optional<double> numeric(std::string_view type, std::string_view json) {
  if (json.empty()) return std::nullopt;
  const bool counter = type == "gcounter" || type == "pncounter";
  const bool set = type == "gset" || type == "orset";
  constexpr std::string_view size = "{\"size\":";
  if (set && json.front() == '[') return items(json);
  if (set && json.substr(0, size.size()) == size)
    return number(json.substr(size.size(), json.size() - size.size() - 1));
  if (json == "true") return 1;
  if (json == "false") return 0;
  // Whole numbers beyond 2^53 come as text.
  if (counter && json.size() > 2 && json.front() == '"')
    return number(json.substr(1, json.size() - 2));
  return number(json);
}

}  // namespace tributary::history
