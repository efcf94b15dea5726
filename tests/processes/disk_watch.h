// SPDX-License-Identifier: Apache-2.0
// Sees a process write its files, to hit it in the middle of that.
//
//   DiskWatch watch(data_dir);                            // inotify; from now on
//   if (watch.written("gateway.db-wal", 300ms)) kill();   // a commit is under way
#pragma once
#include <chrono>
#include <filesystem>
#include <string>

namespace tributary::processes {

class DiskWatch {
 public:
  explicit DiskWatch(const std::filesystem::path& directory);
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;

  // True at the first write to that file after this call began; false at the deadline.
  bool written(const std::string& file, std::chrono::milliseconds deadline);
  void forget();  // what was seen until now

 private:
  int fd_ = -1;
};

}  // namespace tributary::processes
