// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/crew.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

namespace tributary::app {
namespace {

TEST(Crew, EachPieceIsDoneOnceHoweverManyThreadsThereAre) {
  for (const unsigned threads : {1U, 2U, 3U, 8U}) {
    SCOPED_TRACE(threads);
    Crew crew(threads);
    for (std::size_t count = 0; count < 200; ++count) {
      std::vector<int> times(count);  // each by one thread alone, and read when all is done
      crew.share(count, [&](std::size_t i) { times[i] += 1; });
      EXPECT_EQ(times, std::vector<int>(count, 1));
    }
  }
}

TEST(Crew, SeveralThreadsWorkAtOnce) {
  Crew crew(3);
  std::mutex mutex;
  std::condition_variable met;
  std::set<std::thread::id> here;
  crew.share(3, [&](std::size_t) {  // nobody goes on before all three are there
    std::unique_lock lock(mutex);
    here.insert(std::this_thread::get_id());
    met.notify_all();
    EXPECT_TRUE(met.wait_for(lock, std::chrono::seconds(60), [&] { return here.size() == 3; }));
  });
  EXPECT_EQ(here.size(), 3U);
  EXPECT_TRUE(here.contains(std::this_thread::get_id())) << "the caller is one of them";
}

TEST(Crew, OneThreadAloneIsTheCallers) {
  Crew crew(1);
  crew.share(10, [&, caller = std::this_thread::get_id()](std::size_t) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
  });
}

}  // namespace
}  // namespace tributary::app
