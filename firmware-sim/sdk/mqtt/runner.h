// SPDX-License-Identifier: Apache-2.0
// Runs a Device over an MQTT session: acks in, packets out.
//
//   sdk::mqtt::Waker waker;
//   session->on_ready(waker.callback());
//   sdk::mqtt::Runner runner(device, *session, "tributary/v1");
//   session->start();
//   for (;;) { for (auto& e : runner.step(now_ms())) log(e); waker.wait(runner.pause_ms(now_ms()));
//   }
//
// The promise: what the session did not take is offered again, in order; while there is no
// connection the device is not asked, so no pause of its is spent on packets that could not leave.
// One thread; the Waker may be called from any.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "transports/session.h"

namespace tributary::sdk::mqtt {

class Runner {
 public:
  // Subscribes to the device's acks. `root` is the topics' root without the fleet: "tributary/v1".
  // REQUIRES: device and session outlive the runner; nobody else polls the session.
  Runner(Device& device, transports::Session& session, const std::string& root);

  // Takes what arrived and sends what is due. Call it when the session is ready, after operations,
  // and at the pause.
  std::vector<Event> step(std::uint64_t now_ms);
  // How long until step() has something to do by itself; at most 60,000.
  std::uint64_t pause_ms(std::uint64_t now_ms) const;
  bool connected() const { return session_.connected(); }

 private:
  void send(std::uint64_t now_ms);

  Device& device_;
  transports::Session& session_;
  const std::string prefix_;  // "tributary/v1/demo/"
  const std::string ack_topic_;
  std::deque<Packet> refused_;  // by the session's outbox: first in line
};

// Wakes the thread that waits when a session has something new. REQUIRES: it outlives the session.
class Waker {
 public:
  std::function<void()> callback() {
    return [this] { wake(); };
  }
  void wake();
  // Until wake() was called (also before) or the time is over.
  void wait(std::uint64_t timeout_ms);

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;
};

}  // namespace tributary::sdk::mqtt
