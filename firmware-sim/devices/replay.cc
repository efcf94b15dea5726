// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/devices/replay.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>

namespace tributary::devices {
namespace {

constexpr std::array<const char*, 5> columns{"timestamp", "key", "type", "operation", "value"};
constexpr std::size_t line_bytes_max = 1 << 20;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number out{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return out;
}

// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
  y -= m <= 2;
  const std::int64_t era = y / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  return era * 146'097 + static_cast<std::int64_t>(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719'468;
}

// 2024-05-01T12:00:00[.1 to 3 digits]Z
std::optional<std::uint64_t> iso_ms(std::string_view t) {
  if (t.size() < 20 || t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' || t[16] != ':' ||
      t.back() != 'Z') {
    return std::nullopt;
  }
  const auto part = [&](std::size_t at, std::size_t size) {
    return number<unsigned>(t.substr(at, size));
  };
  const auto y = part(0, 4), mo = part(5, 2), d = part(8, 2), h = part(11, 2), mi = part(14, 2),
             s = part(17, 2);
  if (!y || !mo || !d || !h || !mi || !s) return std::nullopt;
  if (*y < 1970 || *mo < 1 || *mo > 12 || *d < 1 || *d > 31 || *h > 23 || *mi > 59 || *s > 59) {
    return std::nullopt;
  }
  std::uint64_t ms = 0;
  if (t.size() > 20) {
    std::string_view digits = t.substr(20, t.size() - 21);
    const auto fraction = number<unsigned>(digits);
    if (t[19] != '.' || digits.size() > 3 || !fraction) return std::nullopt;
    ms = *fraction * (digits.size() == 1 ? 100u : digits.size() == 2 ? 10u : 1u);
  }
  const auto seconds = static_cast<std::uint64_t>(days_from_civil(*y, *mo, *d)) * 86'400 +
                       *h * 3'600u + *mi * 60u + *s;
  return seconds * 1'000 + ms;
}

std::optional<std::uint64_t> timestamp(std::string_view text) {
  const auto ms = number<std::uint64_t>(text);
  const auto at = ms ? ms : iso_ms(text);
  return at && *at <= crdt::Hlc::ms_max ? at : std::nullopt;
}

// null, true, false, a number, else text; "…" around it makes anything text.
wire::Scalar scalar(const std::string& text) {
  if (text == "null") return wire::Scalar{};
  if (text == "true" || text == "false") return wire::Scalar{text == "true"};
  if (const auto u = number<std::uint64_t>(text)) return wire::Scalar{*u};
  if (const auto i = number<std::int64_t>(text)) return wire::Scalar{*i};
  if (const auto d = number<double>(text); d && std::isfinite(*d)) return wire::Scalar{*d};
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return wire::Scalar{text.substr(1, text.size() - 2)};
  }
  return wire::Scalar{text};
}

// The fields of one line, RFC 4180; nothing when a quote is not closed or text follows one.
std::optional<std::vector<std::string>> split(const std::string& line) {
  std::vector<std::string> out(1);
  bool quoted = false, closed = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      out.back().push_back(line[++i]);
    } else if (quoted && c == '"') {
      quoted = false;
      closed = true;
    } else if (quoted) {
      out.back().push_back(c);
    } else if (c == ',') {
      out.emplace_back();
      closed = false;
    } else if (closed) {
      return std::nullopt;
    } else if (c == '"' && out.back().empty()) {
      quoted = true;
    } else {
      out.back().push_back(c);
    }
  }
  if (quoted) return std::nullopt;
  return out;
}

}  // namespace

Result<Replay, std::string> Replay::open(const std::string& path) {
  auto in = std::make_unique<std::ifstream>(path);
  if (!*in) {
    return Failure<std::string>{path + ": cannot open: " + std::strerror(errno)};
  }
  return read(std::move(in), path);
}

Result<Replay, std::string> Replay::read(std::unique_ptr<std::istream> in, std::string name) {
  Replay r(std::move(in), std::move(name));
  const std::string bad = r.read_header();
  if (!bad.empty()) return Failure<std::string>{bad};
  return Result<Replay, std::string>(std::move(r));
}

std::string Replay::read_header() {
  const auto names = next_fields();
  if (!names && error_.empty()) fail("empty: the first line must name the columns");
  if (!names) return error_;
  columns_ = names->size();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const auto it = std::find(names->begin(), names->end(), columns[c]);
    if (it == names->end()) {
      fail(std::string("no column \"") + columns[c] +
           "\": the first line must be timestamp,key,type,operation,value");
      return error_;
    }
    column_[c] = static_cast<std::size_t>(it - names->begin());
  }
  return {};
}

std::optional<std::vector<std::string>> Replay::next_fields() {
  std::string line;
  while (std::getline(*in_, line)) {
    ++line_;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line_ == 1 && line.rfind("\xEF\xBB\xBF", 0) == 0) line.erase(0, 3);  // byte order mark
    if (line.empty() || line.front() == '#') continue;
    if (line.size() > line_bytes_max) return fail("longer than 1 MiB");
    auto fields = split(line);
    if (!fields) return fail("a quote that is not closed, or text after a closing quote");
    return fields;
  }
  if (in_->bad()) return fail("cannot read on");
  return std::nullopt;
}

std::optional<Replay::Row> Replay::next() {
  if (!error_.empty()) return std::nullopt;
  const auto fields = next_fields();
  if (!fields) return std::nullopt;
  if (fields->size() != columns_) {
    return fail("has " + std::to_string(fields->size()) + " fields, the first line has " +
                std::to_string(columns_));
  }
  std::optional<Row> r = row(*fields);
  if (r && !started_) {
    started_ = true;
    first_ms_ = r->at_ms;
  }
  return r;
}

std::optional<Replay::Row> Replay::row(const std::vector<std::string>& fields) {
  const auto field = [&](std::size_t c) -> const std::string& { return fields[column_[c]]; };
  Row r;
  r.line = line_;
  const auto at = timestamp(field(0));
  if (!at) {
    return fail("timestamp \"" + field(0) +
                "\": milliseconds since 1970, or UTC as 2024-05-01T12:00:00Z");
  }
  r.at_ms = *at;
  Operation& op = r.operation;
  op.key = field(1);
  if (!wire::valid_key(op.key) || op.key.front() == '$') {
    return fail("key \"" + op.key + "\": segments between / of 1 to 512 bytes in all, no + # $");
  }
  const auto type = type_named(field(2));
  if (!type) return fail("type \"" + field(2) + "\": one of gcounter pncounter gset orset lww");
  op.type = *type;
  const auto what = what_named(field(3));
  if (!what || !valid(op.type, *what)) {
    return fail("operation \"" + field(3) + "\": not one of type " + field(2));
  }
  op.what = *what;
  const std::string& value = field(4);
  if (op.type == wire::Type::gcounter || op.type == wire::Type::pncounter) {
    const auto amount = number<std::uint64_t>(value);
    if (!amount || *amount == 0) return fail("value \"" + value + "\": a positive integer");
    op.amount = *amount;
  } else if (op.type == wire::Type::lww) {
    op.value = scalar(value);
    if (!wire::encode_scalar(op.value)) return fail("value: not UTF-8, or over 65,536 bytes");
  } else {
    if (value.size() > wire::Limits{}.element_bytes_max) return fail("value: over 1,024 bytes");
    op.element = value;
  }
  return r;
}

std::nullopt_t Replay::fail(const std::string& text) {
  error_ = name_ + ":" + std::to_string(std::max<std::size_t>(line_, 1)) + ": " + text;
  return std::nullopt;
}

}  // namespace tributary::devices
