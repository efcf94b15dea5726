// SPDX-License-Identifier: Apache-2.0
// A load generator that costs a broker as much as it can and this machine as little as possible:
// one connection, MQTT 3.1.1, packets made beforehand, QoS 1 with a window, one thread. For
// benchmarks only: it knows no reconnecting and trusts its broker.
//
//   MqttLoad load("127.0.0.1", 1883, "generator");
//   load.subscribe("tributary/v1/bench/ack/+");
//   load.on_message([&](std::string_view topic, std::string_view payload) { … });
//   load.run(packets, window, 0, [&] { return heard == packets.size(); });
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/packets.h"

namespace tributary::bench {

class MqttLoad {
 public:
  using OnMessage = std::function<void(std::string_view topic, std::string_view payload)>;

  // Throws std::runtime_error when the broker cannot be reached, here and below.
  MqttLoad(const std::string& host, std::uint16_t port, const std::string& client_id);
  ~MqttLoad();
  MqttLoad(const MqttLoad&) = delete;
  MqttLoad& operator=(const MqttLoad&) = delete;

  void subscribe(const std::string& filter);
  void on_message(OnMessage hears) { hears_ = std::move(hears); }
  // Publishes all of them at QoS 1, never more than `window` without a PUBACK; returns when
  // `done()` is true, which is asked after everything that arrived. With `rate` > 0 no faster than
  // that many a second. `sent(i)` when packet i was handed to the socket. When all are sent and for
  // two seconds nothing came, those that `again()` names are published once more: what a device
  // does whose answer was lost, for answers come at QoS 0.
  void run(const std::vector<Packet>& packets, std::size_t window, double rate,
           const std::function<bool()>& done, const std::function<void(std::size_t)>& sent = {},
           const std::function<std::vector<std::size_t>()>& again = {});

 private:
  void send_all();
  bool receive(std::chrono::nanoseconds at_most);  // something came
  void take(std::string_view packet);
  void want(unsigned char kind);  // receives until a packet of that kind has come

  void publish(const Packet& packet);

  int socket_ = -1;
  std::size_t published_ = 0;
  std::string out_, in_;
  std::size_t acknowledged_ = 0;
  unsigned char last_kind_ = 0;
  OnMessage hears_;
};

}  // namespace tributary::bench
