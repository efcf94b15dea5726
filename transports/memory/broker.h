// SPDX-License-Identifier: Apache-2.0
// An MQTT broker inside the process, with seeded faults: what the tests and the simulator talk to
// instead of a network.
//
//   Broker broker({.seed = 1, .faults = {.loss = 0.3}});
//   auto s = broker.session("gw-1", Message{.topic = "status", .payload = "gone", .retain = true});
//   s->start();
//   broker.advance(now_ms);
//   for (const Event& e : s->poll(100)) …
//
// Promise: single-threaded, and time moves only in advance(): the same seed and the same calls give
// the same trace. With no faults it keeps every promise of transports/session.h. Sessions may
// outlive the broker object. A Session that is destroyed without stop() is a process that died: its
// will is published.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "transports/session.h"

namespace tributary::transports::memory {

class World;

// What one client's link does to packets, each way. Chances are 0 … 1 for each packet.
struct LinkFaults {
  double loss = 0;  // QoS 0: gone. QoS 1: sent again after retry_ms; a lost ack becomes a duplicate
  double duplicate = 0;   // a publish arrives twice
  double reorder = 0;     // a packet is late by up to reorder_ms and others overtake it
  double disconnect = 0;  // the connection breaks here
  std::uint32_t delay_min_ms = 0;
  std::uint32_t delay_max_ms = 0;
  std::uint32_t reorder_ms = 50;
  std::uint32_t retry_ms = 200;
  std::optional<double> loss_to_client = {};  // where that way loses otherwise than `loss` says
};

// Limits of broker and sessions. The defaults of the queues are Mosquitto's and Paho's, and they
// drop like those: a QoS 1 subscription to 5,000 retained topics gets 1,020 of them and no word
// about the rest.
struct Options {
  std::uint64_t seed = 1;
  LinkFaults faults = {};                    // for clients without faults of their own
  std::size_t in_flight_max = 20;            // broker → one client, QoS 1, unacknowledged
  std::size_t queued_max = 1000;             // behind those; 0 = no limit
  std::size_t packet_bytes_max = 1U << 20U;  // topic and payload; larger is refused
  std::uint32_t keepalive_ms = 10'000;
  std::uint32_t reconnect_min_ms = 250;  // pauses between connects: transports/backoff.h
  std::uint32_t reconnect_max_ms = 30'000;
  std::size_t window = 16;          // client → broker, QoS 1, unacknowledged
  std::size_t outbox_max = 10'000;  // messages
  std::size_t inbox_max = 10'000;   // messages; beyond it the client withholds its acks
};

enum class Cut : std::uint8_t { none, to_broker, to_client, both };
enum class Retained : std::uint8_t { forgotten, kept, snapshot };

struct Stats {
  std::uint64_t published = 0;  // publishes that reached the broker
  std::uint64_t delivered = 0;  // publishes that reached a client
  std::uint64_t lost = 0;       // transmissions that the link ate
  std::uint64_t duplicated = 0;
  std::uint64_t dropped = 0;  // by a full queue, in silence
  std::uint64_t refused = 0;
};

class Broker {
 public:
  explicit Broker(Options options = {});
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Two living sessions with one id take the connection from each other, as at a real broker.
  std::unique_ptr<Session> session(std::string client_id, std::optional<Message> will = {});

  // Does everything that is due up to `now_ms`. Time never goes back: an earlier `now_ms` counts as
  // the present. Calls the sessions' on_ready functions, which may use any session but must not
  // call advance().
  void advance(std::uint64_t now_ms);
  std::uint64_t now_ms() const;
  // When something is next due, so that a simulation can jump there. Not later than now: call
  // advance() again.
  std::optional<std::uint64_t> next_ms() const;

  void set_faults(const LinkFaults& faults);  // for all clients without their own
  void set_faults(const std::string& client_id, const LinkFaults& faults);
  // While a way is cut nothing passes and nothing is lost; each end gives up on its own when its
  // keepalive runs out.
  void partition(const std::string& client_id, Cut cut);
  void disconnect(const std::string&
                      client_id);  // breaks the connection, both ends see it: the will is published

  void kill();  // like kill -9: every connection breaks, no will is published
  void restart(Retained retained = Retained::forgotten);
  void take_snapshot();  // of the retained messages, for restart(Retained::snapshot)

  bool client_connected(const std::string& client_id) const;  // as the broker sees it
  const std::map<std::string, Message>& retained() const;
  const Stats& stats() const;
  // One line for everything that happens, for replays and for reading after a failure.
  void on_trace(std::function<void(const std::string&)> sink);

 private:
  std::shared_ptr<World> world_;
};

}  // namespace tributary::transports::memory
