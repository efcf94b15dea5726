// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/outbox.h"

#include <cassert>
#include <utility>

namespace tributary::app {

void Outbox::Latest::push(transports::Message message) {
  for (std::uint64_t hash = absl::HashOf(message.topic);; ++hash) {
    const auto [at, fresh] = number_of_.try_emplace(hash, first_ + order_.size());
    if (fresh) return order_.push_back({hash, std::move(message)});
    transports::Message& waits = order_[at->second - first_].message;
    if (waits.topic != message.topic) continue;  // it has another one's
    waits = std::move(message);
    return assert(number_of_.size() == order_.size());
  }
}

std::size_t Outbox::Latest::flush_one(transports::Session& session) {
  if (order_.empty()) return 0;
  transports::Message& first = order_.front().message;
  const std::size_t bytes = first.topic.size() + first.payload.size();
  if (!session.offer(first)) return 0;
  drop_first();
  return bytes;
}

void Outbox::Latest::drop_first() {
  number_of_.erase(order_.front().hash);
  order_.pop_front();
  ++first_;
}

void Outbox::Latest::clear() {
  number_of_.clear();
  order_.clear();
}

void Outbox::push(transports::Message message) {
  if (message.retain) return retained_.push(std::move(message));
  if (message.qos == transports::Qos::at_most_once) {
    acks_.push(std::move(message));
    if (acks_.size() <= limits_.acks_max) return;
    acks_.drop_first();
    ++dropped_;
    return;
  }
  queue_bytes_ += message.payload.size();
  queue_.push_back(std::move(message));
  while (queue_.size() > limits_.messages_max ||
         (queue_bytes_ > limits_.bytes_max && queue_.size() > 1)) {
    queue_bytes_ -= queue_.front().payload.size();
    queue_.pop_front();
    ++dropped_;
  }
}

bool Outbox::lane_empty(const transports::Message& message) const {
  if (message.retain) return retained_.size() == 0;
  return message.qos == transports::Qos::at_most_once ? acks_.size() == 0 : queue_.empty();
}

void Outbox::send(transports::Session& session, transports::Message message) {
  const std::size_t bytes = message.topic.size() + message.payload.size();
  if (lane_empty(message) && session.offer(message)) return count(bytes);
  push(std::move(message));
}

void Outbox::count(std::size_t bytes) {
  ++messages_out_;
  bytes_out_ += bytes;
}

std::size_t Outbox::flush_one_queued(transports::Session& session) {
  if (queue_.empty()) return 0;
  const std::size_t bytes = queue_.front().payload.size();
  const std::size_t topic_bytes = queue_.front().topic.size();
  if (!session.offer(queue_.front())) return 0;
  queue_.pop_front();
  queue_bytes_ -= bytes;
  return topic_bytes + bytes;
}

void Outbox::flush(transports::Session& session) {
  // In turns, so that no lane starves another one.
  bool queued = true, acks = true, retained = true;
  const auto went = [this](std::size_t bytes) {
    if (bytes > 0) count(bytes);
    return bytes > 0;
  };
  while (queued || acks || retained) {
    queued = queued && went(flush_one_queued(session));
    acks = acks && went(acks_.flush_one(session));
    retained = retained && went(retained_.flush_one(session));
  }
}

void Outbox::disconnected() {
  dropped_ += queue_.size() + acks_.size();
  queue_.clear();
  queue_bytes_ = 0;
  acks_.clear();
}

bool Outbox::full() const {
  return queue_.size() >= limits_.messages_max / 2 || acks_.size() >= limits_.acks_max / 2 ||
         queue_bytes_ >= limits_.bytes_max / 2;
}

}  // namespace tributary::app
