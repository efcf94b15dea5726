// SPDX-License-Identifier: Apache-2.0
#include "transports/session.h"

#include <algorithm>

namespace tributary::transports {
namespace {

constexpr std::size_t topic_bytes_max = 65'535;

// The length of the well-formed UTF-8 sequence at the start of `s` (Unicode 15, table 3-7), 0 when
// there is none.
std::size_t utf8_sequence(std::string_view s) {
  auto byte = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0U; };
  auto tail = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && second < 0xA0;
    const bool surrogate = first == 0xED && second > 0x9F;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && second < 0x90;
    const bool beyond = first == 0xF4 && second > 0x8F;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

bool text_valid(std::string_view text) {
  if (text.empty() || text.size() > topic_bytes_max) return false;
  const auto plain = [](char c) { return c != '\0' && (c & '\x80') == 0; };
  const auto rest = std::find_if_not(text.begin(), text.end(), plain);
  text.remove_prefix(static_cast<std::size_t>(rest - text.begin()));
  while (!text.empty()) {
    const std::size_t size = utf8_sequence(text);
    if (size == 0 || text.front() == '\0') return false;
    text.remove_prefix(size);
  }
  return true;
}

// Takes the first level off `path`; tells whether there was one more.
struct Levels {
  std::string_view rest;
  bool more = true;

  std::string_view next() {
    const std::size_t slash = rest.find('/');
    const std::string_view level = rest.substr(0, slash);
    more = slash != std::string_view::npos;
    rest = more ? rest.substr(slash + 1) : std::string_view{};
    return level;
  }
};

}  // namespace

bool topic_matches(std::string_view filter, std::string_view topic) {
  if (filter.empty() || topic.empty()) return false;
  if (topic.front() == '$' && filter.front() != '$') return false;
  // Most differ in a plain character before any wildcard: no need to look at levels.
  const auto at = std::mismatch(filter.begin(), filter.end(), topic.begin(), topic.end()).first;
  if (at != filter.end() && *at != '+' && *at != '#' && *at != '/') return false;
  Levels f{filter};
  Levels t{topic};
  while (f.more) {
    const std::string_view level = f.next();
    if (level == "#")
      return !f.more;  // it matches the parent too, hence before looking for a level of the topic
    if (!t.more) return false;
    const std::string_view name = t.next();
    if (level != "+" && level != name) return false;
  }
  return !t.more;
}

bool topic_valid(std::string_view topic) {
  return text_valid(topic) && topic.find_first_of("+#") == std::string_view::npos;
}

bool filter_valid(std::string_view filter) {
  if (!text_valid(filter)) return false;
  Levels levels{filter};
  while (levels.more) {
    const std::string_view level = levels.next();
    if (level == "#") return !levels.more;
    if (level != "+" && level.find_first_of("+#") != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace tributary::transports
