// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/daemon.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "gateway/app/clock.h"
#include "gateway/app/daemon_impl.h"
#include "gateway/app/text.h"
#include "gateway/core/status.h"

namespace tributary::app {

using transports::Message;
using transports::Qos;

namespace {

constexpr std::uint64_t idle_wait_ms = 1'000;  // for the log's counts; everything else wakes us

}  // namespace

Result<bool, store::Error> Daemon::Impl::restore(store::Store& store) {
  session_number = options.random();
  core = std::make_unique<core::Gateway>(options.core, store.incarnation(), session_number);
  std::uint64_t actors = 0;
  const auto loaded = store.load({
      .envelope = [&](core::EnvelopeRow&& row) { core->restore(std::move(row)); },
      .actor =
          [&](core::ActorRow&& row) {
            ++actors;
            core->restore(std::move(row));
          },
  });
  if (!loaded) return Failure{loaded.error()};
  log.write(Level::info, "restored",
            std::to_string(*loaded) + " envelopes of " + std::to_string(actors) + " actors from " +
                options.database_path);
  return true;
}

Result<bool, store::Error> Daemon::Impl::open() {
  // Twice at most: a damaged database is moved aside by the store, then there is none.
  std::optional<store::Error> damage;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto opened = store::Store::open(options.database_path, options.store);
    if (!opened) {
      if (opened.error().kind != store::Error::Kind::corrupt || attempt == 1) {
        return Failure{opened.error()};
      }
      log.write(Level::error, "database-damaged", opened.error().message);
      continue;
    }
    if ((*opened)->created()) {
      log.write(
          Level::info, "database-new",
          options.database_path + " was made, incarnation " + hex64((*opened)->incarnation()));
    }
    const auto restored = restore(**opened);
    if (!restored) {
      if (restored.error().kind != store::Error::Kind::corrupt || attempt == 1) {
        return Failure{restored.error()};
      }
      log.write(Level::error, "database-damaged", restored.error().message);
      continue;
    }
    file_bytes = (*opened)->file_bytes();
    disk = std::make_unique<StoreThread>(std::move(*opened), [this] { wake(); });
    start_links();
    return true;
  }
  return Failure{store::Error{store::Error::Kind::corrupt,
                              options.database_path + ": damaged, and could not be moved aside"}};
}

void Daemon::Impl::start_links() {
  started = now();
  const Message will{.topic = core->root() + "/gw/" + options.core.gateway + "/status",
                     .payload = core::to_json({.gateway = options.core.gateway,
                                               .online = false,
                                               .incarnation = core->summary().incarnation,
                                               .session = session_number,
                                               .at_ms = started.wall_ms,
                                               .version = options.core.version,
                                               .degraded = {}}),
                     .qos = Qos::at_least_once,
                     .retain = true,
                     .response_topic = {},
                     .correlation = {}};
  for (Daemon::Link& link : options.links) {
    Impl::Link made{.id = core->attach(link.options),
                    .name = link.options.name,
                    .session = link.connect(will),
                    .outbox = Outbox({.messages_max = link.outbox_max}),
                    .reason = "not connected yet",
                    .connected = false};
    made.session->on_ready([this] { wake(); });
    made.session->subscribe(core->root() + "/req/" + options.core.gateway + "/+",
                            Qos::at_least_once);
    links.push_back(std::move(made));
  }
  core->start(started);
  effects();
  for (Impl::Link& link : links) link.session->start();
}

void Daemon::Impl::wake() {
  {
    const std::lock_guard lock(mutex);
    wake_asked = true;
  }
  woken.notify_one();
}

void Daemon::Impl::wait(std::uint64_t until_ms, bool busy) {
  std::unique_lock lock(mutex);
  const std::uint64_t now_ms = mono_now_ms();
  if (!busy && until_ms > now_ms) {
    woken.wait_for(lock, std::chrono::milliseconds(until_ms - now_ms),
                   [this] { return wake_asked; });
  }
  wake_asked = false;
}

Daemon::End Daemon::Impl::run() {
  std::optional<std::uint64_t> stop_deadline_ms;
  while (!storage_lost) {
    bool busy = false;
    replies();
    for (std::size_t i = 0; i < links.size(); ++i) {
      // Replies between the links too: an acknowledgement does not wait for a flood to end.
      busy = read(i) || busy;
      replies();
    }
    const std::uint64_t now_ms = mono_now_ms();
    if (const auto due = core->deadline(); due && *due <= now_ms) core->tick(now());
    effects();
    log.tick();
    bool stopping = false;
    {
      const std::lock_guard lock(mutex);
      stopping = stop_asked;
    }
    if (stopping && !stop_deadline_ms) {
      log.write(Level::info, "stopping", "committing what waits");
      stop_deadline_ms = now_ms + options.stop_timeout_ms;
      core->stop(now());
      effects();
    }
    if (stop_deadline_ms && (core->stopped() || now_ms >= *stop_deadline_ms)) break;
    std::uint64_t until_ms = now_ms + idle_wait_ms;
    if (const auto due = core->deadline()) until_ms = std::min(until_ms, *due);
    wait(until_ms, busy);
  }
  for (Link& link : links) {
    if (link.connected) link.outbox.flush(*link.session);
    link.session->stop(1'000);
  }
  const bool clean = core->stopped();
  log.write(clean ? Level::info : Level::warning, "stopped",
            clean ? "everything accepted is on the disk"
                  : "without the last commit: devices send again what was not acknowledged");
  return storage_lost ? End::storage_lost : End::stopped;
}

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Daemon::~Daemon() {
  // Sessions and the disk call wake(): they end before what they wake.
  for (Impl::Link& link : impl_->links) link.session->stop(0);
  impl_->disk.reset();
}

Result<std::unique_ptr<Daemon>, store::Error> Daemon::open(Options options, Log& log) {
  auto impl = std::make_unique<Impl>(std::move(options), log);
  const auto opened = impl->open();
  if (!opened) return Failure{opened.error()};
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

Daemon::End Daemon::run() {
  return impl_->run();
}

void Daemon::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stop_asked = true;
  }
  impl_->wake();
}

}  // namespace tributary::app
