// SPDX-License-Identifier: Apache-2.0
// A disk that fails on demand: a SQLite VFS in front of the usual one, the default while it lives.
//
//   FaultVfs disk;
//   disk.fail_syncs(1);              // the next sync fails, once
//   disk.space(0);                   // no write gets through until space(unlimited)
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <limits>

namespace tributary::store {

class FaultVfs {
 public:
  static constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();

  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  void fail_syncs(int count) { syncs_ = count; }
  void fail_writes(int count) { writes_ = count; }
  void fail_reads(int count) { reads_ = count; }
  // Bytes that may yet be written; then SQLITE_FULL.
  void space(std::int64_t bytes) { space_ = bytes; }
  int failures() const { return failures_; }

  // For the file methods.
  bool take(int& budget);
  int read_failure() { return take(reads_) ? SQLITE_IOERR_READ : SQLITE_OK; }
  int sync_failure() { return take(syncs_) ? SQLITE_IOERR_FSYNC : SQLITE_OK; }
  int write_failure(std::int64_t bytes);

 private:
  sqlite3_vfs vfs_{};
  int syncs_ = 0, writes_ = 0, reads_ = 0;
  std::int64_t space_ = unlimited;
  int failures_ = 0;
};

}  // namespace tributary::store
