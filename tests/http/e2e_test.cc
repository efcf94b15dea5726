// SPDX-License-Identifier: Apache-2.0
// The API of a real gateway with a real broker and real devices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/fleet.h"
#include "tests/e2e/support/real_device.h"
#include "tests/http/support/client.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::eventually;
using testing::HasSubstr;

constexpr std::uint64_t year_2100_ms = 4'102'444'800'000;

class HttpOfAGateway : public testing::Test {
 protected:
  // Starts g1 on a free port, which its log names.
  Program& start(const std::string& more_http = {}, const std::string& address = "127.0.0.1") {
    Program& g = site_.gateway("g1", {"*"}, "[http]\nlisten = \"" + address + ":0\"\n" + more_http);
    EXPECT_TRUE(eventually(20s, [&] { return (port_ = named_port(g.log())) != 0; })) << g.log();
    EXPECT_TRUE(eventually(20s, [&] { return test::get(port_, "/readyz").status == 200; }))
        << test::get(port_, "/readyz").body;
    return g;
  }
  static std::uint16_t named_port(const std::string& log) {
    const std::size_t at = log.find("http: http://");
    if (at == std::string::npos) return 0;
    const std::size_t colon = log.find(':', at + 13);
    return static_cast<std::uint16_t>(std::atoi(log.c_str() + colon + 1));
  }
  json get(const std::string& target) {
    const auto r = test::get(port_, target);
    EXPECT_EQ(r.status, 200) << target << "\n" << r.body;
    return json::parse(r.body, nullptr, false);
  }

  Site site_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpOfAGateway, ShowsWhatDevicesSaidAndWhoSaidIt) {
  start();
  site_.replay("dev-1", "1,plant/parts,gcounter,add,3\n2,hall/alarms,orset,insert,fire\n");
  site_.replay("dev-2", "1,plant/parts,gcounter,add,4\n2,hall/people,pncounter,subtract,2\n");
  EXPECT_EQ(get("/api/v1/value?key=plant%2Fparts")["values"][0]["value"], 7);
  const json all = get("/api/v1/contributions?key=plant%2Fparts&type=gcounter")["contributions"];
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["device"], "dev-1");
  EXPECT_EQ(all[0]["part"]["value"], 3);
  EXPECT_EQ(all[1]["part"]["value"], 4);
  EXPECT_EQ(
      get("/api/v1/contributions?key=hall%2Fpeople&type=pncounter")["contributions"][0]["part"],
      (json{{"value", -2}, {"up", 0}, {"down", 2}}));
  EXPECT_EQ(test::get(port_, "/api/v1/value?key=nothing").status, 404);
  const json devices = get("/api/v1/devices")["devices"];
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0]["op"], 2);
  EXPECT_EQ(get("/api/v1/buckets")["buckets"].size(), 64U);
  EXPECT_FALSE(get("/api/v1/events")["events"].empty());
  const Ran over_mqtt = site_.ask({"status", "--json", "--gateway", "g1"});
  EXPECT_EQ(get("/api/v1/status")["digest"], json::parse(over_mqtt.out)[0]["digest"])
      << "one answer";
}

TEST_F(HttpOfAGateway, ListsComeInPagesAndExportsWhole) {
  start();
  std::string rows;
  for (int i = 0; i < 250; ++i) rows += "1,k/" + std::to_string(1000 + i) + ",gcounter,add,1\n";
  site_.replay("dev-1", rows);
  std::size_t items = 0, pages = 0;
  for (std::string next = "/api/v1/values?limit=100&prefix=k"; !next.empty() && pages < 10;
       ++pages) {
    const auto r = test::get(port_, next);
    items += json::parse(r.body)["values"].size();
    const auto link = r.headers.find("link");
    next = link == r.headers.end() ? "" : link->second.substr(1, link->second.find('>') - 1);
  }
  EXPECT_EQ(items, 250U);
  EXPECT_EQ(pages, 3U);
  const std::string values = test::get(port_, "/api/v1/export/values?prefix=k").body;
  EXPECT_EQ(std::count(values.begin(), values.end(), '\n'), 250);
  // What HTTP exports, the command line imports: into a gateway that has nothing.
  write_file(site_.dir.path() / "all.jsonl", test::get(port_, "/api/v1/export/envelopes").body);
  Site other;
  other.gateway("g9");
  const Ran ran = other.ask({"import", (site_.dir.path() / "all.jsonl").string()});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(other.get("g9", "k/1249"), "1");
}

TEST_F(HttpOfAGateway, TheStreamShowsAChangeOnceItIsThere) {
  start();
  test::Raw raw(port_);
  ASSERT_TRUE(raw.send("GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_THAT(raw.read_until("event: hello", 10s), HasSubstr("event: hello"));
  EXPECT_THAT(raw.read_until("event: peers", 10s), HasSubstr("\"digest\""));
  site_.replay("dev-1", "1,plant/parts,gcounter,add,4711\n");
  EXPECT_THAT(raw.read_until("4711", 10s), HasSubstr("event: values"));
}

// Acknowledged, held, and in nobody's way.
TEST_F(HttpOfAGateway, AStampOf2100IsHeldAndShadowsNothing) {
  Program& g1 = start();
  const auto token = site_.dir.path() / "token";
  write_file(token, "a token of sixteen letters");
  std::filesystem::permissions(token, std::filesystem::perms::owner_read);
  site_.gateway("g2", {"operator-*"},
                "[http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"" + token.string() + "\"\n");
  const auto shown = [&](const std::string& key, const std::string& value) {
    return eventually(
        15s, [&] { return site_.get("g1", key) == value && site_.get("g2", key) == value; });
  };
  const std::string now = std::to_string(std::time(nullptr)) + "000";
  site_.replay("dev-right", now + ",hall/temperature,lww,set,21.5\n");
  RealDevice wrong(site_.broker.uri(), "dev-2100",
                   year_2100_ms - static_cast<std::uint64_t>(std::time(nullptr)) * 1'000);
  wrong->reg("hall/temperature").set(99);
  wrong->reg("hall/alone").set(99);
  wrong->counter("hall/visitors").add(3);
  wrong->grow_set("hall/badges").insert("ann");
  EXPECT_TRUE(wrong.acknowledged(20s));
  EXPECT_TRUE(shown("hall/visitors", "3")) << "counters and sets do not care";
  EXPECT_TRUE(shown("hall/badges", R"(["ann"])"));
  EXPECT_TRUE(shown("hall/temperature", "21.5"));
  EXPECT_EQ(get("/api/v1/value?key=hall%2Ftemperature")["values"][0]["value"], 21.5);
  EXPECT_TRUE(shown("hall/alone", "null")) << "there is nothing else to show";
  EXPECT_EQ(get("/api/v1/value?key=hall%2Falone")["values"][0]["value"], nullptr);
  // The operator sees whose clock it is, and by how much.
  const json devices = get("/api/v1/devices")["devices"];
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0]["device"], "dev-2100");
  EXPECT_EQ(devices[0]["op"], 4);
  EXPECT_GT(devices[0]["clock_ms"], 2'000'000'000'000) << "in ms, against the gateway's";
  const std::string ahead = "\ntributary_device_clock_ahead_seconds 2";  // 2,3… thousand million
  EXPECT_TRUE(eventually(20s, [&] {                                      // judged every few seconds
    return test::get(port_, "/metrics").body.find(ahead) != std::string::npos;
  }));
  // What is written after it with a right clock shows, by a device and by a gateway's own actor.
  site_.replay("dev-later", now.substr(0, now.size() - 3) + "999,hall/temperature,lww,set,22.5\n");
  EXPECT_TRUE(shown("hall/temperature", "22.5"));
  const auto operated = site_.ask({"operate", "hall/temperature", "lww", "set", "23.5", "--gateway",
                                   "g2", "--token-file", token.string()});
  EXPECT_EQ(operated.status, 0) << operated.out << operated.err;
  EXPECT_TRUE(shown("hall/temperature", "23.5"));
  // Also after a start from the disk, and at a gateway that has it all from its peers.
  g1.end(SIGKILL);
  g1.start();
  EXPECT_TRUE(shown("hall/temperature", "23.5")) << g1.log();
  site_.gateway("g3", {"nobody"});
  EXPECT_TRUE(eventually(15s, [&] {
    const std::string digest = site_.digest("g1");
    return !digest.empty() && digest == site_.digest("g2") && digest == site_.digest("g3");
  }));
  for (const char* id : {"g1", "g2", "g3"}) {
    EXPECT_EQ(site_.get(id, "hall/temperature"), "23.5") << id;
    EXPECT_EQ(site_.get(id, "hall/alone"), "null") << id;
  }
}

TEST_F(HttpOfAGateway, MetricsAreWhatPrometheusReads) {
  start();
  site_.replay("dev-1", "1,plant/parts,gcounter,add,3\n");
  const auto r = test::get(port_, "/metrics");
  EXPECT_EQ(r.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"\ntributary_operations_total 1\n",
        "\ntributary_entries_joined_total{type=\"gcounter\"} 1\n",
        "\ntributary_ack_latency_seconds_count 1\n",
        "\ntributary_link_connected{link=\"local\"} 1\n",
        "\ntributary_rejected_total{reason=\"malformed\"} 0\n", "\ntributary_http_streams 0\n"}) {
    EXPECT_THAT(r.body, HasSubstr(line));
  }
  if (access("/usr/bin/promtool", X_OK) != 0)
    GTEST_SKIP() << "promtool is not installed (Debian: prometheus)";
  const auto file = site_.dir.path() / "metrics";
  write_file(file, r.body);
  const std::string command = "promtool check metrics < " + file.string() + " 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) said += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << said;
  EXPECT_EQ(said, "");
}

TEST_F(HttpOfAGateway, ATokenOpensAndIsToldToNobody) {
  write_file(site_.dir.path() / "token", "correct-horse-battery\n");
  const std::string file = (site_.dir.path() / "token").string();
  Program& g = start("token_file = \"" + file + "\"\n");
  EXPECT_EQ(test::get(port_, "/api/v1/status").status, 401);
  EXPECT_EQ(test::get(port_, "/metrics").status, 401);
  EXPECT_EQ(test::get(port_, "/healthz").status, 200);
  EXPECT_EQ(test::get(port_, "/").status, 200);
  const std::vector<std::string> with = {"Authorization: Bearer correct-horse-battery"};
  EXPECT_EQ(test::get(port_, "/api/v1/status", with).status, 200);
  for (const char* target : {"/api/v1/status", "/api/v1/events", "/metrics"})
    EXPECT_EQ(test::get(port_, target, with).body.find("correct-horse"), std::string::npos);
  EXPECT_EQ(g.log().find("correct-horse"), std::string::npos);
}

TEST_F(HttpOfAGateway, IsNotReadyWithoutItsBrokerAndSaysWhy) {
  start();
  site_.broker.kill();
  EXPECT_TRUE(eventually(20s, [&] { return test::get(port_, "/readyz").status == 503; }));
  EXPECT_THAT(test::get(port_, "/readyz").body, HasSubstr("not connected to local"));
  EXPECT_EQ(test::get(port_, "/healthz").status, 200) << "alive all the same";
  site_.broker.start();
  EXPECT_TRUE(eventually(30s, [&] { return test::get(port_, "/readyz").status == 200; }));
}

TEST_F(HttpOfAGateway, AFloodOfQuestionsKeepsNoDeviceWaiting) {
  start();
  std::vector<std::unique_ptr<test::Raw>> flood;
  for (int i = 0; i < 20; ++i) {
    flood.push_back(std::make_unique<test::Raw>(port_));
    std::string many;
    for (int n = 0; n < 200; ++n) many += "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
    flood.back()->send(many);
  }
  site_.replay("dev-1", "1,plant/parts,gcounter,add,3\n");  // fails when it is not acknowledged
  EXPECT_EQ(site_.get("g1", "plant/parts"), "3");
}

}  // namespace
}  // namespace tributary::e2e
