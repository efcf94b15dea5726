// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/players.h"

#include <csignal>
#include <random>
#include <stdexcept>

#include "tests/processes/damage.h"

namespace tributary::processes {
namespace {

using namespace std::chrono_literals;

constexpr auto verdict_max = 120s;
// A bit that flips inside a retained message is nothing that Mosquitto could notice, and makes
// another, well-formed envelope of it: a forgery, which only signatures tell from the device's own.
constexpr std::uintmax_t broker_header_bytes = 64;

std::string fleet_log(const std::filesystem::path& directory) {
  return (directory / "fleet.log").string();
}

std::vector<std::string> fleet_words(const FleetOptions& o) {
  return {"simulate",
          "--broker",
          "mqtt://127.0.0.1:" + std::to_string(o.port),
          "--gateways",
          "g1,g2,g3",
          "--devices",
          "60",
          "--places",
          "4",
          "--rate",
          "4",
          "--loss",
          "0.1",
          "--reorder",
          "0.1",
          "--duplicate",
          "0.1",
          "--reboot",
          "0.05",
          "--memoryless",
          std::to_string(o.memoryless),
          "--refresh-ms",
          std::to_string(o.refresh_ms),
          "--seed",
          std::to_string(o.seed),
          "--state",
          (o.directory / "fleet.state").string(),
          "--seconds",
          "0",
          "--deadline",
          "90",
          "--json"};
}

// Mosquitto does not start with a database that it cannot read: who supervises it throws it away.
void start_broker(test::Mosquitto& broker, Stage& stage) {
  try {
    broker.start();
  } catch (const std::runtime_error&) {
    stage.count("broker: databases thrown away because it did not start with them");
    broker.forget_database();
    broker.start();
  }
}

void perform(test::Mosquitto& broker, const Step& step, Stage& stage) {
  std::mt19937_64 random(step.seed);
  switch (step.what) {
    case What::broker_stop:
      broker.pause();
      stage.pause(std::chrono::milliseconds(step.amount));
      broker.resume();
      return;
    case What::broker_term:
      broker.stop();
      break;
    case What::broker_kill:
      broker.kill();
      break;
    case What::broker_forget:
      broker.kill();
      broker.forget_database();
      break;
    case What::broker_damage:
      broker.kill();
      if (random() % 2 == 0) {
        flip_bits(broker.directory() / "mosquitto.db", random, broker_header_bytes);
      } else {
        cut(broker.directory() / "mosquitto.db", random);
      }
      break;
    default:
      stage.fail(std::string(name(step.what)) + " is nothing to do to a broker");
      return;
  }
  start_broker(broker, stage);
}

}  // namespace

void play_broker(test::Mosquitto& broker, const std::vector<Step>& steps, Stage& stage) {
  for (const Step& step : steps) {
    if (!stage.pause(std::chrono::milliseconds(step.wait_ms))) return;
    perform(broker, step, stage);
    stage.count(std::string("broker: ") + name(step.what));
  }
}

FleetPlayer::FleetPlayer(const FleetOptions& options, Stage& stage)
    : stage_(stage),
      log_(fleet_log(options.directory)),
      program_(fleet_words(options), log_, e2e::Program::Start::later) {}

void FleetPlayer::play(const std::vector<Step>& steps) {
  again();
  for (const Step& step : steps) {
    if (!stage_.pause(std::chrono::milliseconds(step.wait_ms))) return;
    if (!program_.running()) {
      stage_.fail("the fleet ended by itself:\n" + program_.log());
      return;
    }
    perform(step);
  }
}

void FleetPlayer::again() {
  life_began_ = program_.log().size();
  program_.start();
}

void FleetPlayer::perform(const Step& step) {
  const auto time = std::chrono::milliseconds(step.amount);
  switch (step.what) {
    case What::fleet_stop:
      ::kill(program_.pid(), SIGSTOP);
      stage_.pause(time);
      ::kill(program_.pid(), SIGCONT);
      stage_.count("fleet: SIGSTOP and SIGCONT");
      return;
    case What::fleet_term:
      // It stops issuing, and waits for gateways to agree, which they may not do just now.
      ::kill(program_.pid(), SIGTERM);
      for (auto left = time; left > 0ms && program_.running(); left -= 20ms) stage_.pause(20ms);
      if (program_.running()) {
        program_.end(SIGKILL);
        stage_.count("fleet: SIGTERM, of these -9 while it waited for gateways to agree");
      }
      stage_.count("fleet: SIGTERM, gone on with its memory");
      return again();
    case What::fleet_kill:
      program_.end(SIGKILL);
      stage_.count("fleet: kill -9, gone on with its memory");
      return again();
    default:
      stage_.fail(std::string(name(step.what)) + " is nothing to do to a fleet");
  }
}

std::string FleetPlayer::verdict() {
  if (!program_.running()) return {};
  ::kill(program_.pid(), SIGTERM);
  program_.wait(verdict_max);
  const std::string log = program_.log().substr(life_began_);
  const std::size_t at = log.rfind("\n{\n");
  return at == std::string::npos ? std::string() : log.substr(at);
}

}  // namespace tributary::processes
