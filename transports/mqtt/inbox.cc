// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/inbox.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

namespace tributary::transports::mqtt {
namespace {

using std::chrono::steady_clock;

// Of the process, because Paho's receiving thread and its lock are.
std::atomic<int> hurries{0};
std::atomic<int> senders{0};

// How long a full inbox may overlook those two. It is no use to signal them: there may be many.
constexpr std::chrono::milliseconds look_up_every{10};

// Notes are few, but a caller that publishes nonsense in a loop and never polls must not fill
// memory.
constexpr std::size_t notes_beyond_max = 1'000;

}  // namespace

Inbox::Hurry::Hurry() {
  ++hurries;
}
Inbox::Hurry::~Hurry() {
  --hurries;
}

void Inbox::add_sender() {
  ++senders;
}
void Inbox::remove_sender() {
  --senders;
}

bool Inbox::full() const {
  const std::lock_guard lock(mutex_);
  return at_limits();
}

bool Inbox::at_limits() const {
  return items_.size() >= limits_.messages_max || bytes_ >= limits_.bytes_max;
}

bool Inbox::must_wait(std::size_t bytes) const {
  if (items_.empty()) return false;  // one message larger than all of bytes_max must get through
  if (hurries > 0) return false;
  const std::size_t times = senders > 0 ? 2 : 1;
  return items_.size() >= times * limits_.messages_max ||
         bytes_ + bytes > times * limits_.bytes_max;
}

// True when the reader should be woken, after the lock is released.
bool Inbox::push(Event event, std::size_t bytes) {
  const bool was_full = at_limits();
  items_.push_back({std::move(event), bytes});
  bytes_ += bytes;
  const bool filled = !was_full && at_limits();  // it may not have looked because of what it sends
  return !held_ && (std::exchange(armed_, false) || filled);
}

Inbox::Put Inbox::put(Event event, std::size_t bytes) {
  bool wake_reader = false;
  {
    std::unique_lock lock(mutex_);
    const auto patience_ends = steady_clock::now() + limits_.patience;
    while (!closed_ && must_wait(bytes)) {
      const auto now = steady_clock::now();
      if (now >= patience_ends) return Put::gave_up;
      room_.wait_until(lock, std::min(patience_ends, now + look_up_every));
    }
    if (closed_) return Put::closed;
    wake_reader = push(std::move(event), bytes);
  }
  if (wake_reader) wake();
  return Put::taken;
}

void Inbox::note(Event event) {
  bool wake_reader = false;
  {
    const std::lock_guard lock(mutex_);
    const bool flooded = items_.size() >= 2 * limits_.messages_max + notes_beyond_max;
    if (muted_ || (flooded && event.kind == Event::Kind::refused)) return;
    wake_reader = push(std::move(event), 0);
  }
  if (wake_reader) wake();
}

std::vector<Event> Inbox::take(std::size_t max) {
  std::vector<Event> events;
  {
    const std::lock_guard lock(mutex_);
    armed_ = true;
    if (held_) return events;
    const std::size_t count = std::min(max, items_.size());
    events.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      bytes_ -= items_.front().bytes;
      events.push_back(std::move(items_.front().event));
      items_.pop_front();
    }
  }
  if (!events.empty()) room_.notify_one();
  return events;
}

void Inbox::open() {
  const std::lock_guard lock(mutex_);
  closed_ = muted_;
}

void Inbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  room_.notify_all();
}

void Inbox::hold(bool held) {
  bool wake_reader = false;
  {
    const std::lock_guard lock(mutex_);
    held_ = held;
    wake_reader = !held && !items_.empty() && std::exchange(armed_, false);
  }
  if (wake_reader) wake();
}

void Inbox::wake() const {
  if (wake_) wake_();
}

void Inbox::clear_and_mute() {
  const std::lock_guard lock(mutex_);
  items_.clear();
  bytes_ = 0;
  muted_ = true;
  closed_ = true;
}

}  // namespace tributary::transports::mqtt
