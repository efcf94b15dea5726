// SPDX-License-Identifier: Apache-2.0
// Questions: one key, from the finest table that goes back far enough, in so many points.
#include <algorithm>

#include "gateway/history/impl.h"

namespace tributary::history {

using store::sqlite_ok;

namespace {

// Wider than this is read from the next coarser table: a few thousand seeks at most.
constexpr std::uint64_t raw_width_ms = 3 * hour_ms;
constexpr std::uint64_t minute_width_ms = 4 * day_ms;
constexpr std::array<std::uint64_t, 3> widths_ms = {1, minute_ms, hour_ms};
constexpr int minutes_back = 60, hours_back = 7 * 24;  // looked through for the value before

}  // namespace

// The first row at or after (at, series), whosesoever: `found` says.
bool History::Impl::seek(store::Statement& by, std::uint64_t at, std::uint64_t series_id,
                         Point& row, std::uint64_t& found) {
  by.start(at, series_id);
  const bool some = by.next();
  if (some) row = {by.number(0), by.real(2), by.real(3), by.real(4)};
  if (some) found = by.number(1);
  by.reset();
  return some;
}

Tier History::Impl::choose(const Question& q) {
  const auto reaches = [&](Tier tier) {
    const std::uint64_t oldest = oldest_ms[static_cast<std::size_t>(tier)];
    // Nothing that is coarser is older: then this is all there is, be it only what is not written
    // yet.
    bool first = true;
    for (std::size_t t = static_cast<std::size_t>(tier) + 1; t < 3; ++t)
      first = first && (oldest_ms[t] == 0 || (oldest != 0 && oldest_ms[t] + widths_ms[t] > oldest));
    return first || (oldest != 0 && oldest <= q.from_ms);
  };
  const std::uint64_t width = q.to_ms - q.from_ms;
  if (width <= raw_width_ms && reaches(Tier::raw)) return Tier::raw;
  if (width <= minute_width_ms && reaches(Tier::minute)) return Tier::minute;
  return Tier::hour;
}

std::optional<Point> History::Impl::before(const Series& s, std::uint64_t at_ms) {
  if (s.last_ms <= at_ms) return Point{s.last_ms, s.last, s.last, s.last};
  for (const Tier tier : {Tier::minute, Tier::hour}) {
    const auto t = static_cast<std::size_t>(tier);
    std::uint64_t at = at_ms - at_ms % widths_ms[t];
    for (int i = tier == Tier::minute ? minutes_back : hours_back; i > 0; --i) {
      if (at < widths_ms[t]) break;
      at -= widths_ms[t];
      Point row;
      std::uint64_t found = 0;
      if (!seek(backward[t], at, s.id, row, found)) break;
      if (found == s.id) return row;
      // Another's, in this minute or an earlier one: go on from there.
      at = row.at_ms < at ? row.at_ms + widths_ms[t] : at;
    }
  }
  return std::nullopt;
}

Answer History::Impl::answer(const Question& q) {
  Answer out;
  if (!is_open) {
    if (const int rc = open(); rc != sqlite_ok) {
      out.wrong = failed(rc, "open");
      return out;
    }
  }
  const auto known = by_name.find(name_of(q.type, q.key));
  if (known == by_name.end()) return out;
  const Series& s = series[known->second];
  out.known = true;
  out.tier = choose(q);
  const auto t = static_cast<std::size_t>(out.tier);
  std::uint64_t step = (q.to_ms - q.from_ms + q.points_max - 1) / q.points_max;
  step = (step + widths_ms[t] - 1) / widths_ms[t] * widths_ms[t];
  out.step_ms = out.tier == Tier::raw && step <= 1'000 ? 0 : step;
  const auto put = [&](const Point& p) {
    Point* last = out.points.empty() ? nullptr : &out.points.back();
    if (last && out.step_ms != 0 && last->at_ms / step == p.at_ms / step) {
      *last = {p.at_ms, p.last, std::min(last->low, p.low), std::max(last->high, p.high)};
    } else {
      out.points.push_back(p);
    }
  };
  std::uint64_t at = q.from_ms - q.from_ms % widths_ms[t];
  Point row;
  std::uint64_t found = 0;
  while (at <= q.to_ms && seek(forward[t], at, s.id, row, found) && row.at_ms <= q.to_ms) {
    if (found == s.id) put(row);
    // Another's row is the first of a later step, or comes after ours would have.
    at = found == s.id || row.at_ms == at ? row.at_ms + 1 : row.at_ms;
  }
  for (const Bucket* b : {&s.hour, &s.minute}) {  // those under way
    if (out.tier == Tier::raw || (out.tier == Tier::minute && b == &s.hour)) continue;
    if (b->at_ms == Bucket::none) continue;
    const std::uint64_t start = b->at_ms - b->at_ms % widths_ms[t];
    if (start + widths_ms[t] > q.from_ms && start <= q.to_ms)
      put({start, b->last, b->low, b->high});
  }
  out.before = before(s, q.from_ms);
  for (store::Statement* by : {&forward[t], &backward[1], &backward[2]}) {
    if (by->rc() == sqlite_ok) continue;
    out.wrong = failed(by->rc(), "read");
    break;
  }
  return out;
}

}  // namespace tributary::history
