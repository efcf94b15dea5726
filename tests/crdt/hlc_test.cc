// SPDX-License-Identifier: Apache-2.0
#include "crdt/hlc.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace tributary::crdt {
namespace {

TEST(Hlc, PacksMillisecondsAndCounter) {
  const Hlc stamp = Hlc::at(1'700'000'000'123, 7);
  EXPECT_EQ(stamp.ms(), 1'700'000'000'123u);
  EXPECT_EQ(stamp.counter(), 7);
  EXPECT_EQ(Hlc::at(std::numeric_limits<std::uint64_t>::max()).ms(), Hlc::ms_max);
}

TEST(HlcClock, NeverRepeatsWhateverTheWallClockDoes) {
  HlcClock clock;
  Hlc last = clock.tick(1000);
  for (const std::uint64_t wall_ms : {1000u, 1000u, 400u, 1001u, 1001u, 5000u, 1u}) {
    const Hlc next = clock.tick(wall_ms);
    EXPECT_GT(next, last);
    EXPECT_GE(next.ms(), wall_ms);
    last = next;
  }
  EXPECT_EQ(last, Hlc::at(5000, 1));
}

TEST(HlcClock, AFullCounterCarriesIntoTheMilliseconds) {
  HlcClock clock(Hlc::at(10, 0xFFFF));
  EXPECT_EQ(clock.tick(10), Hlc::at(11, 0));
}

TEST(HlcClock, AdoptsARemoteStampOnlyWithinTheBound) {
  HlcClock clock;
  clock.tick(1000);
  EXPECT_TRUE(clock.observe(Hlc::at(6000), 1000, 5000));
  EXPECT_EQ(clock.last(), Hlc::at(6000));
  EXPECT_FALSE(clock.observe(Hlc::at(6001), 1000, 5000));
  EXPECT_TRUE(clock.observe(Hlc::at(3), 1000, 5000)) << "the past is adopted by changing nothing";
  EXPECT_EQ(clock.last(), Hlc::at(6000));
  EXPECT_FALSE(clock.observe(Hlc::at(Hlc::ms_max), 1000, 5000)) << "a stamp from the year 10889";
  EXPECT_TRUE(clock.observe(Hlc::at(7000), 1000, std::numeric_limits<std::uint64_t>::max()));
}

TEST(HlcClock, StandsStillAtTheEndInsteadOfWrapping) {
  HlcClock clock(Hlc{std::numeric_limits<std::uint64_t>::max()});
  EXPECT_EQ(clock.tick(5).packed, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace
}  // namespace tributary::crdt
