// SPDX-License-Identifier: Apache-2.0
// The disk as the pump sees it: transactions are handed over, answers are taken later. Its promise:
// one job after the other, in order, and each answered once; after an answer without an error,
// power may fail.
//
//   disk.commit(ticket, std::move(rows));
//   for (Disk::Reply& r : disk.take_replies()) …
//
// Implemented by StoreThread (a thread that waits for the real disk) and by the simulator (virtual
// time, the same StoreWriter).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/core/types.h"
#include "gateway/store/store.h"

namespace tributary::app {

class Disk {
 public:
  struct Reply {
    enum class Kind : std::uint8_t { commit, snapshot, visit };
    Kind kind = Kind::commit;
    std::uint64_t id = 0;  // the ticket, or the number given to snapshot() or visit()
    std::optional<store::Error> error;
    std::uint64_t took_us = 0;
    std::uint64_t file_bytes = 0;
  };

  virtual ~Disk() = default;
  virtual void commit(core::Ticket ticket, std::shared_ptr<const core::Commit> rows) = 0;
  virtual void snapshot(std::uint64_t id, std::string path) = 0;
  virtual std::vector<Reply> take_replies() = 0;
  // Rows that a commit made durable, at once: waits for the jobs that were handed over, two seconds
  // at most.
  virtual Result<core::ReadRows, store::Error> read(const core::RowsWanted& rows) = 0;
  // How many rows of these are kept, from the next commit handed over on; has no answer. A disk
  // whose limits never change does nothing.
  virtual void keep(std::uint32_t /*dead_letters_max*/, std::uint32_t /*quarantine_max*/) {}
  // Calls `work` with the store between two transactions: for what people ask, so a disk that
  // nobody asks needs none. Its answer tells that it is done.
  virtual void visit(std::uint64_t /*id*/, const std::function<void(store::Store&)>& /*work*/) {}
};

// Does the jobs on a store. Its promise: after a failed write or sync nothing else is tried before
// the database was reopened and checked. Not thread-safe.
class StoreWriter {
 public:
  explicit StoreWriter(store::Store& store) : store_(store) {}
  std::optional<store::Error> commit(const core::Commit& rows);

 private:
  store::Store& store_;
  bool must_reopen_ = false;
};

}  // namespace tributary::app
