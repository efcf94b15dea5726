// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/events.h"

#include <algorithm>

namespace tributary::app {

void Events::write(core::Notice::Level level, std::string_view kind, std::string_view text,
                   std::uint64_t wall_ms) {
  if (level == core::Notice::Level::debug) return;
  const std::string shown(text.substr(0, text_bytes_max));
  const auto same = std::find_if(events_.rbegin(), events_.rend(), [&](const Item& e) {
    return e.kind == kind && e.level == level && wall_ms < e.first_ms + interval_ms;
  });
  if (same != events_.rend()) {
    same->count += 1;
    same->changed = ++changed_;
    same->last_ms = wall_ms;
    same->text = shown;
    return;
  }
  if (events_.size() == kept_max) events_.pop_front();
  events_.push_back({next_id_++, ++changed_, wall_ms, wall_ms, level, std::string(kind), shown, 1});
}

std::vector<Events::Item> Events::after(std::uint64_t changed) const {
  std::vector<Item> out;
  for (const Item& e : events_) {
    if (e.changed > changed) out.push_back(e);
  }
  return out;
}

const char* word(core::Notice::Level level) {
  switch (level) {
    case core::Notice::Level::debug:
      return "debug";
    case core::Notice::Level::info:
      return "info";
    case core::Notice::Level::warning:
      return "warning";
    case core::Notice::Level::error:
      return "error";
  }
  return "info";
}

}  // namespace tributary::app
