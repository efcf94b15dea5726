// SPDX-License-Identifier: Apache-2.0
// A real Mosquitto for one test: on a free loopback port, with its files in a directory of its own.
//
//   Mosquitto broker("max_queued_messages 0\n");   // lines added to its configuration
//   auto options = Options{.uri = broker.uri(), …};
//   broker.kill(); broker.start();                 // kill -9; the same port, its database kept
//
// Promise: start() returns when it accepts connections, and throws what it logged when it does not.
// It dies with this object, and with this process. Not thread-safe.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "tests/support/temp_dir.h"

namespace tributary::test {

// A TCP port on 127.0.0.1 that nobody listens on at the moment.
std::uint16_t free_port();

class Mosquitto {
 public:
  enum class Start : std::uint8_t { now, later };

  // Without persistence unless `extra` says `persistence true` (its database is in directory()).
  explicit Mosquitto(std::string extra = {}, Start start = Start::now);
  ~Mosquitto();
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  void start();
  void stop();   // SIGTERM: it saves its database
  void kill();   // SIGKILL: it saves nothing
  void pause();  // SIGSTOP: alive and deaf
  void resume();
  void reload();  // SIGHUP: it reads its access list and certificates again, a moment later
  void forget_database();                                           // only while it is not running
  void configure(std::string extra) { extra_ = std::move(extra); }  // from the next start on

  bool running() const { return pid_ > 0; }
  std::uint16_t port() const { return port_; }
  std::string uri() const { return "tcp://127.0.0.1:" + std::to_string(port_); }
  const std::filesystem::path& directory() const { return directory_.path(); }
  std::string log() const;

 private:
  void write_configuration() const;
  void end(int signal);

  TempDir directory_;
  std::string extra_;
  std::uint16_t port_;
  pid_t pid_ = 0;
};

}  // namespace tributary::test
