// SPDX-License-Identifier: Apache-2.0
// One device of the simulation: the shipping library and its MQTT runner over an in-process broker,
// an application that does random things, a memory that may fail, and the log of it all.
//
//   DeviceNode d({.id = "dev-1-a", …}, judge);
//   d.boot(now_ms);
//   d.operate(now_ms);
//   d.step(now_ms);
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "firmware-sim/sdk/mqtt/runner.h"
#include "tests/simulation/clock.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/random.h"
#include "transports/memory/broker.h"

namespace tributary::simulation {

class DeviceNode {
 public:
  struct World {
    // An add of another actor that some gateway holds, for a foreign removal.
    std::function<std::optional<std::pair<KeyType, DotName>>(const Actor& self)> somebody_elses_add;
    // Some gateway shows that its owner retired it.
    std::function<bool(const DotName&, const KeyType&)> seen_dead;
    std::function<std::vector<Book*>()> books;
    std::function<void()> woken;  // next_ms() may have changed, and nobody had called it
  };
  struct Setup {
    std::string id, client_id;
    std::uint64_t memory_number = 0;  // copies of one device have different ones
    transports::memory::Broker* broker = nullptr;
    bool has_memory = true;
    bool always_saves = true;
    bool foreign_removals = false;
    std::uint64_t keys = 4;
    std::size_t element_bytes = 12, register_bytes = 8;
    bool one_register = false, ticks = false;
    sdk::Options sdk{};
    std::uint64_t seed = 1;
    World world{};
    bool lied_to = false;  // some acknowledgements are forged
  };
  DeviceNode(Setup setup, Judge& judge);

  void boot(std::uint64_t now_ms);
  void crash();
  void forget() { saved_ = {}; }  // its memory is lost
  bool running() const { return device_.has_value(); }
  // What was saved, to be put back later, and the memory whose log has it: not this device's own
  // when that was put back and did not run yet.
  struct Saved {
    std::string bytes;
    std::uint64_t memory_number = 0;
  };
  Saved saved() const { return {saved_, forked_from_.value_or(setup_.memory_number)}; }
  // An old copy takes its place, as a memory of its own. REQUIRES: it is not running.
  void put_back(Saved old, std::uint64_t memory_number);
  // A copy of this device as it was saved, with a memory of its own.
  std::unique_ptr<DeviceNode> copy(std::uint64_t memory_number, std::uint64_t seed) const;

  void operate(std::uint64_t now_ms);
  void step(std::uint64_t now_ms);
  std::optional<std::uint64_t> next_ms() const {
    if (!running()) return std::nullopt;
    return woken_ ? now_ms_ : next_ms_;
  }

  Actor actor() const { return {setup_.id, device_->epoch()}; }
  std::shared_ptr<const Log> log() const { return log_; }
  std::uint64_t unacknowledged() const { return device_->unacknowledged(); }
  const Setup& setup() const { return setup_; }
  // Of epochs that are over: the acknowledgements that this device received, and by whom.
  using Heard = std::vector<std::pair<std::uint64_t, Judge::Promise>>;  // (operation, by)
  const std::map<Actor, Heard>& closed() const { return closed_; }

  bool save_fails = false;
  WallClock clock;

 private:
  void begin_epoch();
  void close_epoch(std::uint64_t epoch);
  void heard(const transports::Event&);
  void take(const std::vector<sdk::Event>&);
  void foreign(std::uint64_t now_ms);
  std::string some_key();
  template <class Did>
  bool did(Did&& operation);

  Setup setup_;
  Judge& judge_;
  Random random_;
  std::string saved_;
  std::shared_ptr<bool> killed_;
  std::optional<sdk::Device> device_;
  std::unique_ptr<transports::Session> session_;
  std::optional<sdk::mqtt::Runner> runner_;
  std::shared_ptr<Log> log_;
  std::map<Actor, Heard> acks_, closed_;
  std::uint64_t now_ms_ = 0;
  std::uint64_t next_ms_ = 0;  // when step() is due by itself
  bool woken_ = true;
  std::optional<std::uint64_t> forked_from_;  // the memory whose log this one goes on from
};

}  // namespace tributary::simulation
