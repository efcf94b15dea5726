// SPDX-License-Identifier: Apache-2.0
// A pump that is turned by hand: its broker is a queue, its disk a real database that answers at
// once, and its clock moves when told to.
//
//   class MyTest : public PumpByHand {};
//   arrive("d1");  turn_until_idle();
//   EXPECT_EQ(session_->sent.size(), …);
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <stdexcept>
#include <utility>

#include "gateway/app/pump.h"
#include "tests/gateway/core/support/craft.h"
#include "tests/support/temp_dir.h"

namespace tributary::app {

using transports::Event;
using transports::Message;
using transports::Qos;

// Connected; takes `room` messages; gives what is put into `arrives`.
class ByHand : public transports::Session {
 public:
  bool publish(Message message) override {
    if (room == 0) return false;
    --room;
    sent.push_back(std::move(message));
    return true;
  }
  void subscribe(const std::string& filter, Qos qos, bool) override { filters[filter] = qos; }
  void unsubscribe(const std::string&) override {}
  std::vector<Event> poll(std::size_t max) override {
    std::vector<Event> out;
    for (; out.size() < max && !arrives.empty(); arrives.pop_front()) {
      out.push_back(std::move(arrives.front()));
    }
    return out;
  }
  bool inbound_full() const override { return full; }
  bool connected() const override { return true; }
  std::size_t outbox_size() const override { return unanswered; }
  void on_ready(std::function<void()>) override {}
  void start() override { arrives.push_back({Event::Kind::connected, {}, {}}); }
  void stop(std::uint32_t) override {}

  std::size_t room = 0, unanswered = 0;
  bool full = false;
  std::deque<Event> arrives;
  std::vector<Message> sent;
  std::map<std::string, Qos> filters;  // of what was ever subscribed to
};

class AtOnce : public Disk {
 public:
  explicit AtOnce(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}
  void commit(core::Ticket ticket, std::shared_ptr<const core::Commit> rows) override {
    replies_.push_back({Reply::Kind::commit, ticket, writer_.commit(*rows), 1, 1});
  }
  void snapshot(std::uint64_t, std::string) override {}
  void visit(std::uint64_t id, const std::function<void(store::Store&)>& work) override {
    work(*store_);
    replies_.push_back({Reply::Kind::visit, id, {}, 1, 1});
  }
  Result<core::ReadRows, store::Error> read(const core::RowsWanted& rows) override {
    return store_->read(rows);
  }
  std::vector<Reply> take_replies() override {
    if (!silent) return std::exchange(replies_, {});
    std::vector<Reply> out;  // visits are answered all the same
    for (std::size_t i = replies_.size(); i-- > 0;) {
      if (replies_[i].kind != Reply::Kind::visit) continue;
      out.insert(out.begin(), replies_[i]);
      replies_.erase(replies_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return out;
  }
  store::Store& store() { return *store_; }

  bool silent = false;  // commits happen, and are not answered

 private:
  std::unique_ptr<store::Store> store_;
  StoreWriter writer_{*store_};
  std::vector<Reply> replies_;
};

class PumpByHand : public testing::Test {
 protected:
  static constexpr std::size_t outbox_max = 8, pending_max = 4;
  static constexpr std::size_t acks_max = outbox_max + 2 * pending_max;  // full at half of it

  explicit PumpByHand(Beside* beside = nullptr) : beside_(beside) { open(options()); }

  Pump::Options options() {
    Pump::Options o;
    o.beside = beside_;
    o.core.fleet = "demo";
    o.core.gateway = "g1";
    o.core.batch_timeout_ms = 1;
    o.core.pending_envelopes_max = pending_max;
    o.database_path = (dir_.path() / "gateway.db").string();
    o.store.identity = {"demo", "g1"};
    o.store.random = [] { return 7; };
    o.random = [] { return 1; };
    o.clock = [this] { return core::Instant{1'700'000'000'000 + now_ms_, now_ms_}; };
    o.wake = [] {};
    o.log = [](core::Notice::Level, std::string_view, std::string_view) {};
    o.disk = [this](std::unique_ptr<store::Store> s) {
      auto made = std::make_unique<AtOnce>(std::move(s));
      disk_ = made.get();
      return made;
    };
    o.usage = [] { return Pump::Usage{}; };
    Pump::Link link;
    link.options.name = "local";
    link.outbox_max = outbox_max;
    link.connect = [this](const Message&) {
      auto made = std::make_unique<ByHand>();
      session_ = made.get();
      return made;
    };
    o.links.push_back(std::move(link));
    return o;
  }
  // Serves while it starts; time goes on with every look at the clock.
  Pump::Options early() {
    Pump::Options o = options();
    o.early = true;
    o.clock = [this] {
      now_ms_ += 10;
      return core::Instant{1'700'000'000'000 + now_ms_, now_ms_};
    };
    return o;
  }
  void open(Pump::Options o) {
    auto opened = Pump::open(std::move(o));
    if (!opened) throw std::runtime_error(opened.error().message);
    pump_ = std::move(*opened);
    turn();
  }

  // The first operation of a device named so.
  void arrive(const std::string& device) { arrive(device, core::testing::parts(0, 1, 5, device)); }
  void arrive(const std::string& device, std::string payload) {
    Event e;
    e.message.topic = "tributary/v1/demo/up/" + device;
    e.message.payload = std::move(payload);
    session_->arrives.push_back(std::move(e));
  }
  // d0, d1 and so on, each by itself.
  void all_arrive(std::uint64_t devices) {
    session_->room = 1'000'000;
    for (std::uint64_t d = 0; d < devices; ++d) {
      arrive("d" + std::to_string(d));
      turn_until_idle();
    }
  }
  bool turn() {
    now_ms_ += 10;
    return pump_->turn();
  }
  void turn_until_idle() {
    for (int i = 0; i < 10; ++i) turn();
  }
  void fill_outbox() {
    for (std::size_t i = 0; i < acks_max / 2; ++i) {
      arrive("d" + std::to_string(i));
      turn();
    }
    turn_until_idle();
  }

  Beside* beside_ = nullptr;
  test::TempDir dir_;
  std::uint64_t now_ms_ = 1;
  ByHand* session_ = nullptr;
  AtOnce* disk_ = nullptr;
  std::unique_ptr<Pump> pump_;
};

}  // namespace tributary::app
