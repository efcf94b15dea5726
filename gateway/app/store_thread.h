// SPDX-License-Identifier: Apache-2.0
// The one thread that waits for the disk. The owner thread hands it transactions and goes on
// decoding; the answers wait here until it takes them. Its promise: after `ok`, power may fail;
// after a failed write or sync nothing else is tried before the database was reopened and checked.
//
// A snapshot is made a few pages at a time between the transactions, which do not wait for it.
//
//   StoreThread disk(std::move(store), [&] { wake(); });
//   disk.commit(ticket, std::move(rows));
//   for (Disk::Reply& r : disk.take_replies()) …
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/app/disk.h"

namespace tributary::app {

class StoreThread final : public Disk {
 public:
  StoreThread(std::unique_ptr<store::Store> store, std::function<void()> wake);
  // Finishes what was handed over.
  ~StoreThread() override;
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  void commit(core::Ticket ticket, std::shared_ptr<const core::Commit> rows) override;
  void snapshot(std::uint64_t id, std::string path) override;
  std::vector<Reply> take_replies() override;
  void keep(std::uint32_t dead_letters_max, std::uint32_t quarantine_max) override;
  void visit(std::uint64_t id, const std::function<void(store::Store&)>& work) override;
  Result<core::ReadRows, store::Error> read(const core::RowsWanted& rows) override;

 private:
  struct Reading {  // who asked waits for it, for a while
    core::RowsWanted rows;
    std::optional<Result<core::ReadRows, store::Error>> got;  // guarded by mutex_
  };
  struct Job {
    enum class Kind : std::uint8_t { commit, keep, visit, read };
    Kind kind = Kind::commit;
    std::uint64_t id = 0;
    std::shared_ptr<const core::Commit> rows;
    std::uint32_t dead_letters_max = 0, quarantine_max = 0;
    std::function<void(store::Store&)> work;
    std::shared_ptr<Reading> reading;
  };
  struct Copy {
    std::uint64_t id = 0;
    std::string path;
    std::uint64_t began_us = 0;  // 0: not begun
  };
  void push(Job job);
  void loop();
  void run(Job& job);
  void step(Copy& copy);
  void reply(Reply reply);

  std::unique_ptr<store::Store> store_;  // touched by thread_ alone
  StoreWriter writer_;                   // touched by thread_ alone
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_, read_;
  std::deque<Job> jobs_;        // guarded by mutex_
  std::deque<Copy> copies_;     // guarded by mutex_; the first one's content is thread_'s
  std::vector<Reply> replies_;  // guarded by mutex_
  bool ending_ = false;         // guarded by mutex_
  std::thread thread_;
};

}  // namespace tributary::app
