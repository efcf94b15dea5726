// SPDX-License-Identifier: Apache-2.0
// What a gateway has cosigned stays cosigned, whatever becomes of its disk.
#include "gateway/store/ledger.h"

#include <gtest/gtest.h>

#include <fstream>

#include "gateway/store/sqlite.h"
#include "tests/support/temp_dir.h"

namespace tributary::store {
namespace {

struct LedgerTest : testing::Test {
  test::TempDir dir;
  std::string path = dir.path().string() + "/seals.db";
  std::unique_ptr<Ledger> open(std::uint64_t life = 1, std::uint64_t now_ms = 1'000,
                               std::size_t kept = 100) {
    return Ledger::open(path, {.life = life, .now_ms = now_ms, .kept = kept});
  }
};

TEST_F(LedgerTest, KeepsOneVoteForAWindow) {
  {
    auto ledger = open();
    EXPECT_TRUE(ledger->begun_now());
    EXPECT_TRUE(ledger->keep_vote(60, "a"));
    EXPECT_TRUE(ledger->keep_vote(60, "a"));
    EXPECT_FALSE(ledger->keep_vote(60, "b"));
  }
  auto ledger = open(1, 9'000);
  EXPECT_FALSE(ledger->begun_now());
  EXPECT_EQ(ledger->since_ms(), 1'000U);
  EXPECT_FALSE(ledger->keep_vote(60, "b"));
  ASSERT_EQ(ledger->votes().size(), 1U);
  EXPECT_EQ(ledger->votes()[0].bytes, "a");
}

TEST_F(LedgerTest, AnotherLifeOfTheDatabaseBeginsNow) {
  open();
  EXPECT_EQ(open(2, 9'000)->since_ms(), 9'000U);
  EXPECT_EQ(open(2, 20'000)->since_ms(), 9'000U);
  EXPECT_EQ(open(1, 5'000)->since_ms(), 9'000U) << "never back";
}

TEST_F(LedgerTest, OfANewerVersionIsLeftAlone) {
  open()->keep_vote(60, "a");
  const auto set_version = [&](const char* sql) {
    Connection db;
    ASSERT_EQ(db.open(path, Connection::Mode::create), sqlite_ok);
    ASSERT_EQ(db.exec(sql), sqlite_ok);
  };
  set_version("PRAGMA user_version=2");
  try {
    open();
    FAIL() << "it was read";
  } catch (const Ledger::Failed& e) {
    EXPECT_NE(std::string(e.what()).find("a newer version (schema 2, this one reads 1)"),
              std::string::npos)
        << e.what();
  }
  set_version("PRAGMA user_version=1");
  EXPECT_EQ(open()->votes().size(), 1U);
}

TEST_F(LedgerTest, SinceGoesUpOnly) {
  auto ledger = open();
  ledger->raise_since(5'000);
  ledger->raise_since(2'000);
  EXPECT_EQ(ledger->since_ms(), 5'000U);
  EXPECT_EQ(open()->since_ms(), 5'000U);
}

TEST_F(LedgerTest, WhatIsTrimmedIsNotVotedForAgain) {
  auto ledger = open(1, 0, 3);
  for (std::uint64_t w = 1; w <= 5; ++w) EXPECT_TRUE(ledger->keep_vote(w * 10, "a"));
  EXPECT_EQ(ledger->votes().size(), 3U);
  EXPECT_FALSE(ledger->keep_vote(10, "b"));
  EXPECT_FALSE(ledger->keep_vote(20, "b"));
  EXPECT_FALSE(ledger->keep_vote(15, "b"));
  EXPECT_TRUE(ledger->keep_vote(60, "a"));
}

TEST_F(LedgerTest, TheFirstSealOfAWindowStays) {
  auto ledger = open(1, 0, 2);
  ledger->keep_seal(10, "a");
  ledger->keep_seal(10, "b");
  ledger->keep_seal(20, "c");
  ASSERT_EQ(ledger->seals().size(), 2U);
  EXPECT_EQ(ledger->seals()[0].bytes, "a");
  ledger->keep_seal(30, "d");
  ASSERT_EQ(ledger->seals().size(), 2U);
  EXPECT_EQ(ledger->seals()[0].closes_ms, 20U);
}

TEST_F(LedgerTest, KeepsProofs) {
  open()->keep_proof({"g2", 60, "one", "two"});
  open()->keep_proof({"g2", 60, "three", "four"});
  const auto proofs = open()->proofs();
  ASSERT_EQ(proofs.size(), 1U);
  EXPECT_EQ(proofs[0].gateway, "g2");
  EXPECT_EQ(proofs[0].second, "two");
}

TEST_F(LedgerTest, ADamagedFileIsMovedAsideAndNothingOlderVotedFor) {
  open();
  std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(8'192, 'x');
  auto ledger = open(1, 7'000);
  EXPECT_NE(ledger->note(), "");
  EXPECT_TRUE(ledger->begun_now());
  EXPECT_EQ(ledger->since_ms(), 7'000U);
}

TEST_F(LedgerTest, SaysWhyItCannotBeOpened) {
  path = dir.path().string() + "/nowhere/seals.db";
  EXPECT_THROW(open(), Ledger::Failed);
}

}  // namespace
}  // namespace tributary::store
