// SPDX-License-Identifier: Apache-2.0
#include "gateway/history/history.h"

#include <algorithm>
#include <filesystem>

#include "gateway/history/impl.h"

namespace tributary::history {

using store::Connection;
using store::sqlite_ok;
using store::Statement;

namespace {

constexpr std::uint64_t application_id = 1'416'784'723;  // "TrHS"
constexpr const char* schema =
    "CREATE TABLE series(id INTEGER PRIMARY KEY, key TEXT NOT NULL, type TEXT NOT NULL,"
    " last_at INTEGER NOT NULL, last, UNIQUE(key, type));"
    "CREATE TABLE raw(at INTEGER, series INTEGER, last, PRIMARY KEY(at, series)) WITHOUT ROWID;"
    "CREATE TABLE minute(at INTEGER, series INTEGER, last, low, high, PRIMARY KEY(at, series))"
    " WITHOUT ROWID;"
    "CREATE TABLE hour(at INTEGER, series INTEGER, last, low, high, PRIMARY KEY(at, series))"
    " WITHOUT ROWID;"
    "PRAGMA application_id=1416784723; PRAGMA user_version=1";

// A clock that is wrong for an hour makes everything look too old: each minute, only so much goes.
constexpr std::array<std::uint64_t, 3> slice_ms = {5 * minute_ms, 5 * minute_ms, 2 * hour_ms};
// When the file is too large: what is kept of each as long as a coarser or finer one can give way.
constexpr std::array<std::uint64_t, 3> least_ms = {hour_ms, day_ms, 7 * day_ms};
constexpr int cuts_at_once = 8;
constexpr std::array<const char*, 3> tables = {"raw", "minute", "hour"};

std::string sql(const char* before, const char* table, const char* after) {
  return std::string(before) + table + after;
}

std::uint64_t floor_to(std::uint64_t at_ms, std::uint64_t step_ms) {
  return at_ms - at_ms % step_ms;
}

}  // namespace

const char* name(Tier tier) {
  return tables[static_cast<std::size_t>(tier)];
}

std::string name_of(std::string_view type, std::string_view key) {
  return std::string(type) + '\0' + std::string(key);
}

void Bucket::merge(std::uint64_t at, double l, double lo, double hi) {
  if (at_ms == none) {
    *this = {at, l, lo, hi};
    return;
  }
  last = l;
  low = std::min(low, lo);
  high = std::max(high, hi);
}

// --- one step

int History::Impl::merge_hour(Series& s, const Bucket& m) {
  const std::uint64_t at = floor_to(m.at_ms, hour_ms);
  int rc = sqlite_ok;
  if (s.hour.at_ms != Bucket::none && s.hour.at_ms != at) rc = close_hour(s);
  s.hour.merge(at, m.last, m.low, m.high);
  return rc;
}

int History::Impl::close_minute(Series& s) {
  const Bucket m = std::exchange(s.minute, {});
  int rc = put_minute.run(m.at_ms, s.id, m.last, m.low, m.high);
  size.rows_written += 1;
  return rc == sqlite_ok ? merge_hour(s, m) : rc;
}

int History::Impl::close_hour(Series& s) {
  const Bucket h = std::exchange(s.hour, {});
  size.rows_written += 1;
  const int rc = put_hour.run(h.at_ms, s.id, h.last, h.low, h.high);
  return rc == sqlite_ok ? update_series.run(s.last_ms, s.last, s.id) : rc;
}

int History::Impl::add(Series& s, std::uint64_t at_ms, double value) {
  const std::uint64_t at = floor_to(at_ms, minute_ms);
  int rc = sqlite_ok;
  if (s.minute.at_ms != Bucket::none && s.minute.at_ms != at) rc = close_minute(s);
  s.minute.merge(at, value, value, value);
  s.last = value;
  s.last_ms = at_ms;
  return rc;
}

Series* History::Impl::series_of(const Sample& sample, std::uint64_t at_ms, int& rc) {
  std::string name = name_of(sample.type, sample.key);
  if (const auto known = by_name.find(name); known != by_name.end()) return &series[known->second];
  if (series.size() >= options.series_max) {
    size.skipped += 1;
    return nullptr;
  }
  const std::uint64_t id = series.empty() ? 1 : series.back().id + 1;
  rc = put_series.run(id, std::string_view(sample.key), std::string_view(sample.type), at_ms,
                      sample.value);
  if (rc != sqlite_ok) return nullptr;
  by_name.emplace(std::move(name), series.size());
  series.push_back({.id = id, .last_ms = at_ms, .last = sample.value, .minute = {}, .hour = {}});
  return &series.back();
}

// Minutes and hours that are over.
int History::Impl::sweep(std::uint64_t at_ms) {
  const std::uint64_t minute = floor_to(at_ms, minute_ms), hour = floor_to(at_ms, hour_ms);
  int rc = sqlite_ok;
  for (Series& s : series) {
    if (s.minute.at_ms != Bucket::none && s.minute.at_ms != minute) rc = close_minute(s);
    if (rc == sqlite_ok && s.hour.at_ms != Bucket::none && s.hour.at_ms != hour) rc = close_hour(s);
    if (rc != sqlite_ok) return rc;
  }
  swept_minute_ms = minute;
  return rc;
}

int History::Impl::step(std::uint64_t at_ms, const std::vector<Sample>& samples) {
  // Two steps never have one time, also when the clock is set back a little.
  if (at_ms <= newest_ms && newest_ms < at_ms + minute_ms) at_ms = newest_ms + 1;
  std::vector<std::pair<Series*, double>> known;
  known.reserve(samples.size());
  series.reserve(std::min(options.series_max, series.size() + samples.size()));
  int rc = db.exec("BEGIN IMMEDIATE");
  for (std::size_t i = 0; i < samples.size() && rc == sqlite_ok; ++i) {
    if (Series* s = series_of(samples[i], at_ms, rc)) known.emplace_back(s, samples[i].value);
  }
  std::sort(known.begin(), known.end(),
            [](const auto& a, const auto& b) { return a.first->id < b.first->id; });
  for (std::size_t i = 0; i < known.size() && rc == sqlite_ok; ++i) {
    rc = put_raw.run(at_ms, known[i].first->id, known[i].second);
    if (rc == sqlite_ok) rc = add(*known[i].first, at_ms, known[i].second);
  }
  size.rows_written += known.size();
  if (oldest_ms[0] == 0 && !known.empty()) oldest_ms[0] = at_ms;
  const bool over = floor_to(at_ms, minute_ms) != swept_minute_ms;
  if (rc == sqlite_ok && over) rc = sweep(at_ms);
  if (rc == sqlite_ok && over) rc = trim(at_ms);
  if (rc == sqlite_ok) rc = db.exec("COMMIT");
  if (rc == sqlite_ok) newest_ms = at_ms;
  size.series = series.size();
  if (rc == sqlite_ok && over) rc = measure();
  return rc;
}

// --- bounds

int History::Impl::measure() {
  int rc = sqlite_ok;
  const auto pages = db.integer("PRAGMA page_count", rc) - db.integer("PRAGMA freelist_count", rc);
  size.bytes = static_cast<std::uint64_t>(pages * db.integer("PRAGMA page_size", rc));
  size.series = series.size();
  for (std::size_t t = 0; t < tables.size() && rc == sqlite_ok; ++t) {
    const std::string oldest = sql("SELECT coalesce(min(at), 0) FROM ", tables[t], "");
    oldest_ms[t] = static_cast<std::uint64_t>(db.integer(oldest.c_str(), rc));
  }
  return rc;
}

int History::Impl::trim(std::uint64_t at_ms) {
  int rc = measure();
  const std::array kept = {options.raw_kept_ms, options.minute_kept_ms, options.hour_kept_ms};
  for (std::size_t t = 0; t < tables.size() && rc == sqlite_ok; ++t) {
    const std::uint64_t cut = at_ms > kept[t] ? at_ms - kept[t] : 0;
    if (oldest_ms[t] != 0 && oldest_ms[t] < cut) {
      Statement old(db, sql("DELETE FROM ", tables[t], " WHERE at < ?").c_str());
      rc = old.run(std::min(cut, oldest_ms[t] + slice_ms[t]));
    }
    // Written while the clock was far ahead.
    Statement ahead(db, sql("DELETE FROM ", tables[t], " WHERE at > ?").c_str());
    if (rc == sqlite_ok) rc = ahead.run(at_ms + day_ms);
  }
  if (rc == sqlite_ok && series.size() >= options.series_max && options.series_max > 0) {
    Statement idle(db, "DELETE FROM series WHERE last_at < ?");
    const std::uint64_t cut = at_ms > options.hour_kept_ms ? at_ms - options.hour_kept_ms : 0;
    rc = idle.run(cut);
    const bool some =
        std::any_of(series.begin(), series.end(), [&](const Series& s) { return s.last_ms < cut; });
    is_open = is_open && !some;  // read anew by the next step
  }
  return rc == sqlite_ok ? trim_to_size() : rc;
}

int History::Impl::trim_to_size() {
  int rc = measure();
  for (int i = 0; i < cuts_at_once && rc == sqlite_ok && size.bytes > options.file_bytes_max; ++i) {
    std::size_t t = 0;
    while (t < 3 && (oldest_ms[t] == 0 || oldest_ms[t] + least_ms[t] > newest_ms)) ++t;
    // All are short: of each the oldest quarter.
    const std::size_t last = t == 3 ? 2 : t;
    for (t = t == 3 ? 0 : t; t <= last && rc == sqlite_ok; ++t) {
      const std::uint64_t span = newest_ms > oldest_ms[t] ? newest_ms - oldest_ms[t] : 0;
      Statement old(db, sql("DELETE FROM ", tables[t], " WHERE at < ?").c_str());
      rc = old.run(oldest_ms[t] + span / 4);
    }
    if (rc == sqlite_ok) rc = measure();
  }
  return rc;
}

// --- the file

int History::Impl::prepare() {
  const std::pair<Statement*, const char*> all[] = {
      {&put_raw, "INSERT OR REPLACE INTO raw VALUES(?, ?, ?)"},
      {&put_minute,
       "INSERT INTO minute VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last=excluded.last,"
       " low=min(low, excluded.low), high=max(high, excluded.high)"},
      {&put_hour,
       "INSERT INTO hour VALUES(?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET last=excluded.last,"
       " low=min(low, excluded.low), high=max(high, excluded.high)"},
      {&put_series, "INSERT INTO series VALUES(?, ?, ?, ?, ?)"},
      {&update_series, "UPDATE series SET last_at=?, last=? WHERE id=?"}};
  for (const auto& [statement, text] : all) {
    if (const int rc = statement->prepare(db, text); rc != sqlite_ok) return rc;
  }
  for (std::size_t t = 0; t < tables.size(); ++t) {
    const char* what = t == 0 ? "SELECT at, series, last, last, last FROM "
                              : "SELECT at, series, last, low, high FROM ";
    int rc = forward[t].prepare(
        db,
        sql(what, tables[t], " WHERE (at, series) >= (?, ?) ORDER BY at, series LIMIT 1").c_str());
    if (rc == sqlite_ok) {
      rc = backward[t].prepare(
          db, sql(what, tables[t],
                  " WHERE (at, series) <= (?, ?) ORDER BY at DESC, series DESC LIMIT 1")
                  .c_str());
    }
    if (rc != sqlite_ok) return rc;
  }
  return sqlite_ok;
}

// The series, and the minutes and hours under way from what is finer.
int History::Impl::load() {
  series.clear();
  by_name.clear();
  std::unordered_map<std::uint64_t, std::size_t> by_id;
  Statement all(db, "SELECT id, key, type, last_at, last FROM series ORDER BY id");
  while (all.next()) {
    by_id.emplace(all.number(0), series.size());
    by_name.emplace(name_of(all.bytes(2), all.bytes(1)), series.size());
    series.push_back({.id = all.number(0),
                      .last_ms = all.number(3),
                      .last = all.real(4),
                      .minute = {},
                      .hour = {}});
  }
  int rc = all.rc();
  if (rc == sqlite_ok) rc = db.exec("BEGIN IMMEDIATE");
  Statement minutes(db,
                    "SELECT at, series, last, low, high FROM minute WHERE at >= "
                    "(SELECT coalesce(max(at) + 3600000, 0) FROM hour) ORDER BY at, series");
  while (rc == sqlite_ok && minutes.next()) {
    const auto s = by_id.find(minutes.number(1));
    if (s == by_id.end()) continue;
    rc = merge_hour(series[s->second],
                    {minutes.number(0), minutes.real(2), minutes.real(3), minutes.real(4)});
  }
  Statement raw(db,
                "SELECT at, series, last FROM raw WHERE at >= "
                "(SELECT coalesce(max(at) + 60000, 0) FROM minute) ORDER BY at, series");
  while (rc == sqlite_ok && raw.next()) {
    const auto s = by_id.find(raw.number(1));
    newest_ms = raw.number(0);
    if (s != by_id.end()) rc = add(series[s->second], raw.number(0), raw.real(2));
  }
  for (const int code : {minutes.rc(), raw.rc()}) rc = rc == sqlite_ok ? code : rc;
  if (rc == sqlite_ok) rc = db.exec("COMMIT");
  return rc == sqlite_ok ? measure() : rc;
}

int History::Impl::open() {
  close();
  newest_ms = swept_minute_ms = 0;
  int rc = db.open(options.path, Connection::Mode::create);
  // NORMAL: a power cut may take the last minutes, which is history's own loss.
  if (rc == sqlite_ok) {
    rc = db.exec(
        "PRAGMA busy_timeout=2000; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "PRAGMA journal_size_limit=8388608; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY");
  }
  const auto id = rc == sqlite_ok ? db.integer("PRAGMA application_id", rc) : 0;
  const auto tables_there =
      rc == sqlite_ok ? db.integer("SELECT count(*) FROM sqlite_schema", rc) : 0;
  if (rc == sqlite_ok && id == 0 && tables_there == 0) {
    rc = db.exec((std::string("BEGIN IMMEDIATE;") + schema + ";COMMIT").c_str());
  } else if (rc == sqlite_ok && static_cast<std::uint64_t>(id) != application_id) {
    rc = store::sqlite_error;  // not ours: taken for damaged
  }
  if (rc == sqlite_ok) rc = prepare();
  if (rc == sqlite_ok) rc = load();
  is_open = rc == sqlite_ok;
  return rc;
}

void History::Impl::close() {
  for (Statement* s : {&put_raw, &put_minute, &put_hour, &put_series, &update_series})
    s->finalize();
  for (std::size_t t = 0; t < tables.size(); ++t) forward[t].finalize(), backward[t].finalize();
  db.close();
  is_open = false;
}

std::string History::Impl::failed(int rc, const char* doing) {
  const std::string why = std::string("cannot ") + doing + " '" + options.path +
                          "': " + db.message() + " (SQLite code " + std::to_string(rc) + ")";
  close();
  if (store::kind_of(rc) != store::Error::Kind::corrupt && rc != store::sqlite_error) return why;
  // What another file of ours holds is worth nothing without its log: both go.
  std::error_code ignored;
  const std::string aside = options.path + ".damaged";
  std::filesystem::rename(options.path, aside, ignored);
  std::filesystem::remove(options.path + "-wal", ignored);
  std::filesystem::remove(options.path + "-shm", ignored);
  size.renewed += 1;
  note =
      why + "; it was moved to '" + aside + "', and history begins anew. The totals are elsewhere";
  return why;
}

History::History(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
History::~History() {
  impl_->close();
}

std::string History::write(std::uint64_t at_ms, const std::vector<Sample>& samples) {
  // Twice at most: a damaged file is moved aside, then there is none.
  std::string why;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::uint64_t renewed = impl_->size.renewed;
    int rc = impl_->is_open ? sqlite_ok : impl_->open();
    if (rc != sqlite_ok) {
      why = impl_->failed(rc, "open");
    } else {
      rc = impl_->step(at_ms, samples);
      if (rc == sqlite_ok) return "";
      why = impl_->failed(rc, "write to");
    }
    if (impl_->size.renewed == renewed) break;
  }
  return why;
}

Size History::size() const {
  return impl_->size;
}

std::string History::take_note() {
  return std::exchange(impl_->note, {});
}

Answer History::read(const Question& question) {
  return impl_->answer(question);
}

}  // namespace tributary::history
