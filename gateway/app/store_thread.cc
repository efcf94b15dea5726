// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/store_thread.h"

#include <chrono>
#include <optional>
#include <utility>

#include "transports/batch_class.h"

namespace tributary::app {
namespace {

constexpr std::chrono::seconds read_wait_max{2};
constexpr std::uint32_t pages_a_step = 64;  // a quarter of a MiB: about a millisecond

std::uint64_t now_us() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count());
}

}  // namespace

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

void StoreThread::commit(core::Ticket ticket, std::shared_ptr<const core::Commit> rows) {
  push({.kind = Job::Kind::commit,
        .id = ticket,
        .rows = std::move(rows),
        .work = {},
        .reading = {}});
}

void StoreThread::keep(std::uint32_t dead_letters_max, std::uint32_t quarantine_max) {
  push({.kind = Job::Kind::keep,
        .rows = {},
        .dead_letters_max = dead_letters_max,
        .quarantine_max = quarantine_max,
        .work = {},
        .reading = {}});
}

void StoreThread::visit(std::uint64_t id, const std::function<void(store::Store&)>& work) {
  push({.kind = Job::Kind::visit, .id = id, .rows = {}, .work = work, .reading = {}});
}

Result<core::ReadRows, store::Error> StoreThread::read(const core::RowsWanted& rows) {
  const auto reading = std::make_shared<Reading>(Reading{rows, {}});
  push({.kind = Job::Kind::read, .rows = {}, .work = {}, .reading = reading});
  std::unique_lock lock(mutex_);
  if (read_.wait_for(lock, read_wait_max, [&] { return reading->got.has_value(); }))
    return *std::move(reading->got);
  return Failure{store::Error{store::Error::Kind::busy,
                              "the disk has not answered for two seconds; look at its health"}};
}

void StoreThread::snapshot(std::uint64_t id, std::string path) {
  {
    const std::lock_guard lock(mutex_);
    copies_.push_back({.id = id, .path = std::move(path)});
  }
  changed_.notify_one();
}

std::vector<Disk::Reply> StoreThread::take_replies() {
  const std::lock_guard lock(mutex_);
  return std::exchange(replies_, {});
}

// One transaction, then one step of a copy: neither waits for the end of the other.
void StoreThread::loop() {
  transports::batch_class_from_here_on();
  while (true) {
    std::optional<Job> job;
    Copy* copy = nullptr;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !jobs_.empty() || !copies_.empty(); });
      if (jobs_.empty() && ending_) return;
      if (!jobs_.empty()) {
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      if (!copies_.empty()) copy = &copies_.front();  // a deque moves nothing when it grows
    }
    if (job) run(*job);
    if (copy) step(*copy);
  }
}

void StoreThread::reply(Reply reply) {
  reply.file_bytes = store_->file_bytes();
  {
    const std::lock_guard lock(mutex_);
    if (reply.kind == Reply::Kind::snapshot) copies_.pop_front();
    replies_.push_back(std::move(reply));
  }
  wake_();
}

void StoreThread::run(Job& job) {
  if (job.kind == Job::Kind::keep) return store_->keep(job.dead_letters_max, job.quarantine_max);
  if (job.kind == Job::Kind::read) {
    auto got = store_->read(job.reading->rows);
    {
      const std::lock_guard lock(mutex_);
      job.reading->got.emplace(std::move(got));
    }
    return read_.notify_one();
  }
  const std::uint64_t began_us = now_us();
  if (job.kind == Job::Kind::visit) {
    job.work(*store_);
    return reply({.kind = Reply::Kind::visit,
                  .id = job.id,
                  .error = {},
                  .took_us = now_us() - began_us,
                  .file_bytes = 0});
  }
  Reply done{.kind = Reply::Kind::commit, .id = job.id, .error = {}, .took_us = 0, .file_bytes = 0};
  done.error = writer_.commit(*job.rows);
  done.took_us = now_us() - began_us;
  reply(std::move(done));
}

void StoreThread::step(Copy& copy) {
  const bool first = copy.began_us == 0;
  if (first) copy.began_us = now_us();
  const auto went = first ? store_->begin_snapshot(copy.path) : store_->step_snapshot(pages_a_step);
  if (went && (first || !*went)) return;
  Reply done{
      .kind = Reply::Kind::snapshot, .id = copy.id, .error = {}, .took_us = 0, .file_bytes = 0};
  if (!went) done.error = went.error();
  done.took_us = now_us() - copy.began_us;
  reply(std::move(done));
}

}  // namespace tributary::app
