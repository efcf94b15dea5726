// SPDX-License-Identifier: Apache-2.0
#include "transports/batch_class.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace tributary::transports {
namespace {

int class_of_this_thread() {
  return sched_getscheduler(0);
}

// In threads of their own: the class of this one is whatever ctest was started with.
TEST(BatchClass, IsThisThreadsUntilItGoesAndTheOnesOfWhomItStarts) {
  std::thread([] {
    const sched_param none{};
    ASSERT_EQ(sched_setscheduler(0, SCHED_OTHER, &none), 0);
    std::thread started;
    int began_as = -1, went_on_as = -1;
    {
      const BatchClass batch;
      EXPECT_EQ(class_of_this_thread(), SCHED_BATCH);
      started = std::thread([&] { began_as = class_of_this_thread(); });
      { const BatchClass again; }
      EXPECT_EQ(class_of_this_thread(), SCHED_BATCH) << "the outer one still stands";
    }
    EXPECT_EQ(class_of_this_thread(), SCHED_OTHER);
    started.join();
    EXPECT_EQ(began_as, SCHED_BATCH);
    started = std::thread([&] { went_on_as = class_of_this_thread(); });
    started.join();
    EXPECT_EQ(went_on_as, SCHED_OTHER);
  }).join();
}

TEST(BatchClass, LeavesAClassThatSomebodyChose) {
  std::thread([] {
    const sched_param none{};
    ASSERT_EQ(sched_setscheduler(0, SCHED_IDLE, &none), 0);
    {
      const BatchClass batch;
      EXPECT_EQ(class_of_this_thread(), SCHED_IDLE);
    }
    EXPECT_EQ(class_of_this_thread(), SCHED_IDLE);
  }).join();
}

}  // namespace
}  // namespace tributary::transports
