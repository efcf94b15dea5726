// SPDX-License-Identifier: Apache-2.0
// How values went, in a database of its own: steps as they were written, minutes, hours. Its
// promise: bounded by age, by keys and by the size of the file; a file that is damaged is moved
// aside and begun anew; and nothing that happens here is felt by whoever counts.
//
//   History history({.path = "data/history.db"});
//   std::string wrong = history.write(now_ms, {{"plant/parts", "gcounter", 42}});
//   Answer a = history.read({.key = "plant/parts", .type = "gcounter", .from_ms = …, .to_ms = …});
//
// Three tables, raw, minute and hour, each (at, series, …) in that order: a write appends at the
// end, what is too old goes from the beginning, and no page is touched for each key as an order by
// series would do (10,000 keys every 5 s: 40 MB instead of 0.2 MB). One key is read by two seeks a
// step. Minutes and hours hold the last value, the lowest and the highest; those under way are kept
// in memory and made again from what is finer when the file is opened.
//
// Not thread-safe: see recorder.h.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/history/sample.h"

namespace tributary::history {

inline constexpr std::uint64_t minute_ms = 60'000;
inline constexpr std::uint64_t hour_ms = 60 * minute_ms;
inline constexpr std::uint64_t day_ms = 24 * hour_ms;

struct Options {
  std::string path;
  std::uint64_t raw_kept_ms = day_ms;
  std::uint64_t minute_kept_ms = 30 * day_ms;
  std::uint64_t hour_kept_ms = 1'095 * day_ms;
  std::size_t series_max = 10'000;
  std::uint64_t file_bytes_max = 256u << 20;
};

struct Question {
  static constexpr std::size_t points_most = 5'000;
  std::string key, type;
  std::uint64_t from_ms = 0, to_ms = 0;  // wall; from < to
  std::size_t points_max = 500;          // 1 … points_most
};

struct Point {
  std::uint64_t at_ms = 0;
  double last = 0, low = 0, high = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

enum class Tier : std::uint8_t { raw, minute, hour };
const char* name(Tier);

struct Answer {
  bool known = false;  // the key has a history at all
  Tier tier = Tier::raw;
  std::uint64_t step_ms = 0;    // width of a point; 0: as written
  std::vector<Point> points;    // ascending; where nothing changed there is none
  std::optional<Point> before;  // what it was when the time asked for begins
  std::string wrong;            // why it could not be read
};

struct Size {
  std::uint64_t series = 0, bytes = 0;  // of the file without its log, free pages left out
  std::uint64_t rows_written = 0;       // since the start
  std::uint64_t skipped = 0;            // samples of keys beyond series_max
  std::uint64_t renewed = 0;            // files moved aside
};

class History {
 public:
  explicit History(Options options);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // One step: what changed since the last one, each key at most once. Opens the file when it is not
  // open, which makes or renews it. Empty: written; otherwise why not, and this step is not kept.
  std::string write(std::uint64_t at_ms, const std::vector<Sample>& samples);
  Answer read(const Question& question);
  Size size() const;
  // What became of a damaged file; said once.
  std::string take_note();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::history
