// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/supervisor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/signals.h"

namespace tributary::app {
namespace {

constexpr std::uint64_t stable_ms = 5'000;  // lived this long: its next death is a first one
constexpr std::uint64_t backoff_min_ms = 100;
constexpr std::uint64_t backoff_max_ms = 5'000;

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, int in, int out, int err, int report, pid_t parent) {
  setpgid(0, 0);  // Ctrl-C at the terminal is for the supervisor, who ends the children in order
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);
  if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err, 2) >= 0) {
    Signals::unblock();
    execvp(argv[0], argv);
  }
  const int error = errno;
  const ssize_t written = write(report, &error, sizeof error);
  _exit(written == sizeof error ? 127 : 126);
}

int open_log(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) {
    throw Trouble(Exit::storage,
                  path + ": " + std::strerror(errno) + "\n  choose another directory");
  }
  return fd;
}

std::string how_it_ended(int status) {
  if (status > 128) return "was ended by signal " + std::to_string(status - 128);
  return "ended with status " + std::to_string(status);
}

}  // namespace

Supervisor::~Supervisor() {
  for (auto& [name, child] : children_) {
    if (child.pid != 0 && !child.ending) kill(child.pid, SIGTERM);
  }
  const std::uint64_t deadline = mono_now_ms() + 3'000;
  for (auto& [name, child] : children_) {
    while (child.pid != 0 && !reap(child, false) && mono_now_ms() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (child.pid == 0) continue;
    kill(child.pid, SIGKILL);
    reap(child, true);
  }
}

Supervisor::Child& Supervisor::at(const std::string& name) {
  const auto it = children_.find(name);
  assert(it != children_.end());
  return it->second;
}
const Supervisor::Child& Supervisor::at(const std::string& name) const {
  const auto it = children_.find(name);
  assert(it != children_.end());
  return it->second;
}

void Supervisor::start(Spec spec) {
  assert(!spec.argv.empty() && children_.count(spec.name) == 0);
  Child child;
  child.spec = std::move(spec);
  spawn(child);
  const std::string name = child.spec.name;
  children_.emplace(name, std::move(child));
}

void Supervisor::spawn(Child& child) {
  std::vector<char*> argv;
  for (std::string& word : child.spec.argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int err = open_log(child.spec.log);
  const int out = child.spec.out.empty() ? err : open_log(child.spec.out);
  std::array<int, 2> report{};
  if (in < 0 || pipe2(report.data(), O_CLOEXEC) != 0) {
    throw Trouble(Exit::negative, std::string("no more file descriptors: ") + std::strerror(errno));
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(argv.data(), in, out, err, report[1], parent);
  const int fork_error = errno;
  close(in);
  close(err);
  if (out != err) close(out);
  close(report[1]);
  int error = 0;
  const bool failed = pid < 0 || read(report[0], &error, sizeof error) == sizeof error;
  close(report[0]);
  if (failed) {
    if (pid > 0) waitpid(pid, nullptr, 0);
    throw Trouble(Exit::usage, child.spec.argv.front() + ": cannot be started: " +
                                   std::strerror(pid < 0 ? fork_error : error) +
                                   "\n  is it installed?");
  }
  child.pid = pid;
  child.status.reset();
  child.started_ms = mono_now_ms();
}

bool Supervisor::reap(Child& child, bool wait) {
  int status = 0;
  if (waitpid(child.pid, &status, wait ? 0 : WNOHANG) != child.pid) return false;
  child.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  child.pid = 0;
  return true;
}

std::vector<std::string> Supervisor::check(std::uint64_t now_ms) {
  std::vector<std::string> news;
  for (auto& [name, child] : children_) {
    if (child.pid != 0 && reap(child, false)) {
      child.failures = now_ms >= child.started_ms + stable_ms ? 1 : child.failures + 1;
      const std::uint32_t doublings = std::min(child.failures - 1, 6U);
      child.restart_at_ms = now_ms + std::min(backoff_min_ms << doublings, backoff_max_ms);
      if (child.spec.restart && !child.ending) {
        news.push_back(name + " " + how_it_ended(*child.status) + ": starting it again");
      }
    }
    if (child.pid != 0 || !child.spec.restart || child.ending) continue;
    if (now_ms < child.restart_at_ms) continue;
    if (child.spec.before_restart) child.spec.before_restart(child.failures);
    spawn(child);
    ++child.restarts;
    news.push_back(name + " runs again, pid " + std::to_string(child.pid));
  }
  return news;
}

void Supervisor::ask_to_end(const std::string& name) {
  Child& child = at(name);
  // Once: to our own programs a second signal means "at once".
  if (child.pid != 0 && !child.ending) kill(child.pid, SIGTERM);
  child.ending = true;
}

std::optional<int> Supervisor::stop(const std::string& name, std::uint32_t timeout_ms) {
  ask_to_end(name);
  Child& child = at(name);
  const std::uint64_t deadline = mono_now_ms() + timeout_ms;
  while (child.pid != 0 && !reap(child, false)) {
    if (mono_now_ms() >= deadline) {
      kill(child.pid, SIGKILL);
      reap(child, true);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return child.status;
}

bool Supervisor::running(const std::string& name) const {
  return at(name).pid != 0;
}
pid_t Supervisor::pid(const std::string& name) const {
  return at(name).pid;
}
std::uint32_t Supervisor::restarts(const std::string& name) const {
  return at(name).restarts;
}
std::optional<int> Supervisor::exit_status(const std::string& name) const {
  const Child& child = at(name);
  return child.pid == 0 ? child.status : std::nullopt;
}

}  // namespace tributary::app
