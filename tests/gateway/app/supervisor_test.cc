// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/supervisor.h"

#include <gtest/gtest.h>

#include <csignal>

#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/demo_files.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace tributary::app {
namespace {

using test::eventually;
using namespace std::chrono_literals;

Supervisor::Spec spec(const test::TempDir& dir, std::vector<std::string> argv, bool restart) {
  return {.name = "child",
          .argv = std::move(argv),
          .log = (dir.path() / "log").string(),
          .out = {},
          .restart = restart,
          .before_restart = {}};
}

TEST(Supervisor, StartsAgainWhatWasKilled) {
  const test::TempDir dir;
  Supervisor supervisor;
  supervisor.start(spec(dir, {"/bin/sleep", "600"}, true));
  const pid_t first = supervisor.pid("child");
  ASSERT_GT(first, 0);
  kill(first, SIGKILL);
  ASSERT_TRUE(eventually(10s, [&] {
    supervisor.check(mono_now_ms());
    return supervisor.restarts("child") == 1 && supervisor.running("child");
  }));
  EXPECT_NE(supervisor.pid("child"), first);
  EXPECT_EQ(supervisor.stop("child", 5'000), 128 + SIGTERM);
  EXPECT_FALSE(supervisor.running("child"));
  supervisor.check(mono_now_ms() + 60'000);
  EXPECT_FALSE(supervisor.running("child")) << "asked to end: it stays so";
}

TEST(Supervisor, KeepsTheOutputAndTheStatusOfWhatEndsByItself) {
  const test::TempDir dir;
  Supervisor supervisor;
  supervisor.start(spec(dir, {"/bin/sh", "-c", "echo hello; exit 7"}, false));
  ASSERT_TRUE(eventually(10s, [&] {
    supervisor.check(mono_now_ms());
    return !supervisor.running("child");
  }));
  EXPECT_EQ(supervisor.exit_status("child"), 7);
  EXPECT_EQ(read_text((dir.path() / "log").string()), "hello\n");
}

TEST(Supervisor, WhatDoesNotListenToSigtermIsKilled) {
  const test::TempDir dir;
  Supervisor supervisor;
  supervisor.start(
      spec(dir, {"/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"}, true));
  ASSERT_TRUE(
      eventually(10s, [&] { return read_text((dir.path() / "log").string()) == "ready\n"; }));
  EXPECT_EQ(supervisor.stop("child", 50), 128 + SIGKILL);
}

TEST(Supervisor, SaysWhatCannotBeStarted) {
  const test::TempDir dir;
  Supervisor supervisor;
  try {
    supervisor.start(spec(dir, {"/no/such/program"}, true));
    FAIL();
  } catch (const Trouble& trouble) {
    EXPECT_NE(std::string(trouble.what()).find("/no/such/program"), std::string::npos);
  }
}

TEST(Supervisor, LeavesNobodyBehind) {
  const test::TempDir dir;
  pid_t pid = 0;
  {
    Supervisor supervisor;
    supervisor.start(spec(dir, {"/bin/sleep", "600"}, true));
    pid = supervisor.pid("child");
  }
  EXPECT_NE(kill(pid, 0), 0);
}

}  // namespace
}  // namespace tributary::app
