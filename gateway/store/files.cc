// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tributary::store {
namespace {

constexpr int aside_max = 16;

std::string directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

int sync_path(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return errno;
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return failed;
}

}  // namespace

FileState stat_file(const std::string& path) {
  struct ::stat s {};
  if (::stat(path.c_str(), &s) != 0) return {};
  return {true, S_ISDIR(s.st_mode), static_cast<std::uint64_t>(s.st_size)};
}

int make_directory_of(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(directory_of(path), failed);
  return failed.value();
}

int publish_file(const std::string& from, const std::string& to) {
  // link() never replaces a file; file systems without hard links get rename().
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
  } else if (errno == EEXIST || ::rename(from.c_str(), to.c_str()) != 0) {
    return errno;
  }
  return sync_path(directory_of(to), O_RDONLY | O_DIRECTORY);
}

int replace_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return errno;
  return sync_path(directory_of(to), O_RDONLY | O_DIRECTORY);
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code failed;
  return std::filesystem::equivalent(a, b, failed);
}

std::string file_head(const std::string& path, std::size_t size) {
  std::ifstream in(path, std::ios::binary);
  std::string out(size, '\0');
  in.read(out.data(), static_cast<std::streamsize>(size));
  out.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return out;
}

int sync_file(const std::string& path) {
  return sync_path(path, O_RDONLY);
}

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
}

int move_aside(const std::string& path, std::string& moved_to) {
  for (int n = 1; n <= aside_max; ++n) {
    moved_to = path + ".corrupt-" + std::to_string(n);
    if (!stat_file(moved_to).exists) break;
  }
  if (::rename(path.c_str(), moved_to.c_str()) != 0 && errno != ENOENT) return errno;
  // The same suffixes, so that the sqlite3 shell can still look at the pair.
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    const std::string side = path + suffix;
    if (::rename(side.c_str(), (moved_to + suffix).c_str()) != 0 && errno != ENOENT) return errno;
  }
  return sync_path(directory_of(path), O_RDONLY | O_DIRECTORY);
}

// /proc/locks: "1: POSIX  ADVISORY  WRITE 1234 08:01:131073 1073741824 1073742335".
std::optional<int> lock_holder(const std::string& path) {
  struct ::stat s {};
  if (::stat(path.c_str(), &s) != 0) return std::nullopt;
  std::array<char, 64> wanted{};
  std::snprintf(wanted.data(), wanted.size(), "%02x:%02x:%llu", major(s.st_dev), minor(s.st_dev),
                static_cast<unsigned long long>(s.st_ino));
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, access, file;
    int pid = 0;
    if (words >> number >> kind >> advisory >> access >> pid >> file && file == wanted.data() &&
        pid > 0) {
      return pid;
    }
  }
  return std::nullopt;
}

}  // namespace tributary::store
