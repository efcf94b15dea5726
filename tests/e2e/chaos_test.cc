// SPDX-License-Identifier: Apache-2.0
// `tributary demo` while somebody kills what it runs: still exact.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;

// The newest pid that the demo reported for a process of its own.
pid_t pid_of(const std::string& log, const std::string& name) {
  const std::regex line("(?:  " + name + " +pid (\\d+)|" + name + " runs again, pid (\\d+))");
  pid_t pid = 0;
  for (std::sregex_iterator it(log.begin(), log.end(), line), end; it != end; ++it) {
    pid = std::atoi(((*it)[1].matched ? (*it)[1] : (*it)[2]).str().c_str());
  }
  return pid;
}

std::size_t count(const std::string& log, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = log.find(what); at != std::string::npos; at = log.find(what, at + 1)) ++n;
  return n;
}

void kill_and_wait(Program& demo, const std::string& name) {
  const std::size_t before = count(demo.log(), name + " runs again");
  const pid_t pid = pid_of(demo.log(), name);
  ASSERT_GT(pid, 0) << demo.log();
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(eventually(15s, [&] { return count(demo.log(), name + " runs again") > before; }))
      << demo.log();
}

TEST(Chaos, KilledGatewayAndBrokerWithoutItsDatabaseStillEndExact) {
  const test::TempDir dir;
  const std::string run_dir = (dir.path() / "run").string();
  Program demo(
      {"demo", "--seconds", "10", "--devices", "60", "--dir", run_dir, "--plain", "--no-host"},
      dir.path() / "out");
  ASSERT_TRUE(eventually(20s, [&] { return demo.log().find(" in step") != std::string::npos; }))
      << demo.log();
  kill_and_wait(demo, "g2");
  const pid_t broker = pid_of(demo.log(), "broker");
  std::filesystem::remove(run_dir + "/broker/mosquitto.db");
  kill_and_wait(demo, "broker");
  EXPECT_NE(pid_of(demo.log(), "broker"), broker);
  kill_and_wait(demo, "g1");
  const auto status = demo.wait(180s);
  ASSERT_TRUE(status.has_value()) << demo.log();
  EXPECT_EQ(*status, 0) << demo.log() << read_file(run_dir + "/fleet.log");
  EXPECT_NE(demo.log().find("EXACT"), std::string::npos) << demo.log();
}

// Random kills of one gateway under load; what was acknowledged is in the verdict.
TEST(Chaos, AGatewayKilledAgainAndAgainLosesNothingAcknowledged) {
  const char* wanted = std::getenv("TRIBUTARY_TEST_KILLS");
  const int kills = wanted == nullptr ? 10 : std::atoi(wanted);
  const test::TempDir dir;
  const std::string run_dir = (dir.path() / "run").string();
  Program demo({"demo", "--devices", "60", "--dir", run_dir, "--plain", "--no-host"},
               dir.path() / "out");
  ASSERT_TRUE(eventually(20s, [&] { return demo.log().find(" in step") != std::string::npos; }))
      << demo.log();
  for (int i = 0; i < kills; ++i) kill_and_wait(demo, i % 2 == 0 ? "g1" : "g3");
  ::kill(demo.pid(), SIGTERM);
  const auto status = demo.wait(180s);
  ASSERT_TRUE(status.has_value()) << demo.log();
  EXPECT_EQ(*status, 0) << demo.log() << read_file(run_dir + "/fleet.log");
}

TEST(Chaos, DevicesThatRebootAndForgetStillCountOnce) {
  Site site;
  site.gateway("g1", {"*-h1", "*-h3"});
  site.gateway("g2", {"*-h2", "*-h3"});
  const Ran ran = site.ask(
      {"simulate", "--gateways",   "g1,g2", "--devices",   "50",  "--seconds", "6",   "--reboot",
       "0.2",      "--memoryless", "0.3",   "--duplicate", "0.3", "--reorder", "0.3", "--loss",
       "0.3",      "--seed",       "11",    "--json"},
      150s);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  const auto verdict = nlohmann::json::parse(ran.out, nullptr, false);
  ASSERT_TRUE(verdict.is_object()) << ran.out;
  EXPECT_GT(verdict["reboots"], 10) << ran.out;
}

}  // namespace
}  // namespace tributary::e2e
