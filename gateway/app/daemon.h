// SPDX-License-Identifier: Apache-2.0
// The gateway as a process: the pump, turned by one owner thread that sleeps until something wakes
// it, beside the thread that waits for the disk; and the only place with a clock. Its promise: one
// thread owns the core, and it ends clean on stop(), with everything accepted on the disk. HTTP,
// when it is on, asks through the door, which the owner opens once a turn.
//
//   auto daemon = Daemon::open(std::move(options), log);
//   if (!daemon) die(daemon.error().message);
//   signals.on_stop([&] { (*daemon)->stop(); });
//   return (*daemon)->run() == Daemon::End::stopped ? 0 : 5;    // settled: open it again
//
// Thread-safety: stop(), reload() and copy() from any thread; everything else from one.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/door.h"
#include "gateway/app/log.h"
#include "gateway/app/pump.h"
#include "gateway/app/reload.h"
#include "gateway/app/service.h"
#include "gateway/app/steward.h"

namespace tributary::app {

class Daemon {
 public:
  using Link = Pump::Link;
  struct Options {
    core::Options core;
    std::string database_path;
    store::Options store;
    std::vector<Link> links;
    std::function<std::uint64_t()> random;  // for the session number
    std::optional<http::Server::Options> http;
    std::shared_ptr<http::Token> token = std::make_shared<http::Token>();  // HTTP's and MQTT's
    std::optional<Steward::Options> steward = {};  // nullopt: nobody looks on from beside
    std::uint32_t stop_timeout_ms = 5'000;         // for the last commit and the goodbye
    std::function<std::optional<std::string>()> registry = {};  // see Pump::Options
    std::function<void()> tick = {};        // called at least once a second, by the owner
    std::function<Reloaded()> reload = {};  // reads the configuration again; called by the owner
  };

  // Opens the pump. `log` outlives the daemon.
  static Result<std::unique_ptr<Daemon>, store::Error> open(Options options, Log& log);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  enum class End : std::uint8_t {
    stopped,       // as asked
    storage_lost,  // the database turned out to be damaged while running: start again
    settled,       // what it had joined in part counts no more (core/gateway.h): start again
  };
  End run();
  void stop();
  void reload();  // the configuration, as far as it can change while this runs
  void copy();    // the database, beside itself (live_copy.h)

 private:
  Daemon(Log& log, const Options& options)
      : log_(log),
        stop_timeout_ms_(options.stop_timeout_ms),
        tick_(options.tick),
        reload_(options.reload),
        token_(options.token),
        database_path_(options.database_path) {}
  struct Asked {
    bool stop = false, reload = false, copy = false;
  };
  void ask(bool Asked::*what);
  Asked asked();
  void wake();
  void wait(std::uint64_t until_ms);
  void heed(const Asked& asked);
  void reload_now();
  void copy_now();
  void tell_service(std::uint64_t now_ms);

  Log& log_;
  const std::uint32_t stop_timeout_ms_;
  const std::function<void()> tick_;
  const std::function<Reloaded()> reload_;
  const std::shared_ptr<http::Token> token_;
  const std::string database_path_;
  Service service_;
  std::uint64_t next_status_ms_ = 0;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_asked_ = false;           // guarded by mutex_
  Asked asked_;                       // guarded by mutex_
  std::unique_ptr<Steward> steward_;  // outlives the next two
  std::unique_ptr<Pump> pump_;        // these last: their threads call wake()
  std::unique_ptr<Door> door_;
};

}  // namespace tributary::app
