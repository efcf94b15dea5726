// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/outbox.h"

#include <cassert>
#include <utility>

namespace tributary::app {

void Outbox::push(transports::Message message) {
  if (message.retain) {
    auto [it, fresh] = retained_.try_emplace(message.topic);
    if (fresh) retained_order_.push_back(message.topic);
    it->second = std::move(message);
    assert(retained_.size() == retained_order_.size());
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

bool Outbox::flush_one_queued(transports::Session& session) {
  if (queue_.empty()) return false;
  const std::size_t bytes = queue_.front().payload.size();
  if (!session.publish(queue_.front())) return false;
  queue_.pop_front();
  queue_bytes_ -= bytes;
  return true;
}

bool Outbox::flush_one_retained(transports::Session& session) {
  if (retained_order_.empty()) return false;
  const auto it = retained_.find(retained_order_.front());
  assert(it != retained_.end());
  if (!session.publish(it->second)) return false;
  retained_.erase(it);
  retained_order_.pop_front();
  return true;
}

void Outbox::flush(transports::Session& session) {
  // In turns, so that a stream of acknowledgements does not starve the heads, nor the other way.
  bool queued = true;
  bool retained = true;
  while (queued || retained) {
    queued = queued && flush_one_queued(session);
    retained = retained && flush_one_retained(session);
  }
}

void Outbox::disconnected() {
  dropped_ += queue_.size();
  queue_.clear();
  queue_bytes_ = 0;
}

bool Outbox::full() const {
  return queue_.size() >= limits_.messages_max / 2 || queue_bytes_ >= limits_.bytes_max / 2;
}

}  // namespace tributary::app
