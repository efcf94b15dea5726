// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/daemon.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "gateway/app/clock.h"
#include "gateway/app/store_thread.h"

namespace tributary::app {
namespace {

constexpr std::uint64_t idle_wait_ms = 1'000;  // for the log's counts; everything else wakes us

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::uint64_t cpu_used_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto ms = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1000 +
           static_cast<std::uint64_t>(t.tv_usec) / 1000;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

std::uint64_t open_files() {
  std::error_code error;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // without the one that lists them
}

Pump::Usage usage(const std::string& database_path) {
  Pump::Usage u{.memory_bytes = resident_bytes(), .cpu_ms = cpu_used_ms()};
  u.open_files = open_files();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) u.open_files_max = limit.rlim_cur;
  std::error_code error;
  const auto space =
      std::filesystem::space(std::filesystem::path(database_path).parent_path(), error);
  if (!error) {
    u.disk_free_bytes = space.available;
    u.disk_size_bytes = space.capacity;
  }
  return u;
}

}  // namespace

Result<std::unique_ptr<Daemon>, store::Error> Daemon::open(Options options, Log& log) {
  std::unique_ptr<Daemon> daemon(new Daemon(log, options));
  const auto wake = [d = daemon.get()] { d->wake(); };
  Pump::Options p;
  p.core = std::move(options.core);
  p.database_path = std::move(options.database_path);
  p.store = std::move(options.store);
  p.links = std::move(options.links);
  p.random = std::move(options.random);
  p.clock = now;
  p.wake = wake;
  p.log = [&log](Level level, std::string_view kind, std::string_view text) {
    log.write(level, kind, text);
  };
  p.disk = [wake](std::unique_ptr<store::Store> store) {
    return std::make_unique<StoreThread>(std::move(store), wake);
  };
  p.usage = [path = p.database_path] { return usage(path); };
  if (options.steward) {
    daemon->steward_ = std::make_unique<Steward>(std::move(*options.steward), log);
    p.beside = daemon->steward_.get();
  }
  auto pump = Pump::open(std::move(p));
  if (!pump) return Failure{pump.error()};
  daemon->pump_ = std::move(*pump);
  if (options.http) {
    const std::uint64_t session = daemon->pump_->core().summary().session;
    daemon->door_ = std::make_unique<Door>(std::move(*options.http), session, wake, log,
                                           daemon->steward_.get());
  }
  return daemon;
}

void Daemon::wake() {
  {
    const std::lock_guard lock(mutex_);
    wake_asked_ = true;
  }
  woken_.notify_one();
}

void Daemon::wait(std::uint64_t until_ms) {
  std::unique_lock lock(mutex_);
  const std::uint64_t now_ms = mono_now_ms();
  if (until_ms > now_ms) {
    woken_.wait_for(lock, std::chrono::milliseconds(until_ms - now_ms),
                    [this] { return wake_asked_; });
  }
  wake_asked_ = false;
}

bool Daemon::stop_asked() {
  const std::lock_guard lock(mutex_);
  return stop_asked_;
}

Daemon::End Daemon::run() {
  std::optional<std::uint64_t> stop_deadline_ms;
  while (!pump_->storage_lost()) {
    bool more = pump_->turn();
    if (steward_) steward_->turn(*pump_);
    if (door_) more = door_->serve(*pump_) || more;
    log_.tick();
    if (tick_) tick_();
    const std::uint64_t now_ms = mono_now_ms();
    if (!stop_deadline_ms && stop_asked()) {
      log_.write(Level::info, "stopping", "committing what waits");
      stop_deadline_ms = now_ms + stop_timeout_ms_;
      pump_->stop();
    }
    if (stop_deadline_ms && (pump_->stopped() || now_ms >= *stop_deadline_ms)) break;
    const std::uint64_t idle_ms =
        std::min(now_ms + idle_wait_ms, door_ ? door_->deadline() : ~std::uint64_t{0});
    wait(more ? 0 : std::min(idle_ms, pump_->deadline().value_or(idle_ms)));
  }
  door_.reset();
  pump_->hang_up(1'000);
  const bool clean = pump_->stopped();
  log_.write(clean ? Level::info : Level::warning, "stopped",
             clean ? "everything accepted is on the disk"
                   : "without the last commit: devices send again what was not acknowledged");
  return pump_->storage_lost() ? End::storage_lost : End::stopped;
}

void Daemon::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_asked_ = true;
  }
  wake();
}

}  // namespace tributary::app
