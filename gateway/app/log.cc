// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "gateway/app/clock.h"
#include "gateway/app/events.h"
#include "gateway/app/text.h"

namespace tributary::app {
namespace {

constexpr std::size_t kinds_max = 256;
constexpr std::uint32_t burst_of_trouble = 1;  // warnings and errors: once per kind and interval
constexpr std::uint32_t burst_of_news = 20;

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// sd-daemon(3): the level as the journal takes it off a line again.
const char* journal_mark(Level level) {
  switch (level) {
    case Level::debug:
      return "<7>";
    case Level::info:
      return "<6>";
    case Level::warning:
      return "<4>";
    case Level::error:
      return "<3>";
  }
  return "";
}

// What came from the network may hold control characters: a log line is one line.
std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

}  // namespace

bool journal_reads_stderr() {
  const char* stream = std::getenv("JOURNAL_STREAM");  // "device:inode"
  struct ::stat s {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &s) != 0) return false;
  return std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino) == stream;
}

bool RepeatLimit::admit(std::string_view kind, std::uint32_t burst, std::uint64_t now_ms) {
  auto it = windows_.find(kind);
  if (it == windows_.end()) {
    if (windows_.size() >= kinds_max_) return true;
    it = windows_.emplace(std::string(kind), Window{now_ms, 0, 0}).first;
  }
  Window& window = it->second;
  if (now_ms >= window.began_ms + interval_ms_ && window.held_back == 0) window = {now_ms, 0, 0};
  if (window.written < burst) {
    ++window.written;
    return true;
  }
  ++window.held_back;
  return false;
}

std::vector<std::pair<std::string, std::uint64_t>> RepeatLimit::due(std::uint64_t now_ms) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (auto it = windows_.begin(); it != windows_.end();) {
    if (now_ms < it->second.began_ms + interval_ms_) {
      ++it;
      continue;
    }
    if (it->second.held_back == 0) {
      it = windows_.erase(it);
      continue;
    }
    out.emplace_back(it->first, it->second.held_back);
    // The count is this interval's one line: the next interval begins with nothing left to spend.
    it->second = {now_ms, UINT32_MAX, 0};
    ++it;
  }
  return out;
}

struct Log::Sink {
  std::shared_ptr<spdlog::logger> logger;
};

Log::Log(const Options& options)
    : sink_(std::make_unique<Sink>()),
      options_(options),
      format_(options.format),
      limit_(options.repeat_interval_ms, kinds_max) {
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  sink_->logger = std::make_shared<spdlog::logger>("tributary", std::move(sink));
  sink_->logger->flush_on(spdlog::level::trace);
  set(options.level, options.format);
}

void Log::set(Level level, Format format) {
  format_ = format;
  sink_->logger->set_level(to_spdlog(level));
  const bool bare = format == Format::json || options_.journal;
  sink_->logger->set_pattern(bare ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %^%-7l%$ %v");
}

Log::~Log() = default;

void Log::write(Level level, std::string_view kind, std::string_view text) {
  if (!sink_->logger->should_log(to_spdlog(level))) return;
  const bool trouble = level == Level::warning || level == Level::error;
  {
    const std::lock_guard lock(mutex_);
    if (!limit_.admit(kind, trouble ? burst_of_trouble : burst_of_news, mono_now_ms())) return;
  }
  put(level, kind, text);
}

void Log::tick() {
  std::vector<std::pair<std::string, std::uint64_t>> due;
  {
    const std::lock_guard lock(mutex_);
    due = limit_.due(mono_now_ms());
  }
  for (const auto& [kind, count] : due) {
    put(Level::warning, kind, std::to_string(count) + " more of this kind since the last line");
  }
}

void Log::put(Level level, std::string_view kind, std::string_view text) {
  const char* mark = options_.journal ? journal_mark(level) : "";
  if (format_ == Format::text) {
    sink_->logger->log(to_spdlog(level), "{}{}: {}", mark, kind, one_line(text));
    return;
  }
  const nlohmann::json line = {
      {"at", utc_time(wall_now_ms())}, {"level", word(level)}, {"kind", kind}, {"text", text}};
  sink_->logger->log(to_spdlog(level), "{}{}", mark,
                     line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace tributary::app
