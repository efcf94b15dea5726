// SPDX-License-Identifier: Apache-2.0
// Real gateways, a real broker and a real fleet, killed, stopped, damaged and starved; the fleet's
// verdict must be exact on every gateway.
//
//   TRIBUTARY_KILLS=n     kill -9 cycles of gateways in all (200)
//   TRIBUTARY_SEED=n      the first round's; the others follow
//   TRIBUTARY_STOP_S=n    the longest SIGSTOP of a round (30)
//   TRIBUTARY_OTHER_VERSION=path  another version's program, which takes a gateway's place for a
//   while
//
// The recorded run: TRIBUTARY_KILLS=5000 processes_test
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/processes/round.h"
#include "tests/processes/small_disk.h"

namespace tributary::processes {
namespace {

namespace fs = std::filesystem;

// More in one round only makes its plan harder to read.
constexpr std::uint32_t round_kills_max = 400;
constexpr std::uint32_t killed_percent =
    70;  // of all kills: those of rounds whose files stay whole

std::string no_mounts;  // why not; set in main, before there are threads
Tally total;

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t first_seed() {
  static const std::uint64_t seed =
      number("TRIBUTARY_SEED", std::uint64_t{std::random_device{}()} | 1);
  return seed;
}

fs::path fresh_directory() {
  std::string name = (fs::temp_directory_path() / "tributary-processes-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no directory in " + name);
  return name;
}

const char* test_of(Kind kind) {
  return kind == Kind::killed ? "Processes.Killed*" : "Processes.Damaged*";
}

std::string replay(const Plan& plan) {
  return "TRIBUTARY_SEED=" + std::to_string(plan.seed) +
         " TRIBUTARY_ROUND_KILLS=" + std::to_string(plan.wishes.kills) +
         " TRIBUTARY_STOP_S=" + std::to_string(plan.wishes.stop_ms / 1000) +
         " processes_test --gtest_filter='" + test_of(plan.wishes.kind) + "'";
}

void add(const Tally& tally) {
  for (const auto& [what, times] : tally) {
    std::uint64_t& sum = total[what];
    sum = what.find("longest") == std::string::npos ? sum + times : std::max(sum, times);
  }
}

// False when the round was not exact.
bool play_round(const Wishes& wishes, std::uint64_t seed) {
  const Plan plan = draw(wishes, seed);
  const fs::path directory = fresh_directory();
  const auto began = std::chrono::steady_clock::now();
  const Outcome outcome = play(plan, directory, no_mounts.empty());
  const auto took = std::chrono::steady_clock::now() - began;
  add(outcome.tally);
  const auto kills = outcome.tally.find("gateway: kill -9");
  std::printf("round %llu: %llu kills, %.1f s, %s\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(kills == outcome.tally.end() ? 0 : kills->second),
              std::chrono::duration<double>(took).count(),
              outcome.failures.empty() ? "exact" : "FAILED");
  std::fflush(stdout);
  if (outcome.failures.empty() && number("TRIBUTARY_KEEP", 0) == 0) {
    fs::remove_all(directory);
    return true;
  }
  if (outcome.failures.empty()) return true;
  for (const std::string& failure : outcome.failures) ADD_FAILURE() << failure;
  ADD_FAILURE() << "seed " << seed << "; what was done (+wait before it, amount, in ms):\n"
                << plan.text() << "logs and databases: " << directory.string()
                << "\nreplay: " << replay(plan);
  return false;
}

void play_rounds(Kind kind, std::uint64_t kills, std::uint64_t seed) {
  Wishes wishes{.kind = kind, .kills = 0, .stop_ms = 0};
  wishes.stop_ms = static_cast<std::uint32_t>(number("TRIBUTARY_STOP_S", 30) * 1'000);
  const std::uint64_t rounds = (kills + round_kills_max - 1) / round_kills_max;
  wishes.kills = static_cast<std::uint32_t>((kills + rounds - 1) / rounds);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    if (!play_round(wishes, seed + i)) return;
  }
}

std::uint64_t kills_of(Kind kind) {
  if (const std::uint64_t one = number("TRIBUTARY_ROUND_KILLS", 0)) return one;
  const std::uint64_t all = number("TRIBUTARY_KILLS", 200);
  const std::uint64_t killed = (all * killed_percent + 99) / 100;
  return kind == Kind::killed ? killed : all - killed;
}

TEST(Processes, KilledAndStoppedLosesNothingAcknowledged) {
  play_rounds(Kind::killed, kills_of(Kind::killed), first_seed());
}

TEST(Processes, DamagedFullSlowAndStarvedIsExactAgain) {
  if (!no_mounts.empty()) {
    std::printf("*** SKIPPED: full disks. No tmpfs can be mounted here: %s ***\n",
                no_mounts.c_str());
  }
  play_rounds(Kind::damaged, kills_of(Kind::damaged), first_seed());
}

class Summary : public ::testing::Environment {
 public:
  void SetUp() override { began_ = std::chrono::steady_clock::now(); }
  void TearDown() override {
    std::printf("\n%-64s %12s\n", "what", "times");
    for (const auto& [what, times] : total) {
      std::printf("%-64s %12llu\n", what.c_str(), static_cast<unsigned long long>(times));
    }
    const auto took = std::chrono::steady_clock::now() - began_;
    std::printf("%-64s %12.1f\n\n", "wall time, s", std::chrono::duration<double>(took).count());
  }

 private:
  std::chrono::steady_clock::time_point began_;
};

}  // namespace
}  // namespace tributary::processes

int main(int argc, char** argv) {
  tributary::processes::no_mounts = tributary::processes::enter_mount_namespace();
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new tributary::processes::Summary);
  return RUN_ALL_TESTS();
}
