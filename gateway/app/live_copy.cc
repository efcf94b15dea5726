// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/live_copy.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <tuple>

#include "gateway/app/cli.h"
#include "gateway/app/clock.h"

namespace tributary::app {
namespace {

constexpr std::chrono::milliseconds look_interval{20};

// Which file it is: another one after each copy.
std::tuple<ino_t, std::int64_t, std::int64_t> stamp(const std::string& path) {
  struct ::stat s {};
  if (::stat(path.c_str(), &s) != 0) return {};
  return {s.st_ino, s.st_mtim.tv_sec, s.st_mtim.tv_nsec};
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// A signal that a program does not expect ends it: only a gateway of ours gets it.
bool is_gateway(pid_t pid) {
  const std::string line = content("/proc/" + std::to_string(pid) + "/cmdline");
  const std::size_t end = line.find('\0');
  if (end == std::string::npos) return false;
  const std::string program = line.substr(0, end);
  const std::string base = program.substr(program.rfind('/') + 1);
  return base == "tributary" && line.compare(end, 9, std::string("\0gateway\0", 9)) == 0;
}

}  // namespace

std::string copy_path(const std::string& database) {
  return database + ".snapshot";
}

std::string copy_error_path(const std::string& database) {
  return database + ".snapshot.failed";
}

std::string live_copy(const std::string& database, pid_t holder, std::uint64_t timeout_ms) {
  const std::string who = "process " + std::to_string(holder);
  if (!is_gateway(holder)) {
    throw Trouble(Exit::storage, database + ": " + who +
                                     " has it open, and is no `tributary gateway`\n  end it, and "
                                     "try again");
  }
  const std::string path = copy_path(database), failed = copy_error_path(database);
  ::unlink(failed.c_str());
  const auto before = stamp(path);
  if (::kill(holder, SIGUSR1) != 0) {
    throw Trouble(Exit::storage, "the gateway (" + who + ") cannot be asked for a copy: " +
                                     std::strerror(errno) + "\n  run this as its user, or as root");
  }
  const std::uint64_t deadline_ms = mono_now_ms() + timeout_ms;
  while (mono_now_ms() < deadline_ms) {
    if (stamp(path) != before && stamp(path) != decltype(before){}) return path;
    if (const std::string why = content(failed); !why.empty()) {
      ::unlink(failed.c_str());
      throw Trouble(Exit::storage, "the gateway (" + who + ") could not make the copy: " + why);
    }
    std::this_thread::sleep_for(look_interval);
  }
  throw Trouble(Exit::storage, "the gateway (" + who + ") made no copy in " +
                                   std::to_string(timeout_ms / 1'000) +
                                   " s\n  see its log, or give it longer with --timeout-ms");
}

}  // namespace tributary::app
