// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/app/clock.h"
#include "gateway/app/daemon_impl.h"

namespace tributary::app {

using transports::Event;
using transports::Message;
using transports::Qos;
using transports::Session;

namespace {

constexpr std::size_t events_per_turn = 256;
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

bool Daemon::Impl::may_reply_to(const std::string& topic) const {
  if (!transports::topic_valid(topic) || topic.front() == '$') return false;
  // Among the fleets' own topics only under our reply/: nobody may borrow our voice for the
  // protocol.
  const std::string& fleet = core->root();
  const std::string fleets = fleet.substr(0, fleet.rfind('/') + 1);
  return topic.compare(0, fleets.size(), fleets) != 0 ||
         topic.compare(0, fleet.size() + 7, fleet + "/reply/") == 0;
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

}  // namespace tributary::app
