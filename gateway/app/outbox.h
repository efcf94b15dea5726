// SPDX-License-Identifier: Apache-2.0
// What waits to be sent on one link, in three lanes that take turns: retained messages, which are a
// cache, so only the latest of a topic is kept; acknowledgements (QoS 0), of which a later one says
// all that an earlier one did, so the same; and the others, in order. Its promise: memory stays
// within the bounds, whatever the broker does, and what is not retained is given up oldest first.
//
//   Outbox outbox({.messages_max = 10'000});
//   outbox.push(message);                  // or send(session, message): at once, if it can be
//   outbox.flush(session);                 // as many as the session takes
//   if (outbox.full()) /* stop reading */;
//
// Not thread-safe.
#pragma once
#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <deque>

#include "transports/session.h"

namespace tributary::app {

class Outbox {
 public:
  struct Limits {
    std::size_t messages_max = 10'000;
    std::size_t acks_max = 10'000;
    std::size_t bytes_max = std::size_t{64} << 20;
  };
  explicit Outbox(const Limits& limits) : limits_(limits) {}
  // From the next push on.
  void set_limits(const Limits& limits) { limits_ = limits; }

  void push(transports::Message message);
  // The same, but for what need not wait: where nothing of its lane does, the session is asked.
  void send(transports::Session& session, transports::Message message);
  // Hands over as much as the session takes.
  void flush(transports::Session& session);
  // The link is gone: what is not retained is lost, by contract.
  void disconnected();

  // Time to stop taking in what makes us send. Half of the bound is left for what is under way.
  bool full() const;
  std::size_t size() const { return queue_.size() + acks_.size() + retained_.size(); }
  std::uint64_t dropped() const { return dropped_; }
  // Handed over so far, with topics and payloads.
  std::uint64_t messages_out() const { return messages_out_; }
  std::uint64_t bytes_out() const { return bytes_out_; }

 private:
  // The latest message of each topic; topics in the order in which they came.
  class Latest {
   public:
    void push(transports::Message message);
    // The bytes that the session took of it; 0: none, or nothing waits.
    std::size_t flush_one(transports::Session& session);
    void drop_first();
    void clear();
    std::size_t size() const { return order_.size(); }

   private:
    struct Waiting {
      std::uint64_t hash;  // under which it is found
      transports::Message message;
    };
    std::deque<Waiting> order_;  // numbered from first_ on
    std::uint64_t first_ = 0;
    // Numbers by a hash of the topic, or by the next one that was free. Where two topics had the
    // same, a later message of the second may wait beside an earlier one, behind it.
    absl::flat_hash_map<std::uint64_t, std::uint64_t> number_of_;
  };
  bool lane_empty(const transports::Message& message) const;
  std::size_t flush_one_queued(transports::Session& session);
  void count(std::size_t bytes);

  Limits limits_;
  std::deque<transports::Message> queue_;
  std::size_t queue_bytes_ = 0;  // payloads in queue_
  Latest acks_, retained_;
  std::uint64_t dropped_ = 0, messages_out_ = 0, bytes_out_ = 0;
};

}  // namespace tributary::app
