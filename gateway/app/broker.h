// SPDX-License-Identifier: Apache-2.0
// Makes sessions with real brokers: the one place that knows which transport is used.
//
//   auto session = make_session(client_options(endpoint, "tributary-cli-1"));
//   session->start();
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "transports/mqtt/limits.h"
#include "transports/session.h"
#include "transports/tls/files.h"

namespace tributary::app {

struct Endpoint;

struct BrokerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 1883;
  std::string client_id;
  std::string username;
  std::string password;
  std::uint32_t keepalive_s = 30;
  std::uint32_t connect_timeout_s = 90;
  std::uint32_t reconnect_min_ms = 200;
  std::uint32_t reconnect_max_ms = 30'000;
  std::uint32_t in_flight_max = 16;
  std::uint32_t inbound_queue_max = 10'000;
  std::uint32_t outbox_max = 10'000;  // of QoS 1
  std::uint32_t qos0_outbox_max = 10'000;
  bool batch_class = false;  // of threads: see transports/mqtt/session.h
  bool version_311 = false;  // MQTT 3.1.1 instead of 5
  bool tls = false;          // then with these files
  transports::tls::Files files;
  std::optional<transports::Message> will;
  std::uint32_t sessions = 1;  // more: a Spread (transports/spread/spread.h)
  std::function<bool(std::string_view filter)> shared;  // what they hear together
  // What the broker says of itself at a connect; from a thread of the session's: be short.
  std::function<void(const transports::mqtt::BrokerLimits&)> on_limits;
};

// mqtt://host[:port] or mqtts://host[:port], [v6] addresses too. Throws Trouble(usage).
config::Address parse_broker_uri(const std::string& uri);
// The files of a folder that `tributary fleet` made.
transports::tls::Files identity_files(const std::string& folder);
// Whose it is: the CN of its certificate; empty without one.
std::string identity_name(const Endpoint& endpoint);
// The first line of a file. Throws Trouble(config).
std::string read_secret(const std::string& file, const std::string& what);

// Throws Trouble(usage), and Trouble(config) when the identity's files are not fit.
BrokerOptions client_options(const Endpoint& endpoint, const std::string& client_id);
std::unique_ptr<transports::Session> make_session(const BrokerOptions& options);

}  // namespace tributary::app
