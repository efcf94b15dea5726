// SPDX-License-Identifier: Apache-2.0
// One real gateway of a site: its files, its process, its lives.
//
//   Node g1({.name = "g1", .hears = {"*-h1"}, .port = port, .directory = dir}, stage);
//   g1.start();
//   g1.kill();                     // -9; notes what the life had come to
//   g1.start({.slow_sync_ms = 200});
//   if (!g1.end(SIGTERM)) …        // did not end clean in time
//
// Promise: the log of all lives is kept in <directory>/<name>.log. One thread at a time, and the
// process does not outlive the thread that started it.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/e2e/support/program.h"
#include "tests/processes/ack_watch.h"
#include "tests/processes/stage.h"

namespace tributary::processes {

struct Place {
  std::string name;
  std::vector<std::string> hears;
  std::uint16_t port = 0;  // the broker's
  std::filesystem::path directory;
};

// What is different in one life.
struct Life {
  std::uint32_t slow_sync_ms = 0;
  std::string program = {};  // another version's
  bool starved = false;      // the smallest memory caps, and no more memory than they need
};

class Node {
 public:
  Node(Place place, Stage& stage, const AckWatch& acks);

  void start(const Life& life = {});
  void kill();
  // Sends the signal, expects status 0 and the last commit done within `limit`.
  bool end(int signal, std::chrono::milliseconds limit);
  // False when it has ended by itself; then status() says how.
  bool running();
  int status() const { return status_; }

  bool connected() const;  // in this life
  bool said(const std::string& words) const;
  bool acknowledged() const { return acks() > acks_before_; }  // in this life
  std::uint64_t acks() const { return acks_.acks(place_.name); }
  void signal(int number) const;

  const std::string& name() const { return place_.name; }
  std::string broker() const { return "mqtt://127.0.0.1:" + std::to_string(place_.port); }
  std::filesystem::path data() const { return place_.directory / place_.name; }
  std::filesystem::path log_file() const { return place_.directory / (place_.name + ".log"); }
  std::string last_words() const;  // the end of the log

 private:
  void write_config(const Life& life) const;
  std::string log_of_life() const;

  const Place place_;
  Stage& stage_;
  const AckWatch& acks_;
  e2e::Program program_;
  std::uintmax_t log_began_ = 0;
  std::uint64_t acks_before_ = 0;
  int status_ = 0;
};

}  // namespace tributary::processes
