// SPDX-License-Identifier: Apache-2.0
// Child processes that are started, watched, and started again when they die. Its promise: it
// signals only processes it started itself, and none of them outlives it.
//
//   Supervisor supervisor;
//   supervisor.start({.name = "g1", .argv = {"/usr/bin/tributary", "gateway"}, .log = "g1.log"});
//   for (const std::string& news : supervisor.check(mono_now_ms())) …
//   supervisor.stop("g1", 5'000);
//
// Not thread-safe; start() and check() from a thread that lives as long as the children.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tributary::app {

class Supervisor {
 public:
  struct Spec {
    std::string name;
    std::vector<std::string> argv;
    std::string log;  // standard error, and standard output unless `out` is set
    std::string out;
    bool restart = true;
    std::function<void(std::uint32_t failures)> before_restart;  // failures: in a row
  };

  Supervisor() = default;
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Throws Trouble(usage) when the program cannot be started.
  void start(Spec spec);
  // Reaps and restarts; says what happened, for people.
  std::vector<std::string> check(std::uint64_t now_ms);
  // SIGTERM, and SIGKILL when it takes longer. Returns the exit status, as exit_status().
  std::optional<int> stop(const std::string& name, std::uint32_t timeout_ms);
  // Sends SIGTERM and does not wait; no restart follows.
  void ask_to_end(const std::string& name);

  bool running(const std::string& name) const;
  // Of one that ended for good: its exit code, or 128 + the signal that ended it.
  std::optional<int> exit_status(const std::string& name) const;
  pid_t pid(const std::string& name) const;  // 0: not running
  std::uint32_t restarts(const std::string& name) const;

 private:
  struct Child {
    Spec spec;
    pid_t pid = 0;
    bool ending = false;  // asked to end: no restart
    std::optional<int> status;
    std::uint64_t started_ms = 0, restart_at_ms = 0;
    std::uint32_t failures = 0, restarts = 0;
  };
  void spawn(Child& child);
  bool reap(Child& child, bool wait);
  Child& at(const std::string& name);
  const Child& at(const std::string& name) const;

  std::map<std::string, Child> children_;
};

}  // namespace tributary::app
