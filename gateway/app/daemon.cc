// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/daemon.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "gateway/app/clock.h"
#include "gateway/app/outbox.h"
#include "gateway/app/requests.h"
#include "gateway/app/store_thread.h"
#include "gateway/app/text.h"
#include "gateway/core/status.h"

namespace tributary::app {
namespace {

using transports::Event;
using transports::Message;
using transports::Qos;
using transports::Session;

constexpr std::size_t events_per_turn = 256;
constexpr std::uint64_t idle_wait_ms = 1'000;  // for the log's counts; everything else wakes us
constexpr std::uint64_t stall_max_ms = 2'000;
constexpr std::size_t snapshots_pending_max = 4;

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

}  // namespace

struct Daemon::Impl {
  struct Link {
    core::LinkId id = 0;
    std::string name;
    std::unique_ptr<Session> session;
    Outbox outbox;
    std::string reason;  // why it is not connected
    bool connected = false;
  };
  struct Snapshot {
    std::size_t link = 0;
    Message reply;
    std::string path;
  };

  Impl(Options o, Log& l) : options(std::move(o)), log(l) {}

  Result<bool, store::Error> open();
  Result<bool, store::Error> restore(store::Store& store);
  void start_links();
  End run();
  void wake();
  void wait(std::uint64_t until_ms, bool busy);

  bool may_read();
  bool read(std::size_t index);
  void handle(std::size_t index, Event& event);
  void request(std::size_t index, const Message& message);
  void request_snapshot(std::size_t index, Message reply);
  void replies();
  void snapshot_done(const StoreThread::Reply& reply);
  void effects();
  ProcessState process_state() const;
  bool may_reply_to(const std::string& topic) const;

  Options options;
  Log& log;
  std::unique_ptr<core::Gateway> core;
  std::unique_ptr<StoreThread> disk;
  std::vector<Link> links;
  core::Instant started;
  std::uint64_t session_number = 0;
  std::uint64_t commit_last_us = 0, commit_max_us = 0, file_bytes = 0;
  std::uint64_t snapshot_next = 1;
  std::map<std::uint64_t, Snapshot> snapshots;
  bool storage_lost = false;
  std::optional<std::uint64_t> stalled_since_ms;  // the core takes nothing since then
  bool shedding = false;
  std::uint64_t shed = 0;  // messages let go

  std::mutex mutex;
  std::condition_variable woken;
  bool wake_asked = false;  // guarded by mutex
  bool stop_asked = false;  // guarded by mutex
};

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

bool Daemon::Impl::may_reply_to(const std::string& topic) const {
  if (!transports::topic_valid(topic) || topic.front() == '$') return false;
  // Inside the fleet's own tree only under reply/: nobody may borrow our voice for the protocol.
  const std::string fleet = core->root() + "/";
  return topic.compare(0, fleet.size(), fleet) != 0 ||
         topic.compare(0, fleet.size() + 6, fleet + "reply/") == 0;
}

void Daemon::Impl::request(std::size_t index, const Message& message) {
  if (!may_reply_to(message.response_topic)) {
    log.write(Level::warning, "request-without-reply",
              message.topic + ": the response topic \"" + message.response_topic +
                  "\" is missing, invalid or inside the protocol's own topics");
    return;
  }
  Message reply{.topic = message.response_topic,
                .payload = {},
                .qos = Qos::at_least_once,
                .retain = false,
                .response_topic = {},
                .correlation = message.correlation};
  const std::string command = message.topic.substr(message.topic.rfind('/') + 1);
  if (command == "snapshot") {
    request_snapshot(index, std::move(reply));
    return;
  }
  reply.payload = answer(*core, process_state(), command, message.payload);
  links[index].outbox.push(std::move(reply));
}

void Daemon::Impl::request_snapshot(std::size_t index, Message reply) {
  if (snapshots.size() >= snapshots_pending_max) {
    reply.payload = answer_error("too many snapshots at once", "wait for the one under way");
    links[index].outbox.push(std::move(reply));
    return;
  }
  // A fixed place beside the database: no path is ever taken from the network.
  const std::string path = options.database_path + ".snapshot";
  const std::uint64_t id = snapshot_next++;
  snapshots.emplace(id, Snapshot{index, std::move(reply), path});
  disk->snapshot(id, path);
}

void Daemon::Impl::snapshot_done(const StoreThread::Reply& done) {
  const auto it = snapshots.find(done.id);
  assert(it != snapshots.end());
  Snapshot& snapshot = it->second;
  snapshot.reply.payload =
      done.error ? answer_error(done.error->message, "free space or permissions, then try again")
                 : nlohmann::json{{"gateway", options.core.gateway}, {"path", snapshot.path}}.dump(
                       -1, ' ', false, nlohmann::json::error_handler_t::replace);
  links[snapshot.link].outbox.push(std::move(snapshot.reply));
  snapshots.erase(it);
}

ProcessState Daemon::Impl::process_state() const {
  ProcessState state{.gateway = options.core.gateway,
                     .fleet = options.core.fleet,
                     .version = options.core.version,
                     .started = started,
                     .now = now(),
                     .links = {},
                     .database_path = options.database_path,
                     .database_bytes = file_bytes,
                     .commit_last_us = commit_last_us,
                     .commit_max_us = commit_max_us,
                     .memory_bytes = resident_bytes(),
                     .cpu_ms = cpu_used_ms(),
                     .shed = shed};
  for (const Link& link : links) {
    state.links.push_back({.name = link.name,
                           .connected = link.connected,
                           .outbox = link.outbox.size() + link.session->outbox_size(),
                           .dropped = link.outbox.dropped(),
                           .reason = link.reason});
  }
  return state;
}

void Daemon::Impl::handle(std::size_t index, Event& event) {
  Link& link = links[index];
  switch (event.kind) {
    case Event::Kind::connected:
      link.connected = true;
      link.reason.clear();
      log.write(Level::info, "connected", "to broker " + link.name);
      core->connected(now(), link.id);
      return;
    case Event::Kind::disconnected:
      log.write(Level::warning, "disconnected", "from broker " + link.name + ": " + event.reason);
      link.reason = event.reason;
      link.outbox.disconnected();
      if (std::exchange(link.connected, false)) core->disconnected(now(), link.id);
      return;
    case Event::Kind::refused:
      log.write(Level::error, "refused-by-broker",
                link.name + ": " + event.message.topic + ": " + event.reason);
      return;
    case Event::Kind::message:
      break;
  }
  Message& message = event.message;
  const std::string requests = core->root() + "/req/";
  if (message.topic.compare(0, requests.size(), requests) == 0) {
    if (!message.retain) request(index, message);
    return;
  }
  if (shedding && !core->accepting()) {
    ++shed;
    return;
  }
  core->receive(now(), {.link = link.id,
                        .topic = std::move(message.topic),
                        .payload = std::move(message.payload),
                        .retained = message.retain});
}

// A short stall pushes back: the session holds what it has, and the broker's PUBACK. A long one (a
// disk that is full) would cost the connection and deafen us to operators, so then what the core
// cannot take is let go: devices send again, peers compare digests.
bool Daemon::Impl::may_read() {
  if (core->accepting()) {
    stalled_since_ms.reset();
    shedding = false;
    return true;
  }
  const std::uint64_t now_ms = mono_now_ms();
  if (!stalled_since_ms) stalled_since_ms = now_ms;
  if (!shedding && now_ms >= *stalled_since_ms + stall_max_ms) {
    shedding = true;
    log.write(Level::warning, "shedding",
              "the disk does not keep up: what arrives is let go until it does; nothing of it is "
              "acknowledged");
  }
  return shedding;
}

// True: there may be more. What is not read stays with the session, which pushes back.
bool Daemon::Impl::read(std::size_t index) {
  if (!may_read() || links[index].outbox.full()) return false;
  std::vector<Event> events = links[index].session->poll(events_per_turn);
  for (Event& event : events) handle(index, event);
  return events.size() == events_per_turn;
}

void Daemon::Impl::replies() {
  for (const StoreThread::Reply& reply : disk->take_replies()) {
    file_bytes = reply.file_bytes;
    if (reply.kind == StoreThread::Reply::Kind::snapshot) {
      snapshot_done(reply);
      continue;
    }
    commit_last_us = reply.took_us;
    commit_max_us = std::max(commit_max_us, reply.took_us);
    if (!reply.error) {
      core->committed(now(), reply.id);
      continue;
    }
    storage_lost = storage_lost || reply.error->kind == store::Error::Kind::corrupt ||
                   reply.error->kind == store::Error::Kind::foreign;
    core->commit_failed(now(), reply.id, reply.error->message);
  }
}

void Daemon::Impl::effects() {
  core::Output out = core->take_output();
  if (out.commit) disk->commit(out.commit->ticket, std::move(out.commit->rows));
  for (core::Subscription& s : out.subscriptions) {
    assert(s.link < links.size());
    Session& session = *links[s.link].session;
    if (s.subscribe) {
      session.subscribe(s.filter, Qos::at_least_once, s.no_local);
    } else {
      session.unsubscribe(s.filter);
    }
  }
  for (core::Publish& p : out.publishes) {
    assert(p.link < links.size());
    Link& link = links[p.link];
    if (!link.connected && !p.retain) continue;
    link.outbox.push({.topic = std::move(p.topic),
                      .payload = std::move(p.payload),
                      .qos = p.at_least_once ? Qos::at_least_once : Qos::at_most_once,
                      .retain = p.retain,
                      .response_topic = {},
                      .correlation = {}});
  }
  for (const core::Notice& notice : out.notices) log.write(notice.level, notice.kind, notice.text);
  for (Link& link : links) {
    if (link.connected) link.outbox.flush(*link.session);
  }
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
