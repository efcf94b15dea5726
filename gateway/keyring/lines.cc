// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/lines.h"

#include <algorithm>

#include "gateway/keyring/error.h"

namespace tributary::keyring {
namespace {

[[noreturn]] void refuse(std::string_view title, const std::string& why) {
  throw Error(Error::Kind::refused, "not a \"" + std::string(title) + "\" file: " + why);
}

std::string_view take_line(std::string_view& rest, std::string_view title) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) refuse(title, "it ends too soon");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string to_lines(std::string_view title,
                     const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string out = std::string(title) + "\n";
  for (const auto& [name, value] : fields) {
    out += std::string(name) + " " + std::string(value) + "\n";
  }
  return out;
}

std::vector<std::string> from_lines(std::string_view text, std::string_view title,
                                    const std::vector<std::string_view>& names) {
  std::string_view rest = text;
  if (take_line(rest, title) != title) refuse(title, "its first line is another");
  std::vector<std::string> out;
  for (const std::string_view name : names) {
    const std::string_view line = take_line(rest, title);
    const bool named = line.size() > name.size() && line.substr(0, name.size()) == name &&
                       line[name.size()] == ' ';
    if (!named) refuse(title, "a line should begin with \"" + std::string(name) + " \"");
    const std::string_view value = line.substr(name.size() + 1);
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) > ' ' && static_cast<unsigned char>(c) < 0x7f;
    });
    if (!plain) refuse(title, "the value of \"" + std::string(name) + "\" is malformed");
    out.emplace_back(value);
  }
  if (!rest.empty()) refuse(title, "something follows its last line");
  return out;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

}  // namespace tributary::keyring
