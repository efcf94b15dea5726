// SPDX-License-Identifier: Apache-2.0
// Disks that are full, fail, or lie: no commit is acknowledged that is not there, and a retry is
// exact.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/gateway/store/fault_vfs.h"
#include "tests/gateway/store/store_fixture.h"

namespace tributary::store {
namespace {

using testing::HasSubstr;

Error must_refuse(Store& store, const Commit& commit) {
  auto done = store.commit(commit);
  EXPECT_FALSE(done);
  return done ? Error{} : done.error();
}

TEST(Faults, AFullDiskRefusesTheCommitWholeAndARetryIsExact) {
  FaultVfs disk;
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  must_commit(*store, rows(1, 10));
  Commit big = rows(11, 400, 1'000);
  big.erase = {1, 2};
  for (const std::int64_t space :
       {0, 4'096, 50'000, 200'000}) {  // the disk fills at different moments of it
    disk.space(space);
    const Error e = must_refuse(*store, big);
    EXPECT_EQ(e.kind, Error::Kind::full);
    EXPECT_THAT(e.message, HasSubstr("gateway.db"));
    EXPECT_THAT(e.message, HasSubstr("free some space"));
    EXPECT_EQ(read_all(*store).envelopes.size(), 10u);  // reads go on
  }
  disk.space(FaultVfs::unlimited);
  must_commit(*store, big);
  EXPECT_EQ(read_all(*store).envelopes.size(), 398u);
  store.reset();
  const Contents all = read_all(*must_open(dir / "gateway.db"));
  EXPECT_EQ(all.envelopes.size(), 398u);
  EXPECT_TRUE(same(all.envelopes.at(400), envelope(400, 1'000)));
}

// A file system of 1 MiB, where the machine lets us mount one; the test above has a simulated one
// everywhere.
TEST(Faults, AFullFileSystemIsSurvived) {
  TempDir dir;
  if (::mount("none", dir.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "no permission to mount a small file system";
  }
  {
    auto store = must_open(dir / "gateway.db");
    std::uint64_t row = 1;
    auto done = store->commit(rows(row, row + 9, 4'000));
    while (done) {
      row += 10;
      done = store->commit(rows(row, row + 9, 4'000));
    }
    EXPECT_EQ(done.error().kind, Error::Kind::full) << done.error().message;
    EXPECT_EQ(read_all(*store).envelopes.size(), row - 1);
    ASSERT_EQ(::mount("none", dir.path().c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
    must_commit(*store, rows(row, row + 9, 4'000));
    EXPECT_EQ(read_all(*store).envelopes.size(), row + 9);
  }
  EXPECT_EQ(::umount(dir.path().c_str()), 0);
}

TEST(Faults, AFailedSyncIsNeverAnAcknowledgementAndNeedsAReopen) {
  FaultVfs disk;
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  must_commit(*store, rows(1, 10));
  disk.fail_syncs(1);
  const Error e = must_refuse(*store, rows(11, 20));
  EXPECT_EQ(e.kind, Error::Kind::io);
  EXPECT_THAT(e.message, HasSubstr("Check the disk"));
  EXPECT_EQ(disk.failures(), 1);
  EXPECT_THAT(must_refuse(*store, rows(11, 20)).message, HasSubstr("must be reopened"));
  EXPECT_FALSE(store->read({.envelopes = {3}, .actors = {}}));
  ASSERT_TRUE(store->reopen());
  must_commit(*store, rows(11, 20));
  EXPECT_EQ(read_all(*store).envelopes.size(), 20u);
}

TEST(Faults, AReopenThatFailsMayBeTriedAgain) {
  FaultVfs disk;
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  must_commit(*store, rows(1, 10));
  disk.fail_syncs(2);
  EXPECT_EQ(must_refuse(*store, rows(11, 20)).kind, Error::Kind::io);
  auto first = store->reopen();  // the checkpoint of the reopen meets the second failure
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, Error::Kind::io) << first.error().message;
  EXPECT_EQ(must_refuse(*store, rows(11, 20)).kind, Error::Kind::io);
  ASSERT_TRUE(store->reopen());
  must_commit(*store, rows(11, 20));
  EXPECT_EQ(read_all(*store).envelopes.size(), 20u);
}

// Each write of a commit fails once: after a reopen and a repeat the rows are there exactly,
// whatever had happened.
TEST(Faults, AWriteThatFailsAnywhereIsRepairedByReopenAndRepeat) {
  FaultVfs disk;
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  std::uint64_t row = 1;
  for (int round = 0; round < 30; ++round, row += 10) {
    disk.fail_writes(1 + round % 3);
    Commit c = rows(row, row + 9, 2'000);
    if (row > 20) c.erase = {row - 20};
    int attempts = 0;
    while (!store->commit(c)) {
      ASSERT_LT(++attempts, 10);
      (void)store->reopen();
    }
  }
  EXPECT_GE(disk.failures(), 30);
  const Contents all = read_all(*store);
  EXPECT_EQ(all.envelopes.size(), 300u - 28u);
  for (const auto& [number, e] : all.envelopes) EXPECT_TRUE(same(e, envelope(number, 2'000)));
}

TEST(Faults, AFailedReadEndsTheLoadWithItsReason) {
  FaultVfs disk;
  TempDir dir;
  {
    auto store = must_open(dir / "gateway.db");
    for (std::uint64_t row = 1; row < 8'000; row += 1'000)
      must_commit(*store, rows(row, row + 999, 2'000));
  }
  auto store = must_open(dir / "gateway.db");
  disk.fail_reads(1);
  auto count = store->load({});
  ASSERT_FALSE(count);
  EXPECT_EQ(count.error().kind, Error::Kind::io);
  EXPECT_THAT(count.error().message, HasSubstr("cannot read"));
}

TEST(Faults, AFullDiskAtTheVeryFirstStartLeavesNothingBehind) {
  FaultVfs disk;
  TempDir dir;
  disk.space(10'000);
  const Error e = must_fail(dir / "gateway.db");
  EXPECT_EQ(e.kind, Error::Kind::full) << e.message;
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  disk.space(FaultVfs::unlimited);
  EXPECT_TRUE(must_open(dir / "gateway.db")->created());
}

// As another user for a while: to root every directory is writable.
class Unprivileged {
 public:
  Unprivileged() { EXPECT_EQ(::geteuid() == 0 ? ::seteuid(65'534) : 0, 0); }
  ~Unprivileged() { EXPECT_EQ(::getuid() == 0 ? ::seteuid(0) : 0, 0); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;
};

TEST(Faults, ADirectoryThatMayNotBeWrittenIsNamed) {
  TempDir dir;
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  {
    Unprivileged user;
    const Error e = must_fail(dir / "gateway.db");
    EXPECT_EQ(e.kind, Error::Kind::read_only) << e.message;
    EXPECT_THAT(e.message, HasSubstr(dir.path()));
    EXPECT_THAT(e.message, HasSubstr("set gateway.data_dir"));
    EXPECT_EQ(must_fail(dir / "deeper/gateway.db").kind, Error::Kind::read_only);
  }
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
}

TEST(Faults, AFileThatMayNotBeWrittenIsNamed) {
  TempDir dir;
  must_open(dir / "gateway.db").reset();
  ASSERT_EQ(::chmod((dir / "gateway.db").c_str(), 0444), 0);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  Unprivileged user;
  const Error e = must_fail(dir / "gateway.db");
  EXPECT_EQ(e.kind, Error::Kind::read_only) << e.message;
  EXPECT_THAT(e.message, HasSubstr("gateway.db"));
}

}  // namespace
}  // namespace tributary::store
