// SPDX-License-Identifier: Apache-2.0
// How a pump comes up: the database, the registry, the links. A gateway with much to read answers
// devices meanwhile, as far as core/gateway.h (begin_early) allows; all else that arrives waits.
#include <algorithm>
#include <cassert>
#include <functional>
#include <unordered_set>
#include <utility>

#include "gateway/app/pump.h"
#include "gateway/app/text.h"
#include "gateway/core/status.h"

namespace tributary::app {

using transports::Event;
using transports::Message;
using transports::Qos;
using Level = core::Notice::Level;

namespace {

constexpr std::uint64_t registry_pause_ms = 2'000;
constexpr std::size_t rows_at_once = 64;
constexpr std::uint64_t serve_pause_ms = 20;
constexpr std::size_t events_at_once = 256, kept_max = 4'096;

}  // namespace

// The rows of each actor's envelopes, as the table's columns say: 16 bytes a row.
class Pump::RowsOf {
 public:
  void add(std::uint64_t row, std::string_view device, std::uint64_t epoch) {
    rows_.emplace_back(hash(device, epoch), row);
    last_ = row;
  }
  void sort() { std::sort(rows_.begin(), rows_.end()); }
  std::uint64_t last() const { return last_; }
  // Those of the actor, and perhaps others', that were not read before.
  std::vector<std::uint64_t> take(const crdt::Actor& actor) {
    const std::uint64_t wanted = hash(actor.device, actor.epoch);
    std::vector<std::uint64_t> out;
    for (auto at =
             std::lower_bound(rows_.begin(), rows_.end(), std::pair(wanted, std::uint64_t{0}));
         at != rows_.end() && at->first == wanted; ++at) {
      if (at->second > in_turn_ && taken_.insert(at->second).second) out.push_back(at->second);
    }
    return out;
  }
  // In row order. False: it was taken.
  bool read(std::uint64_t row) {
    in_turn_ = row;
    return taken_.erase(row) == 0;
  }

 private:
  static std::uint64_t hash(std::string_view device, std::uint64_t epoch) {
    return std::hash<std::string_view>{}(device) ^ epoch;  // an epoch is random
  }
  std::vector<std::pair<std::uint64_t, std::uint64_t>> rows_;  // hash, row
  std::unordered_set<std::uint64_t> taken_;
  std::uint64_t last_ = 0, in_turn_ = 0;  // all up to the second one were read
};

Result<bool, store::Error> Pump::restore(store::Store& store) {
  session_number_ = options_.random();
  core_ = std::make_unique<core::Gateway>(options_.core, store.incarnation(), session_number_);
  if (auto bytes = options_.registry ? options_.registry() : std::nullopt)
    registry_ = std::move(*bytes);
  if (options_.registry && registry_.empty()) {
    log(Level::warning, "registry",
        "the registry's file cannot be read: only the database and the other gateways say who is "
        "enrolled\n  look at security.registry_file");
  }
  if (options_.threads > 1) {
    core_->share_work_with(
        [this](std::size_t count, const Crew::Work& work) { crew_.share(count, work); });
    core_->restore_on_two_threads();
  }
  starting_ = &store;
  core_->read_back_with([this](const core::RowsWanted& rows) { return read_back(rows); });
  give_registry();  // before the rows: their signatures are verified
  std::uint64_t actors = 0;
  const store::Store::Visitor visitor{
      .envelope = [&](core::EnvelopeRow&& row) { core_->restore(std::move(row)); },
      .actor =
          [&](core::ActorRow&& row) {
            ++actors;
            core_->restore(std::move(row));
          },
  };
  const auto loaded = options_.early ? restore_serving(store, visitor) : store.load(visitor);
  if (!loaded) return Failure{loaded.error()};
  log(Level::info, "restored",
      std::to_string(*loaded) + " envelopes of " + std::to_string(actors) + " actors from " +
          options_.database_path);
  return true;
}

Result<std::uint64_t, store::Error> Pump::restore_serving(store::Store& store,
                                                          const store::Store::Visitor& visitor) {
  if (auto read = store.load_actors(visitor); !read) return read;
  RowsOf rows;
  auto all = store.glance([&](std::uint64_t row, std::string_view device, std::uint64_t epoch) {
    rows.add(row, device, epoch);
  });
  if (!all) return all;
  rows.sort();
  make_links(store.incarnation());
  effects();
  core_->begin_early(now(), rows.last());
  if (auto read = fetch_lacking(store, rows, visitor); !read) return read;
  for (Line& link : links_) link.session->start();
  std::uint64_t next_ms = now().mono_ms, at = 0;
  while (at < rows.last()) {
    if (now().mono_ms >= next_ms) {
      if (auto served = serve(store, rows, visitor); !served) return served;
      next_ms = now().mono_ms + serve_pause_ms;
    }
    const std::uint64_t before = at;
    std::vector<core::EnvelopeRow> some;
    const store::Store::Visitor others{.envelope =
                                           [&](core::EnvelopeRow&& row) {
                                             at = row.row;  // what is above the last came meanwhile
                                             if (row.row <= rows.last() && rows.read(row.row))
                                               some.push_back(std::move(row));
                                           },
                                       .actor = {}};
    auto read = store.load_some(at, rows_at_once, others);
    if (!read) return read;
    core_->verify_ahead(some);
    for (core::EnvelopeRow& row : some) visitor.envelope(std::move(row));
    if (auto fetched = fetch_lacking(store, rows, visitor); !fetched) return fetched;
    if (at == before) break;
  }
  return all;
}

// The envelopes of actors of which something waits, or which can make room.
Result<std::uint64_t, store::Error> Pump::fetch_lacking(store::Store& store, RowsOf& rows,
                                                        const store::Store::Visitor& visitor) {
  for (auto wanted = core_->lacking(); !wanted.empty(); wanted = core_->lacking()) {
    for (const crdt::Actor& actor : wanted) {
      auto read = store.load_rows(rows.take(actor), visitor);
      if (!read) return read;
      core_->all_of(actor);
    }
  }
  return std::uint64_t{0};
}

// What devices send is answered where that can be; what anybody else says is kept in its order, as
// far as it is few or a broker has it to give once only.
// After a commit that failed nothing is, until the disk is its thread's.
Result<std::uint64_t, store::Error> Pump::serve(store::Store& store, RowsOf& rows,
                                                const store::Store::Visitor& visitor) {
  const std::string uploads = core_->root() + "/up/";
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (!core_->accepting()) break;
    for (Event& event : links_[i].session->poll(events_at_once)) {
      if (event.kind == Event::Kind::message && event.message.topic.starts_with(uploads)) {
        handle(i, event);
      } else if (kept_.size() < kept_max || event.kind != Event::Kind::message ||
                 event.message.retain) {
        kept_.emplace_back(i, std::move(event));
      } else {
        ++shed_;  // peers compare digests, operators ask again
      }
    }
  }
  if (auto read = fetch_lacking(store, rows, visitor); !read) return read;
  core_->commit_early(now());
  core::Output out = core_->take_output();
  if (out.commit) {
    if (options_.beside != nullptr) options_.beside->committing(*out.commit->rows);
    const auto done = store.commit(*out.commit->rows);
    if (done) {
      core_->committed(now(), out.commit->ticket);
    } else if (done.error().kind == store::Error::Kind::corrupt) {
      return Failure{done.error()};
    } else {
      core_->commit_failed(now(), out.commit->ticket, done.error().message);
      // Nothing is read from it before that (store.h).
      if (done.error().kind != store::Error::Kind::full) {
        if (const auto again = store.reopen(); !again) return Failure{again.error()};
      }
    }
    out.commit.reset();
  }
  perform(std::move(out));
  effects();
  for (Line& link : links_) link.outbox.flush(*link.session);
  return std::uint64_t{0};
}

void Pump::read_registry() {
  if (!options_.registry || now().mono_ms < next_registry_ms_) return;
  next_registry_ms_ = now().mono_ms + registry_pause_ms;
  auto bytes = options_.registry();
  if (!bytes) return;
  registry_ = std::move(*bytes);
  give_registry();
}

void Pump::give_registry() {
  if (registry_.empty()) return;
  const std::string wrong = core_->registry(now(), registry_);
  if (wrong.empty()) return;
  log(Level::error, "registry", "nothing of the registry's file was taken: " + wrong);
}

Result<bool, store::Error> Pump::open() {
  // Twice at most: a damaged database is moved aside by the store, then there is none.
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto opened = store::Store::open(options_.database_path, options_.store);
    if (!opened) {
      if (opened.error().kind != store::Error::Kind::corrupt || attempt == 1) {
        return Failure{opened.error()};
      }
      log(Level::error, "database-damaged", opened.error().message);
      continue;
    }
    if ((*opened)->created()) {
      log(Level::info, "database-new",
          options_.database_path + " was made, incarnation " + hex64((*opened)->incarnation()));
    }
    const auto restored = restore(**opened);
    if (!restored) {
      end_links();
      if (restored.error().kind != store::Error::Kind::corrupt || attempt == 1) {
        return Failure{restored.error()};
      }
      log(Level::error, "database-damaged", restored.error().message);
      storage_lost_ = false;  // of the one that was moved aside
      continue;
    }
    file_bytes_ = (*opened)->file_bytes();
    const std::uint64_t incarnation = (*opened)->incarnation();
    starting_ = nullptr;
    disk_ = options_.disk(std::move(*opened));
    start_links(incarnation);
    return true;
  }
  return Failure{store::Error{store::Error::Kind::corrupt,
                              options_.database_path + ": damaged, and could not be moved aside"}};
}

void Pump::make_links(std::uint64_t incarnation) {
  started_ = now();
  const core::Status gone{.gateway = options_.core.gateway,
                          .online = false,
                          .incarnation = incarnation,
                          .session = session_number_,
                          .at_ms = started_.wall_ms,
                          .version = options_.core.version,
                          .degraded = {}};
  const auto& signer = options_.core.trust.signer;
  const Message will{
      .topic = core_->root() + "/gw/" + options_.core.gateway + "/status",
      .payload = signer ? core::to_json(gone, options_.core.fleet, *signer) : core::to_json(gone),
      .qos = Qos::at_least_once,
      .retain = true,
      .response_topic = {},
      .correlation = {}};
  for (Link& link : options_.links) {
    Line made{.id = core_->attach(link.options),
              .name = link.options.name,
              .session = link.connect(will),
              .outbox = Outbox(limits(link.outbox_max)),
              .reason = "not connected yet",
              .connected = false,
              .held_back = false,
              .away_since_ms = started_.mono_ms};
    made.session->on_ready(options_.wake);
    made.session->subscribe(core_->root() + "/req/" + options_.core.gateway + "/+",
                            Qos::at_least_once);
    for (const std::string& filter : link.listens)
      made.session->subscribe(filter, Qos::at_most_once);
    links_.push_back(std::move(made));
  }
}

void Pump::start_links(std::uint64_t incarnation) {
  if (!options_.early) make_links(incarnation);
  core_->start(now());
  effects();
  for (auto& [link, event] : std::exchange(kept_, {})) handle(link, event);
  if (options_.early) return;
  for (Line& link : links_) link.session->start();
}

void Pump::end_links() {
  for (Line& link : links_) link.session->stop(0);
  links_.clear();
  kept_.clear();
}

Result<std::unique_ptr<Pump>, store::Error> Pump::open(Options options) {
  std::unique_ptr<Pump> pump(new Pump(std::move(options)));
  const auto opened = pump->open();
  if (!opened) return Failure{opened.error()};
  return pump;
}

}  // namespace tributary::app
