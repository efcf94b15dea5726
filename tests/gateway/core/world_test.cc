// SPDX-License-Identifier: Apache-2.0
// Whole paths in virtual time: shipping devices and gateways over the in-process broker, with an
// oracle.
#include "tests/gateway/core/support/world.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/support/share.h"

namespace tributary::core::testing {
namespace {

TEST(World, OneDeviceOneGatewayThenASecondAgrees) {
  World world({.seed = 1, .gateways = 2, .devices = 1, .gateways_crash = false});
  world.run(2'000, true);
  EXPECT_EQ(world.settle(10'000), "");
  EXPECT_GT(world.sensors[0]->device().safe(), 0u);
}

TEST(World, SitesWithTheirOwnBrokersAgreeOverASharedOne) {
  World world({.seed = 2, .gateways = 4, .devices = 6, .sites = 2});
  world.run(5'000, true);
  EXPECT_EQ(world.settle(20'000), "");
}

TEST(World, AGatewayThatLostItsDiskReadsItsOwnPastFromTheBroker) {
  World world({.seed = 4, .gateways = 1, .devices = 3});
  world.run(2'000, true);
  ASSERT_EQ(world.settle(10'000), "");
  world.run(5'000, false);  // its state is published
  world.nodes[0]->wipe();
  world.nodes[0]->boot(world.now());
  EXPECT_EQ(world.settle(10'000), "") << world.describe();
}

// The only gateway loses its disk after everything was acknowledged: devices at rest find out and
// send again.
TEST(World, DevicesAtRestRefillAGatewayThatLostItsDisk) {
  World world({.seed = 3, .gateways = 1, .devices = 3});
  world.run(2'000, true);
  ASSERT_EQ(world.settle(10'000), "");
  world.nodes[0]->wipe();
  world.brokers[0]->kill();  // else it would read its own past there
  world.brokers[0]->restart(transports::memory::Retained::forgotten);
  world.nodes[0]->boot(world.now());
  world.run(5'000, false);
  EXPECT_NE(world.exact(), "");
  EXPECT_EQ(world.settle(800'000), "") << world.describe();
}

// TRIBUTARY_SEED=n replays one seed; TRIBUTARY_SEEDS=n runs so many.
struct Chaos : ::testing::TestWithParam<int> {};

std::uint64_t env(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void try_seed(std::uint64_t seed) {
  SCOPED_TRACE("replay: TRIBUTARY_SEED=" + std::to_string(seed) +
               " test_core_world --gtest_filter=World.ExactAfterChaos");
  std::mt19937_64 random(seed);
  const auto chance = [&](double max) {
    return max * static_cast<double>(random() % 1000) / 1000.0;
  };
  WorldOptions o;
  o.seed = seed;
  o.gateways = 2 + random() % 3;
  o.devices = 1 + random() % 6;
  o.sites = random() % 3 == 0 ? 2 : 1;
  o.faults.loss = chance(0.4);
  o.faults.duplicate = chance(0.3);
  o.faults.reorder = chance(0.3);
  o.faults.delay_max_ms = static_cast<std::uint32_t>(random() % 200);
  o.gateways_wiped = random() % 2 == 0;
  World world(o);
  for (int i = 0; i < 10; ++i) {
    world.chaos(2'000);
    ASSERT_EQ(world.safe(), "");
  }
  world.heal();
  ASSERT_EQ(world.settle(120'000), "") << world.describe();
  ASSERT_EQ(world.safe(), "");
}

TEST(World, ExactAfterChaos) {
  if (const std::uint64_t seed = env("TRIBUTARY_SEED", 0); seed != 0) return try_seed(seed);
  const std::uint64_t seeds = env("TRIBUTARY_SEEDS", test::share<std::uint64_t>(20));
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    try_seed(seed);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace tributary::core::testing
