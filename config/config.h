// SPDX-License-Identifier: Apache-2.0
// What a person sets: defaults, then the file, then the environment, then --set, each key checked
// against one schema. Its one promise: a Gateway that load() returned is complete, in range and
// consistent, and every mistake was named.
//
//   Inputs in{.file = "gateway.toml", .text = text, .environment = environ_pairs(), .sets =
//   {"commit.batch_max=10"}}; Result<Loaded, Problems> loaded = load(in); if (!loaded)
//   die(to_string(loaded.error()));       // gateway.toml:12:3: unknown key …, did you mean …?
//   std::puts(show(*loaded).c_str());                  // every key, where its value came from
//
// Every key is explained in config/gateway.toml. Pure functions; only load_file() and
// environ_pairs() touch the system.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/result.h"

namespace tributary::config {

enum class Synchronous : std::uint8_t { full, normal };
enum class Compression : std::uint8_t { none, lz4, gzip };
// How much signatures count: docs/security.md. The same on all gateways of a fleet.
enum class Signatures : std::uint8_t { off, accept, require };
enum class Equivocation : std::uint8_t { count, exclude };
enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

// One [[broker]]: a broker this gateway speaks to.
struct Broker {
  std::string name = "local";                 // unique; in logs, metrics and the client id
  std::string uri = "mqtt://127.0.0.1:1883";  // mqtt://host[:port], mqtts://host[:port]
  bool devices = true;                        // listen to up/+ here, answer on ack/
  bool peers = true;  // publish delta, head and state here, and read those of others
  std::vector<std::string> hears{"*"};  // device ids this gateway listens to: patterns with * and ?
  std::string client_id;                // empty: tributary-<gateway.id>-<name>
  std::string username;
  std::string password_file;     // one line; read at start, never shown
  std::string ca_file;           // these three: PEM, with mqtts://
  std::string certificate_file;  //
  std::string key_file;          //
  bool statistics = true;        // read $SYS/broker/... for /metrics
  std::uint32_t sessions = 1;    // connections that share what this gateway says and hears here
  std::uint32_t keepalive_s = 30;
  std::uint32_t connect_timeout_s = 90;
  std::uint32_t reconnect_min_ms = 200;
  std::uint32_t reconnect_max_ms = 30'000;
  std::uint32_t in_flight_max = 16;
  std::uint32_t inbound_queue_max = 10'000;  // messages
  std::uint32_t outbox_max = 10'000;         // messages
};

// The raw configuration, key by key. Member paths are the key's names: [commit] batch_max is
// commit.batch_max.
struct Gateway {
  struct Identity {
    std::string id = "gateway-1";
    std::string fleet = "demo";
    std::string data_dir = "data";            // relative: to the working directory
    std::string topic_root = "tributary/v1";  // topics begin with <topic_root>/<fleet>
  } gateway;

  std::vector<Broker> brokers{Broker{}};

  struct Commit {
    std::uint32_t batch_max = 100;  // envelopes
    std::uint32_t timeout_ms = 50;
    Synchronous synchronous = Synchronous::full;
  } commit;

  struct Sync {
    std::uint32_t interval_min_ms = 250;
    std::uint32_t interval_max_ms = 30'000;
    std::uint32_t settle_ms = 1'500;
    std::uint32_t state_interval_min_ms = 2'000;
    std::uint32_t state_part_bytes = 262'144;
    Compression compression = Compression::lz4;
  } sync;

  struct Limits {
    std::uint32_t actors_max = 200'000;
    std::uint32_t keys_max = 1'000'000;  // (key, type) pairs
    std::uint32_t envelope_bytes_max = 262'144;
    std::uint32_t body_bytes_max = 196'608;
    std::uint32_t entries_max = 8'192;
    std::uint32_t key_bytes_max = 512;
    std::uint32_t element_bytes_max = 1'024;
    std::uint32_t register_bytes_max = 65'536;
    std::uint32_t waiting_max = 20'000;  // envelopes taken in and not committed yet
    std::uint32_t dead_letters_max = 1'000;
    std::uint32_t quarantine_max = 1'000;
    std::uint32_t cleanup_interval_ms = 60'000;
    std::uint32_t clock_ahead_max_ms = 5'000;
  } limits;

  struct Memory {
    std::uint32_t gcounter_max_mb = 256;
    std::uint32_t pncounter_max_mb = 256;
    std::uint32_t gset_max_mb = 512;
    std::uint32_t orset_max_mb = 512;
    std::uint32_t lww_max_mb = 256;
    std::uint32_t unknown_max_mb = 64;  // types that this version does not know
    std::uint32_t total_max_mb = 1'024;
  } memory;

  struct View {
    bool enabled = true;
    std::uint32_t interval_ms = 500;
    std::uint32_t topics_max = 500;
  } view;

  struct Store {
    std::uint32_t values_interval_ms = 5'000;
  } store;

  struct Http {
    std::string listen = "127.0.0.1:8080";        // address:port; empty: no dashboard, API, metrics
    std::string token_file;                       // one line; read at start, never shown
    std::vector<std::string> hosts{"localhost"};  // names that browsers may call it by
    std::uint32_t connections_max = 64;
    std::uint32_t streams_max = 16;
  } http;

  struct Security {
    Signatures signatures = Signatures::off;
    bool permissions = false;
    Equivocation equivocation = Equivocation::count;
    std::string admin_key_file;    // these three: of a fleet's folder
    std::string signing_key_file;  //
    std::string registry_file;     //
  } security;

  struct Seals {
    std::vector<std::string> members{};  // empty: no window is sealed
    std::uint32_t window_s = 86'400;
    std::uint32_t grace_s = 30;
    std::uint32_t states_kept = 3;
  } seals;

  struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
  } log;

  struct History {
    bool enabled = true;
    std::uint32_t interval_ms = 5'000;
    std::uint32_t raw_hours = 24;
    std::uint32_t minute_days = 30;
    std::uint32_t hour_days = 1'095;
    std::uint32_t keys_max = 10'000;
    std::uint32_t file_max_mb = 256;
    std::uint32_t keep_free_mb = 256;
  } history;

  struct Alerts {
    bool publish = true;
  } alerts;

  struct HomeAssistant {
    bool enabled = false;
    std::string prefix = "homeassistant";
    std::uint32_t entities_max = 200;
  } homeassistant;
};

struct Address {
  std::string host;  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 1883;
  bool tls = false;
  bool version_311 = false;  // MQTT 3.1.1 instead of 5
};

// What a broker's URI ends with that has no MQTT 5.
constexpr std::string_view version_311_suffix = "?version=3.1.1";

// What follows from a checked Gateway: sizes in bytes, paths and names put together.
struct Derived {
  struct Link {
    Address address;
    std::string client_id;
  };
  std::vector<Link> links;    // one a broker, same order
  std::string database_path;  // <data_dir>/gateway.db
  std::string history_path;   // <data_dir>/history.db
  std::string seals_path;     // <data_dir>/seals.db
  std::string sealed_path;    // <data_dir>/sealed: the states of sealed windows
  std::string topic_prefix;   // <topic_root>/<fleet>
  struct Memory {
    std::uint64_t gcounter_bytes = 0, pncounter_bytes = 0, gset_bytes = 0, orset_bytes = 0,
                  lww_bytes = 0;
    std::uint64_t unknown_bytes = 0, total_bytes = 0;
  } memory;
  struct Http {
    bool on = false;
    bool loopback = true;
    Address address;  // port 0: a free one
  } http;
};

struct Problem {
  std::string where;    // "gateway.toml:12:3", "environment TRIBUTARY_COMMIT_BATCH_MAX", "--set
                        // commit.batch_max"
  std::string message;  // what is wrong and what to do
  friend bool operator==(const Problem&, const Problem&) = default;
};
using Problems = std::vector<Problem>;
// One line a problem: "where: message".
std::string to_string(const Problems&);

struct Inputs {
  std::string file = {};  // its name, for messages; empty: there is no file
  std::string text = {};  // its content
  std::vector<std::pair<std::string, std::string>> environment =
      {};                              // names that do not begin with TRIBUTARY_ are passed over
  std::vector<std::string> sets = {};  // "section.key=value", "broker.<name>.key=value"
};

struct Loaded {
  Gateway gateway;
  Derived derived;
  std::map<std::string, std::string>
      origins;  // "commit.batch_max" → "gateway.toml:7:1"; defaults are left out
};

// All mistakes at once, in the order file, environment, flags, then what only shows in the whole.
Result<Loaded, Problems> load(const Inputs&);
// This process's environment.
std::vector<std::pair<std::string, std::string>> environ_pairs();

// `tributary config show`: the effective configuration as TOML, each value with its origin as a
// comment.
std::string show(const Loaded&);
// The same as JSON: {"commit":{"batch_max":{"value":100,"origin":"default","unit":"envelopes"}},
// …}.
std::string show_json(const Loaded&);
// `tributary config check`: "gateway.toml: ok, 3 keys set, …" in one line.
std::string summary(const Loaded&, const Inputs&);
// A commented file with every key at its default: what config/gateway.toml is.
std::string reference();

}  // namespace tributary::config
