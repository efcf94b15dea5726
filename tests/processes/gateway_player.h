// SPDX-License-Identifier: Apache-2.0
// Does to one gateway what the plan says, and is its supervisor: it starts it again.
//
//   GatewayPlayer player(node, stage, {.broker = broker.port(), .disk = &disk});
//   player.play(plan.tracks.at("g1"));      // returns with the gateway running and unharmed
//
// A gateway that ends by itself is a failure of the round, with one exception: after damage to its
// database or with its disk full it may end with status 5 (storage) and is started again.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "tests/processes/disk_watch.h"
#include "tests/processes/node.h"
#include "tests/processes/plan.h"
#include "tests/processes/small_disk.h"

namespace tributary::processes {

constexpr int storage_status = 5;
constexpr std::chrono::milliseconds clean_end_max{5'000};
constexpr std::chrono::seconds connect_max{30};  // also on a machine that does much else

class GatewayPlayer {
 public:
  GatewayPlayer(Node& node, Stage& stage, const SmallDisk* disk);
  void play(const std::vector<Step>& steps);
  void finish();  // the last of its ends: clean, when it still runs

 private:
  void perform(const Step& step);
  bool alive();  // starts it again where it may have ended
  void again(const Life& life = {});
  bool go_on();  // until it acknowledges
  bool until(std::chrono::milliseconds deadline, const std::string& what,
             const std::function<bool()>& condition);

  void kill_after(std::chrono::microseconds life);
  void kill_acked(const Step& step);
  void storm(const Step& step);
  void kill_in_commit(const Step& step);
  void kill_in_checkpoint();
  enum class Then : std::uint8_t { again, away };
  void end_clean(int signal, const char* counted, std::chrono::milliseconds limit,
                 Then then = Then::again);
  void hang_up();
  void stop(const Step& step);
  void damage(const Step& step);
  void newer_schema();
  void other_version(const Step& step);
  void full_disk(const Step& step);
  void slow_disk(const Step& step);
  void starve(const Step& step);
  bool flood(const Step& step);

  Node& node_;
  Stage& stage_;
  const SmallDisk* disk_;  // nullptr: that of everybody
  DiskWatch watch_;
  std::mt19937_64 random_;
  bool may_end_ = false;                        // with status 5
  bool keeps_copy_ = false, has_copy_ = false;  // of the database, to come back later
};

}  // namespace tributary::processes
