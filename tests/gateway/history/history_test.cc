// SPDX-License-Identifier: Apache-2.0
#include "gateway/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "tests/support/temp_dir.h"

namespace tributary::history {

void PrintTo(const Point& p, std::ostream* out) {
  *out << p.at_ms << ": " << p.last << " in " << p.low << " … " << p.high;
}

namespace {

using testing::HasSubstr;

constexpr std::uint64_t begin_ms = 500'000 * hour_ms;  // the beginning of an hour

class HistoryTest : public testing::Test {
 protected:
  Options options() const { return {.path = path()}; }
  std::string path() const { return (dir_.path() / "history.db").string(); }
  static std::vector<Point> points(History& h, std::uint64_t from, std::uint64_t to,
                                   std::size_t max = Question::points_most,
                                   const std::string& key = "k") {
    const Answer a =
        h.read({.key = key, .type = "gcounter", .from_ms = from, .to_ms = to, .points_max = max});
    EXPECT_EQ(a.wrong, "");
    return a.points;
  }
  static std::vector<Sample> one(double value, const std::string& key = "k") {
    return {{key, "gcounter", value}};
  }
  test::TempDir dir_;
};

TEST(Numeric, IsTheNumberThatPeopleSee) {
  EXPECT_EQ(numeric("gcounter", "42"), 42.0);
  EXPECT_EQ(numeric("pncounter", "\"-9007199254740993\""), -9007199254740992.0);
  EXPECT_EQ(numeric("lww", "-3.5e2"), -350.0);
  EXPECT_EQ(numeric("lww", "true"), 1.0);
  EXPECT_EQ(numeric("orset", "[]"), 0.0);
  EXPECT_EQ(numeric("orset", R"(["a,\"b",{"base64":"AA,=="},"[,"])"), 3.0);
  EXPECT_EQ(numeric("gset", R"({"size":70000})"), 70000.0);
  for (const char* none : {"null", "\"open\"", "\"12\"", "{\"size\":9}", "\"Infinity\"", ""})
    EXPECT_EQ(numeric("lww", none), std::nullopt) << none;
}

TEST_F(HistoryTest, StepsAreReadAsTheyWereWritten) {
  History h(options());
  for (std::uint64_t i = 0; i < 10; ++i)
    ASSERT_EQ(h.write(begin_ms + i * 5'000,
                      {{"k", "gcounter", 1.0 * static_cast<double>(i)}, {"other", "lww", 0.5}}),
              "");
  const auto got = points(h, begin_ms + 5'000, begin_ms + 15'000);
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0], (Point{begin_ms + 5'000, 1, 1, 1}));
  EXPECT_EQ(got[2], (Point{begin_ms + 15'000, 3, 3, 3}));
  EXPECT_TRUE(points(h, begin_ms + 46'000, begin_ms + 50'000).empty());
  const Answer nobody = h.read({.key = "none", .type = "gcounter", .from_ms = 1, .to_ms = 2});
  EXPECT_FALSE(nobody.known);
  EXPECT_FALSE(h.read({.key = "k", .type = "lww", .from_ms = 1, .to_ms = 2}).known);
}

// Found end to end: the first step of a new file was empty, and until the next minute the steps
// that followed it were not found.
TEST_F(HistoryTest, StepsAreFoundInTheMinuteOfAnEmptyOne) {
  History h(options());
  ASSERT_EQ(h.write(begin_ms, {}), "");
  ASSERT_EQ(h.write(begin_ms + 1'000, one(3)), "");
  const Answer a = h.read(
      {.key = "k", .type = "gcounter", .from_ms = begin_ms - hour_ms, .to_ms = begin_ms + 2'000});
  EXPECT_EQ(a.tier, Tier::raw);
  EXPECT_EQ(a.points, (std::vector<Point>{{begin_ms + 1'000, 3, 3, 3}}));
}

// Found on the page: in its first minute a day was read from hours, of which there were none.
TEST_F(HistoryTest, ADayOfAYoungHistoryIsReadByMinutes) {
  History h(options());
  ASSERT_EQ(h.write(begin_ms, one(3)), "");
  const Answer a = h.read({.key = "k",
                           .type = "gcounter",
                           .from_ms = begin_ms - 24 * hour_ms,
                           .to_ms = begin_ms + 2'000});
  EXPECT_EQ(a.tier, Tier::minute);
  EXPECT_EQ(a.points.size(), 1U);
}

TEST_F(HistoryTest, WhatItWasBeforeIsTold) {
  History h(options());
  for (std::uint64_t i = 0; i < 300; ++i) {  // ours once an hour, another's all the time
    std::vector<Sample> samples = {{"other", "gcounter", 1}};
    if (i % 60 == 0) samples.push_back({"k", "gcounter", static_cast<double>(i)});
    ASSERT_EQ(h.write(begin_ms + i * minute_ms, samples), "");
  }
  const auto before = [&](std::uint64_t at) {
    return h.read({.key = "k", .type = "gcounter", .from_ms = at, .to_ms = at + 1'000}).before;
  };
  ASSERT_TRUE(before(begin_ms + 150 * minute_ms));
  EXPECT_EQ(before(begin_ms + 150 * minute_ms)->last, 120);
  EXPECT_EQ(before(begin_ms + 299 * minute_ms)->last, 240);
  EXPECT_FALSE(before(begin_ms - 1));
}

// Everything that was written, and what each table must make of it.
class Oracle {
 public:
  void write(std::uint64_t at, double v) { all_[at] = v; }
  std::vector<Point> expected(std::uint64_t from, std::uint64_t to, std::uint64_t width) const {
    std::map<std::uint64_t, Point> out;
    for (const auto& [at, v] : all_) {
      const std::uint64_t start = at - at % width;
      if (start < from - from % width || start > to) continue;
      const auto [p, fresh] = out.try_emplace(start, Point{start, v, v, v});
      p->second = {start, v, std::min(p->second.low, v), std::max(p->second.high, v)};
    }
    std::vector<Point> points;
    for (const auto& [start, p] : out) points.push_back(p);
    return points;
  }

 private:
  std::map<std::uint64_t, double> all_;
};

// Days of many keys, opened anew now and then (as after kill -9: nothing is written at the end).
TEST_F(HistoryTest, RandomDaysAreWhatAnOracleRemembersAlsoAfterRestarts) {
  const char* given = std::getenv("TRIBUTARY_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("TRIBUTARY_SEED=" + std::to_string(seed) + " history_test --gtest_filter=*Random*");
  std::mt19937_64 random(seed);
  std::map<std::string, Oracle> oracles;
  auto h = std::make_unique<History>(options());
  std::uint64_t at = begin_ms + random() % hour_ms;
  const std::uint64_t begun = at;
  for (int i = 0; i < 4'000; ++i) {
    at += random() % 3 == 0 ? 5'000 + random() % 600'000 : 5'000;
    std::vector<Sample> samples;
    for (int key = 0; key < 8; ++key) {
      if (random() % 4 == 0) continue;
      const double value = static_cast<double>(random() % 2'000) - 1'000.5;
      const std::string name = "k" + std::to_string(key);
      samples.push_back({name, "gcounter", value});
      oracles[name].write(at, value);
    }
    ASSERT_EQ(h->write(at, samples), "");
    if (random() % 400 == 0) h = std::make_unique<History>(options());
  }
  ASSERT_GT(at - begun, 4 * day_ms);
  for (const auto& [key, oracle] : oracles) {
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t to = at - random() % (20 * hour_ms);
      const std::uint64_t raw_from = to - 3 * hour_ms + random() % hour_ms;
      EXPECT_EQ(points(*h, std::max(raw_from, at - 23 * hour_ms), to, 5'000, key),
                oracle.expected(std::max(raw_from, at - 23 * hour_ms), to, 1));
      const std::uint64_t minute_from = to - 3 * day_ms;
      EXPECT_EQ(points(*h, minute_from, to, 5'000, key),
                oracle.expected(minute_from, to, minute_ms));
      EXPECT_EQ(points(*h, begin_ms - day_ms, to, 5'000, key),
                oracle.expected(begin_ms - day_ms, to, hour_ms));
    }
  }
}

TEST_F(HistoryTest, FewerPointsKeepTheHighsAndLows) {
  History h(options());
  for (std::uint64_t i = 0; i < 720; ++i)
    ASSERT_EQ(h.write(begin_ms + i * 5'000, one(i == 333 ? 1e6 : i == 334 ? -1e6 : 1.0)), "");
  const auto got = points(h, begin_ms, begin_ms + hour_ms, 50);
  EXPECT_LE(got.size(), 51U);
  EXPECT_GE(got.size(), 45U);
  const auto by_high = [](const Point& a, const Point& b) { return a.high < b.high; };
  const auto by_low = [](const Point& a, const Point& b) { return a.low < b.low; };
  EXPECT_EQ(std::max_element(got.begin(), got.end(), by_high)->high, 1e6);
  EXPECT_EQ(std::min_element(got.begin(), got.end(), by_low)->low, -1e6);
}

TEST_F(HistoryTest, WhatIsTooOldGoesAndTheCoarserStays) {
  Options o = options();
  o.raw_kept_ms = 2 * hour_ms;
  History h(o);
  for (std::uint64_t i = 0; i < 24 * 60; ++i)
    ASSERT_EQ(h.write(begin_ms + i * minute_ms, one(static_cast<double>(i))), "");
  const std::uint64_t end = begin_ms + 24 * hour_ms;
  EXPECT_EQ(h.read({.key = "k", .type = "gcounter", .from_ms = end - hour_ms, .to_ms = end}).tier,
            Tier::raw);
  const Answer old =
      h.read({.key = "k", .type = "gcounter", .from_ms = begin_ms, .to_ms = begin_ms + hour_ms});
  EXPECT_EQ(old.tier, Tier::minute) << "the steps of then are gone";
  EXPECT_EQ(old.points.size(), 61U);
}

TEST_F(HistoryTest, TheFileKeepsItsSize) {
  Options o = options();
  o.file_bytes_max = 2u << 20;
  History h(o);
  std::vector<Sample> samples;
  for (int k = 0; k < 500; ++k) samples.push_back({"k" + std::to_string(k), "gcounter", 0.25});
  std::uint64_t most = 0;
  for (std::uint64_t i = 0; i < 1'500; ++i) {
    for (Sample& s : samples) s.value += 1;
    ASSERT_EQ(h.write(begin_ms + i * 10'000, samples), "");
    most = std::max(most, h.size().bytes);
  }
  EXPECT_GT(h.size().rows_written, 750'000U);
  EXPECT_LT(most, 3u << 20) << "one minute of it may be too much";
  const std::uint64_t end = begin_ms + 15'000'000;
  EXPECT_FALSE(points(h, end - 10 * minute_ms, end, 500, "k7").empty()) << "the newest stays";
}

TEST_F(HistoryTest, KeysBeyondTheLimitAreCountedAndLeftOut) {
  Options o = options();
  o.series_max = 3;
  o.hour_kept_ms = day_ms;
  History h(o);
  for (int k = 0; k < 5; ++k)
    ASSERT_EQ(h.write(begin_ms + static_cast<std::uint64_t>(k), one(1, "k" + std::to_string(k))),
              "");
  EXPECT_EQ(h.size().skipped, 2U);
  EXPECT_FALSE(h.read({.key = "k4", .type = "gcounter", .from_ms = 1, .to_ms = 2}).known);
  // Two days later nobody has heard of the first ones: there is room.
  ASSERT_EQ(h.write(begin_ms + 2 * day_ms, one(1, "k1")), "");
  ASSERT_EQ(h.write(begin_ms + 2 * day_ms + 1'000, one(1, "k4")), "");
  EXPECT_TRUE(h.read({.key = "k4", .type = "gcounter", .from_ms = 1, .to_ms = 2}).known);
}

TEST_F(HistoryTest, AFileThatIsNoDatabaseIsMovedAsideAndBegunAnew) {
  std::ofstream(path()) << std::string(10'000, 'x');
  History h(options());
  EXPECT_EQ(h.write(begin_ms, one(7)), "");
  EXPECT_THAT(h.take_note(), HasSubstr("history begins anew"));
  EXPECT_EQ(h.take_note(), "") << "said once";
  EXPECT_EQ(h.size().renewed, 1U);
  EXPECT_EQ(points(h, begin_ms, begin_ms + 1).size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(path() + ".damaged"));
}

TEST_F(HistoryTest, WhereverAPageRotsItGoesOn) {
  const auto fill = [&](History& h, std::uint64_t from) {
    for (std::uint64_t i = 0; i < 40; ++i) {
      std::vector<Sample> samples;
      for (int k = 0; k < 50; ++k)
        samples.push_back({"k" + std::to_string(k), "gcounter", static_cast<double>(i)});
      ASSERT_EQ(h.write(from + i * 30'000, samples), "");
    }
  };
  {
    History h(options()), &ref = h;
    fill(ref, begin_ms);
  }
  std::ifstream in(path(), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  ASSERT_GT(whole.size(), 10 * 4096U);
  std::size_t renewed = 0;
  for (std::size_t page = 0; page < whole.size() / 4096; ++page) {
    std::string rotten = whole;
    for (std::size_t i = 0; i < 64; ++i) rotten[page * 4096 + i] = static_cast<char>(0xa5 ^ i);
    std::filesystem::remove(path() + "-wal");
    std::filesystem::remove(path() + "-shm");
    std::ofstream(path(), std::ios::binary) << rotten;
    History h(options());
    fill(h, begin_ms + day_ms);  // each write succeeds
    for (int k = 0; k < 50; ++k)
      h.read({.key = "k" + std::to_string(k),
              .type = "gcounter",
              .from_ms = begin_ms,
              .to_ms = begin_ms + 3 * day_ms});
    fill(h, begin_ms + 2 * day_ms);
    renewed += h.size().renewed > 0 ? 1 : 0;
    EXPECT_FALSE(
        points(h, begin_ms + 2 * day_ms, begin_ms + 2 * day_ms + hour_ms, 500, "k7").empty())
        << "page " << page;
  }
  EXPECT_GT(renewed, 5U);
}

TEST_F(HistoryTest, ADiskThatTakesNothingMoreIsSaidAndItGoesOnLater) {
  History h(options());
  ASSERT_EQ(h.write(begin_ms, one(1)), "");
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit tight = before;
  tight.rlim_cur = 1;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const std::string wrong = h.write(begin_ms + 5'000, one(2));
  const std::string again = h.write(begin_ms + 10'000, one(3));
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(wrong, HasSubstr("cannot write to"));
  EXPECT_NE(again, "");
  EXPECT_EQ(h.size().renewed, 0U) << "a full disk is no damage";
  EXPECT_EQ(h.write(begin_ms + 15'000, one(4)), "");
  const auto got = points(h, begin_ms, begin_ms + 20'000);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[1].last, 4);
}

TEST_F(HistoryTest, AnHourWithAWrongClockCostsLittle) {
  History h(options());
  for (std::uint64_t i = 0; i < 600; ++i)
    ASSERT_EQ(h.write(begin_ms + i * minute_ms, one(static_cast<double>(i))), "");
  const std::uint64_t now = begin_ms + 600 * minute_ms, wrong = now + 30'000 * day_ms;
  for (std::uint64_t i = 0; i < 5; ++i) ASSERT_EQ(h.write(wrong + i * minute_ms, one(-1)), "");
  for (std::uint64_t i = 0; i < 3; ++i) ASSERT_EQ(h.write(now + i * minute_ms, one(700)), "");
  EXPECT_GT(points(h, begin_ms + 300 * minute_ms, now + hour_ms).size(), 290U);
  for (const Point& p : points(h, begin_ms, wrong + day_ms)) EXPECT_LE(p.at_ms, now + hour_ms);
}

}  // namespace
}  // namespace tributary::history
