// SPDX-License-Identifier: Apache-2.0
// Shared by history.cc (writing, trimming) and read.cc (questions). Private to them.
#pragma once
#include <array>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/history/history.h"
#include "gateway/store/sqlite.h"

namespace tributary::history {

// What happened in one minute or hour so far.
struct Bucket {
  static constexpr std::uint64_t none = ~std::uint64_t{0};
  std::uint64_t at_ms = none;  // its beginning
  double last = 0, low = 0, high = 0;
  void merge(std::uint64_t at, double l, double lo, double hi);
};

struct Series {
  std::uint64_t id = 0;
  std::uint64_t last_ms = 0;
  double last = 0;
  Bucket minute, hour;
};

struct History::Impl {
  explicit Impl(Options o) : options(std::move(o)) {}

  // --- history.cc; each returns an SQLite code
  int open();
  int prepare();
  int load();
  int step(std::uint64_t at_ms, const std::vector<Sample>& samples);
  int add(Series& s, std::uint64_t at_ms, double value);
  int close_minute(Series& s);
  int close_hour(Series& s);
  int merge_hour(Series& s, const Bucket& minute);
  int sweep(std::uint64_t at_ms);
  int trim(std::uint64_t at_ms);
  int trim_to_size();
  int measure();
  Series* series_of(const Sample& sample, std::uint64_t at_ms, int& rc);
  void close();
  // What to say; moves a damaged file aside.
  std::string failed(int rc, const char* doing);

  // --- read.cc
  Answer answer(const Question& q);
  Tier choose(const Question& q);
  bool seek(store::Statement& by, std::uint64_t at, std::uint64_t series, Point& row,
            std::uint64_t& found);
  std::optional<Point> before(const Series& s, std::uint64_t at_ms);

  Options options;
  Size size{};
  std::string note;
  bool is_open = false;
  std::uint64_t swept_minute_ms = 0;  // sweep() ran in this one
  std::uint64_t newest_ms = 0;
  std::array<std::uint64_t, 3> oldest_ms{};  // by tier; as of the last measure()
  std::vector<Series> series;
  std::unordered_map<std::string, std::size_t> by_name;  // type, NUL, key

  store::Connection db;  // before its statements
  store::Statement put_raw, put_minute, put_hour, put_series, update_series;
  std::array<store::Statement, 3> forward, backward;  // by tier
};

std::string name_of(std::string_view type, std::string_view key);

}  // namespace tributary::history
