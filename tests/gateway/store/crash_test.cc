// SPDX-License-Identifier: Apache-2.0
// kill -9 in the middle of commits: whatever was acknowledged is there, and no transaction is there
// by halves.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/gateway/store/store_fixture.h"

namespace tributary::store {
namespace {

constexpr std::uint64_t rows_per_commit = 3;

// The n-th transaction: three envelopes in, one of an older transaction out, the actor's row moved
// on.
Commit transaction(std::uint64_t n) {
  Commit c = rows(n * rows_per_commit + 1, (n + 1) * rows_per_commit, 1'500);
  if (n >= 50) c.erase = {(n - 50) * rows_per_commit + 2};
  c.actors = {{1, "device", 1, std::to_string(n), n}};
  return c;
}

// Commits from number `first` on for ever and writes the number of each acknowledged commit to
// `pipe`.
[[noreturn]] void commit_for_ever(const std::string& path, std::uint64_t first, int pipe) {
  auto store = Store::open(path, options_for());
  if (!store) ::_exit(1);
  for (std::uint64_t n = first;; ++n) {
    if (!(*store)->commit(transaction(n))) ::_exit(2);
    if (::write(pipe, &n, sizeof n) != sizeof n) ::_exit(3);
  }
}

// Kills the child after `acks` acknowledgements; the last number it acknowledged.
std::uint64_t run_and_kill(const std::string& path, std::uint64_t first, int acks) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    commit_for_ever(path, first, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t last = first;
  for (int seen = 0; ::read(ends[0], &last, sizeof last) == sizeof last;) {
    if (++seen == acks)
      ::kill(child, SIGKILL);  // goes on reading: what it said before it died counts
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
  return last;
}

void check(Store& store, std::uint64_t acknowledged, std::uint64_t& next) {
  const Contents all = read_all(store);
  ASSERT_TRUE(all.actors.contains(1));
  const std::uint64_t reached = std::stoull(all.actors.at(1).intake);
  ASSERT_GE(reached, acknowledged);
  ASSERT_LE(reached, acknowledged + 1) << "more was committed than was in flight";
  std::map<std::uint64_t, EnvelopeRow> expected;
  for (std::uint64_t n = 0; n <= reached; ++n) {
    const Commit c = transaction(n);
    for (const EnvelopeRow& e : c.insert) expected.emplace(e.row, e);
    for (const std::uint64_t row : c.erase) expected.erase(row);
  }
  ASSERT_EQ(all.envelopes.size(), expected.size());
  for (const auto& [row, e] : expected) ASSERT_TRUE(same(all.envelopes.at(row), e)) << row;
  next = reached + 1;
}

TEST(Crash, NothingAcknowledgedIsLostWhenTheProcessIsKilled) {
  TempDir dir;
  const std::string path = dir / "gateway.db";
  std::uint64_t next = 0;
  for (int round = 0; round < 20; ++round) {
    const std::uint64_t acknowledged = run_and_kill(path, next, 1 + round * 7);
    auto store = must_open(path);
    ASSERT_TRUE(store);
    check(*store, acknowledged, next);
    if (HasFatalFailure()) return;
  }
}

TEST(Crash, AKillInTheMiddleOfTheFirstOpenLeavesAStartableDirectory) {
  TempDir dir;
  // What a kill leaves behind: the half-made file beside the place, with its journal.
  spill(dir / "gateway.db.new", "half a database");
  spill(dir / "gateway.db.new-journal", "half a journal");
  auto store = must_open(dir / "gateway.db");
  ASSERT_TRUE(store);
  EXPECT_TRUE(store->created());
  EXPECT_FALSE(std::filesystem::exists(dir / "gateway.db.new"));
  EXPECT_FALSE(std::filesystem::exists(dir / "gateway.db.new-journal"));
}

}  // namespace
}  // namespace tributary::store
