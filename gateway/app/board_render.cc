// SPDX-License-Identifier: Apache-2.0
// How the board looks.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "gateway/app/board.h"
#include "gateway/app/table.h"
#include "gateway/app/text.h"

namespace tributary::app {
namespace {

constexpr std::uint64_t silent_after_ms = 5'000;
constexpr std::size_t value_columns_max = 4;  // gateways side by side

std::string rate_text(const std::optional<double>& rate) {
  if (!rate) return "";
  std::array<char, 32> out{};
  const double size = std::fabs(*rate);
  std::snprintf(out.data(), out.size(), size >= 100 || size == 0 ? "%.0f" : "%.1f", *rate);
  return size >= 1000 ? grouped(out.data()) : out.data();
}

std::string count(std::uint64_t value) {
  return grouped(std::to_string(value));
}

Tone tone_of(const std::string& state) {
  if (state == "online") return Tone::good;
  return state == "offline" ? Tone::bad : Tone::warn;
}

// Operations it can acknowledge: what it holds, not what this process has seen since its start.
std::uint64_t held(const GatewayRow& row) {
  if (row.acknowledged.empty()) return row.operations;
  std::uint64_t sum = 0;
  for (const auto& [actor, op] : row.acknowledged) sum += op;
  return sum;
}

// `agreed`: the digests they last told are equal, which is later news than what they hold of each
// other's heads.
Cell step_cell(const GatewayRow& row, bool online, bool agreed, std::uint64_t now_ms) {
  if (!online) return Cell("-", Tone::dim);
  if (agreed || (row.peers > 0 && row.peers_in_step == row.peers)) return Cell("yes", Tone::good);
  if (row.peers == 0) return Cell("alone", Tone::dim);
  // Heads are of different moments while operations stream in: unequal digests mean nothing then.
  if (row.operation_rate.per_second(now_ms).value_or(1) > 0) return Cell("moving");
  return Cell(std::to_string(row.peers_in_step) + " of " + std::to_string(row.peers), Tone::warn);
}

}  // namespace

std::string Board::state_of(const GatewayRow& row, std::uint64_t now_ms) const {
  if (row.state != "online") return row.state;
  if (row.answered_ms == 0) return "starting";
  if (now_ms > row.answered_ms + silent_after_ms) return "silent";
  return row.reason.empty() ? "online" : "degraded";
}

std::string Board::gateway_table(const Screen& screen, std::uint64_t now_ms) const {
  Table table({{"GATEWAY"},
               {"STATE"},
               {"IN STEP"},
               {"ACTORS", Align::right},
               {"ACKED", Align::right},
               {"KEYS", Align::right},
               {"ENVELOPES", Align::right},
               {"OPERATIONS", Align::right},
               {"OPS/S", Align::right},
               {"MSGS/S", Align::right},
               {"REFUSED", Align::right},
               {"MIB", Align::right},
               {"DIGEST"}});
  const std::size_t known = devices();
  const bool agreed = gateways_.size() > 1 && in_step(now_ms);
  for (const auto& [name, row] : gateways_) {
    const std::string state = state_of(row, now_ms);
    const bool online = row.state == "online";
    const std::size_t late = behind(name);
    table.row({name, Cell(state, tone_of(state)), step_cell(row, online, agreed, now_ms),
               count(row.actors),
               row.acknowledged.empty()
                   ? Cell("-", Tone::dim)
                   : Cell(count(known - late), late == 0 ? Tone::plain : Tone::warn),
               count(row.keys), count(row.live_envelopes), count(held(row)),
               online ? rate_text(row.operation_rate.per_second(now_ms)) : "",
               online ? rate_text(row.message_rate.per_second(now_ms)) : "",
               Cell(count(row.rejected), row.rejected == 0 ? Tone::plain : Tone::warn),
               count(row.memory_bytes >> 20), row.digest.substr(0, 12)});
  }
  return table.text(screen.columns, screen.color);
}

std::string Board::value_table(const Screen& screen, std::size_t rows, std::uint64_t now_ms) const {
  std::vector<std::string> names;
  for (const auto& [name, row] : gateways_) {
    if (names.size() < value_columns_max) names.push_back(name);
  }
  // What the other columns leave, in equal shares.
  const std::size_t left_over = screen.columns > 76 ? screen.columns - 76 : 0;
  const std::size_t share =
      std::clamp<std::size_t>(left_over / std::max<std::size_t>(names.size(), 1), 10, 30);
  std::vector<Column> columns{{"KEY", Align::left, 34},
                              {"TYPE"},
                              {"FROM", Align::right},
                              {"PER S", Align::right},
                              {"EQUAL"}};
  for (const std::string& name : names) columns.push_back({name, Align::right, share - 2});
  Table table(columns);
  std::size_t written = 0;
  std::size_t left = 0;
  for (const auto& [name, row] : values_) {
    if (row.shown.empty() || name.first.compare(0, screen.prefix.size(), screen.prefix) != 0) {
      continue;
    }
    if (rows > 0 && written + 2 >= rows) {
      ++left;
      continue;
    }
    ++written;
    const std::string& first = row.shown.begin()->second;
    bool equal = row.shown.size() >= std::min(gateways_.size(), std::size_t{2});
    for (const auto& [gateway, shown] : row.shown) equal = equal && shown == first;
    std::vector<Cell> cells{name.first, name.second, count(row.contributors),
                            rate_text(row.rate.per_second(now_ms)),
                            equal ? Cell("yes", Tone::good) : Cell("...", Tone::warn)};
    for (const std::string& gateway : names) {
      const auto it = row.shown.find(gateway);
      cells.push_back(it == row.shown.end() ? Cell("-", Tone::dim) : Cell(it->second));
    }
    table.row(std::move(cells));
  }
  if (written == 0) return "no values yet\n";
  std::string out = table.text(screen.columns, screen.color);
  if (left > 0) out += "... and " + count(left) + " more keys (--prefix chooses)\n";
  return out;
}

std::string Board::render(const Screen& screen, std::uint64_t now_ms) const {
  if (gateways_.empty()) return "no gateway has been heard yet\n";
  std::string out = gateway_table(screen, now_ms) + "\n";
  const std::size_t used = gateways_.size() + 2;
  const std::size_t rows = screen.rows == 0 ? 0 : screen.rows > used + 3 ? screen.rows - used : 3;
  return out + value_table(screen, rows, now_ms);
}

std::string Board::line(std::uint64_t now_ms) const {
  std::string out;
  for (const auto& [name, row] : gateways_) {
    const std::string state = state_of(row, now_ms);
    out += (out.empty() ? "" : " | ") + printable(name) + " " + state;
    if (state == "online") {
      out += " " + count(held(row)) + " ops " + rate_text(row.operation_rate.per_second(now_ms)) +
             "/s acked " + std::to_string(devices() - behind(name)) + "/" +
             std::to_string(devices());
    }
  }
  if (out.empty()) return "no gateway has been heard yet";
  return out + (in_step(now_ms) ? " | in step" : " | not in step");
}

}  // namespace tributary::app
