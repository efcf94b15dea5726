// SPDX-License-Identifier: Apache-2.0
// A gateway whose broker goes mad: it says so, acknowledges nothing that it did not get, stays
// small, and is exact again at a real broker.
#include "tests/support/hostile_broker.h"

#include <gtest/gtest.h>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"
#include "tests/support/resident.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using test::HostileBroker;
using namespace std::chrono_literals;

#ifdef TRIBUTARY_SANITIZED
constexpr std::uint64_t grown_kib_max = 2 << 20;  // nearly all of it their own
#else
constexpr std::uint64_t grown_kib_max = 128 << 10;
#endif

TEST(HostileBroker, GatewaysOutliveItAndAreExactAtARealOne) {
  Site site;
  site.reconnect_max_ms = 100;
  const std::vector<std::string> ids{"g1", "g2", "g3", "g4", "g5", "g6"};
  std::vector<Program*> gateways;
  for (const std::string& id : ids) gateways.push_back(&site.gateway(id));
  site.replay("dev-1", "1,a,gcounter,add,2\n");
  for (const std::string& id : ids) {
    ASSERT_TRUE(eventually(10s, [&] { return site.get(id, "a") == "2"; })) << id;
  }
  std::vector<pid_t> lives;
  std::vector<std::uint64_t> resident;
  for (const Program* g : gateways) {
    lives.push_back(g->pid());
    resident.push_back(test::resident_kib(g->pid()));
  }
  site.broker.kill();
  {
    HostileBroker hostile(site.broker.port(), test::hostile_acts("tributary/v1/demo/"));
    ASSERT_TRUE(eventually(30s, [&] { return hostile.all_played(); })) << hostile.act();
    EXPECT_EQ(hostile.published("/ack/"), 0U) << "nothing that came was worth one";
    EXPECT_GT(hostile.published("/gw/g"), 0U) << "some acts look like a broker at first";
  }
  std::string log;
  for (std::size_t i = 0; i < gateways.size(); ++i) {
    ASSERT_TRUE(gateways[i]->running()) << gateways[i]->log();
    EXPECT_LT(test::resident_kib(lives[i]), resident[i] + grown_kib_max);
    log += gateways[i]->log();
  }
  // One line of a kind and interval: each reason by itself is in tests/transports/mqtt.
  for (const char* words : {"disconnected: from broker local: ", "malformed: refused a message on ",
                            "a topic that MQTT does not allow"}) {
    EXPECT_NE(log.find(words), std::string::npos) << words << "\n" << log;
  }
  site.broker.start();
  site.replay("dev-1", "2,a,gcounter,add,3\n");
  site.replay("dev-2", "3,a,gcounter,add,4\n");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_TRUE(eventually(10s, [&] { return site.get(ids[i], "a") == "9"; })) << log;
    EXPECT_TRUE(eventually(10s, [&] { return site.digest(ids[i]) == site.digest(ids[0]); }));
    EXPECT_EQ(gateways[i]->pid(), lives[i]);
    EXPECT_TRUE(gateways[i]->running()) << gateways[i]->log();
  }
}

}  // namespace
}  // namespace tributary::e2e
