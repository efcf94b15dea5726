// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/crew.h"

#include <system_error>

namespace tributary::app {

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  begun_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Crew::hire() {
  try {
    while (helpers_.size() + 1 < threads_) helpers_.emplace_back([this] { help(); });
  } catch (const std::system_error&) {
    threads_ = static_cast<unsigned>(helpers_.size()) + 1;  // there are no more to be had
  }
}

void Crew::share(std::size_t count, const Work& work) {
  if (count > 1) hire();
  if (count <= 1 || helpers_.empty()) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    work_ = &work;
    count_ = count;
    next_ = 0;
    round_ += 1;
  }
  begun_.notify_all();
  take_turns();
  std::unique_lock lock(mutex_);
  left_.wait(lock, [&] { return busy_ == 0; });
  work_ = nullptr;  // who wakes up only now goes back to sleep
}

void Crew::help() {
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    begun_.wait(lock, [&] { return ending_ || (work_ != nullptr && round_ != seen); });
    if (ending_) return;
    seen = round_;
    busy_ += 1;
    lock.unlock();
    take_turns();
    lock.lock();
    busy_ -= 1;
    if (busy_ == 0) left_.notify_one();
  }
}

void Crew::take_turns() {
  for (std::size_t i = next_++; i < count_; i = next_++) (*work_)(i);
}

}  // namespace tributary::app
