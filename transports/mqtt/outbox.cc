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

bool Outbox::push(Message message) {
  const std::size_t bytes = packet_bytes(message);
  const bool too_heavy = size() > 0 && bytes_ + bytes > limits_.bytes_max;
  if (too_heavy || size() >= limits_.messages_max) {
    refused_ = true;
    return false;
  }
  queue_.push_back(std::move(message));
  bytes_ += bytes;
  return true;
}

std::vector<Message> Outbox::next(std::size_t window) {
  std::vector<Message> messages;
  while (!queue_.empty() && in_flight_.size() < window) {
    in_flight_.push_back(packet_bytes(queue_.front()));
    bytes_in_flight_ += in_flight_.back();
    messages.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return messages;
}

bool Outbox::answered() {
  assert(!in_flight_.empty());
  assert(bytes_ >= in_flight_.front());
  bytes_ -= in_flight_.front();
  bytes_in_flight_ -= in_flight_.front();
  in_flight_.pop_front();
  const bool room = size() <= limits_.messages_max / 2 && bytes_ <= limits_.bytes_max / 2;
  return room && std::exchange(refused_, false);
}

void Outbox::clear() {
  queue_.clear();
  in_flight_.clear();
  bytes_ = bytes_in_flight_ = 0;
  refused_ = false;
}

}  // namespace tributary::transports::mqtt
