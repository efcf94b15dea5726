// SPDX-License-Identifier: Apache-2.0
// SIGHUP and SIGTERM under load: nothing is lost, and a bad configuration changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using nlohmann::json;
using test::eventually;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class ReloadUnderLoad : public testing::Test {
 protected:
  std::string file() { return (site.dir.path() / "g1" / "gateway.toml").string(); }
  json status() {
    const Ran ran = site.ask({"status", "--json", "--gateway", "g1", "--timeout-ms", "5000"});
    const json all = json::parse(ran.out, nullptr, false);
    return all.is_array() && !all.empty() ? all[0] : json::object();
  }
  std::size_t count(const std::string& log, const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = log.find(what, at)) != std::string::npos; ++at) ++n;
    return n;
  }
  void start() {
    g1 = &site.gateway("g1");
    site.gateway("g2");
    plain = read_file(file());
    ASSERT_TRUE(eventually(20s, [&] {
      return !site.digest("g1").empty() && !site.digest("g2").empty();
    })) << g1->log();
  }
  // A fleet at work for so many seconds; its verdict is in the log when it ended.
  std::unique_ptr<Program> fleet(const std::string& seconds) {
    std::vector<std::string> words = {"simulate",  "--devices", "50",     "--rate", "10",
                                      "--seconds", seconds,     "--json", "--seed", "7"};
    for (const std::string& word : site.at()) words.push_back(word);
    return std::make_unique<Program>(words, site.dir.path() / "fleet.log");
  }

  Site site;
  Program* g1 = nullptr;
  std::string plain;
};

TEST_F(ReloadUnderLoad, LosesNoPacketAndABadConfigurationIsRefusedWhole) {
  start();
  const auto load = fleet("4");
  ASSERT_TRUE(eventually(20s, [&] { return status().value("actors", 0) >= 50; })) << g1->log();
  std::size_t reloads = 0, refusals = 0;
  for (int round = 0; round < 5; ++round) {
    write_file(file(), plain + "[log]\nlevel = \"" + (round % 2 ? "info" : "debug") + "\"\n");
    ::kill(g1->pid(), SIGHUP);
    ++reloads;
    ASSERT_TRUE(eventually(20s, [&] { return count(g1->log(), "reloaded:") == reloads; }))
        << g1->log();
    write_file(file(), plain + "[log]\nlevel = \"loud\"\n");
    ::kill(g1->pid(), SIGHUP);
    ++refusals;
    // The log says a trouble once an interval; the status says the last one.
    ASSERT_TRUE(eventually(20s, [&] {
      const json said = status();
      return said.contains("reload") && said["reload"].is_object() &&
             said["reload"]["refused"].get<std::string>().find("loud") != std::string::npos;
    })) << g1->log();
  }
  EXPECT_THAT(g1->log(), HasSubstr("reload-refused: "));
  EXPECT_THAT(g1->log(), HasSubstr("what was in force stays so"));
  const auto verdict = load->wait(90s);
  ASSERT_TRUE(verdict) << "the fleet did not end";
  EXPECT_EQ(*verdict, 0) << load->log() << g1->log();
  EXPECT_THAT(g1->log(), Not(HasSubstr("disconnected")));
  const json said = status();
  EXPECT_EQ(said.at("shed"), 0U);
  EXPECT_EQ(said.at("links")[0].at("dropped"), 0U);
  EXPECT_EQ(said.at("counters").at("gaps"), 0U);
  EXPECT_EQ(said.at("counters").at("rejected_total"), 0U);
  EXPECT_TRUE(g1->running());
}

// The fleet has 50 devices, and there is room for 20: raised while it works, all of it is counted.
TEST_F(ReloadUnderLoad, ALimitThatIsRaisedLetsInWhatItHadKeptOut) {
  start();
  write_file(file(), plain + "[limits]\nactors_max = 20\n");
  ::kill(g1->pid(), SIGHUP);
  ASSERT_TRUE(eventually(20s, [&] { return count(g1->log(), "reloaded:") == 1; })) << g1->log();
  const auto load = fleet("3");
  ASSERT_TRUE(eventually(20s, [&] {
    const json said = status();
    return said.value("actors", 0) == 20 && said["counters"]["rejected"]["limit"] > 0;
  })) << g1->log();
  write_file(file(), plain + "[limits]\nactors_max = 200\n[memory]\nlww_max_mb = 100\n");
  ::kill(g1->pid(), SIGHUP);
  ASSERT_TRUE(eventually(20s, [&] { return status().value("actors", 0) >= 50; })) << g1->log();
  EXPECT_EQ(status()["memory"]["types"]["lww"]["max"], std::uint64_t{100} << 20);
  const auto verdict = load->wait(90s);
  ASSERT_TRUE(verdict) << "the fleet did not end";
  EXPECT_EQ(*verdict, 0) << load->log() << g1->log();
  EXPECT_THAT(g1->log(), Not(HasSubstr("disconnected")));
}

TEST_F(ReloadUnderLoad, AnotherTokenCountsAtOnceAndTheOneBeforeNoMore) {
  const std::string token = (site.dir.path() / "token").string();
  const std::string before = (site.dir.path() / "before").string();
  const auto write = [](const std::string& path, const std::string& text) {
    write_file(path, text + "\n");
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  };
  write(token, "the token at the start");
  write(before, "the token at the start");
  Program& g3 =
      site.gateway("g3", {"*"}, "[http]\nlisten = \"\"\ntoken_file = \"" + token + "\"\n");
  ASSERT_TRUE(eventually(20s, [&] { return !site.digest("g3").empty(); })) << g3.log();
  const auto add = [&](const std::string& file) {
    return site.ask({"operate", "plant/parts", "gcounter", "increment", "5", "--gateway", "g3",
                     "--token-file", file});
  };
  Ran ran = add(token);
  EXPECT_EQ(ran.status, 0) << ran.err;
  write(token, "another token, of now");
  ::kill(g3.pid(), SIGHUP);
  ASSERT_TRUE(eventually(20s, [&] {
    return count(g3.log(), "reloaded: http.token_file: another token") == 1;
  })) << g3.log();
  ran = add(before);
  EXPECT_NE(ran.status, 0) << ran.out;
  EXPECT_THAT(ran.err, HasSubstr("that is not the token of http.token_file"));
  ran = add(token);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(eventually(20s, [&] { return site.get("g3", "plant/parts") == "10"; }));
  EXPECT_THAT(g3.log(), Not(HasSubstr("another token, of now"))) << "it is a secret";
}

TEST_F(ReloadUnderLoad, ACopyOfTheDatabaseUnderLoadIsSound) {
  start();
  const auto load = fleet("3");
  ASSERT_TRUE(eventually(20s, [&] { return status().value("actors", 0) >= 50; })) << g1->log();
  for (int round = 0; round < 3; ++round) {
    const std::string copy = (site.dir.path() / ("copy-" + std::to_string(round))).string();
    const Ran made = run({"backup", site.database("g1"), copy});
    EXPECT_EQ(made.status, 0) << made.out << made.err << g1->log();
  }
  const auto verdict = load->wait(90s);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(*verdict, 0) << load->log();
}

TEST_F(ReloadUnderLoad, AStopIsCleanAndInTimeAndNothingAcknowledgedIsLost) {
  start();
  const auto load = fleet("4");
  ASSERT_TRUE(eventually(20s, [&] { return status().value("actors", 0) >= 50; })) << g1->log();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(g1->end(SIGTERM), 0) << g1->log();
    EXPECT_EQ(count(g1->log(), "stopped: everything accepted is on the disk"),
              static_cast<std::size_t>(round) + 1)
        << g1->log();
    const Ran sound = run({"verify", site.database("g1")});
    EXPECT_EQ(sound.status, 0) << sound.out << sound.err;
    g1->start();
    ASSERT_TRUE(eventually(20s, [&] { return !site.digest("g1").empty(); })) << g1->log();
  }
  const auto verdict = load->wait(90s);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(*verdict, 0) << load->log() << g1->log();
}

}  // namespace
}  // namespace tributary::e2e
