// SPDX-License-Identifier: Apache-2.0
// Everything that happens, as one number and, when wanted, as text. Its promise: two runs of one
// seed give the same number, or the simulator is not deterministic and its seeds are worth nothing.
//
//   trace.add("g1", "sent", message.topic, message.payload);
//   trace.hash();
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace tributary::simulation {

class Trace {
 public:
  bool print = false;
  std::uint64_t now_ms = 0;  // set by the world

  void add(std::string_view who, std::string_view what, std::string_view name = {},
           std::string_view bytes = {}) {
    mix(now_ms);
    mix(who);
    mix(what);
    mix(name);
    mix(bytes);
    if (!print) return;
    std::string line =
        std::to_string(now_ms / 1'000) + '.' + std::to_string(1'000 + now_ms % 1'000).substr(1);
    for (const std::string_view word : {who, what, name}) (line += "  ") += word;
    if (!bytes.empty()) line += "  (" + std::to_string(bytes.size()) + " bytes)";
    std::puts(line.c_str());
  }
  std::uint64_t hash() const { return hash_; }

 private:
  // FNV-1a over words of eight bytes: a fingerprint, not a proof.
  void mix(std::string_view s) {
    mix(s.size());
    while (!s.empty()) {
      const std::size_t n = std::min<std::size_t>(s.size(), 8);
      std::uint64_t word = 0;
      std::memcpy(&word, s.data(), n);
      mix(word);
      s.remove_prefix(n);
    }
  }
  void mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x100000001b3U;
    hash_ ^= hash_ >> 29U;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace tributary::simulation
