// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/workbench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/gateway/store/store_fixture.h"

namespace tributary::store {
namespace {

using testing::HasSubstr;

class WorkbenchTest : public testing::Test {
 protected:
  std::unique_ptr<Workbench> bench(const std::string& path) {
    auto made = Workbench::open(path);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return made ? std::move(*made) : nullptr;
  }
  // A database with rows and refusals, closed.
  void fill() {
    const auto store = must_open(db);
    Commit commit = rows(1, 200, 2'000);
    for (std::uint64_t i = 1; i <= 5; ++i) {
      commit.dead_letters.push_back({i, "up/d" + std::to_string(i), "malformed", "b"});
    }
    must_commit(*store, commit);
  }

  TempDir dir;
  const std::string db = dir / "gateway.db";
};

TEST_F(WorkbenchTest, TellsWhatIsInASoundFileAndLeavesItAsItWas) {
  fill();
  const std::string before = slurp(db);
  {
    const auto b = bench(db);
    EXPECT_EQ(b->wrong(), std::vector<std::string>{});
    const auto about = b->about();
    ASSERT_TRUE(about);
    EXPECT_EQ(about->identity.gateway, "g1");
    EXPECT_EQ(about->incarnation, 0xfedcba9876543210u);
    EXPECT_EQ(about->envelopes, 200U);
    EXPECT_EQ(about->dead_letters, 5U);
  }
  EXPECT_EQ(slurp(db), before);
}

TEST_F(WorkbenchTest, AFileThatAGatewayHasIsRefused) {
  const auto store = must_open(db);
  const auto refused = Workbench::open(db);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Error::Kind::busy);
  EXPECT_THAT(refused.error().message, HasSubstr("tributary backup"));
}

TEST_F(WorkbenchTest, DamageIsReportedAndNothingIsMovedAside) {
  fill();
  std::string bytes = slurp(db);
  for (std::size_t at = 5 * 4096; at < 9 * 4096; at += 7) bytes[at] = 'x';
  spill(db, bytes);
  EXPECT_FALSE(bench(db)->wrong().empty());
  EXPECT_EQ(slurp(db), bytes);
  EXPECT_FALSE(std::filesystem::exists(db + ".corrupt-1"));
  spill(db,
        "no database at all, but long enough to be one, if one only looks at how long it is, "
        "which nobody does");
  const auto foreign = Workbench::open(db);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().kind, Error::Kind::foreign);
  EXPECT_FALSE(Workbench::open(dir / "none.db"));
}

TEST_F(WorkbenchTest, DeadLettersAreListedNewestFirstAndDropped) {
  fill();
  const auto b = bench(db);
  auto letters = b->dead_letters(0, 3);
  ASSERT_TRUE(letters);
  ASSERT_EQ(letters->size(), 3U);
  EXPECT_EQ((*letters)[0].row.topic, "up/d5");
  EXPECT_EQ(b->dead_letters((*letters)[2].id, 10)->size(), 2U);
  const std::vector<std::uint64_t> ids = {(*letters)[0].id, 999};
  EXPECT_EQ(b->dead_letters(ids)->size(), 1U);
  EXPECT_EQ(*b->drop_dead_letters(ids), 1U);
  EXPECT_EQ(*b->drop_dead_letters(), 4U);
  EXPECT_EQ(b->about()->dead_letters, 0U);
}

TEST_F(WorkbenchTest, ACopyOpensAsThatGatewaysDatabaseWithItsOwnIncarnation) {
  fill();
  const std::string copy = dir / "copy.db";
  {
    const auto b = bench(db);
    ASSERT_TRUE(b->copy_to(copy));
    EXPECT_FALSE(b->copy_to(copy)) << "over a file that is there";
  }
  EXPECT_TRUE(bench(copy)->rename_life(42));
  EXPECT_EQ(bench(copy)->wrong(), std::vector<std::string>{});
  const auto store = must_open(copy);
  EXPECT_EQ(store->incarnation(), 42U);
  EXPECT_FALSE(store->created());
  EXPECT_EQ(read_all(*store).envelopes.size(), 200U);
}

TEST_F(WorkbenchTest, CompactingGivesSpaceBackAndKeepsAllThereIs) {
  fill();
  {
    const auto store = must_open(db);
    Commit thin;
    for (std::uint64_t row = 1; row <= 190; ++row) thin.erase.push_back(row);
    must_commit(*store, thin);
  }
  const auto before = std::filesystem::file_size(db);
  EXPECT_GT(bench(db)->about()->free_bytes, before / 2);
  EXPECT_TRUE(bench(db)->compact());
  EXPECT_LT(std::filesystem::file_size(db), before / 2);
  EXPECT_EQ(read_all(*must_open(db)).envelopes.size(), 10U);
}

TEST_F(WorkbenchTest, ABackupWhereNobodyMayWriteCanBeLookedAt) {
  fill();
  const std::string copy = dir / "copy.db";
  ASSERT_TRUE(bench(db)->copy_to(copy));
  ASSERT_EQ(::chmod(copy.c_str(), 0444), 0);
  EXPECT_EQ(bench(copy)->wrong(), std::vector<std::string>{});
}

// What is committed between the steps of a copy is in it, whether its page was copied before.
TEST_F(WorkbenchTest, ACopyInStepsHoldsWhatWasCommittedMeanwhile) {
  const std::string copy = db + ".snapshot";
  {
    const auto store = must_open(db);
    must_commit(*store, rows(1, 2'000, 1'000));
    ASSERT_TRUE(store->begin_snapshot(copy));
    std::uint64_t row = 2'000, steps = 0;
    while (true) {
      const auto done = store->step_snapshot(16);
      ASSERT_TRUE(done) << done.error().message;
      if (*done) break;
      EXPECT_FALSE(std::filesystem::exists(copy)) << "before it was whole";
      Commit more = rows(row + 1, row + 3, 1'000);
      more.erase.push_back(++steps);  // of the first pages, which are copied by now
      must_commit(*store, more);
      row += 3;
    }
    ASSERT_GT(steps, 10U);
    EXPECT_EQ(read_all(*store).envelopes.size(), row - steps);
  }
  const auto original = read_all(*must_open(db));
  const auto copied = read_all(*must_open(copy));
  ASSERT_EQ(copied.envelopes.size(), original.envelopes.size());
  for (const auto& [number, envelope] : original.envelopes) {
    EXPECT_TRUE(same(copied.envelopes.at(number), envelope));
  }
}

TEST_F(WorkbenchTest, AReopenGivesUpTheCopyUnderWayAndLeavesNothingOfIt) {
  const auto store = must_open(db);
  must_commit(*store, rows(1, 500, 1'000));
  ASSERT_TRUE(store->begin_snapshot(db + ".snapshot"));
  ASSERT_TRUE(store->step_snapshot(4));
  ASSERT_TRUE(store->reopen());
  const auto gone = store->step_snapshot(4);
  ASSERT_FALSE(gone);
  EXPECT_FALSE(std::filesystem::exists(db + ".snapshot.new"));
  must_commit(*store, rows(501, 502));
  EXPECT_TRUE(store->snapshot(db + ".snapshot"));
}

}  // namespace
}  // namespace tributary::store
