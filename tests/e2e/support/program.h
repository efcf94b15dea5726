// SPDX-License-Identifier: Apache-2.0
// The real program as child processes, for end-to-end tests.
//
//   Ran ran = run({"get", "a/key", "--broker", broker.url()});
//   EXPECT_EQ(ran.status, 0) << ran.err;
//   Program g1({"gateway", "--config", file}, dir / "g1.log");
//   g1.kill(SIGKILL); g1.start();
//
// Promise: every child ends with its object; only children of this test are signalled.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tributary::e2e {

struct Ran {
  int status = -1;  // exit code, or 128 + signal
  std::string out, err;
};

// Runs `tributary ARGUMENTS…` to its end; killed (status 137) at the timeout.
Ran run(const std::vector<std::string>& arguments,
        std::chrono::seconds timeout = std::chrono::seconds(60), const std::string& input = {});

// What a program finds around it, apart from what this process has.
struct Surroundings {
  std::vector<std::string> environment{};     // "NAME=value", over that of this process
  std::optional<std::uint64_t> data_bytes{};  // RLIMIT_DATA
  std::string program{};                      // in place of the one that was built
};

class Program {
 public:
  // Starts it, unless `later`.
  enum class Start : std::uint8_t { now, later };
  Program(std::vector<std::string> arguments, std::filesystem::path log, Start when = Start::now);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Not later than the thread that called this does the child end.
  void start(const Surroundings& around = {});
  // Sends the signal and waits for the end; the exit code, or 128 + signal.
  int end(int signal);
  // The status when it has ended by itself in time.
  std::optional<int> wait(std::chrono::milliseconds timeout);
  bool running();
  pid_t pid() const { return pid_; }
  std::string log() const;

 private:
  std::vector<std::string> arguments_;
  std::filesystem::path log_;
  pid_t pid_ = 0;
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& text);

}  // namespace tributary::e2e
