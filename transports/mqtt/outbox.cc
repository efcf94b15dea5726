// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/outbox.h"

#include <cassert>
#include <utility>

namespace tributary::transports::mqtt {

std::size_t packet_bytes(const Message& message) {
  constexpr std::size_t headers_and_lengths = 64;
  return headers_and_lengths + message.topic.size() + message.payload.size() +
         message.response_topic.size() + message.correlation.size();
}

Outbox::Outbox(const Limits& limits)
    : bytes_max_(limits.bytes_max),
      lanes_{Lane{limits.qos0_messages_max}, Lane{limits.messages_max}} {}

bool Outbox::push(Message& message) {
  Lane& lane = this->lane(message.qos);
  const std::size_t bytes = packet_bytes(message);
  const bool too_heavy = size() > 0 && bytes_ + bytes > bytes_max_;
  if (too_heavy || lane.size() >= lane.messages_max) {
    lane.refused = true;
    return false;
  }
  lane.queue.push_back(std::move(message));
  bytes_ += bytes;
  return true;
}

bool Outbox::may_send(std::size_t window) const {
  const auto open = [](const Lane& lane, std::size_t most) {
    return !lane.queue.empty() && lane.in_flight.size() < most;
  };
  return open(lane(Qos::at_most_once), 1) || open(lane(Qos::at_least_once), window);
}

void Outbox::next(std::size_t window, std::vector<Message>& messages) {
  messages.clear();
  if (in_flight(Qos::at_most_once) == 0) take(lane(Qos::at_most_once), qos0_window, messages);
  take(lane(Qos::at_least_once), window, messages);
}

void Outbox::refill(std::vector<Message>& messages) {
  messages.clear();
  if (in_flight(Qos::at_most_once) > qos0_window / 2) return;
  take(lane(Qos::at_most_once), qos0_window, messages);
}

void Outbox::take(Lane& lane, std::size_t window, std::vector<Message>& messages) {
  while (!lane.queue.empty() && lane.in_flight.size() < window) {
    lane.in_flight.push_back(packet_bytes(lane.queue.front()));
    bytes_in_flight_ += lane.in_flight.back();
    messages.push_back(std::move(lane.queue.front()));
    lane.queue.pop_front();
  }
}

bool Outbox::answered(Qos qos) {
  Lane& lane = this->lane(qos);
  assert(!lane.in_flight.empty());
  assert(bytes_ >= lane.in_flight.front());
  bytes_ -= lane.in_flight.front();
  bytes_in_flight_ -= lane.in_flight.front();
  lane.in_flight.pop_front();
  if (bytes_ > bytes_max_ / 2) return false;
  // Bytes may have been what was in the way of the other one.
  bool wake = false;
  for (Lane& l : lanes_) {
    if (l.size() <= l.messages_max / 2) wake = std::exchange(l.refused, false) || wake;
  }
  return wake;
}

void Outbox::clear() {
  for (Lane& lane : lanes_) {
    lane.queue.clear();
    lane.in_flight.clear();
    lane.refused = false;
  }
  bytes_ = bytes_in_flight_ = 0;
}

}  // namespace tributary::transports::mqtt
