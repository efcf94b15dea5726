// SPDX-License-Identifier: Apache-2.0
// The pauses between connects.
#include "transports/backoff.h"

#include <gtest/gtest.h>

#include <random>

namespace tributary::transports {
namespace {

TEST(Backoff, DoublesToItsMaximumWithJitterBelow) {
  std::mt19937_64 random(1);
  Backoff backoff(100, 1000);
  for (const std::uint32_t full : {100U, 200U, 400U, 800U, 1000U, 1000U, 1000U}) {
    const std::uint32_t pause = backoff.next_ms(random());
    EXPECT_GE(pause, full / 2);
    EXPECT_LE(pause, full);
  }
}

TEST(Backoff, OnlyAConnectionThatOutlastedTheLongestPauseEndsTheDoubling) {
  Backoff backoff(100, 1000);
  for (int i = 0; i < 5; ++i) backoff.next_ms(0);
  backoff.connection_lasted(1000);
  EXPECT_EQ(backoff.next_ms(0), 500U);
  backoff.connection_lasted(1001);
  EXPECT_EQ(backoff.next_ms(0), 50U);
}

TEST(Backoff, DrawsBothEndsOfItsRange) {
  EXPECT_EQ(Backoff(1000, 1000).next_ms(0), 500U);
  EXPECT_EQ(Backoff(1000, 1000).next_ms(500), 1000U);
}

TEST(Backoff, SurvivesOddLimits) {
  EXPECT_LE(Backoff(0, 0).next_ms(1), 1U);
  Backoff huge(4'000'000'000U, 4'294'967'295U);
  for (int i = 0; i < 10; ++i) EXPECT_GE(huge.next_ms(~0ULL), 2'000'000'000U);
}

}  // namespace
}  // namespace tributary::transports
