// SPDX-License-Identifier: Apache-2.0
// A session with a broker, as everything above sees it: an outbox to push messages into and a
// stream of events to pull. Implemented over Paho (transports/mqtt) and by the in-process broker
// (transports/memory).
//
//   session->subscribe("tributary/v1/demo/up/+", Qos::at_most_once);
//   for (Event& e : session->poll(256)) …
//   if (!session->publish({.topic = t, .payload = p})) …  // the outbox is full: wait for on_ready
//
// Promises: messages of one publisher on one topic with one QoS are delivered in order, at least
// once with QoS 1 while the session lasts; nothing is promised over a disconnect, which empties the
// outbox. After a `connected` event the implementation has already sent every subscription that
// stands; retained publishes are the caller's to make again. Sessions are clean: the broker keeps
// nothing for us while we are away. What the broker refuses comes back as a `refused` event.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary::transports {

enum class Qos : std::uint8_t { at_most_once = 0, at_least_once = 1 };

struct Message {
  std::string topic = {};  // all have defaults: name just what you set
  std::string payload = {};
  Qos qos = Qos::at_least_once;
  bool retain = false;  // outgoing: keep it at the broker; incoming: it was kept there (a replay)
  std::string response_topic = {};  // MQTT 5 request/response, empty when unused
  std::string correlation = {};
};

struct Event {
  // `disconnected` also reports a connect that failed: the first time, and when its reason changes.
  // `part`: one of several connections came or went; for the log alone.
  enum class Kind : std::uint8_t { connected, disconnected, message, refused, part };
  Kind kind = Kind::message;
  Message message = {};     // kind == refused: only the topic (or filter) that was, if known
  std::string reason = {};  // of all kinds but message: in words for a log, never a secret
};

class Session {
 public:
  virtual ~Session() = default;

  // Takes the message for sending. False when disconnected or when the outbox is full: nothing was
  // taken. A message that can never be sent (a bad topic, too large) is taken and comes back as a
  // `refused` event.
  virtual bool publish(Message message) = 0;
  // The same for who tries again: it is moved from when it is taken, and left as it was otherwise.
  virtual bool offer(Message& message) { return publish(message); }

  // Stands until unsubscribed, over every reconnect. Subscribing again sends it again (retained
  // messages are replayed). `no_local`: the broker does not send us what we published ourselves,
  // but for retained messages, which it replays whoever published them.
  virtual void subscribe(const std::string& filter, Qos qos, bool no_local = false) = 0;
  virtual void unsubscribe(const std::string& filter) = 0;

  // At most `max` of the events that wait, oldest first; exactly `max` means: ask again. Never
  // blocks.
  virtual std::vector<Event> poll(std::size_t max) = 0;

  // So much waits to be polled that what is to be sent may have to wait for it, too.
  virtual bool inbound_full() const { return false; }

  virtual bool connected() const = 0;
  // Messages taken and not yet acknowledged by the broker.
  virtual std::size_t outbox_size() const = 0;

  // Both of one moment. What was taken before the last `unacknowledged` of this connection is at
  // the broker: acknowledgements come in the order of what they are for.
  struct Progress {
    std::uint64_t connection = 0;  // another number for each; 0: none
    std::size_t unacknowledged = 0;
  };
  virtual Progress progress() const { return {connected() ? 1U : 0U, outbox_size()}; }

  // A session made of several connections (transports/spread) says how each is.
  struct Part {
    std::string name;
    bool connected = false;
    std::string reason;      // why it is not
    std::size_t outbox = 0;  // taken, not acknowledged
    std::uint64_t messages_in = 0, messages_out = 0, connects = 0;
    std::uint64_t given_again = 0;  // of what it had taken, to others: it broke, or stood still
  };
  virtual std::vector<Part> parts() const { return {}; }

  // Called from any thread, without locks held, when poll() or publish() may have something new.
  // Set before start().
  virtual void on_ready(std::function<void()> wake) = 0;
  virtual void start() = 0;
  // Sends what is in the outbox for at most flush_ms, says goodbye, and ends. No event follows.
  // Idempotent.
  virtual void stop(std::uint32_t flush_ms) = 0;
};

// MQTT topic filters: does `filter` ('+', '#') match `topic`?
// A wildcard in the first level does not match a topic that begins with '$'.
bool topic_matches(std::string_view filter, std::string_view topic);

// May one publish on `topic`, subscribe to `filter`? 1 … 65,535 bytes of UTF-8 without U+0000;
// wildcards only where MQTT allows them. What breaks this rule would make the broker close the
// connection, so it must never be sent.
bool topic_valid(std::string_view topic);
bool filter_valid(std::string_view filter);

}  // namespace tributary::transports
