// SPDX-License-Identifier: Apache-2.0
// What the tests of the MQTT session share: a session with its events collected.
//
//   Client client(broker, "a");              // started
//   ASSERT_TRUE(client.await_connected());
//   client.send("topic", "payload");
//   EXPECT_TRUE(client.await_messages(1));
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/mosquitto.h"
#include "transports/mqtt/session.h"

namespace tributary::transports::mqtt {

using test::eventually;
using test::Mosquitto;
using namespace std::chrono_literals;

// Generous: it is only waited for when something is broken.
inline constexpr auto deadline = 30s;

inline Options options_for(const Mosquitto& broker, std::string client_id) {
  Options options;
  options.uri = broker.uri();
  options.client_id = std::move(client_id);
  options.reconnect_min_ms = 20;
  options.reconnect_max_ms = 200;
  options.keepalive_s = 60;
  options.seed = 1;
  return options;
}

class Client {
 public:
  explicit Client(const Options& options, bool start = true) : session(make_session(options)) {
    if (start) session->start();
  }
  Client(const Mosquitto& broker, const std::string& client_id)
      : Client(options_for(broker, client_id)) {}

  // Takes what waits into the lists below.
  void collect() {
    for (auto batch = session->poll(1000); !batch.empty(); batch = session->poll(1000)) {
      for (Event& event : batch) {
        switch (event.kind) {
          case Event::Kind::connected:
            ++connects;
            break;
          case Event::Kind::disconnected:
            disconnects.push_back(event.reason);
            break;
          case Event::Kind::refused:
            refusals.push_back(std::move(event));
            break;
          case Event::Kind::message:
            messages.push_back(std::move(event.message));
            break;
          case Event::Kind::part:  // one session has none
            break;
        }
      }
    }
  }

  template <typename Condition>
  bool await(Condition condition) {
    return eventually(deadline, [&] {
      collect();
      return condition();
    });
  }
  bool await_connected() {
    return await([&] { return session->connected() && connects > 0; });
  }
  bool await_connects(int count) {
    return await([&] { return connects >= count && session->connected(); });
  }
  bool await_messages(std::size_t count) {
    return await([&] { return messages.size() >= count; });
  }
  bool await_sent() {
    return await([&] { return session->outbox_size() == 0; });
  }
  bool send(std::string topic, std::string payload, bool retain = false,
            Qos qos = Qos::at_least_once) {
    return session->publish(Message{
        .topic = std::move(topic), .payload = std::move(payload), .qos = qos, .retain = retain});
  }

  std::unique_ptr<Session> session;
  int connects = 0;
  std::vector<std::string> disconnects;
  std::vector<Event> refusals;
  std::vector<Message> messages;
};

}  // namespace tributary::transports::mqtt
