// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/gateways.h"

#include <gtest/gtest.h>

#include "firmware-sim/sdk/points.h"

namespace tributary::sdk {
namespace {

Gateways::Heard ack(const char* name, std::uint64_t hlc_ms, std::uint64_t op, bool verified = true,
                    std::uint64_t incarnation = 1) {
  return {name, incarnation, crdt::Hlc::at(hlc_ms), op, verified};
}

TEST(Gateways, KthPoint) {
  Gateways g;
  EXPECT_EQ(g.kth_point(1), 0u);
  EXPECT_TRUE(g.heard(ack("a", 1, 5), 0));
  EXPECT_TRUE(g.heard(ack("b", 1, 9), 0));
  EXPECT_FALSE(g.heard(ack("b", 1, 9), 0)) << "nothing new";
  EXPECT_EQ(g.kth_point(1), 9u);
  EXPECT_EQ(g.kth_point(2), 5u);
  EXPECT_EQ(g.kth_point(3), 0u);
}

TEST(Gateways, ANewIncarnationReplacesTheOldPoint) {
  Gateways g;
  g.heard(ack("a", 1, 5), 0);
  EXPECT_TRUE(g.heard(ack("a", 2, 3, true, 2), 0));
  EXPECT_EQ(g.kth_point(1), 3u);
  g.heard(ack("a", 1, 5, true, 1), 0);  // a late one of the old disk
  EXPECT_EQ(g.kth_point(1), 3u);
}

TEST(Gateways, UnverifiedPointsNeitherCountNorRaise) {
  Gateways g;
  g.heard(ack("a", 1, 5), 0);
  g.heard(ack("a", 2, 7, false), 0);
  EXPECT_EQ(g.kth_point(1), 5u);
  g.heard(ack("a", 3, 4, false), 0);
  EXPECT_EQ(g.kth_point(1), 0u);
}

TEST(Gateways, ANewDiskThatCannotBeCheckedHoldsNothing) {
  Gateways g;
  g.heard(ack("a", 1, 5), 0);
  EXPECT_FALSE(g.heard(ack("a", 2, 7, false, 2), 0));
  EXPECT_EQ(g.kth_point(1), 0u) << "the old disk's point went with it";
}

TEST(Gateways, CatchUpGrowsItsPauseAndEnds) {
  Gateways g;
  g.heard(ack("a", 1, 9), 0);
  g.heard(ack("b", 1, 2), 0);
  g.watch(9, 0, 1'000);
  EXPECT_EQ(g.next_catch_up(), 1'000u);
  EXPECT_EQ(g.take_due(999), std::nullopt);
  std::uint64_t now = 0;
  int times = 0;
  while (const auto next = g.next_catch_up()) {
    now = *next;
    EXPECT_EQ(g.take_due(now), 2u);
    ASSERT_LT(++times, 20);
  }
  EXPECT_EQ(times, 8);
  EXPECT_GT(now, 200'000u);
  g.heard(ack("b", 2, 2), now);  // heard again: worth trying again
  EXPECT_NE(g.next_catch_up(), std::nullopt);
  g.heard(ack("b", 3, 9), now);
  g.watch(9, now, 1'000);
  EXPECT_EQ(g.next_catch_up(), std::nullopt);
}

TEST(Gateways, TheOneNotHeardForLongestIsForgotten) {
  Gateways g;
  for (std::size_t i = 0; i <= Gateways::links_max; ++i) {
    g.heard(ack(("g" + std::to_string(i)).c_str(), 1, i + 1), i);
  }
  EXPECT_EQ(g.links().size(), Gateways::links_max);
  EXPECT_EQ(g.find("g0"), nullptr);
  EXPECT_NE(g.find("g1"), nullptr);
}

TEST(Points, KeepsTheNewestAndForgetsSafely) {
  Points p;
  const auto point = [](std::uint64_t op) {
    wire::Point out;
    out.op = op;
    out.hash.bytes[0] = static_cast<unsigned char>(op);
    return out;
  };
  for (std::uint64_t op = 1; op <= 100; ++op) p.add(point(op));
  EXPECT_EQ(p.kept().size(), Points::kept_max);
  EXPECT_EQ(p.forgotten(), 36u);
  EXPECT_EQ(p.ask(point(36)), Points::Answer::forgotten);
  EXPECT_EQ(p.ask(point(37)), Points::Answer::sent);
  wire::Point other = point(37);
  other.hash.bytes[5] = 1;
  EXPECT_EQ(p.ask(other), Points::Answer::never_sent);
  EXPECT_EQ(p.ask(point(101)), Points::Answer::never_sent);
  p.add(point(100));
  EXPECT_EQ(p.forgotten(), 36u) << "a point that is known takes no room";
}

}  // namespace
}  // namespace tributary::sdk
