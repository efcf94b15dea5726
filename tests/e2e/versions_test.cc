// SPDX-License-Identifier: Apache-2.0
// What a newer version says in a running fleet: refused by its name, and the fleet stays exact.
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "tests/e2e/support/counted.h"
#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"
#include "transports/mqtt/session.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;

const std::string root = "tributary/v1/demo/";
constexpr char newer = 100;  // a first element that nobody reads yet

std::uint64_t refused_versions(Site& site, const std::string& gateway) {
  const auto all =
      nlohmann::json::parse(site.ask({"status", "--json", "-g", gateway}).out, nullptr, false);
  if (!all.is_array() || all.empty()) return 0;
  return all[0]["counters"]["rejected"].value("version", std::uint64_t{0});
}

TEST(Versions, ANewerOneIsRefusedByNameWhileTheFleetStaysExact) {
  Site site;
  Program& g1 = site.gateway("g1", {"*-h1", "*-h3", "newer"});
  site.gateway("g2", {"*-h2", "*-h3", "newer"});
  auto fleet = std::async(std::launch::async, [&site] {
    return site.ask({"simulate", "--gateways", "g1,g2", "--devices", "30", "--seconds", "5",
                     "--loss", "0.1", "--seed", "12", "--json"},
                    150s);
  });
  auto session = transports::mqtt::make_session({.uri = site.broker.uri(), .client_id = "newer"});
  session->start();
  ASSERT_TRUE(eventually(10s, [&] { return session->connected(); }));
  std::string sealed = counted({.device = "newer", .key = "newer/key", .p = 1'000'000});
  ASSERT_EQ(sealed[1], 1) << "the version of what is sealed";
  sealed[1] = newer;
  bool over = false;
  std::uint64_t sent = 0;
  while (!over) {
    for (const char* topic : {"up/newer", "gw/x/delta", "gw/x/head", "gw/x/state/3/0"}) {
      sent += session->publish({.topic = root + topic, .payload = sealed}) ? 1 : 0;
    }
    session->poll(100);
    over = fleet.wait_for(50ms) == std::future_status::ready;
  }
  const Ran ran = fleet.get();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_GT(sent, 40U);
  EXPECT_GT(refused_versions(site, "g1"), 10U);
  EXPECT_GT(refused_versions(site, "g2"), 10U);
  EXPECT_NE(g1.log().find("version: refused a message on "), std::string::npos) << g1.log();
  EXPECT_EQ(site.get("g1", "newer/key"), "");
  session->stop(0);
}

}  // namespace
}  // namespace tributary::e2e
