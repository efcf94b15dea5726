// SPDX-License-Identifier: Apache-2.0
// Several sessions per uplink with a real Mosquitto: shared, killed one by one, and all at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"
#include "transports/mqtt/session.h"

namespace tributary::e2e {
namespace {

using nlohmann::json;
using test::eventually;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

class Uplinks : public testing::Test {
 protected:
  Uplinks() { ::setenv("TRIBUTARY_BROKER_LOCAL_SESSIONS", "4", 1); }
  ~Uplinks() override { ::unsetenv("TRIBUTARY_BROKER_LOCAL_SESSIONS"); }

  json link(const std::string& gateway) {
    const Ran ran = site.ask({"status", "--json", "--gateway", gateway, "--timeout-ms", "5000"});
    const json all = json::parse(ran.out, nullptr, false);
    const bool answered = all.is_array() && !all.empty() && all[0].contains("links");
    return answered ? all[0]["links"].at(0) : json::object();
  }
  // That session's turn, from 1: a member of its link's status.
  json session(const std::string& gateway, std::size_t n) {
    const json of = link(gateway);
    return of.contains("sessions") ? of["sessions"].at(n - 1) : json::object();
  }
  bool all_connected(const std::string& gateway) {
    const json of = link(gateway);
    if (!of.contains("sessions") || of["sessions"].size() != 4) return false;
    return std::all_of(of["sessions"].begin(), of["sessions"].end(),
                       [](const json& s) { return s.at("connected") == true; });
  }
  void start() {
    g1 = &site.gateway("g1");
    g2 = &site.gateway("g2", {"nobody"});
    for (const char* g : {"g1", "g2"})
      ASSERT_TRUE(eventually(30s, [&] { return all_connected(g); })) << g1->log() << g2->log();
  }
  std::unique_ptr<Program> fleet(const std::string& seconds) {
    std::vector<std::string> words = {"simulate",  "--devices", "60",     "--rate", "10",
                                      "--seconds", seconds,     "--json", "--seed", "7"};
    for (const std::string& word : site.at()) words.push_back(word);
    return std::make_unique<Program>(words, site.dir.path() / "fleet.log");
  }
  // Takes the connection of that client id at the broker, which ends the one that had it.
  void kill_session(const std::string& client_id) {
    auto thief = transports::mqtt::make_session({.uri = site.broker.uri(), .client_id = client_id});
    thief->on_ready([] {});
    thief->start();
    ASSERT_TRUE(eventually(20s, [&] { return thief->connected(); }));
    thief->stop(1'000);
  }

  Site site;
  Program *g1 = nullptr, *g2 = nullptr;
};

TEST_F(Uplinks, AKilledSessionTakesNothingWithItAndTheUplinkStays) {
  start();
  const auto load = fleet("6");
  ASSERT_TRUE(eventually(20s,
                         [&] {
                           return session("g1", 3).value("messages_out", 0) > 0 &&
                                  session("g2", 3).value("messages_in", 0) > 0;
                         }))
      << link("g1").dump() << link("g2").dump();
  for (const char* n : {"2", "3", "4"}) {
    kill_session("tributary-g1-local." + std::string(n));
    kill_session("tributary-g2-local." + std::string(n));
  }
  const auto verdict = load->wait(120s);
  ASSERT_TRUE(verdict) << "the fleet did not end";
  EXPECT_EQ(*verdict, 0) << load->log() << g1->log() << g2->log();
  for (const char* g : {"g1", "g2"}) {
    EXPECT_TRUE(eventually(30s, [&] { return all_connected(g); })) << link(g).dump(1);
    for (std::size_t n = 2; n <= 4; ++n) EXPECT_GE(session(g, n).at("connects"), 2) << g << n;
    EXPECT_EQ(session(g, 1).at("connects"), 1) << "the uplink itself went down";
    EXPECT_GT(session(g, 4).at("messages_in"), 0) << g;
  }
  EXPECT_THAT(g1->log(), Not(HasSubstr("disconnected")));
  EXPECT_THAT(g1->log(), HasSubstr("session 3: "));
}

TEST_F(Uplinks, ABrokerKilledTakesThemAllAndTheyComeBack) {
  start();
  site.replay("dev-1", "1,plant/parts,gcounter,add,3\n");
  ASSERT_TRUE(eventually(20s, [&] { return site.get("g2", "plant/parts") == "3"; }));
  site.broker.kill();
  site.broker.start();
  for (const char* g : {"g1", "g2"})
    ASSERT_TRUE(eventually(60s, [&] { return all_connected(g); })) << link(g).dump(1);
  site.replay("dev-2", "1,plant/parts,gcounter,add,4\n");
  EXPECT_TRUE(eventually(20s, [&] { return site.get("g2", "plant/parts") == "7"; }))
      << g1->log() << g2->log();
}

// Some with several and some with one speak with each other like any two.
TEST_F(Uplinks, AGatewayWithOneHearsOneWithSeveralAndTheOtherWayRound) {
  start();
  ::setenv("TRIBUTARY_BROKER_LOCAL_SESSIONS", "1", 1);
  Program& g3 = site.gateway("g3", {"lone-*"});
  site.replay("dev-1", "1,plant/parts,gcounter,add,3\n");
  site.replay("lone-1", "1,plant/parts,gcounter,add,4\n");
  for (const char* g : {"g1", "g2", "g3"}) {
    EXPECT_TRUE(eventually(20s, [&] { return site.get(g, "plant/parts") == "7"; }))
        << g << g3.log();
  }
  EXPECT_FALSE(link("g3").contains("sessions"));
}

// As the broker files of `tributary fleet` have it: a certificate is one client id.
TEST_F(Uplinks, WhereTheBrokerGivesThemOneClientIdTheFirstStaysAlone) {
  ::setenv("TRIBUTARY_BROKER_LOCAL_USERNAME", "g1", 1);
  site.broker.stop();
  site.broker.configure("use_username_as_clientid true\n");
  site.broker.start();
  Program& only = site.gateway("g1");
  const Ran checked = run({"check", (site.dir.path() / "g1" / "gateway.toml").string()});
  ::unsetenv("TRIBUTARY_BROKER_LOCAL_USERNAME");
  EXPECT_THAT(checked.out + checked.err, HasSubstr("4 sessions will be one")) << checked.out;
  ASSERT_TRUE(eventually(60s, [&] {
    return only.log().find("the first one stays alone") != std::string::npos;
  })) << only.log();
  const auto status = [&] {
    const Ran ran = site.ask({"status", "--json", "--gateway", "g1", "--username", "judge"});
    const json all = json::parse(ran.out, nullptr, false);
    return all.is_array() && !all.empty() ? all[0] : json::object();
  };
  EXPECT_TRUE(eventually(30s, [&] {
    const json now = status();
    return now.contains("links") && now["links"][0].at("sessions").size() == 1;
  })) << only.log();
}

TEST_F(Uplinks, TheCheckTriesWhetherTheBrokerShares) {
  site.gateway("g1");
  const Ran ran = run({"check", (site.dir.path() / "g1" / "gateway.toml").string()});
  EXPECT_THAT(ran.out + ran.err, HasSubstr("shared among 4 sessions")) << ran.out << ran.err;
}

}  // namespace
}  // namespace tributary::e2e
