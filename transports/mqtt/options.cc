// SPDX-License-Identifier: Apache-2.0
#include <random>
#include <stdexcept>
#include <utility>

#include "transports/mqtt/session.h"

namespace tributary::transports::mqtt {
namespace {

void require(bool ok, const char* what) {
  if (!ok) throw std::invalid_argument(std::string("MQTT session: ") + what);
}

}  // namespace

Options checked(Options options) {
  const std::string& uri = options.uri;
  const bool secure = uri.rfind("ssl://", 0) == 0 || uri.rfind("mqtts://", 0) == 0;
  const bool known = secure || uri.rfind("tcp://", 0) == 0 || uri.rfind("mqtt://", 0) == 0;
  require(known, "uri must begin with tcp://, mqtt://, ssl:// or mqtts://");
  const tls::Files& files = options.tls;
  const bool all = !files.ca.empty() && !files.certificate.empty() && !files.key.empty();
  require(!secure || all, "mqtts:// needs a CA file, a certificate and its key");
  require(secure || files.none(), "TLS files need mqtts://");
  // Paho C 1.3.12 compares the address with its brackets, and so never finds it in a certificate.
  require(!secure || uri.find('[') == std::string::npos,
          "mqtts:// cannot check an IPv6 address against a certificate: use the broker's name");
  require(options.tls_look_ms > 0, "tls_look_ms is 0");
  require(uri.size() > uri.find("://") + 3, "uri names no host");
  require(!options.client_id.empty(), "client_id is empty");
  require(options.client_id.find('\0') == std::string::npos, "client_id contains a zero byte");
  require(options.in_flight_max > 0, "in_flight_max is 0");
  require(options.inbound_max > 0, "inbound_max is 0");
  require(options.outbox_max > 0, "outbox_max is 0");
  require(options.qos0_outbox_max > 0, "qos0_outbox_max is 0");
  require(options.max_packet_bytes > 0, "max_packet_bytes is 0");
  require(options.keepalive_s > 0, "keepalive_s is 0: a dead broker would never be noticed");
  require(options.connect_timeout_s > 0, "connect_timeout_s is 0");
  require(options.reconnect_min_ms <= options.reconnect_max_ms,
          "reconnect_min_ms is larger than reconnect_max_ms");
  require(!options.will || topic_valid(options.will->topic), "the will's topic is not valid");
  if (options.seed == 0) options.seed = std::random_device{}();
  return options;
}

}  // namespace tributary::transports::mqtt
