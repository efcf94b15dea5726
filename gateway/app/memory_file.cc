// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/memory_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateway/app/cli.h"

namespace tributary::app {
namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool write_synced(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool written = write_all(fd, bytes) && fsync(fd) == 0;
  return close(fd) == 0 && written;
}

void sync_directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const int fd = open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

}  // namespace

MemoryFile::MemoryFile(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::ifstream in(path_, std::ios::binary);
  if (!in) {
    if (errno == ENOENT) return;
    throw Trouble(Exit::storage, path_ + ": " + std::strerror(errno) +
                                     "\n  name a file that this user may read and write");
  }
  std::ostringstream all;
  all << in.rdbuf();
  content_ = all.str();
}

bool MemoryFile::replace(std::string_view content) {
  content_ = std::string(content);
  if (path_.empty()) return true;
  const std::string fresh = path_ + ".new";
  if (!write_synced(fresh, content)) return false;
  if (std::rename(fresh.c_str(), path_.c_str()) != 0) return false;
  sync_directory_of(path_);
  return true;
}

}  // namespace tributary::app
