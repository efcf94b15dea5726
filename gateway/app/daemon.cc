// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/daemon.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include "gateway/app/clock.h"
#include "gateway/app/live_copy.h"
#include "gateway/app/store_thread.h"

namespace tributary::app {
namespace {

constexpr std::uint64_t idle_wait_ms = 1'000;  // for the log's counts; everything else wakes us
constexpr std::uint64_t leaving_wait_ms = 20;
constexpr std::chrono::milliseconds busy_pause{1};
constexpr std::uint64_t status_interval_ms = 10'000;

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  file >> total >> resident;
  return file ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
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

constexpr unsigned threads_max = 4;  // that verify and sign: more would wait for the one owner

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
  p.registry = std::move(options.registry);
  p.wake = wake;
  p.log = [&log](Level level, std::string_view kind, std::string_view text) {
    log.write(level, kind, text);
  };
  p.disk = [wake](std::unique_ptr<store::Store> store) {
    return std::make_unique<StoreThread>(std::move(store), wake);
  };
  p.threads = std::clamp(std::thread::hardware_concurrency(), 1U, threads_max);
  p.early = true;
  p.usage = [path = p.database_path] { return usage(path); };
  if (options.steward) {
    daemon->steward_ = std::make_unique<Steward>(std::move(*options.steward), log);
    p.beside = daemon->steward_.get();
  }
  auto pump = Pump::open(std::move(p));
  if (!pump) return Failure{pump.error()};
  daemon->pump_ = std::move(*pump);
  if (daemon->steward_)
    daemon->steward_->begin_sealing(daemon->pump_->core().summary().incarnation, wake);
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

void Daemon::ask(bool Asked::*what) {
  {
    const std::lock_guard lock(mutex_);
    asked_.*what = true;
  }
  wake();
}

// A stop stays asked for; the others are done once.
Daemon::Asked Daemon::asked() {
  const std::lock_guard lock(mutex_);
  return std::exchange(asked_, Asked{.stop = asked_.stop});
}

void Daemon::heed(const Asked& asked) {
  if (asked.reload && reload_) reload_now();
  if (asked.copy) copy_now();
}

void Daemon::reload_now() {
  service_.reloading();
  const Reloaded r = reload_();
  if (r.refused.empty()) {
    log_.set(r.log.level, r.log.format);
    pump_->set_limits(r.limits);
    if (r.token) token_->replace(*r.token);
    std::string text = r.changed.empty() ? "nothing changed" : "";
    for (const std::string& one : r.changed) text += (text.empty() ? "" : ", ") + one;
    for (std::size_t i = 0; i < r.waiting.size(); ++i) {
      text += (i == 0 ? "; at the next start: " : ", ") + r.waiting[i];
    }
    log_.write(Level::info, "reloaded", text);
  }
  pump_->reloaded(r.refused);
  service_.ready();
}

void Daemon::copy_now() {
  log_.write(Level::info, "copy", "of the database, beside it, was asked for");
  pump_->copy_beside([path = copy_error_path(database_path_)](const std::string& error) {
    if (error.empty()) return;
    std::ofstream(path) << error << "\n";
  });
}

void Daemon::tell_service(std::uint64_t now_ms) {
  if (!service_.alive(now_ms, pump_->disk_owes_since_ms())) {
    log_.write(Level::error, "disk-silent",
               "a commit is not answered: the watchdog is told no more, and will start us again");
  }
  if (!service_.used() || now_ms < next_status_ms_) return;
  const core::Summary s = pump_->core().figures();
  next_status_ms_ = now_ms + (s.announced ? status_interval_ms : idle_wait_ms);
  service_.status((s.degraded ? "degraded: " + s.degraded_reason
                              : std::string(s.announced ? "online" : "starting")) +
                  "; " + std::to_string(s.keys) + " keys of " + std::to_string(s.actors) +
                  " actors");
}

Daemon::End Daemon::run() {
  std::optional<std::uint64_t> stop_deadline_ms;
  service_.ready();
  while (!pump_->storage_lost() && !pump_->starts_again()) {
    bool more = pump_->turn();
    if (steward_) steward_->turn(*pump_);
    if (door_) more = door_->serve(*pump_) || more;
    log_.tick();
    if (tick_) tick_();
    const std::uint64_t now_ms = mono_now_ms();
    tell_service(now_ms);
    const Asked asked = this->asked();
    heed(asked);
    if (!stop_deadline_ms && asked.stop) {
      service_.stopping();
      log_.write(Level::info, "stopping", "committing what waits");
      stop_deadline_ms = now_ms + stop_timeout_ms_;
      pump_->stop();
    }
    const bool leaves = stop_deadline_ms && pump_->stopped();
    if (leaves && pump_->all_said()) break;
    if (stop_deadline_ms && now_ms >= *stop_deadline_ms) break;
    // Nobody wakes us for an acknowledgement.
    const std::uint64_t idle_ms = std::min(now_ms + (leaves ? leaving_wait_ms : idle_wait_ms),
                                           door_ ? door_->deadline() : ~std::uint64_t{0});
    if (!more && pump_->busy()) std::this_thread::sleep_for(busy_pause);
    wait(more ? 0 : std::min(idle_ms, pump_->deadline().value_or(idle_ms)));
  }
  door_.reset();
  pump_->hang_up(1'000);
  const bool clean = pump_->stopped();
  log_.write(clean ? Level::info : Level::warning, "stopped",
             clean ? "everything accepted is on the disk"
                   : "without the last commit: devices send again what was not acknowledged");
  if (pump_->storage_lost()) return End::storage_lost;
  return pump_->starts_again() && !stop_deadline_ms ? End::settled : End::stopped;
}

void Daemon::stop() {
  ask(&Asked::stop);
}

void Daemon::reload() {
  ask(&Asked::reload);
}

void Daemon::copy() {
  ask(&Asked::copy);
}

}  // namespace tributary::app
