// SPDX-License-Identifier: Apache-2.0
// What the session took for sending: a bounded queue, and the window of what Paho has and the
// broker has not acknowledged.
//
//   Outbox outbox({.messages_max = 10'000, .bytes_max = 64 << 20});
//   if (!outbox.push(message)) …                       // full
//   for (Message& m : outbox.next(window)) send(m);    // fills the window
//   if (outbox.answered()) wake();                     // there is room again for who was refused
//
// Promise: never more than its limits, but for one message that alone exceeds bytes_max. Not
// thread-safe.
#pragma once
#include <cstddef>
#include <deque>
#include <vector>

#include "transports/session.h"

namespace tributary::transports::mqtt {

// Upper bound of the MQTT packet that carries `message`.
std::size_t packet_bytes(const Message& message);

class Outbox {
 public:
  struct Limits {
    std::size_t messages_max = 10'000;
    std::size_t bytes_max = 64U << 20U;
  };

  explicit Outbox(const Limits& limits) : limits_(limits) {}

  bool push(Message message);
  std::vector<Message> next(std::size_t window);
  bool answered();  // the oldest in flight; true: push() said no, and half is free by now
  void clear();

  std::size_t size() const { return queue_.size() + in_flight_.size(); }
  std::size_t queued() const { return queue_.size(); }
  std::size_t in_flight() const { return in_flight_.size(); }
  std::size_t bytes_in_flight() const { return bytes_in_flight_; }

 private:
  Limits limits_;
  std::deque<Message> queue_;
  std::deque<std::size_t> in_flight_;  // their bytes; answers come in order, near enough for this
  std::size_t bytes_ = 0;              // of both
  std::size_t bytes_in_flight_ = 0;
  bool refused_ = false;
};

}  // namespace tributary::transports::mqtt
