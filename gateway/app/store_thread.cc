// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/store_thread.h"

#include <chrono>
#include <utility>

namespace tributary::app {

StoreThread::StoreThread(std::unique_ptr<store::Store> store, std::function<void()> wake)
    : store_(std::move(store)),
      writer_(*store_),
      wake_(std::move(wake)),
      thread_([this] { loop(); }) {}

StoreThread::~StoreThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void StoreThread::push(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

void StoreThread::commit(core::Ticket ticket, core::Commit rows) {
  push({.kind = Reply::Kind::commit, .id = ticket, .rows = std::move(rows), .path = {}});
}

void StoreThread::snapshot(std::uint64_t id, std::string path) {
  push({.kind = Reply::Kind::snapshot, .id = id, .rows = {}, .path = std::move(path)});
}

std::vector<Disk::Reply> StoreThread::take_replies() {
  const std::lock_guard lock(mutex_);
  return std::exchange(replies_, {});
}

void StoreThread::loop() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Reply reply = run(job);
    {
      const std::lock_guard lock(mutex_);
      replies_.push_back(std::move(reply));
    }
    wake_();
  }
}

Disk::Reply StoreThread::run(Job& job) {
  const auto began = std::chrono::steady_clock::now();
  Reply reply{.kind = job.kind, .id = job.id, .error = {}, .took_us = 0, .file_bytes = 0};
  if (job.kind == Reply::Kind::commit) {
    reply.error = writer_.commit(job.rows);
  } else if (const auto done = store_->snapshot(job.path); !done) {
    reply.error = done.error();
  }
  reply.file_bytes = store_->file_bytes();
  reply.took_us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                                 std::chrono::steady_clock::now() - began)
                                                 .count());
  return reply;
}

}  // namespace tributary::app
