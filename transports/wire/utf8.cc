// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/utf8.h"

#include <cstring>

namespace tributary::wire {
namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080u;

unsigned byte_at(std::string_view s, std::size_t i) {
  return static_cast<unsigned char>(s[i]);
}

// The number of bytes a lead byte announces; 0 for one that can't lead.
std::size_t length_of(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

}  // namespace

bool next_code_point(std::string_view& text, std::uint32_t& code_point) {
  static constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (text.empty()) return false;
  const unsigned lead = byte_at(text, 0);
  const std::size_t length = length_of(lead);
  if (length == 0 || text.size() < length) return false;
  std::uint32_t c = length == 1 ? lead : lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return false;
    c = c << 6 | (byte_at(text, i) & 0x3F);
  }
  if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return false;
  text.remove_prefix(length);
  code_point = c;
  return true;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (text.size() >= 8) {  // eight ASCII bytes at a time: most keys are nothing else
      std::uint64_t word;
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & high_bits) == 0) {
        text.remove_prefix(8);
        continue;
      }
    }
    std::uint32_t ignored;
    if (!next_code_point(text, ignored)) return false;
  }
  return true;
}

}  // namespace tributary::wire
