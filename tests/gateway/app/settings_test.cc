// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/settings.h"

#include <gtest/gtest.h>

namespace tributary::app {
namespace {

// Found on links that lose 30 % each way: the session took all 10,000, and superseded heads, states
// and views stood in line for half a minute before the ones that everybody waited for.
TEST(Settings, ASessionIsHandedAFewWindowsAheadAndTheDaemonsOutboxKeepsTheRest) {
  config::Inputs in{.file = "gateway.toml", .text = "[[broker]]\nin_flight_max = 16\n"};
  const auto loaded = config::load(in);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  const config::Broker& broker = loaded->gateway.brokers.at(0);
  const BrokerOptions session = broker_options(broker, loaded->derived.links.at(0));
  EXPECT_GE(session.outbox_max, 2 * broker.in_flight_max) << "the window would run dry";
  EXPECT_LE(session.outbox_max, 8 * broker.in_flight_max) << "the rest could not be superseded";
  EXPECT_EQ(daemon_options(*loaded).links.at(0).outbox_max, broker.outbox_max);
}

// Batches must be heard peer by peer where they are heard by several, and only there: what is
// shared brings back what we published ourselves.
TEST(Settings, SeveralSessionsHearTogetherWithMqtt5Only) {
  config::Inputs in{.file = "gateway.toml",
                    .text =
                        "[[broker]]\nname = \"a\"\nuri = \"mqtt://h\"\nsessions = 8\n"
                        "[[broker]]\nname = \"b\"\nuri = \"mqtt://i?version=3.1.1\"\nsessions = 2\n"
                        "[[broker]]\nname = \"c\"\nuri = \"mqtt://j\"\n"};
  const auto loaded = config::load(in);
  ASSERT_TRUE(loaded) << to_string(loaded.error());
  const Daemon::Options options = daemon_options(*loaded);
  EXPECT_TRUE(options.links.at(0).options.several);
  EXPECT_FALSE(options.links.at(1).options.several);
  EXPECT_FALSE(options.links.at(2).options.several);
  EXPECT_EQ(options.links.at(0).connect({.topic = "t"})->parts().size(), 8U);
  EXPECT_EQ(options.links.at(1).connect({.topic = "t"})->parts().size(), 2U);
  EXPECT_TRUE(options.links.at(2).connect({.topic = "t"})->parts().empty());
}

}  // namespace
}  // namespace tributary::app
