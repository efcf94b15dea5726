// SPDX-License-Identifier: Apache-2.0
// The one thread that waits for the disk. The owner thread hands it transactions and goes on
// decoding; the answers wait here until it takes them. Its promise: after `ok`, power may fail;
// after a failed write or sync nothing else is tried before the database was reopened and checked.
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

  void commit(core::Ticket ticket, core::Commit rows) override;
  void snapshot(std::uint64_t id, std::string path) override;
  std::vector<Reply> take_replies() override;

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

  std::unique_ptr<store::Store> store_;  // touched by thread_ alone
  StoreWriter writer_;                   // touched by thread_ alone
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;        // guarded by mutex_
  std::vector<Reply> replies_;  // guarded by mutex_
  bool ending_ = false;         // guarded by mutex_
  std::thread thread_;
};

}  // namespace tributary::app
