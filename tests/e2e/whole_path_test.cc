// SPDX-License-Identifier: Apache-2.0
// The main job with real processes: device → gateway → acknowledgement → the same value elsewhere.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;

TEST(WholePath, ASecondGatewayShowsWhatTheFirstOneHeard) {
  Site site;
  site.gateway("g1");
  site.gateway("g2", {"nobody"});
  site.replay("dev-1",
              "1700000000000,plant/parts,gcounter,add,3\n"
              "1700000000001,plant/parts,gcounter,add,4\n"
              "1700000000002,hall/people,pncounter,add,5\n"
              "1700000000003,hall/people,pncounter,subtract,2\n"
              "1700000000004,hall/badges,gset,insert,ann\n"
              "1700000000005,hall/alarms,orset,insert,fire\n"
              "1700000000006,hall/alarms,orset,insert,door\n"
              "1700000000007,hall/alarms,orset,erase,fire\n"
              "1700000000008,hall/temperature,lww,set,21.5\n");
  EXPECT_EQ(site.get("g1", "plant/parts"), "7") << "acknowledged means committed there";
  EXPECT_TRUE(eventually(10s, [&] { return site.get("g2", "plant/parts") == "7"; }));
  EXPECT_EQ(site.get("g2", "hall/people"), "3");
  EXPECT_EQ(site.get("g2", "hall/badges"), R"(["ann"])");
  EXPECT_EQ(site.get("g2", "hall/alarms"), R"(["door"])");
  EXPECT_EQ(site.get("g2", "hall/temperature"), "21.5");
  EXPECT_TRUE(eventually(10s, [&] {
    const std::string digest = site.digest("g1");
    return !digest.empty() && digest == site.digest("g2");
  }));
}

TEST(WholePath, WatchShowsOneTableAndSaysWhetherTheGatewaysAgree) {
  Site site;
  site.gateway("g1");
  site.gateway("g2", {"nobody"});
  site.replay("dev-1", "1,plant/parts,gcounter,add,1234567\n");
  ASSERT_TRUE(eventually(10s, [&] { return site.get("g2", "plant/parts") == "1234567"; }));
  Ran ran;
  EXPECT_TRUE(eventually(20s,
                         [&] {
                           ran = site.ask({"watch", "--once"});
                           return ran.status == 0 &&
                                  ran.out.find("plant/parts") != std::string::npos;
                         }))
      << ran.out << ran.err;
  for (const char* word : {"GATEWAY", "g1", "g2", "online", "plant/parts", "1,234,567", "yes"}) {
    EXPECT_NE(ran.out.find(word), std::string::npos) << word << "\n" << ran.out;
  }
  const auto json = nlohmann::json::parse(site.ask({"watch", "--once", "--json"}).out);
  EXPECT_EQ(json["in_step"], true);
}

TEST(WholePath, AGatewayThatStopsCleanSaysSoAndComesBackWithItsState) {
  Site site;
  Program& g1 = site.gateway("g1");
  site.replay("dev-1", "1,a,gcounter,add,2\n");
  EXPECT_EQ(g1.end(SIGTERM), 0) << g1.log();
  EXPECT_NE(g1.log().find("everything accepted is on the disk"), std::string::npos) << g1.log();
  const Ran silent = site.ask({"status"});
  EXPECT_EQ(silent.status, 1) << silent.out;
  EXPECT_NE(silent.out.find("offline"), std::string::npos) << silent.out;
  g1.start();
  EXPECT_TRUE(eventually(10s, [&] { return site.get("g1", "a") == "2"; })) << g1.log();
}

TEST(WholePath, AKilledGatewayIsOfflineByItsWill) {
  Site site;
  Program& g1 = site.gateway("g1");
  ASSERT_TRUE(eventually(10s, [&] { return !site.digest("g1").empty(); })) << g1.log();
  g1.end(SIGKILL);
  EXPECT_TRUE(eventually(
      10s, [&] { return site.ask({"status"}).out.find("offline") != std::string::npos; }));
}

TEST(WholePath, AFourthGatewayBootstrapsFromWhatTheBrokerRetains) {
  Site site;
  std::string rows;
  for (int i = 0; i < 500; ++i) {
    rows += std::to_string(1700000000000 + i) + ",site/key-" + std::to_string(i) +
            ",gcounter,add," + std::to_string(i + 1) + "\n";
  }
  site.gateway("g1");
  site.gateway("g2");
  site.replay("dev-1", rows);
  std::string digest;
  ASSERT_TRUE(eventually(15s, [&] {
    digest = site.digest("g1");
    return !digest.empty() && digest == site.digest("g2");
  }));
  // Its state has to be published, not only its deltas.
  ASSERT_TRUE(eventually(20s, [&] {
    const auto all = nlohmann::json::parse(site.ask({"status", "--json", "-g", "g1"}).out);
    return all[0]["counters"]["state_parts_out"] > 0 && all[0]["pending"] == 0;
  }));
  site.gateway("g1-witness", {"nobody"});
  ASSERT_TRUE(eventually(15s, [&] { return site.digest("g1-witness") == digest; }));
  for (const char* id : {"g1", "g2", "g1-witness"})
    site.forget_gateway(id);  // kill -9, all of them
  site.gateway("g4", {"nobody"});
  EXPECT_TRUE(eventually(15s, [&] { return site.digest("g4") == digest; }));
  EXPECT_EQ(site.get("g4", "site/key-499"), "500");
}

TEST(WholePath, ExportedEnvelopesMakeTheSameStateElsewhereAndTwiceChangesNothing) {
  Site from;
  from.gateway("g1");
  from.replay("dev-1", "1,a,gcounter,add,2\n2,b,orset,insert,x\n3,c,lww,set,\"on\"\n");
  const std::string file = (from.dir.path() / "all.jsonl").string();
  ASSERT_EQ(from.ask({"export", "--envelopes", "-o", file}).status, 0);
  const std::string digest = from.digest("g1");
  Site to;
  to.gateway("h1");
  ASSERT_TRUE(eventually(10s, [&] { return !to.digest("h1").empty(); }));
  for (int round = 0; round < 2; ++round) {
    const Ran ran = to.ask({"import", file});
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_EQ(to.digest("h1"), digest);
  }
  const auto values = nlohmann::json::parse(to.ask({"export"}).out);
  EXPECT_EQ(values["values"].size(), 3U);
}

TEST(WholePath, ASnapshotIsADatabaseThatPeopleCanQuery) {
  Site site;
  site.gateway("g1", {"*"}, "[store]\nvalues_interval_ms = 100\n");
  site.replay("dev-1", "1,a,gcounter,add,2\n");
  const Ran ran = site.ask({"snapshot"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::string path = ran.out.substr(0, ran.out.size() - 1);
  EXPECT_EQ(path, site.database("g1") + ".snapshot");
  EXPECT_EQ(read_file(path).substr(0, 15), "SQLite format 3");
}

}  // namespace
}  // namespace tributary::e2e
