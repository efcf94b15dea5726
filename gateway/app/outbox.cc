// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/outbox.h"

#include <cassert>
#include <utility>

namespace tributary::app {

void Outbox::Latest::push(transports::Message message) {
  auto [it, fresh] = of_topic_.try_emplace(message.topic);
  if (fresh) order_.push_back(message.topic);
  it->second = std::move(message);
  assert(of_topic_.size() == order_.size());
}

std::size_t Outbox::Latest::flush_one(transports::Session& session) {
  if (order_.empty()) return 0;
  const auto it = of_topic_.find(order_.front());
  assert(it != of_topic_.end());
  const std::size_t bytes = it->first.size() + it->second.payload.size();
  if (!session.publish(it->second)) return 0;
  of_topic_.erase(it);
  order_.pop_front();
  return bytes;
}

void Outbox::Latest::drop_first() {
  of_topic_.erase(order_.front());
  order_.pop_front();
}

void Outbox::Latest::clear() {
  of_topic_.clear();
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

std::size_t Outbox::flush_one_queued(transports::Session& session) {
  if (queue_.empty()) return 0;
  const std::size_t bytes = queue_.front().payload.size();
  const std::size_t topic_bytes = queue_.front().topic.size();
  if (!session.publish(queue_.front())) return 0;
  queue_.pop_front();
  queue_bytes_ -= bytes;
  return topic_bytes + bytes;
}

void Outbox::flush(transports::Session& session) {
  // In turns, so that no lane starves another one.
  bool queued = true, acks = true, retained = true;
  const auto count = [this](std::size_t bytes) {
    messages_out_ += bytes > 0 ? 1 : 0;
    bytes_out_ += bytes;
    return bytes > 0;
  };
  while (queued || acks || retained) {
    queued = queued && count(flush_one_queued(session));
    acks = acks && count(acks_.flush_one(session));
    retained = retained && count(retained_.flush_one(session));
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
