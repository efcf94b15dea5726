// SPDX-License-Identifier: Apache-2.0
#include "gateway/history/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <mutex>

#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace tributary::history {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using testing::HasSubstr;

class RecorderTest : public testing::Test {
 protected:
  Recorder::Options options() const {
    return {.history = {.path = (dir_.path() / "sub" / "history.db").string()},
            .interval_ms = 20,
            .retry_ms = 20,
            .keep_free_bytes = 0};
  }
  Recorder::Say say() {
    return [this](bool, const std::string& text) {
      const std::lock_guard lock(mutex_);
      said_ += text + "\n";
    };
  }
  std::string said() {
    const std::lock_guard lock(mutex_);
    return said_;
  }
  static Answer ask(Recorder& r) {
    std::promise<Answer> got;
    const std::uint64_t day = std::uint64_t{40'000} * day_ms;
    EXPECT_TRUE(r.ask({.key = "k", .type = "gcounter", .from_ms = 1, .to_ms = day},
                      [&](Answer a) { got.set_value(std::move(a)); }));
    return got.get_future().get();
  }
  void make_dir() { std::filesystem::create_directories(dir_.path() / "sub"); }

  test::TempDir dir_;
  std::mutex mutex_;
  std::string said_;
};

TEST_F(RecorderTest, TheNewestOfAKeyIsWrittenAndRead) {
  make_dir();
  Recorder r(options(), say());
  for (int i = 1; i <= 9; ++i) r.add({{"k", "gcounter", static_cast<double>(i)}});
  ASSERT_TRUE(eventually(10s, [&] {
    const Answer a = ask(r);
    return !a.points.empty() && a.points.back().last == 9;
  }));
  EXPECT_EQ(r.stats().size.series, 1U);
  EXPECT_EQ(r.stats().wrong, "");
  EXPECT_EQ(said(), "");
}

TEST_F(RecorderTest, WhatWaitsIsWrittenAtTheEnd) {
  make_dir();
  Recorder::Options slow = options();
  slow.interval_ms = 3'600'000;
  { Recorder(slow, say()).add({{"k", "gcounter", 3}}); }
  Recorder r(slow, say());
  EXPECT_EQ(ask(r).points.back().last, 3);
}

TEST_F(RecorderTest, WithoutAPlaceItSaysSoOnceAndBeginsWhenThereIsOne) {
  Recorder r(options(), say());
  r.add({{"k", "gcounter", 1}});
  ASSERT_TRUE(eventually(10s, [&] { return r.stats().failures > 3; }));
  EXPECT_THAT(r.stats().wrong, HasSubstr("cannot open"));
  EXPECT_EQ(said().find("cannot open"), said().rfind("cannot open")) << said();
  make_dir();
  ASSERT_TRUE(eventually(10s, [&] { return r.stats().wrong.empty(); }));
  EXPECT_EQ(ask(r).points.back().last, 1) << "kept meanwhile";
  EXPECT_TRUE(eventually(10s, [&] { return said().find("written again") != std::string::npos; }));
}

TEST_F(RecorderTest, LeavesTheRestOfTheDiskToTheTotals) {
  make_dir();
  Recorder::Options careful = options();
  careful.keep_free_bytes = ~std::uint64_t{0};
  Recorder r(careful, say());
  r.add({{"k", "gcounter", 1}});
  ASSERT_TRUE(eventually(10s, [&] { return !r.stats().wrong.empty(); }));
  EXPECT_THAT(r.stats().wrong, HasSubstr("keep_free_mb"));
  EXPECT_FALSE(ask(r).known);
}

TEST_F(RecorderTest, NobodyWaitsForIt) {
  Recorder::Options slow = options();
  slow.interval_ms = 3'600'000;
  Recorder r(slow, say());
  for (std::size_t i = 0; i < Recorder::bunches_max + 10; ++i) r.add({{"k", "gcounter", 1}});
  EXPECT_EQ(r.stats().dropped, 10U);
}

}  // namespace
}  // namespace tributary::history
