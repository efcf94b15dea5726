// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/broker.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "gateway/app/cli.h"
#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "transports/mqtt/session.h"
#include "transports/spread/spread.h"

namespace tributary::app {
namespace {

[[noreturn]] void bad_uri(const std::string& uri, const char* why) {
  throw Trouble(Exit::usage, "\"" + uri + "\" is not a broker's address: " + why +
                                 "\n  write mqtt://host, mqtt://host:port or mqtts://host:port");
}

// Paho writes IPv6 hosts in brackets, like everybody else.
std::string paho_uri(const std::string& host, std::uint16_t port, bool tls) {
  const bool v6 = host.find(':') != std::string::npos;
  return (tls ? "mqtts://" : "tcp://") + (v6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

}  // namespace

config::Address parse_broker_uri(const std::string& uri) {
  config::Address address;
  address.tls = uri.compare(0, 8, "mqtts://") == 0;
  const std::string scheme = address.tls ? "mqtts://" : "mqtt://";
  if (uri.compare(0, scheme.size(), scheme) != 0) {
    bad_uri(uri, "it begins with neither mqtt:// nor mqtts://");
  }
  std::string rest = uri.substr(scheme.size());
  if (const std::size_t end = rest.rfind(config::version_311_suffix);
      end != std::string::npos && end + config::version_311_suffix.size() == rest.size()) {
    address.version_311 = true;
    rest.resize(end);
  }
  if (!rest.empty() && rest.back() == '/') rest.pop_back();
  std::string port_text;
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string::npos ? 0 : bracket);
  if (colon != std::string::npos) {
    port_text = rest.substr(colon + 1);
    rest.resize(colon);
  }
  if (rest.size() > 2 && rest.front() == '[' && rest.back() == ']') {
    rest = rest.substr(1, rest.size() - 2);
  }
  if (rest.empty()) bad_uri(uri, "it names no host");
  if (rest.find_first_of("/ \t@") != std::string::npos) bad_uri(uri, "the host is malformed");
  std::uint16_t number = address.tls ? 8883 : 1883;
  if (colon != std::string::npos) {
    const char* end = port_text.data() + port_text.size();
    const auto [stop, error] = std::from_chars(port_text.data(), end, number);
    if (error != std::errc{} || stop != end || number == 0)
      bad_uri(uri, "the port is not 1 to 65535");
  }
  address.host = rest;
  address.port = number;
  return address;
}

transports::tls::Files identity_files(const std::string& folder) {
  return {folder + "/ca.crt", folder + "/tls.crt", folder + "/tls.key"};
}

std::string identity_name(const Endpoint& endpoint) {
  if (endpoint.identity.empty()) return {};
  const auto mine =
      transports::tls::read_certificate(identity_files(endpoint.identity).certificate);
  return mine ? mine->common_name : std::string();
}

std::string read_secret(const std::string& file, const std::string& what) {
  std::ifstream in(file);
  std::string line;
  if (!in || !std::getline(in, line)) {
    throw Trouble(Exit::config, file + ": no " + what + " can be read from it: " +
                                    (in.eof() ? "it is empty" : std::strerror(errno)) +
                                    "\n  put the " + what + " on its first line");
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

namespace {

transports::tls::Files checked_identity(const Endpoint& endpoint) {
  if (endpoint.identity.empty()) {
    throw Trouble(Exit::usage, endpoint.broker +
                                   " wants to know who you are\n  name your folder of the fleet "
                                   "with --identity; `tributary fleet enroll` makes one");
  }
  transports::tls::Files files = identity_files(endpoint.identity);
  std::string wrong;
  for (const auto& trouble : transports::tls::check(files, std::time(nullptr))) {
    wrong += (wrong.empty() ? "" : "\n  ") + trouble.text;
  }
  if (!wrong.empty()) throw Trouble(Exit::config, wrong);
  return files;
}

}  // namespace

BrokerOptions client_options(const Endpoint& endpoint, const std::string& client_id) {
  BrokerOptions o;
  const config::Address address = parse_broker_uri(endpoint.broker);
  o.host = address.host;
  o.port = address.port;
  o.tls = address.tls;
  o.version_311 = address.version_311;
  if (o.tls) o.files = checked_identity(endpoint);
  if (!o.tls && !endpoint.identity.empty()) {
    throw Trouble(Exit::usage, endpoint.broker + " is without TLS, and --identity is for TLS" +
                                   "\n  write mqtts://, or leave --identity out");
  }
  o.client_id = client_id;
  o.username = endpoint.username;
  if (!endpoint.password_file.empty()) o.password = read_secret(endpoint.password_file, "password");
  o.reconnect_max_ms = 2'000;  // somebody is looking at it
  return o;
}

namespace {

std::unique_ptr<transports::Session> one_session(const BrokerOptions& options) {
  transports::mqtt::Options o;
  o.uri = paho_uri(options.host, options.port, options.tls);
  if (options.tls) o.tls = options.files;
  o.version_311 = options.version_311;
  o.client_id = options.client_id;
  o.will = options.will;
  o.keepalive_s = static_cast<std::uint16_t>(options.keepalive_s);
  o.connect_timeout_s = static_cast<std::uint16_t>(options.connect_timeout_s);
  o.reconnect_min_ms = options.reconnect_min_ms;
  o.reconnect_max_ms = options.reconnect_max_ms;
  o.in_flight_max = static_cast<std::uint16_t>(options.in_flight_max);
  o.inbound_max = options.inbound_queue_max;
  o.outbox_max = options.outbox_max;
  o.qos0_outbox_max = options.qos0_outbox_max;
  o.batch_class = options.batch_class;
  o.username = options.username;
  o.password = options.password;
  o.on_limits = options.on_limits;
  try {
    return transports::mqtt::make_session(std::move(o));
  } catch (const std::invalid_argument& e) {
    throw Trouble(Exit::usage, std::string("the broker's options: ") + e.what());
  }
}

// What each takes in advance: what stands still in one cannot go through another for a second.
constexpr std::uint32_t handed_over_windows = 2;
constexpr std::uint32_t inbound_queue_min = 100;

}  // namespace

std::unique_ptr<transports::Session> make_session(const BrokerOptions& options) {
  if (options.sessions <= 1) return one_session(options);
  BrokerOptions o = options;
  o.inbound_queue_max = std::max(o.inbound_queue_max / o.sessions, inbound_queue_min);
  auto first = one_session(o);
  o.will.reset();
  o.on_limits = {};
  o.outbox_max = handed_over_windows * o.in_flight_max;
  std::vector<std::unique_ptr<transports::Session>> others;
  for (std::uint32_t n = 2; n <= o.sessions; ++n) {
    o.client_id = options.client_id + '.' + std::to_string(n);
    others.push_back(one_session(o));
  }
  transports::Spread::Options spread{.group = options.client_id, .now_ms = mono_now_ms};
  if (!options.version_311) spread.shared = options.shared;
  return std::make_unique<transports::Spread>(std::move(first), std::move(others),
                                              std::move(spread));
}

}  // namespace tributary::app
