// SPDX-License-Identifier: Apache-2.0
// SQLite and the store on a Disk: a VFS that behaves as SQLite's own on Linux does (when it syncs a
// directory, what a short read is, which code says which failure), and the FileSystem beside it.
//
//   Disk disk;
//   RecordingVfs vfs(disk);
//   auto store = Store::open("/gateway.db", {.identity = …, .vfs = vfs.name(), .files = &vfs});
#pragma once
#include <sqlite3.h>

#include <string>

#include "gateway/store/files.h"
#include "tests/storage/support/disk.h"

namespace tributary::storage {

class RecordingVfs final : public store::FileSystem {
 public:
  explicit RecordingVfs(Disk& disk);
  ~RecordingVfs() override;
  RecordingVfs(const RecordingVfs&) = delete;
  RecordingVfs& operator=(const RecordingVfs&) = delete;

  const std::string& name() const { return name_; }
  Disk& disk() { return disk_; }

  store::FileState state(const std::string& path) override;
  int make_directories(const std::string& path) override;
  int link(const std::string& from, const std::string& to) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int sync(const std::string& path) override;
  int sync_directory(const std::string& path) override;

 private:
  Disk& disk_;
  std::string name_;
  sqlite3_vfs vfs_{};
};

}  // namespace tributary::storage
