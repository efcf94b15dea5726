// SPDX-License-Identifier: Apache-2.0
// The judge judges: each thing that may not be shown is refused, and what may be is not.
#include "tests/exhaustive/operations.h"

#include <gtest/gtest.h>

#include "tests/exhaustive/schedule.h"

namespace tributary::exhaustive {
namespace {

const Known everything{{3, 3}, {3, 3}};
const Logs logs{"iar", "aii"};

TEST(Judge, TakesWhatIsExact) {
  EXPECT_EQ(judge({.counter = 21, .x = true}, everything, logs, {2, 1}), "");
}

TEST(Judge, RefusesMoreThanWasIssuedAndLessThanWasReceived) {
  EXPECT_NE(judge({.counter = 22, .x = true}, everything, logs, {}), "");
  EXPECT_NE(judge({.counter = 20, .x = true}, everything, logs, {}), "");
  EXPECT_EQ(judge({.counter = 11, .x = true}, {{1, 2}, {3, 3}}, logs, {}), "")
      << "one is on its way";
}

TEST(Judge, KnowsWhenAnElementIsThere) {
  EXPECT_NE(judge({.counter = 21}, everything, logs, {}), "") << "d2 never removed its add";
  EXPECT_NE(judge({.counter = 1, .x = true}, {{3, 0}, {3, 0}}, logs, {}), "") << "d1 did";
  EXPECT_EQ(judge({.counter = 1, .x = true}, {{2, 0}, {3, 0}}, logs, {}), "") << "perhaps unheard";
  EXPECT_EQ(judge({.counter = 0}, {{1, 1}, {1, 1}}, {"a", "f"}, {1, 0}), "");
  EXPECT_NE(judge({.x = true}, {{1, 1}, {1, 1}}, {"a", "f"}, {1, 0}), "") << "the other removed it";
}

TEST(Judge, KnowsWhichReadingWins) {
  EXPECT_EQ(judge({.reading = 201}, {{1, 1}, {1, 1}}, {"w", "w"}, {}), "");
  EXPECT_NE(judge({.reading = 101}, {{1, 1}, {1, 1}}, {"w", "w"}, {}), "");
  EXPECT_NE(judge({.reading = 102}, {{1, 0}, {1, 0}}, {"w", ""}, {}), "") << "nobody wrote it";
}

TEST(Judge, RefusesNewsOfWhatNeverHappened) {
  EXPECT_NE(judge({}, {{0, 0}, {1, 0}}, {"", ""}, {}), "");
}

TEST(Schedule, ReplaysAndRefusesWhatMeansNothing) {
  Model model({{"ia", "i"}, {}, Fault::none});
  const Replay good = replay(model, "d1.op d1.send g1<d1.1 g1.commit d1<g1.2 g2<<g1 g2.commit");
  EXPECT_EQ(good.wrong, "");
  EXPECT_NE(good.trace.find("safe to 1"), std::string::npos) << good.trace;
  EXPECT_NE(replay(model, "g1<d1.1").wrong, "") << "nothing was sent";
}

}  // namespace
}  // namespace tributary::exhaustive
