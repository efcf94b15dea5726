// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/round.h"

#include <array>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "firmware-sim/fleet/fleet.h"
#include "tests/processes/gateway_player.h"
#include "tests/processes/players.h"

namespace tributary::processes {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::vector<std::string> gateways{"g1", "g2", "g3"};
constexpr std::size_t players_count = 5;
constexpr auto steps_max = 400s;  // for everybody to get through
constexpr std::uint64_t small_disk_bytes = 16 << 20;
constexpr double memoryless_share = 0.3;
// A gateway whose database is gone is owed what it alone had acknowledged: devices learn of it when
// they speak, so they speak on for a while, and ask now and then after that.
constexpr auto speak_on = 3s;
constexpr std::uint32_t refresh_ms = 30'000;

// Saved every second, so that what a killed broker comes back with is old, not empty.
constexpr const char* broker_lines =
    "persistence true\nautosave_interval 1\nmax_queued_messages 100000\n"
    "message_size_limit 1048576\nmax_inflight_messages 200\nset_tcp_nodelay true\n";

std::uint64_t ms_since(std::chrono::steady_clock::time_point began) {
  const auto took = std::chrono::steady_clock::now() - began;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
}

class Round {
 public:
  Round(const Plan& plan, const std::filesystem::path& directory, bool mounts)
      : plan_(plan),
        directory_(directory),
        broker_(broker_lines),
        acks_(broker_.port(), gateways),
        fleet_({.directory = directory,
                .port = broker_.port(),
                .seed = plan.seed,
                .memoryless = plan.wishes.kind == Kind::killed ? memoryless_share : 0,
                .refresh_ms = plan.wishes.kind == Kind::killed ? 0 : refresh_ms},
               stage_) {
    for (std::uint32_t i = 0; i < gateways.size(); ++i) add_gateway(i, mounts);
  }

  Outcome play() {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      threads.push_back(player([this, i] { players_[i]->play(track(gateways[i])); },
                               [this, i] { players_[i]->finish(); }));
    }
    threads.push_back(player([this] { play_broker(broker_, track("broker"), stage_); }, [] {}));
    threads.push_back(player([this] { fleet_.play(track("fleet")); }, [] {}));
    const auto began = std::chrono::steady_clock::now();
    wait_for_players();
    stage_.count("time: steps, ms", ms_since(began));
    const auto stopped = std::chrono::steady_clock::now();
    if (!stage_.failed()) judge(ask_fleet());
    stage_.count("time: until the verdict, ms", ms_since(stopped));
    stage_.end();
    threads.clear();
    if (stage_.failed()) e2e::write_file(directory_ / "broker.log", broker_.log());
    return {stage_.failures(), stage_.tally()};
  }

 private:
  void add_gateway(std::uint32_t index, bool mounts) {
    const std::string& name = gateways[index];
    nodes_.push_back(std::make_unique<Node>(
        Place{.name = name,
              .hears = fleet::earshot_patterns(index, static_cast<std::uint32_t>(gateways.size())),
              .port = broker_.port(),
              .directory = directory_},
        stage_, acks_));
    if (name == plan_.small_disk && mounts) {
      small_disk_.emplace(nodes_.back()->data(), small_disk_bytes);
    }
    const bool small = small_disk_ && name == plan_.small_disk;
    players_.push_back(
        std::make_unique<GatewayPlayer>(*nodes_.back(), stage_, small ? &*small_disk_ : nullptr));
  }

  const std::vector<Step>& track(const std::string& name) const { return plan_.tracks.at(name); }

  // A thread keeps its children until the end of the round: they end with it.
  std::jthread player(std::function<void()> steps, std::function<void()> finish) {
    return std::jthread([this, steps = std::move(steps), finish = std::move(finish)] {
      try {
        steps();
      } catch (const std::exception& e) {
        stage_.fail(e.what());
      }
      stage_.done();
      stage_.wait_for_end();
      finish();
    });
  }

  void wait_for_players() {
    const auto end = std::chrono::steady_clock::now() + steps_max;
    while (stage_.players_done() < players_count) {
      acks_.step();
      if (!stage_.pause(5ms)) continue;  // given up: they come to their ends
      if (std::chrono::steady_clock::now() > end) stage_.fail("the steps take too long");
    }
    const auto silence = std::chrono::steady_clock::now() + speak_on;
    while (std::chrono::steady_clock::now() < silence && stage_.pause(5ms)) acks_.step();
  }

  // Waits for the verdict, on another thread: acks are counted meanwhile.
  json ask_fleet() {
    std::string text;
    {
      std::jthread asking([&] { text = fleet_.verdict(); });
    }
    acks_.step();
    return json::parse(text, nullptr, false);
  }

  void judge(const json& verdict) {
    if (!verdict.is_object()) return stage_.fail("the fleet gave no verdict: see fleet.log");
    const auto issued = verdict.at("issued").get<std::uint64_t>();
    const auto unsure = verdict.at("unsure").get<std::uint64_t>();
    stage_.count("operations: issued", issued);
    stage_.count("operations: acknowledged or kept by the device", issued - unsure);
    stage_.count("operations: lost with a device's memory, unacknowledged", unsure);
    for (const json& g : verdict.at("gateways")) {
      stage_.count("operations: lost, all gateways", g.at("lost").get<std::uint64_t>());
      stage_.count("operations: double-counted, all gateways",
                   g.at("double_counted").get<std::uint64_t>());
    }
    if (!verdict.at("exact").get<bool>()) stage_.fail("NOT EXACT:\n" + verdict.dump(2));
    if (!verdict.at("settled").get<bool>()) stage_.fail("not settled:\n" + verdict.dump(2));
    for (const auto& node : nodes_) {
      if (!node->running()) stage_.fail(node->name() + " ended by itself at the end");
    }
    stage_.count("rounds: exact on every gateway, digests equal", stage_.failed() ? 0 : 1);
  }

  const Plan& plan_;
  const std::filesystem::path directory_;
  Stage stage_;
  test::Mosquitto broker_;
  AckWatch acks_;
  std::optional<SmallDisk> small_disk_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<GatewayPlayer>> players_;
  FleetPlayer fleet_;
};

}  // namespace

Outcome play(const Plan& plan, const std::filesystem::path& directory, bool mounts) {
  return Round(plan, directory, mounts).play();
}

}  // namespace tributary::processes
