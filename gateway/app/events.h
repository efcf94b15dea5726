// SPDX-License-Identifier: Apache-2.0
// What happened lately, for people who look later than the log's line: the last notices, each kind
// once an interval with its count. Its promise: a flood of one kind takes one place, and memory is
// bounded whatever happens.
//
//   Events events;
//   events.write(Level::warning, "disconnected", "from broker local", wall_ms);
//   for (const Events::Item& e : events.after(seen)) …          // also those whose count grew
//   since seen = events.latest();
//
// Not thread-safe.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/core/types.h"

namespace tributary::app {

class Events {
 public:
  struct Item {
    std::uint64_t id = 0;                     // ascending, from 1
    std::uint64_t changed = 0;                // ascending over all changes of all events
    std::uint64_t first_ms = 0, last_ms = 0;  // wall
    core::Notice::Level level = core::Notice::Level::info;
    std::string kind;
    std::string text;  // of the last one
    std::uint64_t count = 1;
  };
  static constexpr std::size_t kept_max = 256;
  static constexpr std::uint64_t interval_ms = 10'000;
  static constexpr std::size_t text_bytes_max = 1'024;

  // Debug notices are passed over.
  void write(core::Notice::Level, std::string_view kind, std::string_view text,
             std::uint64_t wall_ms);
  // New or counted since latest() was `changed`, oldest first; 0: all that are kept.
  std::vector<Item> after(std::uint64_t changed) const;
  std::uint64_t latest() const { return changed_; }

 private:
  std::deque<Item> events_;  // ascending by id
  std::uint64_t next_id_ = 1, changed_ = 0;
};

const char* word(core::Notice::Level);  // "warning"

}  // namespace tributary::app
