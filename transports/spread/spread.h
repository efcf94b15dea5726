// SPDX-License-Identifier: Apache-2.0
// Several sessions with one broker, as one: what gets through a link that loses packets grows with
// the number of TCP connections, because each stands still by itself.
//
//   auto session = std::make_unique<Spread>(std::move(first), std::move(others), options);
//   session->publish(batch);               // QoS 1, not retained: on whichever has least under way
//   session->publish(head);                // all else: on the first one, in order
//   session->subscribe("root/up/+", qos);  // options.shared(): by all, each message by one
//
// Promise: it lives and dies with the first session: its connect, will, refusals and order of what
// is retained or of QoS 0 are those of the first. Another one that breaks takes nothing with it:
// what was under way there is given to the others, and so is, once, what one has that gets nothing
// acknowledged for `stalled_ms`. So messages of QoS 1 that are not retained may come twice and in
// any order. What the broker had sent on a connection that broke is lost, as it is with one.
//
// Sharing takes MQTT 5. A broker that refuses it is read over the first session alone. One that
// gives all of them one client id (Mosquitto's use_username_as_clientid) would have them end each
// other for ever: after some such endings the first one stays alone. Not thread-safe: for one
// owner, unlike what it is made of.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transports/session.h"

namespace tributary::transports {

class Spread final : public Session {
 public:
  struct Options {
    std::string group =
        {};  // of the shared subscriptions; no other client of the broker may use it
    // Which filters; empty: none. Their subscribers get nothing that is retained, and what they
    // published themselves.
    std::function<bool(std::string_view filter)> shared = {};
    std::function<std::uint64_t()> now_ms = {};  // never goes back
    std::uint32_t stalled_ms = 2'000;
  };
  // REQUIRES: none is started; `first` alone has a will; all have client ids of their own.
  Spread(std::unique_ptr<Session> first, std::vector<std::unique_ptr<Session>> others,
         Options options);
  ~Spread() override = default;  // each session ends as it does without it
  Spread(const Spread&) = delete;
  Spread& operator=(const Spread&) = delete;

  bool publish(Message message) override { return offer(message); }
  bool offer(Message& message) override;
  void subscribe(const std::string& filter, Qos qos, bool no_local) override;
  void unsubscribe(const std::string& filter) override;
  std::vector<Event> poll(std::size_t max) override;
  bool inbound_full() const override;
  bool connected() const override { return lanes_.front().session->connected(); }
  std::size_t outbox_size() const override;
  std::vector<Part> parts() const override;
  void on_ready(std::function<void()> wake) override;
  void start() override;
  void stop(std::uint32_t flush_ms) override;

 private:
  struct Held {  // a copy of what a lane took, until that is acknowledged
    Message message;
    bool given_again = false;
  };
  struct Lane {
    std::unique_ptr<Session> session = {};
    std::string name = {};
    std::uint64_t connection = 0;  // on which `held` was given
    std::deque<Held> held = {};    // in the order of giving; always empty in the first lane
    std::uint64_t moved_ms = 0;    // when something of it was acknowledged last, or it was empty
    bool up = false;               // as its events say
    std::string reason = {};       // why it is not
    std::uint64_t connected_ms = 0, ended_ms = 0;  // the last time
    std::uint64_t messages_in = 0, messages_out = 0, connects = 0, given_again = 0;
  };

  bool give(const Message& message);
  bool give_to(Lane& lane, const Message& message);
  std::vector<Lane*> by_load();
  void tend();
  void settle(Lane& lane);
  void rescue(Lane& lane);
  bool stands_still(const Lane& lane) const;
  bool gets_on(const Lane& lane) const;
  void take(std::size_t index, Event& event);
  void stop_sharing();
  void note_ends(Lane& lane, bool connected);
  void stay_alone();
  std::string shared(const std::string& filter) const {
    return "$share/" + options_.group + '/' + filter;
  }

  const Options options_;
  std::vector<Lane> lanes_;            // the first is the first session's
  std::size_t next_ = 0;               // lane that is polled first
  std::deque<Message> again_;          // taken, and lost with its connection
  std::map<std::string, Qos> shared_;  // standing filters that are shared
  bool sharing_ = true;
  std::deque<std::uint64_t> ended_ms_;  // endings of one by another, lately
};

}  // namespace tributary::transports
