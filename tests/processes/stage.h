// SPDX-License-Identifier: Apache-2.0
// What the threads of one round share: whether it is still worth going on, what went wrong, and
// what was done.
//
//   Stage stage;
//   while (stage.pause(20ms)) …                  // false: the round was given up
//   stage.fail("g1 ended by itself");            // kept, and everybody stops
//   stage.count("gateway: kill -9");
//   stage.done(); stage.wait_for_end();          // my steps are over; keep my children alive
//
// Promise: thread-safe; pause() ends at once when the round is given up.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace tributary::processes {

using Tally = std::map<std::string, std::uint64_t>;

class Stage {
 public:
  bool pause(std::chrono::microseconds time);
  void fail(std::string what);
  bool failed() const;
  std::vector<std::string> failures() const;

  void count(const std::string& what, std::uint64_t times = 1);
  void at_least(const std::string& what, std::uint64_t value);  // keeps the greatest
  Tally tally() const;

  void done();
  std::size_t players_done() const;
  void end();
  void wait_for_end();

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> failures_;
  Tally tally_;
  std::size_t done_ = 0;
  bool ended_ = false;
};

}  // namespace tributary::processes
