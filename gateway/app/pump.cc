// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/pump.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/app/text.h"
#include "gateway/core/status.h"

namespace tributary::app {

using transports::Event;
using transports::Message;
using transports::Qos;
using transports::Session;
using Level = core::Notice::Level;

namespace {

constexpr std::size_t events_per_turn = 256;
// So many of them say that more is on its way. Fewer are what comes while a turn lasts.
constexpr std::size_t many_events = 64;
constexpr std::uint64_t stall_max_ms = 2'000;
constexpr std::size_t peers_counted_max = 64;

// It was written by another thread, maybe on another core: fetched while others are handled.
void look_ahead(const Event& event) {
  constexpr std::size_t cache_line = 64;
  const std::string &topic = event.message.topic, &payload = event.message.payload;
  __builtin_prefetch(topic.data());
  __builtin_prefetch(payload.data());
  if (payload.size() > cache_line) __builtin_prefetch(payload.data() + cache_line);
}

Qos qos_of(bool at_least_once) {
  return at_least_once ? Qos::at_least_once : Qos::at_most_once;
}

}  // namespace

void Pump::log(Level level, std::string_view kind, std::string_view text) {
  events_.write(level, kind, text, now().wall_ms);
  options_.log(level, kind, text);
}

// What the core has taken in when a link is no longer read may still all be acknowledged.
Outbox::Limits Pump::limits(std::size_t outbox_max) const {
  return {.messages_max = outbox_max,
          .acks_max = outbox_max + 2 * options_.core.pending_envelopes_max};
}

bool Pump::inject(const std::string& topic, std::string payload, std::uint64_t letter) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (!options_.links[i].options.devices) continue;
    core_->receive(now(), {.link = links_[i].id,
                           .topic = core_->root() + "/" + topic,
                           .payload = std::move(payload),
                           .retained = false,
                           .letter = letter});
    return true;
  }
  return false;
}

void Pump::publish(const Message& message) {
  for (Line& link : links_) {
    if (link.connected) link.outbox.push(Message(message));
  }
}

bool Pump::inject_from_peer(const std::string& topic, std::string payload) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (!options_.links[i].options.peers) continue;
    core_->receive(now(), {.link = links_[i].id,
                           .topic = core_->root() + "/" + topic,
                           .payload = std::move(payload),
                           .retained = false});
    return true;
  }
  return false;
}

void Pump::publish_to_peers(const Message& message) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[i].connected && options_.links[i].options.peers)
      links_[i].outbox.push(Message(message));
  }
}

void Pump::listen_to_peers(const std::string& filter, bool on) {
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (!options_.links[i].options.peers) continue;
    if (on) {
      links_[i].session->subscribe(filter, Qos::at_least_once);
    } else {
      links_[i].session->unsubscribe(filter);
    }
  }
}

// A fixed place beside the database: no path is ever taken from the network.
void Pump::copy_beside(std::function<void(const std::string& error)> done) {
  const std::uint64_t id = snapshot_next_++;
  const auto made =
      snapshots_.emplace(id, Snapshot{options_.database_path + ".snapshot", std::move(done)});
  disk_->snapshot(id, made.first->second.path);
}

void Pump::snapshot_done(const Disk::Reply& done) {
  const auto it = snapshots_.find(done.id);
  assert(it != snapshots_.end());
  const std::string error = done.error ? done.error->message : std::string();
  if (!error.empty()) log(Level::error, "snapshot", error);
  it->second.done(error);
  snapshots_.erase(it);
}

void Pump::set_limits(const Limits& limits) {
  assert(limits.outbox_max.size() == links_.size());
  core::Options& shown = options_.core;  // what the status and the outboxes go by
  shown.pending_envelopes_max = limits.core.pending_envelopes_max;
  shown.type_bytes_max = limits.core.type_bytes_max;
  shown.total_bytes_max = limits.core.total_bytes_max;
  core_->set_limits(limits.core);
  next_registry_ms_ = 0;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    links_[i].outbox.set_limits(this->limits(limits.outbox_max[i]));
  }
  disk_->keep(limits.dead_letters_max, limits.quarantine_max);
}

// A damaged database has been moved aside.
std::optional<core::ReadRows> Pump::read_back(const core::RowsWanted& rows) {
  auto read = starting_ != nullptr ? starting_->read(rows) : disk_->read(rows);
  if (read) return *std::move(read);
  log(Level::error, "read-back", read.error().message);
  storage_lost_ |= read.error().kind == store::Error::Kind::corrupt;
  return std::nullopt;
}

void Pump::visit(const std::function<void(store::Store&)>& work, std::function<void()> done) {
  const std::uint64_t id = snapshot_next_++;
  visits_.emplace(id, std::move(done));
  disk_->visit(id, work);
}

void Pump::reloaded(const std::string& refused) {
  reloaded_at_ms_ = now().wall_ms;
  reload_refused_ = refused;
  if (refused.empty()) return;
  log(Level::error, "reload-refused", refused + "; what was in force stays so");
}

ProcessState Pump::process_state() const {
  const Usage usage = options_.usage();
  ProcessState state{.gateway = options_.core.gateway,
                     .fleet = options_.core.fleet,
                     .version = options_.core.version,
                     .started = started_,
                     .now = now(),
                     .links = {},
                     .peer_bytes = {peer_bytes_.begin(), peer_bytes_.end()},
                     .database_path = options_.database_path,
                     .database_bytes = file_bytes_,
                     .commit_last_us = commit_last_us_,
                     .commit_max_us = commit_max_us_,
                     .commits = commits_,
                     .memory_bytes = usage.memory_bytes,
                     .cpu_ms = usage.cpu_ms,
                     .open_files = usage.open_files,
                     .open_files_max = usage.open_files_max,
                     .disk_free_bytes = usage.disk_free_bytes,
                     .disk_size_bytes = usage.disk_size_bytes,
                     .shed = shed_,
                     .shedding = shedding_,
                     .pending_max = options_.core.pending_envelopes_max,
                     .memory_bytes_max = options_.core.total_bytes_max,
                     .type_bytes_max = options_.core.type_bytes_max,
                     .events = &events_,
                     .reloaded_at_ms = reloaded_at_ms_,
                     .reload_refused = reload_refused_,
                     .aside = options_.beside ? &options_.beside->aside() : nullptr,
                     .asked = asked_};
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const Line& link = links_[i];
    const Link& given = options_.links[i];
    state.links.push_back(
        {.name = link.name,
         .connected = link.connected,
         .outbox = link.outbox.size() + link.session->outbox_size(),
         .dropped = link.outbox.dropped(),
         .reason = link.reason,
         .messages_in = link.messages_in,
         .messages_out = link.outbox.messages_out(),
         .bytes_in = link.bytes_in,
         .bytes_out = link.outbox.bytes_out(),
         .tls = given.tls,
         .certificate_ends_s = given.certificate_ends_s ? given.certificate_ends_s() : 0,
         .connects = link.connects,
         .away_ms = link.connected ? 0 : state.now.mono_ms - link.away_since_ms,
         .sessions = link.session->parts()});
  }
  return state;
}

// What is not the fleet's, and gw/<gateway>/seal/…
bool Pump::for_beside(std::string_view topic) const {
  const std::string_view root = core_->root();
  if (!topic.starts_with(root)) return true;
  topic.remove_prefix(root.size());
  if (!topic.starts_with("/gw/")) return false;
  topic.remove_prefix(4);
  return topic.substr(std::min(topic.find('/'), topic.size())).starts_with("/seal/");
}

// gw/<peer>/…: what arrives from whom.
void Pump::count_peer(const Message& message) {
  const std::string_view topic = message.topic;
  const std::string_view root = core_->root();
  if (topic.substr(0, root.size()) != root || topic.substr(root.size(), 4) != "/gw/") return;
  const std::string_view rest = topic.substr(root.size() + 4);
  const std::string_view peer = rest.substr(0, rest.find('/'));
  if (peer == options_.core.gateway) return;
  auto at = peer_bytes_.find(peer);
  if (at == peer_bytes_.end()) {
    if (peer_bytes_.size() >= peers_counted_max) return;
    at = peer_bytes_.emplace(std::string(peer), 0).first;
  }
  at->second += topic.size() + message.payload.size();
}

void Pump::handle(std::size_t index, Event& event) {
  Line& link = links_[index];
  switch (event.kind) {
    case Event::Kind::connected:
      link.connected = true;
      link.reason.clear();
      link.connects += 1;
      ++connects_;
      log(Level::info, "connected", "to broker " + link.name);
      core_->connected(now(), link.id);
      return;
    case Event::Kind::disconnected:
      log(Level::warning, "disconnected", "from broker " + link.name + ": " + event.reason);
      link.reason = event.reason;
      link.outbox.disconnected();
      if (link.connected) link.away_since_ms = now().mono_ms;
      if (std::exchange(link.connected, false)) core_->disconnected(now(), link.id);
      return;
    case Event::Kind::refused:
      // A broker need not tell of itself.
      log(event.message.topic.compare(0, 5, "$SYS/") == 0 ? Level::debug : Level::error,
          "refused-by-broker",
          link.name + ": " + event.message.topic + (event.message.topic.empty() ? "" : ": ") +
              event.reason);
      return;
    case Event::Kind::part:
      log(Level::info, "session", "of broker " + link.name + ": " + event.reason);
      return;
    case Event::Kind::message:
      break;
  }
  Message& message = event.message;
  link.messages_in += 1;
  link.bytes_in += message.topic.size() + message.payload.size();
  count_peer(message);
  const std::string& root = core_->root();
  if (message.topic.starts_with(root) && message.topic.compare(root.size(), 5, "/req/") == 0) {
    if (!message.retain) request(index, message);
    return;
  }
  if (options_.beside != nullptr && for_beside(message.topic)) {
    options_.beside->message(index, message);
    return;
  }
  if (shedding_ && !core_->accepting()) {
    ++shed_;
    return;
  }
  core_->receive(now(), {.link = link.id,
                         .topic = std::move(message.topic),
                         .payload = std::move(message.payload),
                         .retained = message.retain});
}

// A short stall pushes back: the session holds what it has, and the broker queues. A long one (a
// disk that is full) would cost the connection and deafen us to operators, so then what the core
// cannot take is let go: devices send again, peers compare digests.
bool Pump::may_read() {
  if (core_->accepting()) {
    stalled_since_ms_.reset();
    shedding_ = false;
    return true;
  }
  const std::uint64_t now_ms = now().mono_ms;
  if (!stalled_since_ms_) stalled_since_ms_ = now_ms;
  if (!shedding_ && now_ms >= *stalled_since_ms_ + stall_max_ms) {
    shedding_ = true;
    log(Level::warning, "shedding",
        "the disk does not keep up: what arrives is let go until it does; nothing of it is "
        "acknowledged");
  }
  return shedding_;
}

void Pump::verify_ahead(const std::vector<Event>& events) {
  std::vector<core::Upcoming> messages;
  messages.reserve(events.size());
  for (const Event& e : events) {
    if (e.kind == Event::Kind::message) messages.push_back({e.message.topic, e.message.payload});
  }
  if (messages.size() > 1) core_->verify_ahead(messages);
}

// True: there may be more. What is not read stays with the session, which pushes back.
bool Pump::read(std::size_t index) {
  Line& link = links_[index];
  link.held_back = false;
  if (!may_read()) return false;
  // Not for longer than the session can hold what arrives: Paho's one thread would wait for us, and
  // send nothing meanwhile. Then the outbox gives up its oldest.
  link.held_back = link.outbox.full() && !link.session->inbound_full();
  if (link.held_back) return false;
  std::vector<Event> events = link.session->poll(events_per_turn);
  events_read_ += events.size();
  if (!shedding_) verify_ahead(events);
  if (events.size() >= many_events) core_->expect_more(now());
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (constexpr std::size_t ahead = 2; i + ahead < events.size()) look_ahead(events[i + ahead]);
    handle(index, events[i]);
  }
  return events.size() == events_per_turn;
}

void Pump::replies() {
  for (const Disk::Reply& reply : disk_->take_replies()) {
    file_bytes_ = reply.file_bytes;
    if (reply.kind == Disk::Reply::Kind::snapshot) {
      snapshot_done(reply);
      continue;
    }
    if (reply.kind == Disk::Reply::Kind::visit) {
      const auto at = visits_.find(reply.id);
      assert(at != visits_.end());
      const std::function<void()> done = std::move(at->second);
      visits_.erase(at);
      done();
      continue;
    }
    commit_asked_ms_.reset();
    commit_last_us_ = reply.took_us;
    commits_.observe_us(reply.took_us);
    commit_max_us_ = std::max(commit_max_us_, reply.took_us);
    if (!reply.error) {
      core_->committed(now(), reply.id);
      continue;
    }
    storage_lost_ = storage_lost_ || reply.error->kind == store::Error::Kind::corrupt ||
                    reply.error->kind == store::Error::Kind::foreign;
    core_->commit_failed(now(), reply.id, reply.error->message);
  }
}

void Pump::perform(core::Output out) {
  if (options_.beside != nullptr) {
    if (out.commit) options_.beside->committing(*out.commit->rows);
    if (!out.values.empty()) options_.beside->changed(out.values);
  }
  if (out.commit) {
    commit_asked_ms_ = now().mono_ms;
    disk_->commit(out.commit->ticket, std::move(out.commit->rows));
  }
  for (core::Subscription& s : out.subscriptions) {
    assert(s.link < links_.size());
    Session& session = *links_[s.link].session;
    if (s.subscribe) {
      session.subscribe(s.filter, qos_of(s.at_least_once), s.no_local);
    } else {
      session.unsubscribe(s.filter);
    }
  }
  for (core::Publish& p : out.publishes) {
    assert(p.link < links_.size());
    Line& link = links_[p.link];
    if (options_.beside != nullptr) options_.beside->publishing(p.topic, p.payload);
    // Before the start (no disk yet) that it connected is not looked at.
    if (!link.connected && !p.retain && disk_ != nullptr) continue;
    Message message{.topic = std::move(p.topic),
                    .payload = std::move(p.payload),
                    .qos = qos_of(p.at_least_once),
                    .retain = p.retain,
                    .response_topic = {},
                    .correlation = {}};
    if (link.connected) {
      link.outbox.send(*link.session, std::move(message));
    } else {
      link.outbox.push(std::move(message));
    }
  }
  for (const core::LetterOutcome& letter : out.letters) desk_.settled(letter);
  for (const core::Notice& notice : out.notices) log(notice.level, notice.kind, notice.text);
  for (Line& link : links_) {
    if (link.connected) link.outbox.flush(*link.session);
  }
}

bool Pump::turn() {
  bool more = false;
  events_read_ = 0;
  read_registry();
  replies();
  take_mail();
  for (std::size_t i = 0; i < links_.size(); ++i) {
    // Replies between the links too: an acknowledgement does not wait for a flood to end.
    more = read(i) || more;
    replies();
  }
  if (const auto due = core_->deadline(); due && *due <= now().mono_ms) core_->tick(now());
  effects();
  // A link that was not read because too much was to be sent, and it is gone now: nobody wakes us
  // for what has arrived meanwhile.
  for (const Line& link : links_) {
    more = more || (link.held_back && !link.outbox.full());
  }
  return more;
}

void Pump::stop() {
  core_->stop(now());
  effects();
}

bool Pump::all_said() const {
  return std::none_of(links_.begin(), links_.end(), [](const Line& l) {
    return l.connected && l.outbox.size() + l.session->outbox_size() > 0;
  });
}

void Pump::hang_up(std::uint32_t flush_ms) {
  for (Line& link : links_) {
    if (link.connected) link.outbox.flush(*link.session);
    link.session->stop(flush_ms);
  }
}

Pump::~Pump() {
  // Sessions and the disk call `wake`: they end before what they wake.
  for (Line& link : links_) link.session->stop(0);
  disk_.reset();
}

}  // namespace tributary::app
