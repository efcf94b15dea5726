// SPDX-License-Identifier: Apache-2.0
// A Session (transports/session.h) with a real broker: MQTT 5 over Paho, which reconnects for ever.
//
//   auto session = mqtt::make_session({.uri = "tcp://127.0.0.1:1883", .client_id = "gw-1"});
//   session->subscribe("tributary/v1/demo/up/+", Qos::at_most_once);
//   session->on_ready([&] { loop.wake(); });
//   session->start();  // returns at once; the broker need not exist yet
//   …  session->stop(2'000);
//
// Promise: memory is bounded by the options, and a full inbound queue pushes back on the broker
// (nothing more is read) until there is room, for at most half a keepalive; then the connection is
// given up, so that nothing is lost unnoticed. Thread-safe; no call but stop() waits for anything.
// Do not call stop() or destroy the session inside on_ready's function.
//
// With mqtts:// the connection is mutual TLS 1.3 and nothing older; the broker's certificate must
// be for the URI's host. Files that are not fit are not tried: the `disconnected` event says which
// and why. When they are replaced while connected, the session connects again with the new ones,
// once they are fit together.
//
// With MQTT 3.1.1 a broker tells neither its limits nor why it refuses what is published (it says
// yes and drops it) and sends us our own messages again; questions and answers are marked within
// the payload (question.h).
//
// Paho has one receiving thread for all sessions of a process: while one session's inbound queue is
// full, the others stand still too. Drain all of them from one loop, and poll until empty.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "transports/mqtt/limits.h"
#include "transports/session.h"
#include "transports/tls/files.h"

namespace tributary::transports::mqtt {

struct Options {
  std::string uri = "tcp://127.0.0.1:1883";  // also mqtt://, and with TLS ssl:// and mqtts://
  bool version_311 = false;    // MQTT 3.1.1, for brokers without 5; see below what is lost
  std::string client_id = {};  // required: unique at the broker
  std::optional<Message> will =
      {};  // published by the broker when we vanish; retained if it says so
  // An idle link is probed; one that owes us answers and gives none for so long is given up.
  std::uint16_t keepalive_s = 30;
  std::uint16_t connect_timeout_s = 30;  // Paho looks every 3 s; lossy links need 90 s
  // Pause before the next connect: doubles from min to max, each drawn between its half and itself.
  std::uint32_t reconnect_min_ms = 250;
  std::uint32_t reconnect_max_ms = 30'000;
  std::uint16_t in_flight_max = 16;  // below Mosquitto's 20: past that, Paho 1.3.12 naps a second
  // While something waits to be sent, up to twice the inbound limits are held: see inbox.h.
  std::size_t inbound_max = 10'000;  // messages
  std::size_t inbound_bytes_max = 64U << 20U;
  std::size_t outbox_max = 10'000;       // messages of QoS 1, those in flight included
  std::size_t qos0_outbox_max = 10'000;  // messages of QoS 0
  std::size_t outbox_bytes_max = 64U << 20U;
  std::size_t max_packet_bytes = 1U
                                 << 20U;  // larger ones are refused here and not sent by the broker
  std::string username = {};
  std::string password = {};
  tls::Files tls = {};                // all three with mqtts://, none without
  std::uint32_t tls_look_ms = 2'000;  // how often they are looked at while connected
  std::uint64_t seed = 0;             // of the jitter; 0 takes one from the system
  // The session's own thread while connected, and Paho's receiving one, which all sessions of the
  // process share, from the first message of this one on: see transports/batch_class.h. Not Paho's
  // sending one: nothing was gained by it (docs/performance.md).
  bool batch_class = false;
  // Called at every connect, from a thread of Paho's: be short.
  std::function<void(const BrokerLimits&)> on_limits = {};
};

// Complete and fit for use. Throws std::invalid_argument that says which option is wrong.
Options checked(Options options);

// Throws as checked() does.
std::unique_ptr<Session> make_session(Options options);

}  // namespace tributary::transports::mqtt
