// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/events.h"

#include <gtest/gtest.h>

namespace tributary::app {
namespace {

using Level = core::Notice::Level;

TEST(Events, AFloodOfOneKindTakesOnePlaceAnInterval) {
  Events events;
  for (std::uint64_t i = 0; i < 10'000; ++i)
    events.write(Level::warning, "bad", std::to_string(i), i);
  ASSERT_EQ(events.after(0).size(), 1U);
  EXPECT_EQ(events.after(0)[0].count, 10'000U);
  EXPECT_EQ(events.after(0)[0].text, "9999");
  events.write(Level::warning, "bad", "later", Events::interval_ms);
  EXPECT_EQ(events.after(0).size(), 2U);
}

TEST(Events, WhatWasCountedSinceIsToldAgain) {
  Events events;
  events.write(Level::info, "a", "1", 0);
  events.write(Level::info, "b", "1", 1);
  const std::uint64_t seen = events.latest();
  EXPECT_TRUE(events.after(seen).empty());
  events.write(Level::info, "a", "2", 2);
  ASSERT_EQ(events.after(seen).size(), 1U);
  EXPECT_EQ(events.after(seen)[0].count, 2U);
  EXPECT_EQ(events.after(seen)[0].id, 1U);
}

TEST(Events, AreBoundedAndWithoutDebug) {
  Events events;
  events.write(Level::debug, "d", "x", 0);
  EXPECT_EQ(events.latest(), 0U);
  for (std::uint64_t i = 0; i < 1'000; ++i)
    events.write(Level::error, "kind-" + std::to_string(i), std::string(5'000, 'x'), i);
  const auto all = events.after(0);
  EXPECT_EQ(all.size(), Events::kept_max);
  EXPECT_EQ(all.back().kind, "kind-999");
  EXPECT_EQ(all.back().text.size(), Events::text_bytes_max);
}

}  // namespace
}  // namespace tributary::app
