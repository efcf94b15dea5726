// SPDX-License-Identifier: Apache-2.0
// Reads tests/vectors/*.json (see the README there).
//
//   for (const Json& v : valid("ack")) check(message(v), v.at("fields"));
#pragma once
#include <deque>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "transports/wire/bytes.h"

namespace tributary::wire::vectors {

using Json = nlohmann::json;

inline std::string read_file(const std::string& path) {
  std::ifstream in(std::string(TRIBUTARY_SOURCE_DIR) + "/" + path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline Json load(const std::string& name) {
  return Json::parse(read_file("tests/vectors/" + name + ".json"));
}

inline Json valid(const std::string& name) {
  return load(name).at("valid");
}
inline Json invalid(const std::string& name) {
  return load(name).at("invalid");
}

inline std::string from_digits(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return out;
}
inline std::string from_hex(const Json& v) {
  return from_digits(v.get_ref<const std::string&>());
}

// The bytes of a vector: `hex`, or `hex_runs`.
inline std::string message(const Json& v) {
  if (v.contains("hex")) return from_hex(v.at("hex"));
  std::string out;
  for (const Json& run : v.at("hex_runs"))
    for (std::size_t i = run.at(1).get<std::size_t>(); i > 0; --i) out += from_hex(run.at(0));
  return out;
}

inline std::uint64_t number(const Json& v) {
  return std::stoull(v.get<std::string>());
}
inline Json number(std::uint64_t v) {
  return std::to_string(v);
}
inline Json hex(std::string_view bytes) {
  return to_hex(bytes);
}

inline Hash hash(const Json& v) {
  const std::string bytes = from_hex(v);
  Hash out;
  if (!bytes.empty()) std::memcpy(out.bytes.data(), bytes.data(), out.bytes.size());
  return out;
}

// Keeps the strings that views point to.
class Arena {
 public:
  std::string_view keep(std::string s) { return strings_.emplace_back(std::move(s)); }
  std::string_view bytes(const Json& hex) { return keep(from_hex(hex)); }
  std::string_view text(const Json& v) { return keep(v.get<std::string>()); }

 private:
  std::deque<std::string> strings_;
};

}  // namespace tributary::wire::vectors
