// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/table.h"

#include <algorithm>
#include <cassert>

namespace tributary::app {
namespace {

constexpr std::string_view gap = "  ";

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

const char* code(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "\033[32m";
    case Tone::warn:
      return "\033[33m";
    case Tone::bad:
      return "\033[31m";
    case Tone::dim:
      return "\033[2m";
    case Tone::plain:
      break;
  }
  return "";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t length = c < 0x80 ? 1 : c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0;
    bool good = length > 0 && i + length <= text.size() && c < 0xF5;
    for (std::size_t k = 1; good && k < length; ++k) good = continues(text[i + k]);
    // U+0080 … U+009F are control characters too: terminals obey some of them.
    const bool control = c < 0x20 || c == 0x7F ||
                         (c == 0xC2 && good && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    if (!good || control) {
      out += '?';
      i += good ? length : 1;
      continue;
    }
    out.append(text.substr(i, length));
    i += length;
  }
  return out;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::string fitted(std::string_view text, std::size_t width, Align align) {
  const std::size_t have = width_of(text);
  if (have <= width) {
    const std::string pad(width - have, ' ');
    return align == Align::left ? std::string(text) + pad : pad + std::string(text);
  }
  if (width == 0) return {};
  std::string out;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!continues(text[i]) && ++taken == width) break;
    out += text[i];
  }
  return out + "~";
}

std::string toned(const std::string& text, Tone tone, bool color) {
  if (!color || tone == Tone::plain) return text;
  return code(tone) + text + "\033[0m";
}

void Table::row(std::vector<Cell> cells) {
  assert(cells.size() == columns_.size());
  for (Cell& cell : cells) cell.text = printable(cell.text);
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::size_t width, bool color) const {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::size_t most = width_of(columns_[c].title);
    for (const auto& cells : rows_) most = std::max(most, width_of(cells[c].text));
    widths.push_back(std::min(most, columns_[c].width_max));
  }
  std::string out;
  auto line = [&](auto&& cell_of) {
    std::size_t used = 0;
    std::string text;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const std::size_t start = c == 0 ? 0 : used + gap.size();
      if (start >= width) break;
      const std::size_t room = std::min(widths[c], width - start);
      const Cell cell = cell_of(c);
      if (c > 0) text += gap;
      text += toned(fitted(cell.text, room, columns_[c].align), cell.tone, color);
      used = start + room;
    }
    if (!color) text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line([&](std::size_t c) { return Cell(columns_[c].title, Tone::dim); });
  for (const auto& cells : rows_) line([&](std::size_t c) { return cells[c]; });
  return out;
}

}  // namespace tributary::app
