// SPDX-License-Identifier: Apache-2.0
// The bounded queue between Paho's receiving thread and whoever polls the session.
//
//   Inbox inbox({.messages_max = 10'000, .bytes_max = 64 << 20, .patience = 15s});
//   inbox.put(event, bytes);    // Paho's thread: waits for room
//   inbox.note(event);          // anybody: connected, disconnected, refused; never waits
//   auto events = inbox.take(256);
//
// Promise: put() never waits longer than `patience`, nor after close(); the queue never holds more
// than twice its limits (and 1,000 refusals). Thread-safe.
//
// Why twice: while put() waits, Paho sends nothing, for no session of the process. A reader that
// stops reading until it got rid of what it has to send would wait for itself. So as long as any
// session has something to send, put() waits only at twice the limits; and a reader that finds the
// inbox full() must go on reading, whatever it has to send; it is woken when that becomes so.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "transports/session.h"

namespace tributary::transports::mqtt {

class Inbox {
 public:
  struct Limits {
    std::size_t messages_max = 10'000;
    std::size_t bytes_max = 64U << 20U;
    std::chrono::milliseconds patience{15'000};
  };
  enum class Put : std::uint8_t { taken, closed, gave_up };

  explicit Inbox(const Limits& limits) : limits_(limits) {}

  void on_ready(std::function<void()> wake) { wake_ = std::move(wake); }  // before the first put
  Put put(Event event, std::size_t bytes);
  void note(Event event);
  std::vector<Event> take(std::size_t max);
  // At its limits: put() may wait by now.
  bool full() const;

  void open();
  void close();           // put() returns at once and takes nothing, until open()
  void hold(bool held);   // take() gives nothing while held
  void wake() const;      // calls on_ready's function
  void clear_and_mute();  // for ever: no event, no wake

  static void add_sender();     // a session has something to send or to be answered
  static void remove_sender();  // it has not any more

  // While one of these lives, no inbox of the process makes Paho's thread wait, limits or not: the
  // thread that would make room may be the one that now waits for Paho to end another session.
  class Hurry {
   public:
    Hurry();
    ~Hurry();
    Hurry(const Hurry&) = delete;
    Hurry& operator=(const Hurry&) = delete;
  };

 private:
  struct Item {
    Event event;
    std::size_t bytes;
  };

  bool at_limits() const;                   // REQUIRES mutex_
  bool must_wait(std::size_t bytes) const;  // REQUIRES mutex_
  bool push(Event event, std::size_t bytes);

  const Limits limits_;
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<Item> items_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  bool held_ = false;
  bool muted_ = false;
  bool armed_ = true;  // the reader has looked since the last wake: wake it again
};

}  // namespace tributary::transports::mqtt
