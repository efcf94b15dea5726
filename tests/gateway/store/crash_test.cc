// SPDX-License-Identifier: Apache-2.0
// kill -9 in the middle of commits: whatever was acknowledged is there, and no transaction is there
// by halves.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "tests/gateway/store/store_fixture.h"

namespace tributary::store {
namespace {

constexpr std::uint64_t rows_per_commit = 3;

// The n-th transaction: three envelopes in, one of an older transaction out, the actor's row moved
// on.
Commit transaction(std::uint64_t n, std::size_t bytes) {
  Commit c = rows(n * rows_per_commit + 1, (n + 1) * rows_per_commit, bytes);
  if (n >= 50) c.erase = {(n - 50) * rows_per_commit + 2};
  c.actors = {{1, "device", 1, std::to_string(n), n}};
  return c;
}

// Commits from number `first` on for ever and writes the number of each acknowledged commit to
// `pipe`.
[[noreturn]] void commit_for_ever(const std::string& path, std::uint64_t first, std::size_t bytes,
                                  int pipe) {
  auto store = Store::open(path, options_for());
  if (!store) ::_exit(1);
  for (std::uint64_t n = first;; ++n) {
    if (!(*store)->commit(transaction(n, bytes))) ::_exit(2);
    if (::write(pipe, &n, sizeof n) != sizeof n) ::_exit(3);
  }
}

// Opens and closes for ever, and writes how often to `pipe`.
[[noreturn]] void open_for_ever(const std::string& path, int pipe) {
  for (std::uint64_t n = 1;; ++n) {
    if (!Store::open(path, options_for())) ::_exit(1);
    if (::write(pipe, &n, sizeof n) != sizeof n) ::_exit(3);
  }
}

// Runs `work` in a child and kills it after `acks` numbers that it wrote; the last of them, or
// `none`.
std::uint64_t run_and_kill(int acks, std::uint64_t none,
                           const std::function<void(int pipe)>& work) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    work(ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t last = none;
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

void check(Store& store, std::size_t bytes, std::uint64_t acknowledged, std::uint64_t& next) {
  const Contents all = read_all(store);
  ASSERT_TRUE(all.actors.contains(1));
  const std::uint64_t reached = std::stoull(all.actors.at(1).intake);
  ASSERT_GE(reached, acknowledged);
  ASSERT_LE(reached, acknowledged + 1) << "more was committed than was in flight";
  std::map<std::uint64_t, EnvelopeRow> expected;
  for (std::uint64_t n = 0; n <= reached; ++n) {
    const Commit c = transaction(n, bytes);
    for (const EnvelopeRow& e : c.insert) expected.emplace(e.row, e);
    for (const std::uint64_t row : c.erase) expected.erase(row);
  }
  ASSERT_EQ(all.envelopes.size(), expected.size());
  for (const auto& [row, e] : expected) ASSERT_TRUE(same(all.envelopes.at(row), e)) << row;
  next = reached + 1;
}

void kill_in_rounds(std::size_t bytes, int rounds, int acks_step) {
  TempDir dir;
  const std::string path = dir / "gateway.db";
  std::uint64_t next = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t acknowledged = run_and_kill(
        1 + round * acks_step, next, [&](int pipe) { commit_for_ever(path, next, bytes, pipe); });
    auto store = must_open(path);
    ASSERT_TRUE(store);
    ASSERT_NO_FATAL_FAILURE(check(*store, bytes, acknowledged, next));
  }
}

TEST(Crash, NothingAcknowledgedIsLostWhenTheProcessIsKilled) {
  kill_in_rounds(1'500, 16, 4);
}

// 150 kB a commit: the log is copied back every 50 commits or so, and some kills hit that.
TEST(Crash, NorWhenItIsKilledAroundCheckpoints) {
  kill_in_rounds(50'000, 8, 15);
}

TEST(Crash, NorWhenItIsKilledWhileItStarts) {
  TempDir dir;
  const std::string path = dir / "gateway.db";
  std::uint64_t next = 0;
  for (int round = 0; round < 8; ++round) {
    const std::uint64_t acknowledged =
        run_and_kill(5, next, [&](int pipe) { commit_for_ever(path, next, 1'500, pipe); });
    // The first open of these replays what the kill left in the log.
    run_and_kill(1 + round % 3, 0, [&](int pipe) { open_for_ever(path, pipe); });
    auto store = must_open(path);
    ASSERT_TRUE(store);
    ASSERT_NO_FATAL_FAILURE(check(*store, 1'500, acknowledged, next));
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
