// SPDX-License-Identifier: Apache-2.0
// What the session took for sending: bounded queues, and the windows of what Paho has and has not
// reported sent. QoS 0 has a queue and a window of its own: it waits for nobody's answer, so a
// broker that is slow to acknowledge does not hold it up.
//
//   Outbox outbox({.messages_max = 10'000, .bytes_max = 64 << 20});
//   if (!outbox.push(message)) …                       // full; otherwise it was moved
//   outbox.next(window, messages);                     // fills the windows
//   for (Message& m : messages) send(m);
//   if (outbox.answered(Qos::at_least_once)) wake();   // there is room again for who was refused
//
// Promise: never more than its limits, but for one message that alone exceeds bytes_max. Not
// thread-safe.
#pragma once
#include <array>
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
    std::size_t messages_max = 10'000;       // of QoS 1
    std::size_t qos0_messages_max = 10'000;  // of QoS 0
    std::size_t bytes_max = 64U << 20U;      // of both
  };
  // Of QoS 0: what Paho has besides the one it writes. More costs it more: it finds each block of
  // memory that it frees in a tree of all that it has.
  static constexpr std::size_t qos0_window = 16;

  explicit Outbox(const Limits& limits);

  // False, and the message as it was: there is no room.
  bool push(Message& message);
  // Is there something that next() would give?
  bool may_send(std::size_t window) const;
  // `window`: of QoS 1. Of QoS 0 only where none is in flight: refill() gives the others.
  void next(std::size_t window, std::vector<Message>& messages);
  // Of QoS 0, once half of its window is free: what to send when one was answered.
  void refill(std::vector<Message>& messages);
  // Of this quality, the oldest in flight; true: push() said no, and half is free by now.
  bool answered(Qos qos);
  void clear();

  std::size_t size() const { return lanes_[0].size() + lanes_[1].size(); }
  std::size_t queued(Qos qos) const { return lane(qos).queue.size(); }
  std::size_t in_flight(Qos qos) const { return lane(qos).in_flight.size(); }
  std::size_t in_flight() const { return lanes_[0].in_flight.size() + lanes_[1].in_flight.size(); }
  std::size_t bytes_in_flight() const { return bytes_in_flight_; }

 private:
  struct Lane {
    std::size_t messages_max = 0;
    std::deque<Message> queue = {};
    std::deque<std::size_t> in_flight = {};  // their bytes; answers come in order, near enough
    bool refused = false;
    std::size_t size() const { return queue.size() + in_flight.size(); }
  };
  Lane& lane(Qos qos) { return lanes_[static_cast<std::size_t>(qos)]; }
  const Lane& lane(Qos qos) const { return lanes_[static_cast<std::size_t>(qos)]; }
  void take(Lane& lane, std::size_t window, std::vector<Message>& messages);

  std::size_t bytes_max_;
  std::array<Lane, 2> lanes_;  // by quality of service
  std::size_t bytes_ = 0;      // of all
  std::size_t bytes_in_flight_ = 0;
};

}  // namespace tributary::transports::mqtt
