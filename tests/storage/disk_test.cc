// SPDX-License-Identifier: Apache-2.0
// The disk of these tests is itself tried: what was synced stays, what was not may go, and a sync
// that failed is never made up for.
#include <gtest/gtest.h>

#include "tests/storage/support/recording_vfs.h"
#include "tests/storage/support/replay.h"

namespace tributary::storage {
namespace {

Image after(const Disk& disk, Variant v, std::uint64_t seed = 1) {
  Replay at(disk.record());
  at.advance_to(disk.now());
  return at.cut(v, seed);
}

TEST(RecordingDisk, KeepsWhatWasSyncedInEveryVariant) {
  Disk disk;
  const Disk::File file = disk.create("a");
  disk.write(*file, std::string(2'000, 'x'), 0);
  disk.sync(*file);
  disk.sync_directory();
  for (const Variant v : variants) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      EXPECT_EQ(after(disk, v, seed), (Image{{"a", std::string(2'000, 'x')}})) << name(v);
    }
  }
}

TEST(RecordingDisk, DropsTearsAndReordersTheRest) {
  Disk disk(Image{{"a", std::string(2'048, '.')}});
  const Disk::File file = disk.find("a");
  disk.write(*file, std::string(1'024, '1'), 0);
  disk.write(*file, std::string(1'024, '2'), 512);
  EXPECT_EQ(after(disk, Variant::written).at("a").substr(500, 24),
            std::string(12, '1') + std::string(12, '2'));
  EXPECT_EQ(after(disk, Variant::dropped).at("a"), std::string(2'048, '.'));
  bool half_a_write = false, older_over_newer = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::string torn = after(disk, Variant::torn, seed).at("a");
    for (std::size_t at = 0; at < torn.size(); at += 512) {
      EXPECT_EQ(torn.substr(at, 512), std::string(512, torn[at])) << "torn within a sector";
    }
    half_a_write = half_a_write || (torn[600] == '2') != (torn[1'100] == '2');
    const std::string mixed = after(disk, Variant::reordered, seed).at("a");
    older_over_newer = older_over_newer || (mixed[600] == '1' && mixed[1'100] == '2');
  }
  EXPECT_TRUE(half_a_write);
  EXPECT_TRUE(older_over_newer);
}

TEST(RecordingDisk, ForgetsWhatAFailedSyncShouldHaveKept) {
  Disk disk(Image{{"a", "...."}});
  const Disk::File file = disk.find("a");
  disk.write(*file, "1", 0);
  disk.sync_failed(*file);
  disk.write(*file, "2", 1);
  disk.sync(*file);
  EXPECT_EQ(disk.image().at("a"), "12..");  // as it is seen while the power is on
  EXPECT_EQ(after(disk, Variant::dropped).at("a"), ".2..");
  disk.write(*file, "1", 0);
  disk.sync(*file);
  EXPECT_EQ(after(disk, Variant::dropped).at("a"), "12..");
}

TEST(RecordingDisk, NamesAreSafeOnlyWithTheirDirectory) {
  Disk disk(Image{{"old", "x"}});
  disk.sync(*disk.create("new"));
  ASSERT_TRUE(disk.rename("old", "moved"));
  EXPECT_EQ(after(disk, Variant::dropped), (Image{{"old", "x"}}));
  EXPECT_EQ(after(disk, Variant::written), (Image{{"moved", "x"}, {"new", ""}}));
  disk.sync_directory();
  EXPECT_EQ(after(disk, Variant::dropped), (Image{{"moved", "x"}, {"new", ""}}));
  ASSERT_TRUE(disk.link("moved", "twice") && disk.remove("moved"));
  EXPECT_EQ(after(disk, Variant::dropped), (Image{{"moved", "x"}, {"new", ""}}));
}

TEST(RecordingDisk, FailsTheNthCallOnceOrForEverAndFillsUp) {
  Disk disk;
  disk.fail({Disk::Call::sync, 2, 1});
  EXPECT_FALSE(disk.strikes(Disk::Call::write));
  EXPECT_FALSE(disk.strikes(Disk::Call::sync));
  EXPECT_TRUE(disk.strikes(Disk::Call::sync));
  EXPECT_FALSE(disk.strikes(Disk::Call::sync));
  disk.fail({Disk::Call::sync, 1, Disk::for_ever});
  EXPECT_TRUE(disk.strikes(Disk::Call::sync) && disk.strikes(Disk::Call::sync));
  disk.heal();
  EXPECT_FALSE(disk.strikes(Disk::Call::sync));
  const Disk::File file = disk.create("a");
  disk.fill_after(2);
  EXPECT_FALSE(disk.grows_too_far(*file, 10));
  EXPECT_TRUE(disk.grows_too_far(*file, 10));
  EXPECT_FALSE(disk.grows_too_far(*file, 0)) << "what is there may be written over";
  EXPECT_TRUE(disk.grows_too_far(*file, 20));
  EXPECT_EQ(disk.done_of_failed(10), 0u);
  disk.fill_after(1, true);
  EXPECT_TRUE(disk.grows_too_far(*file, 20));
  EXPECT_EQ(disk.done_of_failed(10), 5u);
  disk.fail({Disk::Call::write, 1, 1, true});
  EXPECT_TRUE(disk.strikes(Disk::Call::write));
  EXPECT_EQ(disk.done_of_failed(10), 5u);
}

}  // namespace
}  // namespace tributary::storage
