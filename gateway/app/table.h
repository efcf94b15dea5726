// SPDX-License-Identifier: Apache-2.0
// Plain text tables for terminals: columns as wide as they need, cut where the screen ends. Control
// characters never reach the terminal.
//
//   Table table({{"KEY", Align::left}, {"VALUE", Align::right}});
//   table.row({"plant/parts", "1,203"});
//   std::fputs(table.text(80).c_str(), stdout);
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::app {

enum class Align : std::uint8_t { left, right };
enum class Tone : std::uint8_t { plain, good, warn, bad, dim };

struct Cell {
  Cell(std::string t, Tone c = Tone::plain) : text(std::move(t)), tone(c) {}  // NOLINT
  Cell(const char* t) : text(t) {}                                            // NOLINT
  std::string text;
  Tone tone = Tone::plain;
};

struct Column {
  std::string title;
  Align align = Align::left;
  std::size_t width_max = 60;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // REQUIRES: as many cells as columns.
  void row(std::vector<Cell> cells);
  // Lines, each ended by a newline and at most `width` characters wide.
  std::string text(std::size_t width, bool color) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Without control characters and broken UTF-8: safe to print.
std::string printable(std::string_view text);
// Characters, as a terminal counts them for most scripts.
std::size_t width_of(std::string_view text);
// `text`, which is printable, cut or padded to exactly `width` characters.
std::string fitted(std::string_view text, std::size_t width, Align align);
std::string toned(const std::string& text, Tone tone, bool color);

}  // namespace tributary::app
