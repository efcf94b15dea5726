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

FileState FileSystem::state(const std::string& path) {
  struct ::stat s {};
  if (::stat(path.c_str(), &s) == 0) {
    return {true, S_ISDIR(s.st_mode), static_cast<std::uint64_t>(s.st_size), 0};
  }
  FileState none;
  if (errno != ENOENT && errno != ENOTDIR) none.failed = errno;
  return none;
}

int FileSystem::make_directories(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  return failed.value();
}

int FileSystem::link(const std::string& from, const std::string& to) {
  return ::link(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int FileSystem::rename(const std::string& from, const std::string& to) {
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

int FileSystem::remove(const std::string& path) {
  return ::unlink(path.c_str()) == 0 ? 0 : errno;
}

int FileSystem::sync(const std::string& path) {
  return sync_path(path, O_RDONLY);
}

int FileSystem::sync_directory(const std::string& path) {
  return sync_path(path, O_RDONLY | O_DIRECTORY);
}

FileSystem& system_files() {
  static FileSystem files;
  return files;
}

int make_directory_of(FileSystem& files, const std::string& path) {
  return files.make_directories(directory_of(path));
}

int publish_file(FileSystem& files, const std::string& from, const std::string& to) {
  // link() never replaces a file; file systems without hard links get rename().
  const int failed = files.link(from, to);
  if (failed == EEXIST) return EEXIST;
  if (failed == 0) {
    files.remove(from);
  } else if (const int number = files.rename(from, to)) {
    return number;
  }
  return files.sync_directory(directory_of(to));
}

int replace_file(FileSystem& files, const std::string& from, const std::string& to) {
  if (const int number = files.rename(from, to)) return number;
  return files.sync_directory(directory_of(to));
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

void remove_database(FileSystem& files, const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) files.remove(path + suffix);
}

int move_aside(FileSystem& files, const std::string& path, std::string& moved_to) {
  for (int n = 1; n <= aside_max; ++n) {
    moved_to = path + ".corrupt-" + std::to_string(n);
    if (!files.state(moved_to).exists) break;
  }
  // The same suffixes, so that the sqlite3 shell can still look at the pair.
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    const int number = files.rename(path + suffix, moved_to + suffix);
    if (number != 0 && number != ENOENT) return number;
  }
  return files.sync_directory(directory_of(path));
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
