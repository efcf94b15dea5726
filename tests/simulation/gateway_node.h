// SPDX-License-Identifier: Apache-2.0
// One gateway of the simulation: the shipping pump (core, store, outboxes, SQLite) on a box of
// hardware, over the in-process brokers, started, turned and killed by the world.
//
//   GatewayNode g1({.id = "g1", …}, judge);
//   g1.boot(now_ms);
//   while (g1.turn(now_ms)) {}
//   g1.kill();  …  g1.boot(later);
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/app/pump.h"
#include "tests/simulation/clock.h"
#include "tests/simulation/exchanges.h"
#include "tests/simulation/hardware.h"
#include "tests/simulation/judge.h"
#include "transports/memory/broker.h"

namespace tributary::simulation {

class GatewayNode {
 public:
  struct Wire {
    transports::memory::Broker* broker = nullptr;
    core::LinkOptions options;
  };
  struct Setup {
    core::Options core;
    std::vector<Wire> wires;
    std::uint32_t checkpoint_pages = 40;
    std::uint64_t commit_ms = 3;
    std::uint64_t seed = 1;
    bool ghost = false;
    unsigned threads = 1;  // that verify and sign
    storage::Image image{};
    std::function<std::string()> registry{};  // the file's bytes; empty: there is none
  };
  GatewayNode(Setup setup, Judge& judge);

  // False: it could not start now (its disk fails, or is full): try again later.
  bool boot(std::uint64_t now_ms);
  void kill();                           // -9
  void terminate(std::uint64_t now_ms);  // SIGTERM: goes on until it is done, or too slow
  bool running() const { return pump_ != nullptr; }
  bool stopped() const { return stopped_until_ms_ > 0; }
  // SIGSTOP until then.
  void freeze(std::uint64_t until_ms) { stopped_until_ms_ = until_ms; }

  // One turn of the pump. True: at once again.
  bool turn(std::uint64_t now_ms);
  std::optional<std::uint64_t> next_ms() const;
  // After a turn: it died (in a commit, or of a damaged database, or it ended as it was asked to).
  bool died() const { return died_; }

  // Nothing is joined that is not on the disk.
  bool quiet() const { return running() && disk_->idle() && !gateway().summary().degraded; }
  // All checks that need a quiet gateway.
  void check(bool thorough);
  void check_now_and_then();

  const std::string& id() const { return setup_.core.gateway; }
  std::string client_id() const { return id(); }
  Exchanges exchanges() const;  // in all its lives
  const core::Gateway& gateway() const { return pump_->core(); }
  std::uint64_t file_bytes() const { return disk_->store().file_bytes(); }
  const Setup& setup() const { return setup_; }
  const std::vector<Wire>& wires() const { return setup_.wires; }
  Hardware box;
  Book book;
  WallClock clock;

 private:
  app::Pump::Options options();
  app::Pump::Link link(std::size_t index);
  std::unique_ptr<transports::Session> spread(std::unique_ptr<transports::Session> first,
                                              std::size_t more, transports::memory::Broker&);
  void sent(core::LinkId, const transports::Message&);
  void heard(core::LinkId, const transports::Event&);
  void logged(std::string_view kind, std::string_view text);
  void count_reached();
  void note_held();
  void forget();
  core::Instant instant() const { return {now_ms_, clock.wall_ms(now_ms_)}; }

  Setup setup_;
  Judge& judge_;
  Random random_;
  std::uint64_t now_ms_ = 0;
  std::map<core::LinkId, std::string> last_head_;  // of this life
  std::shared_ptr<bool> killed_;
  SimDisk* disk_ = nullptr;  // the pump's
  std::unique_ptr<app::Pump> pump_;
  bool woken_ = true, died_ = false;
  mutable std::optional<std::optional<std::uint64_t>> next_;  // of this turn, once asked for
  std::uint64_t stopped_until_ms_ = 0;
  std::optional<std::uint64_t> end_by_ms_;                             // SIGTERM was sent
  std::uint64_t commits_ = 0, erased_ = 0, looked_ = 0, rebuilt_ = 0;  // in this life
  Exchanges exchanges_;                                                // in those before
  std::size_t held_ = 0;  // registers from the future, at the last check
};

}  // namespace tributary::simulation
