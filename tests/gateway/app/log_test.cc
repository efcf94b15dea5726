// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/log.h"

#include <gtest/gtest.h>

namespace tributary::app {
namespace {

using Due = std::vector<std::pair<std::string, std::uint64_t>>;

TEST(RepeatLimit, OneLineAKindAndIntervalThenACount) {
  RepeatLimit limit(1'000, 10);
  EXPECT_TRUE(limit.admit("malformed", 1, 0));
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(limit.admit("malformed", 1, 10));
  EXPECT_TRUE(limit.admit("other", 1, 20)) << "kinds do not share";
  EXPECT_EQ(limit.due(999), Due{});
  EXPECT_EQ(limit.due(1'000), (Due{{"malformed", 500}}));
}

TEST(RepeatLimit, AFloodThatGoesOnMakesOnlyItsCounts) {
  RepeatLimit limit(1'000, 10);
  int lines = 0;
  for (std::uint64_t now_ms = 0; now_ms < 60'000; ++now_ms) {
    lines += limit.admit("malformed", 1, now_ms) ? 1 : 0;
    lines += static_cast<int>(limit.due(now_ms).size());
  }
  EXPECT_LE(lines, 61);
  EXPECT_GE(lines, 59);
}

TEST(RepeatLimit, AQuietIntervalForgetsTheKind) {
  RepeatLimit limit(1'000, 10);
  EXPECT_TRUE(limit.admit("x", 1, 0));
  EXPECT_FALSE(limit.admit("x", 1, 1));
  EXPECT_EQ(limit.due(1'001).size(), 1U);
  EXPECT_EQ(limit.due(2'002), Due{}) << "nothing was held back since";
  EXPECT_TRUE(limit.admit("x", 1, 2'003));
}

TEST(RepeatLimit, ABurstIsAllowedForNews) {
  RepeatLimit limit(1'000, 10);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(limit.admit("connected", 20, 0));
  EXPECT_FALSE(limit.admit("connected", 20, 0));
}

TEST(RepeatLimit, KindsAreBounded) {
  RepeatLimit limit(1'000, 2);
  EXPECT_TRUE(limit.admit("a", 1, 0));
  EXPECT_TRUE(limit.admit("b", 1, 0));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.admit("c", 1, 0)) << "not limited, not remembered";
  EXPECT_FALSE(limit.admit("a", 1, 0));
}

TEST(Log, TheJournalGetsLevelsAndNoTimes) {
  testing::internal::CaptureStderr();
  {
    Log log({.level = Level::info, .journal = true});
    log.write(Level::warning, "disk-full", "free some space");
    log.write(Level::debug, "not", "asked for");
    log.set(Level::debug, Log::Format::json);
    log.write(Level::debug, "detail", "of interest now");
  }
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said.rfind("<4>disk-full: free some space\n<7>{", 0), 0U) << said;
  EXPECT_NE(said.find("of interest now"), std::string::npos) << said;
  EXPECT_EQ(said.find("asked for"), std::string::npos) << said;
}

}  // namespace
}  // namespace tributary::app
