// SPDX-License-Identifier: Apache-2.0
// What every fuzz target shares: how it fails, and how it turns bytes into decisions.
//
//   extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
//     Script script(data, size);
//     while (!script.done()) act(script.below(4), script.number());
//     require(sum == expected, "the sum is the expected one");
//     return 0;
//   }
//
// Each target is one file. Built with clang and -DTRIBUTARY_FUZZ=ON it is a libFuzzer program, with
// any compiler a plain one that runs the committed corpus (driver.cc).
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace tributary::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Says what should have been true, and stops: a finding.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "\nbroken: %s\n", what);
  std::abort();
}
inline void require(bool holds, const std::string& what) {
  require(holds, what.c_str());
}

// Bytes, read as decisions. After the end everything is zero, so that a cut input is an input.
class Script {
 public:
  Script(const std::uint8_t* data, std::size_t size) : rest_(text_of(data, size)) {}
  explicit Script(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto b = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return b;
  }
  // REQUIRES: 1 <= n <= 256.
  std::uint64_t below(std::uint64_t n) { return byte() % n; }
  bool one_in(std::uint64_t n) { return below(n) == n - 1; }
  // Mostly small; the edges of encodings and of 64 bits in one byte.
  std::uint64_t number() {
    static constexpr std::uint64_t edges[] = {0xFFFF,
                                              0x1'0000,
                                              0xFFFF'FFFF,
                                              0x1'0000'0000,
                                              std::uint64_t{1} << 53,
                                              ~0ull - 0xFFFF,
                                              ~std::uint64_t{0} - 1,
                                              ~std::uint64_t{0}};
    const std::uint64_t b = byte();
    return b < 0xF8 ? b : edges[b - 0xF8];
  }
  // At most `max` bytes, as many as the next byte says.
  std::string_view bytes(std::size_t max) {
    const std::size_t n = std::min<std::size_t>({byte(), max, rest_.size()});
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::string_view rest() {
    const std::string_view out = rest_;
    rest_ = {};
    return out;
  }

 private:
  std::string_view rest_;
};

}  // namespace tributary::fuzz
