// SPDX-License-Identifier: Apache-2.0
// The one thread that waits for the disk. The owner thread hands it transactions and goes on
// decoding; the answers wait here until it takes them. Its promise: after `ok`, power may fail;
// after a failed write or sync nothing else is tried before the database was reopened and checked.
//
//   StoreThread disk(std::move(store), [&] { wake(); });
//   disk.commit(ticket, std::move(rows));
//   for (StoreThread::Reply& r : disk.take_replies()) …
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

#include "gateway/core/types.h"
#include "gateway/store/store.h"

namespace tributary::app {

class StoreThread {
 public:
  struct Reply {
    enum class Kind : std::uint8_t { commit, snapshot };
    Kind kind = Kind::commit;
    std::uint64_t id = 0;  // the ticket, or the number given to snapshot()
    std::optional<store::Error> error;
    std::uint64_t took_us = 0;
    std::uint64_t file_bytes = 0;
  };

  StoreThread(std::unique_ptr<store::Store> store, std::function<void()> wake);
  // Finishes what was handed over.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  void commit(core::Ticket ticket, core::Commit rows);
  void snapshot(std::uint64_t id, std::string path);
  std::vector<Reply> take_replies();

 private:
  struct Job {
    Reply::Kind kind = Reply::Kind::commit;
    std::uint64_t id = 0;
    core::Commit rows;
    std::string path;
  };
  void push(Job job);
  void loop();
  Reply run(Job& job);
  std::optional<store::Error> do_commit(const core::Commit& rows);

  std::unique_ptr<store::Store> store_;  // touched by thread_ alone
  bool must_reopen_ = false;             // touched by thread_ alone
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;        // guarded by mutex_
  std::vector<Reply> replies_;  // guarded by mutex_
  bool ending_ = false;         // guarded by mutex_
  std::thread thread_;
};

}  // namespace tributary::app
