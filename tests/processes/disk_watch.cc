// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/disk_watch.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace tributary::processes {
namespace {

// Whether one of the events in the buffer is about that file.
bool names(const char* events, std::size_t size, const std::string& file) {
  for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
    inotify_event e{};
    std::memcpy(&e, events + at, sizeof e);
    if (e.len > 0 && file == events + at + sizeof e) return true;
    at += sizeof e + e.len;
  }
  return false;
}

}  // namespace

DiskWatch::DiskWatch(const std::filesystem::path& directory)
    : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  inotify_add_watch(fd_, directory.c_str(), IN_MODIFY);
}

DiskWatch::~DiskWatch() {
  close(fd_);
}

void DiskWatch::forget() {
  std::array<char, 4096> events{};
  while (read(fd_, events.data(), events.size()) > 0) {
  }
}

bool DiskWatch::written(const std::string& file, std::chrono::milliseconds deadline) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + deadline;
  std::array<char, 4096> events{};
  for (auto left = deadline; left.count() >= 0;
       left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now())) {
    pollfd p{fd_, POLLIN, 0};
    if (poll(&p, 1, static_cast<int>(left.count())) > 0) {
      const ssize_t size = read(fd_, events.data(), events.size());
      if (size > 0 && names(events.data(), static_cast<std::size_t>(size), file)) return true;
    }
    if (left.count() == 0) break;
  }
  return false;
}

}  // namespace tributary::processes
