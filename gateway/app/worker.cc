// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/worker.h"

#include <utility>

namespace tributary::app {

Worker::Worker(std::function<void()> wake) : wake_(std::move(wake)), thread_([this] { loop(); }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Worker::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

bool Worker::take_done() {
  std::vector<Done> done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(done_, {});
  }
  for (const Done& one : done) one();
  return !done.empty();
}

std::size_t Worker::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

bool Worker::ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void Worker::loop() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (ending_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Done done = job();
    if (!done) continue;
    {
      const std::lock_guard lock(mutex_);
      done_.push_back(std::move(done));
    }
    wake_();
  }
}

}  // namespace tributary::app
