// SPDX-License-Identifier: Apache-2.0
// Those who are not gateways: the broker and the fleet, and what is done to them.
//
//   play_broker(broker, plan.tracks.at("broker"), stage);
//   FleetPlayer fleet(options, stage);
//   fleet.play(plan.tracks.at("fleet"));
//   const std::string json = fleet.verdict();   // SIGTERM, and what it says
//
// Promise: both leave their process running.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/e2e/support/program.h"
#include "tests/processes/plan.h"
#include "tests/processes/stage.h"
#include "tests/support/mosquitto.h"

namespace tributary::processes {

void play_broker(test::Mosquitto& broker, const std::vector<Step>& steps, Stage& stage);

struct FleetOptions {
  std::filesystem::path directory;  // its memory, fleet.state, and its log, fleet.log
  std::uint16_t port = 0;
  std::uint64_t seed = 0;
  double memoryless = 0;         // share of devices
  std::uint32_t refresh_ms = 0;  // see the SDK; 0: never
};

class FleetPlayer {
 public:
  FleetPlayer(const FleetOptions& options, Stage& stage);
  void play(const std::vector<Step>& steps);
  // The verdict as JSON, empty when it gave none in time. From any thread, after play().
  std::string verdict();

 private:
  void perform(const Step& step);
  void again();

  Stage& stage_;
  const std::filesystem::path log_;
  e2e::Program program_;
  std::size_t life_began_ = 0;  // in the log: a life that was terminated has said its own verdict
};

}  // namespace tributary::processes
