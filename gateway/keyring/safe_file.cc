// SPDX-License-Identifier: Apache-2.0
#include "gateway/keyring/safe_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "gateway/keyring/error.h"

namespace tributary::keyring {
namespace {

[[noreturn]] void fail(const std::string& path, const char* doing) {
  throw Error(Error::Kind::storage, path + ": " + doing + ": " + std::strerror(errno));
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Closes at the end; a close that fails after a sync has nothing left to lose.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

void write_all(const std::string& path, int fd, const std::string& content) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "cannot be written");
    done += static_cast<std::size_t>(n);
  }
}

}  // namespace

void make_dir(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return sync_dir(parent_of(path));
  if (errno != EEXIST) fail(path, "cannot be made");
}

void write_file(const std::string& path, const std::string& content, Access access) {
  std::string beside = path + ".XXXXXX";
  {
    const File file(mkostemp(beside.data(), O_CLOEXEC));  // 0600, whatever the umask
    if (file.fd() < 0) fail(path, "cannot be written");
    try {
      write_all(path, file.fd(), content);
      if (access == Access::visible && fchmod(file.fd(), 0644) != 0) fail(path, "cannot be opened");
      if (fsync(file.fd()) != 0) fail(path, "cannot be synced");
      if (rename(beside.c_str(), path.c_str()) != 0) fail(path, "cannot be put in place");
    } catch (const Error&) {
      unlink(beside.c_str());
      throw;
    }
  }
  sync_dir(parent_of(path));
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (in) out << in.rdbuf();
  if (!in || in.bad()) fail(path, "cannot be read");
  return std::move(out).str();
}

bool exists(const std::string& path) {
  struct stat is {};
  return stat(path.c_str(), &is) == 0;
}

void rename_dir(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) fail(to, "cannot be put in place");
  sync_dir(parent_of(to));
}

void sync_dir(const std::string& path) {
  const File dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.fd() < 0 || fsync(dir.fd()) != 0) fail(path, "cannot be synced");
}

Lock::Lock(const std::string& dir) {
  const std::string path = dir + "/.lock";
  fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) fail(path, "cannot be opened");
  if (flock(fd_, LOCK_EX) != 0) {
    close(fd_);
    fail(path, "cannot be locked");
  }
}

Lock::~Lock() {
  close(fd_);
}

}  // namespace tributary::keyring
