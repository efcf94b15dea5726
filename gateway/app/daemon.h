// SPDX-License-Identifier: Apache-2.0
// The gateway as a process: the core, its disk and its brokers put together, and the only place
// with a clock. Its promise: one thread owns the core; nothing it is given is dropped while a queue
// can push back instead; it ends clean on stop(), with everything accepted on the disk.
//
//   auto daemon = Daemon::open(std::move(options), log);
//   if (!daemon) die(daemon.error().message);
//   signals.on_stop([&] { (*daemon)->stop(); });
//   return (*daemon)->run() == Daemon::End::stopped ? 0 : 5;
//
// Thread-safety: stop() from any thread; everything else from one.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/app/log.h"
#include "gateway/core/gateway.h"
#include "gateway/store/store.h"
#include "transports/session.h"

namespace tributary::app {

class Daemon {
 public:
  // One broker. `connect` makes the session, not started, with this will.
  struct Link {
    core::LinkOptions options;
    std::function<std::unique_ptr<transports::Session>(const transports::Message& will)> connect;
    std::size_t outbox_max = 10'000;
  };
  struct Options {
    core::Options core;
    std::string database_path;
    store::Options store;
    std::vector<Link> links;
    std::function<std::uint64_t()> random;  // for the session number
    std::uint32_t stop_timeout_ms = 5'000;  // for the last commit and the goodbye
  };

  // Opens the database, restores the state from it and starts to connect. A damaged database was
  // moved aside by the store: the gateway then starts afresh and asks its peers.
  static Result<std::unique_ptr<Daemon>, store::Error> open(Options options, Log& log);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  enum class End : std::uint8_t {
    stopped,       // as asked
    storage_lost,  // the database turned out to be damaged while running: start again
  };
  End run();
  void stop();

 private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::app
