// SPDX-License-Identifier: Apache-2.0
// The daemon's log: lines on standard error, as text or as one JSON object a line. Its promise: a
// flood of one kind of trouble makes one line an interval, with a count, never a flood of lines.
//
//   Log log({.level = Level::info, .format = Log::Format::json});
//   log.write(Level::warning, "reject-malformed", "up/dev-1: truncated at byte 17");
//   log.tick();            // now and then: says what was held back
//
// Thread-safe.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/types.h"

namespace tributary::app {

using Level = core::Notice::Level;

// Which lines of a kind may be written. Time is a parameter.
class RepeatLimit {
 public:
  RepeatLimit(std::uint64_t interval_ms, std::size_t kinds_max)
      : interval_ms_(interval_ms), kinds_max_(kinds_max) {}

  // May this line be written? At most `burst` of one kind in an interval.
  bool admit(std::string_view kind, std::uint32_t burst, std::uint64_t now_ms);
  // The kinds whose interval is over, with how many lines were held back (never 0).
  std::vector<std::pair<std::string, std::uint64_t>> due(std::uint64_t now_ms);

 private:
  struct Window {
    std::uint64_t began_ms = 0;
    std::uint32_t written = 0;
    std::uint64_t held_back = 0;
  };
  std::uint64_t interval_ms_;
  std::size_t kinds_max_;  // beyond it a new kind is not limited
  std::map<std::string, Window, std::less<>> windows_;
};

// Is this process's standard error read by systemd's journal?
bool journal_reads_stderr();

class Log {
 public:
  enum class Format : std::uint8_t { text, json };
  struct Options {
    Level level = Level::info;
    Format format = Format::text;
    std::uint64_t repeat_interval_ms = 10'000;
    // systemd's journal reads the lines: it knows the time, and wants a "<4>" for a level.
    bool journal = false;
  };
  explicit Log(const Options&);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void write(Level, std::string_view kind, std::string_view text);
  // Writes what was held back in intervals that are over.
  void tick();
  // From now on; any thread.
  void set(Level level, Format format);

 private:
  void put(Level, std::string_view kind, std::string_view text);
  struct Sink;
  std::unique_ptr<Sink> sink_;
  Options options_;
  std::atomic<Format> format_;
  std::mutex mutex_;
  RepeatLimit limit_;  // guarded by mutex_
};

}  // namespace tributary::app
