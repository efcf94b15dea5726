// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tributary::processes {
namespace {

std::string error(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

bool write_line(const char* path, const std::string& line) {
  std::ofstream out(path);
  out << line;
  out.flush();
  return out.good();
}

}  // namespace

std::string enter_mount_namespace() {
  const std::string uid = std::to_string(getuid());
  const std::string gid = std::to_string(getgid());
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return error("unshare");
    write_line("/proc/self/setgroups", "deny");
    if (!write_line("/proc/self/uid_map", uid + " " + uid + " 1") ||
        !write_line("/proc/self/gid_map", gid + " " + gid + " 1")) {
      return "a user namespace without its map";
    }
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return error("mount");
  return {};
}

SmallDisk::SmallDisk(std::filesystem::path directory, std::uint64_t bytes)
    : directory_(std::move(directory)) {
  const std::string size = "size=" + std::to_string(bytes);
  if (mount("tmpfs", directory_.c_str(), "tmpfs", 0, size.c_str()) != 0) {
    throw std::runtime_error(error("a tmpfs at " + directory_.string()));
  }
}

SmallDisk::~SmallDisk() {
  umount2(directory_.c_str(), MNT_DETACH);
}

void SmallDisk::fill() const {
  const int fd =
      open((directory_ / "ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  for (std::size_t chunk = 1 << 20; chunk > 0; chunk /= 2) {
    const std::vector<char> bytes(chunk);
    while (write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
    }
  }
  close(fd);
}

void SmallDisk::free() const {
  std::filesystem::remove(directory_ / "ballast");
}

}  // namespace tributary::processes
