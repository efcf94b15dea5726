// SPDX-License-Identifier: Apache-2.0
// A session that tells what passes through it, and that can die as a process dies: without goodbye,
// so that the broker publishes the will.
//
//   SpySession spy(broker.session("g1", will), {.sent = …, .heard = …}, killed);
//   *killed = true;     // from now on stop() says nothing to the broker
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "transports/session.h"

namespace tributary::simulation {

class SpySession final : public transports::Session {
 public:
  struct Ears {
    std::function<void(const transports::Message&)> sent;  // before the session takes it, or not
    std::function<void(const transports::Event&)> heard;
  };
  SpySession(std::unique_ptr<transports::Session> inner, Ears ears, std::shared_ptr<bool> killed)
      : inner_(std::move(inner)), ears_(std::move(ears)), killed_(std::move(killed)) {}

  bool publish(transports::Message message) override {
    if (!inner_->connected()) return false;
    ears_.sent(message);
    return inner_->publish(std::move(message));
  }
  void subscribe(const std::string& filter, transports::Qos qos, bool no_local) override {
    inner_->subscribe(filter, qos, no_local);
  }
  void unsubscribe(const std::string& filter) override { inner_->unsubscribe(filter); }
  std::vector<transports::Event> poll(std::size_t max) override {
    std::vector<transports::Event> events = inner_->poll(max);
    for (const transports::Event& e : events) ears_.heard(e);
    return events;
  }
  bool inbound_full() const override { return inner_->inbound_full(); }
  bool connected() const override { return inner_->connected(); }
  std::size_t outbox_size() const override { return inner_->outbox_size(); }
  void on_ready(std::function<void()> wake) override { inner_->on_ready(std::move(wake)); }
  void start() override { inner_->start(); }
  void stop(std::uint32_t flush_ms) override {
    if (!*killed_) inner_->stop(flush_ms);
  }

 private:
  std::unique_ptr<transports::Session> inner_;
  Ears ears_;
  std::shared_ptr<bool> killed_;
};

}  // namespace tributary::simulation
