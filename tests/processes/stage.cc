// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/stage.h"

#include <algorithm>
#include <utility>

namespace tributary::processes {

bool Stage::pause(std::chrono::microseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return !failures_.empty(); });
  return failures_.empty();
}

void Stage::fail(std::string what) {
  const std::lock_guard lock(mutex_);
  failures_.push_back(std::move(what));
  changed_.notify_all();
}

bool Stage::failed() const {
  const std::lock_guard lock(mutex_);
  return !failures_.empty();
}

std::vector<std::string> Stage::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void Stage::count(const std::string& what, std::uint64_t times) {
  const std::lock_guard lock(mutex_);
  tally_[what] += times;
}

void Stage::at_least(const std::string& what, std::uint64_t value) {
  const std::lock_guard lock(mutex_);
  tally_[what] = std::max(tally_[what], value);
}

Tally Stage::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

void Stage::done() {
  const std::lock_guard lock(mutex_);
  ++done_;
}

std::size_t Stage::players_done() const {
  const std::lock_guard lock(mutex_);
  return done_;
}

void Stage::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void Stage::wait_for_end() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_; });
}

}  // namespace tributary::processes
