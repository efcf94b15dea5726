// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/settings.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "gateway/app/broker.h"
#include "gateway/app/cli.h"
#include "gateway/app/entropy.h"
#include "gateway/app/sharing.h"
#include "gateway/app/tls_check.h"
#include "gateway/app/trust_files.h"

namespace tributary::app {
namespace {

// What a link's session is handed ahead of the broker's acknowledgements, in windows. No more: only
// what still waits in the gateway's own outbox can give way to newer state of the same topic, and
// on a link that loses a third of its packets a few hundred messages take half a minute. Not less
// than a few, so that the window stays full while the owner thread is woken for more.
constexpr std::uint32_t handed_over_windows = 4;
// Acknowledgements wait for no answer: enough for Paho to write while the owner thread is busy.
constexpr std::uint32_t acks_handed_over = 1'024;

wire::Codec codec_of(config::Compression compression) {
  switch (compression) {
    case config::Compression::none:
      return wire::Codec::plain;
    case config::Compression::lz4:
      return wire::Codec::lz4;
    case config::Compression::gzip:
      return wire::Codec::gzip;
  }
  return wire::Codec::lz4;
}

core::Options core_options(const config::Loaded& loaded) {
  const config::Gateway& g = loaded.gateway;
  core::Options o;
  static_cast<core::Limits&>(o) = core_limits(loaded);
  o.fleet = g.gateway.fleet;
  o.gateway = g.gateway.id;
  o.version = version();
  o.root = loaded.derived.topic_prefix;
  o.wire.sealed_bytes_max = g.limits.envelope_bytes_max;
  o.wire.body_bytes_max = g.limits.body_bytes_max;
  o.wire.entries_max = g.limits.entries_max;
  o.wire.key_bytes_max = g.limits.key_bytes_max;
  o.wire.element_bytes_max = g.limits.element_bytes_max;
  o.wire.scalar_bytes_max = g.limits.register_bytes_max;
  o.batch_envelopes_max = g.commit.batch_max;
  o.batch_timeout_ms = g.commit.timeout_ms;
  o.sync_interval_min_ms = g.sync.interval_min_ms;
  o.sync_interval_max_ms = g.sync.interval_max_ms;
  o.settle_ms = g.sync.settle_ms;
  o.state_interval_min_ms = g.sync.state_interval_min_ms;
  o.state_part_bytes = g.sync.state_part_bytes;
  o.codec = codec_of(g.sync.compression);
  o.view_enabled = g.view.enabled;
  o.view_interval_ms = g.view.interval_ms;
  o.view_topics_max = g.view.topics_max;
  o.values_interval_ms = g.store.values_interval_ms;
  o.cleanup_interval_ms = g.limits.cleanup_interval_ms;
  return o;
}

constexpr std::size_t token_bytes_min = 16;  // nobody guesses it

http::Server::Options http_options(const config::Loaded& loaded) {
  const config::Gateway::Http& h = loaded.gateway.http;
  http::Server::Options o;
  o.address = loaded.derived.http.address.host;
  o.port = loaded.derived.http.address.port;
  o.hosts = h.hosts;
  o.connections_max = h.connections_max;
  o.streams_max = h.streams_max;
  return o;
}

Steward::Options steward_options(const config::Loaded& loaded) {
  const config::Gateway& g = loaded.gateway;
  const config::Gateway::History& h = g.history;
  Steward::Options o;
  o.gateway = g.gateway.id;
  o.root = loaded.derived.topic_prefix;
  o.publish_alerts = g.alerts.publish;
  const std::string& dir = g.gateway.data_dir;
  o.person = {.fleet = g.gateway.fleet,
              .gateway = g.gateway.id,
              .memory_path = dir + (dir.back() == '/' ? "" : "/") + "operator.state",
              .random = random64};
  for (const config::Broker& b : g.brokers) o.links.push_back(b.name);
  if (g.homeassistant.enabled) {
    o.homeassistant = HomeAssistant::Options{.prefix = g.homeassistant.prefix,
                                             .root = o.root,
                                             .fleet = g.gateway.fleet,
                                             .gateway = g.gateway.id,
                                             .version = version(),
                                             .entities_max = g.homeassistant.entities_max};
  }
  if (!h.enabled) return o;
  constexpr std::uint64_t mib = 1u << 20;
  o.history = history::Recorder::Options{};
  o.history->interval_ms = h.interval_ms;
  o.history->keep_free_bytes = h.keep_free_mb * mib;
  o.history->history = {.path = loaded.derived.history_path,
                        .raw_kept_ms = h.raw_hours * history::hour_ms,
                        .minute_kept_ms = h.minute_days * history::day_ms,
                        .hour_kept_ms = h.hour_days * history::day_ms,
                        .series_max = h.keys_max,
                        .file_bytes_max = h.file_max_mb * mib};
  return o;
}

std::optional<Seals::Options> seals_options(const config::Loaded& loaded,
                                            const core::Options& core) {
  const config::Gateway::Seals& s = loaded.gateway.seals;
  if (s.members.empty()) return std::nullopt;
  Seals::Options o;
  o.core = core;
  o.book.fleet = core.fleet;
  o.book.gateway = core.gateway;
  o.book.members = s.members;
  std::sort(o.book.members.begin(), o.book.members.end());
  o.book.window_ms = std::uint64_t{1'000} * s.window_s;
  o.book.grace_ms = std::uint64_t{1'000} * s.grace_s;
  o.ledger_path = loaded.derived.seals_path;
  o.states_path = loaded.derived.sealed_path;
  o.states_kept = s.states_kept;
  return o;
}

Daemon::Link link_of(const config::Broker& broker, const config::Derived::Link& derived,
                     const std::string& root) {
  Daemon::Link link;
  link.options.name = broker.name;
  link.options.devices = broker.devices;
  link.options.peers = broker.peers;
  link.options.hears = broker.hears;
  link.options.several = broker.sessions > 1 && !derived.address.version_311;
  link.outbox_max = broker.outbox_max;
  link.tls = derived.address.tls;
  if (broker.statistics) link.listens = Steward::broker_topics();
  BrokerOptions options = broker_options(broker, derived);
  options.sessions = broker.sessions;
  options.shared = heard_together(root);
  link.connect = [options = std::move(options)](const transports::Message& will) {
    BrokerOptions with_will = options;
    with_will.will = will;
    return make_session(with_will);
  };
  return link;
}

}  // namespace

std::string token_of(const config::Gateway& gateway) {
  const std::string& file = gateway.http.token_file;
  if (file.empty()) return {};
  std::string token = read_secret(file, "token");
  if (token.size() >= token_bytes_min) return token;
  throw Trouble(Exit::config, file +
                                  ": a token has 16 characters or more\n  make one with: openssl "
                                  "rand -hex 32");
}

core::Limits core_limits(const config::Loaded& loaded) {
  const config::Gateway::Limits& g = loaded.gateway.limits;
  const config::Derived::Memory& m = loaded.derived.memory;
  return {.pending_envelopes_max = g.waiting_max,
          .actors_max = g.actors_max,
          .keys_max = g.keys_max,
          .type_bytes_max = {m.unknown_bytes, m.gcounter_bytes, m.pncounter_bytes, m.gset_bytes,
                             m.orset_bytes, m.lww_bytes},
          .total_bytes_max = m.total_bytes,
          .clock_ahead_max_ms = g.clock_ahead_max_ms};
}

BrokerOptions broker_options(const config::Broker& broker, const config::Derived::Link& link) {
  BrokerOptions o;
  o.host = link.address.host;
  o.port = link.address.port;
  o.version_311 = link.address.version_311;
  o.tls = link.address.tls;
  if (o.tls) o.files = tls_files(broker);
  o.client_id = link.client_id;
  o.username = broker.username;
  if (!broker.password_file.empty()) o.password = read_secret(broker.password_file, "password");
  o.keepalive_s = broker.keepalive_s;
  o.connect_timeout_s = broker.connect_timeout_s;
  o.reconnect_min_ms = broker.reconnect_min_ms;
  o.reconnect_max_ms = broker.reconnect_max_ms;
  o.in_flight_max = broker.in_flight_max;
  o.inbound_queue_max = broker.inbound_queue_max;
  o.outbox_max = handed_over_windows * broker.in_flight_max;
  o.qos0_outbox_max = acks_handed_over;
  o.batch_class = true;
  return o;
}

Daemon::Options daemon_options(const config::Loaded& loaded) {
  const config::Gateway& g = loaded.gateway;
  Daemon::Options o;
  o.core = core_options(loaded);
  o.core.trust = trust_options(g);
  if (o.core.trust.signatures != core::Signatures::off)
    o.registry = registry_reader(g.security.registry_file);
  o.database_path = loaded.derived.database_path;
  o.store.identity = {.fleet = g.gateway.fleet, .gateway = g.gateway.id};
  o.store.dead_letters_max = g.limits.dead_letters_max;
  o.store.quarantine_max = g.limits.quarantine_max;
  o.store.full_sync = g.commit.synchronous == config::Synchronous::full;
  o.store.random = random64;
  o.random = random64;
  o.steward = steward_options(loaded);
  o.steward->person.signer = o.core.trust.signer;
  o.steward->seals = seals_options(loaded, o.core);
  if (loaded.derived.http.on) o.http = http_options(loaded);
  o.token = std::make_shared<http::Token>(token_of(g));
  o.steward->token = o.token;
  if (o.http) o.http->token = o.token;
  for (std::size_t i = 0; i < g.brokers.size(); ++i) {
    o.links.push_back(link_of(g.brokers[i], loaded.derived.links[i], o.core.root));
    if (g.homeassistant.enabled)
      o.links.back().listens.push_back(g.homeassistant.prefix + "/status");
  }
  return o;
}

Log::Options log_options(const config::Gateway& gateway) {
  Log::Options o;
  switch (gateway.log.level) {
    case config::LogLevel::trace:
    case config::LogLevel::debug:
      o.level = Level::debug;
      break;
    case config::LogLevel::info:
      o.level = Level::info;
      break;
    case config::LogLevel::warn:
      o.level = Level::warning;
      break;
    case config::LogLevel::error:
      o.level = Level::error;
      break;
  }
  o.format = gateway.log.format == config::LogFormat::json ? Log::Format::json : Log::Format::text;
  o.journal = journal_reads_stderr();
  return o;
}

config::Inputs read_inputs(const std::string& file, std::vector<std::string> sets) {
  config::Inputs inputs;
  inputs.file = file;
  inputs.sets = std::move(sets);
  inputs.environment = config::environ_pairs();
  std::erase_if(inputs.environment,
                [](const auto& pair) { return pair.first.rfind("TRIBUTARY_CLI_", 0) == 0; });
  if (file.empty()) return inputs;
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    throw Trouble(Exit::config, file + ": " + std::strerror(errno) +
                                    "\n  give a readable file with --config; "
                                    "`tributary config show` prints one to begin with");
  }
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || text.fail()) {
    throw Trouble(Exit::config, file + ": cannot be read\n  is it a directory?");
  }
  inputs.text = text.str();
  return inputs;
}

}  // namespace tributary::app
