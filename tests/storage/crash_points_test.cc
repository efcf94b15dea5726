// SPDX-License-Identifier: Apache-2.0
// Power cuts after every single write and sync of a gateway's life, each leaving the disk in four
// ways. What was acknowledged is there exactly, and what was under way is there whole or not at
// all.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "tests/storage/support/budget.h"
#include "tests/storage/support/field.h"
#include "tests/storage/support/life.h"
#include "tests/storage/support/replay.h"

namespace tributary::storage {
namespace {

struct Past {
  Disk disk;
  std::vector<Acked> acked;  // by step
  std::vector<Upload> uploads;
  Held truth;
};

// Lives one after the other on one disk, ended in order, each of so many commits.
void live(Past& past, Field& field, int lives, int commits, LifeOptions options = {}) {
  Life life(past.disk, std::move(options));
  for (int l = 0; l < lives; ++l) {
    ASSERT_EQ(life.boot(), "");
    for (int i = 0; i < commits; ++i) {
      for (Upload& u : field.next()) {
        life.up(u.device, u.bytes);
        past.uploads.push_back(std::move(u));
      }
      life.run(60);
    }
    ASSERT_TRUE(life.settle());
    past.truth = life.held();
    life.close();
  }
  past.acked = life.acked();
}

// Of the state after a cut at `step`: "" or what is wrong.
std::string judge(const Life& life, const std::vector<Acked>& acked, std::size_t step) {
  const auto next = std::upper_bound(acked.begin(), acked.end(), step,
                                     [](std::size_t at, const Acked& a) { return at < a.step; });
  const Held is = life.held();
  static const std::string nothing = Life::digest_of_nothing();
  const Held before = next == acked.begin() ? Held{nothing, {}, {}} : std::prev(next)->held;
  if (is == before || (next != acked.end() && is == next->held)) return {};
  std::string out = "after " + std::to_string(next - acked.begin()) + " acknowledged commits: ";
  out += std::to_string(is.envelopes.size()) + " envelopes, expected " +
         std::to_string(before.envelopes.size());
  if (is.points != before.points) out += "; points differ";
  if (is.digest != before.digest) out += "; digests differ";
  return out;
}

std::string try_image(Image image, const std::vector<Acked>& acked, std::size_t step) {
  Disk disk(std::move(image));
  Life life(disk, {.incarnation = 1'000});
  if (std::string wrong = life.boot(); !wrong.empty()) return wrong;
  const bool any = !acked.empty() && acked.front().step <= step;
  if (!life.errors().empty()) return "moved aside: " + life.errors().front().message;
  if (any && (life.created() || life.store().incarnation() != 77)) return "another database";
  if (life.noticed("quarantine")) return "an envelope was quarantined";
  if (life.noticed("intake")) return "an intake was forgotten";
  return judge(life, acked, step);
}

struct Tally {
  std::size_t points = 0, replays = 0, lost = 0;
  std::string first;
};

Tally try_points(const Record& record, const std::vector<Acked>& acked,
                 const std::vector<std::size_t>& points) {
  Tally tally;
  Replay at(record);
  for (const std::size_t point : points) {
    at.advance_to(point);
    ++tally.points;
    for (const Variant v : variants) {
      ++tally.replays;
      const std::string wrong = try_image(at.cut(v, seed() + point), acked, point);
      if (wrong.empty()) continue;
      ++tally.lost;
      if (tally.first.empty()) {
        tally.first = std::string(name(v)) + " at step " + std::to_string(point) + ": " + wrong;
      }
    }
  }
  return tally;
}

void print(const char* what, const Tally& t, std::size_t of) {
  std::cout << "crash points replayed (" << what << "): " << t.points << " of " << of << " x "
            << std::size(variants) << " variants = " << t.replays << ", with a loss: " << t.lost
            << '\n';
}

TEST(CrashPoints, NothingAcknowledgedIsLostAtAnyPoint) {
  SCOPED_TRACE(replay_hint());
  Past past;
  Field field(seed());
  ASSERT_NO_FATAL_FAILURE(live(past, field, 3, 260));
  const std::size_t total = past.disk.now() + 1;
  const Tally tally = try_points(past.disk.record(), past.acked, sample(total, 400));
  print("a life", tally, total);
  EXPECT_EQ(tally.lost, 0u) << tally.first;
}

// The power goes again while the store opens what the first cut left.
TEST(CrashPoints, NorWhenThePowerGoesAgainDuringTheRecovery) {
  SCOPED_TRACE(replay_hint());
  Past past;
  Field field(seed() + 1);
  ASSERT_NO_FATAL_FAILURE(live(past, field, 2, 40));
  Replay at(past.disk.record());
  Tally all;
  std::size_t total = 0;
  for (const std::size_t point : sample(past.disk.now() + 1, 12, 150)) {
    at.advance_to(point);
    for (const Variant v : variants) {
      Disk disk(at.cut(v, seed() + point));
      std::vector<Acked> acked;
      {
        Life life(disk);
        ASSERT_EQ(life.boot(), "");
        acked = {{0, life.held()}};  // nothing is acknowledged by opening: it must all stay
        ASSERT_EQ(judge(life, past.acked, point), "");
        life.close();
      }
      const bool any = past.acked.front().step <= point;
      if (!any) acked.clear();
      total += disk.now() + 1;
      const Tally t = try_points(disk.record(), acked, sample(disk.now() + 1, 6));
      all.points += t.points;
      all.replays += t.replays;
      all.lost += t.lost;
      if (all.first.empty()) all.first = t.first;
    }
  }
  print("a recovery", all, total);
  EXPECT_EQ(all.lost, 0u) << all.first;
}

// After a cut the devices send again what they were not told of, and more: it counts once.
std::string try_again(Image image, const Past& past, std::size_t point) {
  Disk disk(std::move(image));
  Life life(disk, {.incarnation = 1'000});
  if (std::string wrong = life.boot(); !wrong.empty()) return wrong;
  if (std::string wrong = judge(life, past.acked, point); !wrong.empty()) return wrong;
  for (const Upload& u : past.uploads) life.up(u.device, u.bytes);
  if (!life.settle()) return "does not settle";
  if (life.held().digest != past.truth.digest) return "another digest than the truth";
  if (life.held().points != past.truth.points) return "other points than the truth";
  life.close();
  Life again(disk);
  if (std::string wrong = again.boot(); !wrong.empty()) return wrong;
  return again.held().digest == past.truth.digest ? "" : "not the truth after a restart";
}

TEST(CrashPoints, AndDevicesMakeItExactAgain) {
  SCOPED_TRACE(replay_hint());
  Past past;
  Field field(seed() + 2);
  ASSERT_NO_FATAL_FAILURE(live(past, field, 2, 20));
  Replay at(past.disk.record());
  Tally t;
  const std::size_t total = past.disk.now() + 1;
  for (const std::size_t point : sample(total, 25, 600)) {
    at.advance_to(point);
    ++t.points;
    for (const Variant v : variants) {
      ++t.replays;
      const std::string wrong = try_again(at.cut(v, seed() + point), past, point);
      t.lost += !wrong.empty();
      if (t.first.empty() && !wrong.empty()) t.first = name(v) + (": " + wrong);
    }
  }
  print("and all sent again", t, total);
  EXPECT_EQ(t.lost, 0u) << t.first;
}

// The test can fail: without the sync of each commit, or on a disk whose syncs are lies,
// acknowledged commits are lost.
TEST(CrashPoints, LossesAreFoundWhereTheyMustBe) {
  SCOPED_TRACE(replay_hint());
  Past hasty;
  Field field(seed());
  ASSERT_NO_FATAL_FAILURE(live(hasty, field, 1, 40, {.full_sync = false}));
  const std::vector<std::size_t> points = sample(hasty.disk.now() + 1, 60);
  EXPECT_GT(try_points(hasty.disk.record(), hasty.acked, points).lost, 0u);

  Past lying;
  lying.disk.lie(true);
  ASSERT_NO_FATAL_FAILURE(live(lying, field, 1, 40));
  const std::vector<std::size_t> others = sample(lying.disk.now() + 1, 60);
  EXPECT_GT(try_points(lying.disk.record(), lying.acked, others).lost, 0u);
}

}  // namespace
}  // namespace tributary::storage
