// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/gateway_node.h"

#include <algorithm>
#include <utility>

#include "gateway/app/sharing.h"
#include "tests/simulation/spy_session.h"
#include "transports/spread/spread.h"
#include "transports/wire/ack.h"

namespace tributary::simulation {

using transports::Event;
using transports::Message;

namespace {

const std::string database = "/data/gateway.db";
constexpr std::uint64_t terminate_ms = 5'000;
constexpr std::uint64_t check_commits = 16;

// "<root><tail>…".
bool below(std::string_view topic, std::string_view root, std::string_view tail) {
  return topic.starts_with(root) && topic.substr(root.size()).starts_with(tail);
}

}  // namespace

GatewayNode::GatewayNode(Setup setup, Judge& judge)
    : box(setup.seed, std::move(setup.image)),
      setup_(std::move(setup)),
      judge_(judge),
      random_(setup_.seed + 1) {
  book.gateway = setup_.core.gateway;
  book.ghost = setup_.ghost;
  box.commit_ms = setup_.commit_ms;
}

app::Pump::Link GatewayNode::link(std::size_t index) {
  const Wire& wire = setup_.wires[index];
  app::Pump::Link out;
  out.options = wire.options;
  // A third of all links are several sessions, whatever else the seed brings.
  const std::size_t more = (setup_.seed / 7 + index) % 3 == 0 ? 1 + setup_.seed % 3 : 0;
  out.options.several = more > 0;
  out.connect = [this, index, more, broker = wire.broker](const Message& will) {
    const auto id = static_cast<core::LinkId>(index);
    SpySession::Ears ears{[this, id](const Message& m) { sent(id, m); },
                          [this, id](const Event& e) { heard(id, e); }};
    std::unique_ptr<transports::Session> session = broker->session(client_id(), will);
    if (more > 0) session = spread(std::move(session), more, *broker);
    return std::make_unique<SpySession>(std::move(session), std::move(ears), killed_);
  };
  return out;
}

std::unique_ptr<transports::Session> GatewayNode::spread(std::unique_ptr<transports::Session> first,
                                                         std::size_t more,
                                                         transports::memory::Broker& broker) {
  std::vector<std::unique_ptr<transports::Session>> others;
  for (std::size_t n = 0; n < more; ++n) {
    others.push_back(broker.session(client_id() + '.' + std::to_string(n + 2)));
  }
  return std::make_unique<transports::Spread>(
      std::move(first), std::move(others),
      transports::Spread::Options{
          .group = client_id(),
          .shared = app::heard_together("tributary/v1/" + setup_.core.fleet),
          .now_ms = [this] { return now_ms_; }});
}

app::Pump::Options GatewayNode::options() {
  app::Pump::Options o;
  o.core = setup_.core;
  o.database_path = database;
  o.store.identity = {setup_.core.fleet, setup_.core.gateway};
  o.store.random = [this] { return random_.next(); };
  o.store.vfs = box.vfs().name();
  o.store.files = &box.vfs();
  o.store.checkpoint_pages = setup_.checkpoint_pages;
  for (std::size_t i = 0; i < setup_.wires.size(); ++i) o.links.push_back(link(i));
  o.random = [this] { return random_.next(); };
  o.threads = setup_.threads;
  o.clock = [this] { return instant(); };
  o.wake = [this] { woken_ = true; };
  o.log = [this](core::Notice::Level, std::string_view kind, std::string_view text) {
    logged(kind, text);
  };
  o.disk = [this](std::unique_ptr<store::Store> store) {
    judge_.started(book, *store);
    if (setup_.registry) judge_.heard_upload(book, setup_.registry());
    SimDisk::Ears ears{[this] { return now_ms_; },
                       [this](const core::Commit& rows) {
                         erased_ += rows.erase.size();
                         judge_.trace.add(id(), "commit",
                                          std::to_string(rows.insert.size()) + "+" +
                                              std::to_string(rows.erase.size()));
                       },
                       [this](const core::Commit& rows) {
                         ++commits_;
                         judge_.durable(book, rows, gateway().summary().digest);
                       },
                       [this] { judge_.trace.add(id(), "commit fails"); }};
    auto disk = std::make_unique<SimDisk>(std::move(store), box, std::move(ears));
    disk_ = disk.get();
    return disk;
  };
  o.usage = [] { return app::Pump::Usage{}; };
  if (setup_.registry) {
    o.registry = [this, seen = std::string()]() mutable -> std::optional<std::string> {
      std::string bytes = setup_.registry();
      if (bytes == seen) return std::nullopt;
      judge_.heard_upload(book, bytes);  // not from a peer: it may go to all of them
      return seen = std::move(bytes);
    };
  }
  return o;
}

bool GatewayNode::boot(std::uint64_t now_ms) {
  now_ms_ = now_ms;
  died_ = false;
  woken_ = true;
  next_.reset();
  last_head_.clear();
  killed_ = std::make_shared<bool>(false);
  commits_ = erased_ = looked_ = rebuilt_ = 0;
  auto opened = app::Pump::open(options());
  judge_.trace.add(id(), opened ? "boot" : "boot fails", opened ? "" : opened.error().message);
  if (!opened) {
    forget();
    return false;
  }
  pump_ = std::move(*opened);
  book.digests.push_back(gateway().summary().digest);
  if (quiet()) check(false);  // else what its registry's file has is joined and not committed yet
  return true;
}

void GatewayNode::forget() {
  if (killed_) *killed_ = true;
  box.disk().ignore(true);  // no close, no checkpoint: the process is gone
  pump_.reset();
  box.disk().ignore(false);
  disk_ = nullptr;
  end_by_ms_.reset();
  stopped_until_ms_ = 0;
  if (!box.wreck) return;
  judge_.reached.note(Reached::crash_in_commit);
  if (box.lost_unsynced) judge_.reached.note(Reached::power_cut_lost_unsynced);
  box.replace(std::move(*std::exchange(box.wreck, {})));
}

void GatewayNode::kill() {
  if (!running()) return;
  if (quiet()) check(true);
  judge_.trace.add(id(), "killed");
  count_reached();
  forget();
}

void GatewayNode::terminate(std::uint64_t now_ms) {
  if (!running() || end_by_ms_) return;
  judge_.trace.add(id(), "SIGTERM");
  end_by_ms_ = now_ms + terminate_ms;
  next_.reset();
  pump_->stop();
}

bool GatewayNode::turn(std::uint64_t now_ms) {
  if (!running()) return false;
  now_ms_ = now_ms;
  if (now_ms < stopped_until_ms_) return false;
  stopped_until_ms_ = 0;
  woken_ = false;
  next_.reset();
  const std::uint64_t commits = commits_, gaps = gateway().counters().gaps;
  const bool more = pump_->turn();
  if (gateway().counters().gaps != gaps) judge_.gap_found(book);
  if (box.wreck || pump_->storage_lost()) {
    if (pump_->storage_lost()) judge_.damaged(book);
    judge_.trace.add(id(), box.wreck ? "dies in a commit" : "ends: its database is damaged");
    count_reached();
    forget();
    died_ = true;
    return false;
  }
  const bool done = pump_->stopped() && pump_->all_said();
  const bool ends = end_by_ms_ && (done || now_ms >= *end_by_ms_);
  if (ends || pump_->starts_again()) {
    pump_->hang_up(1'000);
    count_reached();
    pump_.reset();
    forget();
    died_ = true;
    return false;
  }
  if (commits != commits_ && quiet()) check_now_and_then();
  return more || woken_;
}

std::optional<std::uint64_t> GatewayNode::next_ms() const {
  if (!running()) return std::nullopt;
  if (stopped_until_ms_ > 0) return stopped_until_ms_;
  if (woken_) return now_ms_;
  if (next_) return *next_;  // a pump changes in its turns
  std::optional<std::uint64_t> next = pump_->deadline();
  const auto heed = [&](std::optional<std::uint64_t> at) {
    if (at) next = next ? std::min(*next, *at) : *at;
  };
  heed(disk_->next_ms());
  heed(end_by_ms_);
  next_ = next;
  return next;
}

// Looking costs what is held, and rebuilding more: as often as makes them cost each commit the
// same.
void GatewayNode::check_now_and_then() {
  if (commits_ < looked_ + check_commits) return;
  const std::uint64_t parts = book.shadow.parts();
  if (commits_ < looked_ + parts / 8) return;
  looked_ = commits_;
  const bool rebuild = commits_ >= rebuilt_ + parts / 2;
  if (rebuild) rebuilt_ = commits_;
  check(rebuild);
}

void GatewayNode::check(bool thorough) {
  judge_.issued(book);
  judge_.values(book, gateway(), clock.wall_ms(now_ms_), clock.vague_ms());
  judge_.evidence(book, gateway());
  judge_.bounded(book, gateway());
  note_held();
  if (thorough) judge_.rebuilt(book, gateway(), setup_.core, disk_->store());
}

void GatewayNode::note_held() {
  constexpr std::uint64_t ahead_ms = 5'000;
  std::size_t held = 0;
  for (const auto& [key, parts] : book.shadow.keys()) {
    for (const auto& [actor, part] : parts) {
      if (part.hlc.ms() > clock.wall_ms(now_ms_) + ahead_ms) ++held;
    }
  }
  if (held > 0) judge_.reached.note(Reached::register_held);
  if (held < held_) judge_.reached.note(Reached::register_released);
  held_ = held;
}

void GatewayNode::sent(core::LinkId link, const Message& m) {
  judge_.trace.add(id(), "sends", m.topic, m.payload);
  const std::string& root = gateway().root();
  if (below(m.topic, root, "/ack/")) {
    judge_.acknowledged(book, m.payload);
  } else if (m.topic.ends_with("/delta")) {
    judge_.sent_batch(book, link, m.payload);
  } else if (m.topic.ends_with("/head")) {
    judge_.sent_head(book, m.payload);
    last_head_[link] = m.payload;
  } else if (m.retain && m.payload.empty()) {
    judge_.reached.note(Reached::retained_cleared);
  }
}

void GatewayNode::heard(core::LinkId link, const Event& e) {
  judge_.trace.add(id(), "hears", e.message.topic, std::to_string(e.message.payload.size()));
  if (e.kind != Event::Kind::message || !running()) return;
  const std::string& root = gateway().root();
  const std::string& topic = e.message.topic;
  if (below(topic, root, "/up/")) {
    judge_.heard_upload(book, e.message.payload);
  } else if (topic.ends_with("/delta")) {
    judge_.heard_batch(book, link, e.message.payload);
  } else if (topic.find("/answer/") != std::string::npos) {
    judge_.heard_answer(book, e.message.payload);
  } else if (topic.ends_with("/head")) {
    judge_.heard_head(e.message.payload);
    const bool own = below(topic, root, "/gw/" + id() + "/");
    if (own && last_head_[link] == e.message.payload) judge_.reached.note(Reached::head_remembered);
  } else if (topic.find("/state/") != std::string::npos) {
    judge_.heard_state(book, e.message.payload);
    if (!book.fresh || !e.message.retain) return;
    const std::size_t begin = root.size() + 4;  // "<root>/gw/<gateway>/state/…"
    const std::string peer = topic.substr(begin, topic.find('/', begin) - begin);
    if (judge_.off.count(peer) != 0) judge_.reached.note(Reached::bootstrap_from_dead_peer);
  }
}

void GatewayNode::logged(std::string_view kind, std::string_view text) {
  judge_.trace.add(id(), kind, text);
  if (kind == "settled") judge_.reached.note(Reached::settled);
  if (kind == "intake") judge_.reached.note(Reached::intake_forgotten);
  if (kind == "database-damaged") judge_.reached.note(Reached::database_set_aside);
  if (kind == "own-past") judge_.reached.note(Reached::own_past_recovered);
  if (kind == "recovered") judge_.reached.note(Reached::degraded_recovered);
  if (kind == "shedding") judge_.reached.note(Reached::shed);
  if (text.find(": evidence ") != std::string_view::npos)
    judge_.reached.note(Reached::forged_evidence_refused);
  if (kind == "commit" && text.find("full") != std::string_view::npos) {
    judge_.reached.note(Reached::disk_full_met);
  }
}

Exchanges GatewayNode::exchanges() const {
  if (!running()) return exchanges_;
  const core::Counters& c = gateway().counters();
  return {exchanges_.heads + c.heads_out, exchanges_.reads + c.fetches + c.asks_out};
}

void GatewayNode::count_reached() {
  exchanges_ = exchanges();
  const core::Counters& c = gateway().counters();
  Reached& r = judge_.reached;
  r.note(Reached::gap_seen, c.gaps);
  r.note(Reached::bucket_fetched, c.fetches);
  r.note(Reached::truncated_replay, c.fetches_incomplete);
  r.note(Reached::ask_answered, c.answers_in);
  r.note(Reached::ask_unclear, c.asks_unclear);
  r.note(Reached::ask_lost, c.asks_lost);
  r.note(Reached::duplicate_dropped, c.duplicates);
  r.note(Reached::came_back_from_disk, c.warmed);
  r.note(Reached::passed_over, c.passed_over);
  const auto rejected = [&](core::Reject why) { return c.rejected[static_cast<std::size_t>(why)]; };
  r.note(Reached::bad_signature_refused, rejected(core::Reject::bad_signature));
  r.note(Reached::unsigned_refused, rejected(core::Reject::no_signature));
  r.note(Reached::waited_for_registry, rejected(core::Reject::stranger));
  r.note(Reached::forger_throttled, rejected(core::Reject::throttled));
  r.note(Reached::closed_refused, rejected(core::Reject::closed));
  r.note(Reached::withdrawn_refused, rejected(core::Reject::withdrawn));
  if (c.superseded > erased_) r.note(Reached::superseded_before_commit);
}

}  // namespace tributary::simulation
