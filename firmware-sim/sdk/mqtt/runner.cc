// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/mqtt/runner.h"

#include <algorithm>
#include <chrono>

namespace tributary::sdk::mqtt {
namespace {

constexpr std::size_t events_of_a_step = 256;
constexpr std::uint64_t pause_max_ms = 60'000;
constexpr std::uint64_t refused_pause_ms = 50;  // a full outbox: on_ready usually comes first

}  // namespace

Runner::Runner(Device& device, transports::Session& session, const std::string& root)
    : device_(device),
      session_(session),
      prefix_(root + "/" + device.fleet() + "/"),
      ack_topic_(prefix_ + "ack/" + device.id()) {
  session_.subscribe(ack_topic_, transports::Qos::at_least_once);
}

std::vector<Event> Runner::step(std::uint64_t now_ms) {
  using Kind = transports::Event::Kind;
  std::vector<Event> out;
  for (transports::Event& e : session_.poll(events_of_a_step)) {
    if (e.kind == Kind::connected) {
      device_.link_up(now_ms);
    } else if (e.kind == Kind::disconnected) {
      refused_.clear();  // the device makes newer ones
    } else if (e.message.topic == ack_topic_) {
      for (Event& told : device_.receive(now_ms, e.message.payload)) out.push_back(std::move(told));
    }
  }
  if (session_.connected()) send(now_ms);
  return out;
}

void Runner::send(std::uint64_t now_ms) {
  const auto publish = [&](Packet& p) {
    transports::Message m;
    m.topic = prefix_ + p.topic;
    m.payload = p.payload;
    return session_.publish(std::move(m));
  };
  for (;;) {
    while (!refused_.empty()) {
      if (!publish(refused_.front())) return;
      refused_.pop_front();
    }
    std::vector<Packet> due = device_.poll(now_ms);
    if (due.empty()) return;
    for (Packet& p : due) refused_.push_back(std::move(p));
  }
}

std::uint64_t Runner::pause_ms(std::uint64_t now_ms) const {
  if (!session_.connected()) return pause_max_ms;
  if (!refused_.empty()) return refused_pause_ms;
  const std::uint64_t due = device_.deadline().value_or(now_ms + pause_max_ms);
  return due <= now_ms ? 0 : std::min(due - now_ms, pause_max_ms);
}

void Waker::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  ready_.notify_one();
}

void Waker::wait(std::uint64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [&] { return woken_; });
  woken_ = false;
}

}  // namespace tributary::sdk::mqtt
