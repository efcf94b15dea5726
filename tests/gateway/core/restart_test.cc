// SPDX-License-Identifier: Apache-2.0
// Start-up: everything is rebuilt from the rows, and what the rows do not prove is not believed.
#include <gtest/gtest.h>

#include <random>

#include "tests/gateway/core/support/rig.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

// A gateway with a bit of everything from three devices, all committed.
void fill(Rig& rig) {
  rig.up("a", envelope({.device = "a", .to = 3}, {counter("c", 3, 3), up_down("p", 3, 5, 2)}));
  rig.up("a", envelope({.device = "a", .from = 3, .to = 5},
                       {set("s", 0, 5, {{4, "x"}, {5, "y"}}), reg("r", 5, 5, crdt::Hlc{9}, 1)}));
  rig.up("b", envelope({.device = "b", .to = 2}, {set("s", 0, 2, {{2, "z"}}, {}, {{"a", 1, 4}}),
                                                  grown("g", 0, 2, {"u", "v"})}));
  rig.up("b", envelope({.device = "b", .from = 2, .to = 4, .part = 1, .parts = 2},
                       {grown("g", 2, 3, {"w"})}));
  rig.up("d", envelope({.device = "d", .to = 2}, {unknown("f", 42, 0, 2)}));
  rig.settle();
  rig.take("");
}

std::uint64_t acked(Rig& rig, std::string_view device) {
  rig.up(device, envelope({.device = device, .from = 900, .to = 901}, {counter("late", 901, 1)}));
  rig.settle();
  return rig.ack(device)->actors.at(0).op;
}

TEST(Restart, RebuildsTheSameStateFromTheRows) {
  Rig rig;
  rig.boot();
  fill(rig);
  const std::string digest = rig.digest();
  const Summary before = rig.gateway->summary();
  for (int i = 0; i < 3; ++i) {
    rig.reboot();
    EXPECT_EQ(rig.digest(), digest);
    const Summary s = rig.gateway->summary();
    EXPECT_EQ(s.live_envelopes, before.live_envelopes);
    EXPECT_EQ(s.live_bytes, before.live_bytes);
    EXPECT_EQ(s.parts, before.parts);
    EXPECT_EQ(s.state_bytes, before.state_bytes);
    rig.settle();
    EXPECT_TRUE(rig.disk.quarantine.empty());
  }
  EXPECT_EQ(rig.shows("s", Type::orset), R"(["y","z"])");
  EXPECT_EQ(acked(rig, "a"), 5u);
  EXPECT_EQ(acked(rig, "b"), 2u);
  EXPECT_EQ(acked(rig, "d"), 2u);
}

// A device at rest that says again what it said costs no commit; what the disk lacks of when it was
// heard goes there in time, and at the end.
TEST(Restart, WhenADeviceWasHeardIsWrittenWithWhatElseThereIs) {
  Rig rig;
  rig.boot();
  const std::string said = envelope({.device = "a"}, {counter("k", 1, 5)});
  const auto on_disk = [&] { return rig.disk.actors.begin()->second.heard_at_ms; };
  const auto again = [&] {
    rig.run(120'000);
    rig.up("a", said);
    rig.settle();
    EXPECT_TRUE(rig.ack("a")) << "answered all the same";
  };
  rig.up("a", said);
  rig.run(100'000);
  const std::uint64_t first = on_disk();
  const std::uint64_t commits = rig.gateway->counters().commits;
  again();
  EXPECT_EQ(rig.gateway->counters().commits, commits);
  EXPECT_EQ(on_disk(), first);
  rig.up("b", envelope({.device = "b"}, {counter("k", 1, 5)}));
  rig.settle();
  EXPECT_GT(on_disk(), first) << "with what another said";
  std::uint64_t before = on_disk();
  again();
  rig.run(700'000);
  EXPECT_GT(on_disk(), before) << "in time";
  before = on_disk();
  again();
  rig.stop();
  rig.settle();
  EXPECT_GT(on_disk(), before) << "at the end";
}

TEST(Restart, DoesNotDependOnTheOrderOfTheRows) {
  Rig rig;
  rig.boot();
  fill(rig);
  std::vector<EnvelopeRow> rows;
  for (const auto& [row, e] : rig.disk.envelopes) rows.push_back(e);
  std::mt19937_64 random(5);
  for (int i = 0; i < 10; ++i) {
    std::shuffle(rows.begin(), rows.end(), random);
    Gateway other(rig.options, 77, 5);
    if (i % 2 == 1) other.restore_on_two_threads();
    for (const EnvelopeRow& e : rows) other.restore(EnvelopeRow(e));
    for (const auto& [row, a] : rig.disk.actors) other.restore(ActorRow(a));
    other.start(rig.now());
    EXPECT_EQ(other.summary().digest, rig.digest());
  }
}

TEST(Restart, EveryFlippedByteOfARowIsFoundAndQuarantined) {
  Rig rig;
  rig.boot();
  fill(rig);
  const Disk disk = rig.disk;
  const std::string digest = rig.digest();
  const auto first = disk.envelopes.begin()->first;
  ASSERT_EQ(disk.envelopes.begin()->second.device, "a");
  const std::size_t size = disk.envelopes.begin()->second.bytes.size();
  for (std::size_t i = 0; i < size; ++i) {
    rig.crash();
    rig.disk = disk;
    rig.disk.envelopes[first].bytes[i] ^= 0x10;
    rig.boot();
    rig.settle();
    EXPECT_NE(rig.digest(), digest) << "byte " << i;
    ASSERT_EQ(rig.disk.quarantine.size(), 1u) << "byte " << i;
    EXPECT_EQ(rig.disk.quarantine[0].row, first);
    EXPECT_GT(rig.disk.quarantine[0].at_ms, 0u);
    EXPECT_EQ(rig.disk.envelopes.count(first), 0u);
    EXPECT_EQ(acked(rig, "a"), 0u) << "byte " << i;
    EXPECT_EQ(acked(rig, "b"), 2u) << "byte " << i;  // others are not touched by it
    EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  }
}

TEST(Restart, ARowWithTheWrongHashIsQuarantined) {
  Rig rig;
  rig.boot();
  fill(rig);
  rig.crash();
  rig.disk.envelopes.begin()->second.hash[3] ^= 1;
  rig.boot();
  rig.settle();
  ASSERT_EQ(rig.disk.quarantine.size(), 1u);
  EXPECT_NE(rig.disk.quarantine[0].reason.find("hash"), std::string::npos);
}

TEST(Restart, AnotherFleetsDatabaseIsSetAside) {
  Rig rig;
  rig.boot();
  fill(rig);
  rig.crash();
  const std::size_t rows = rig.disk.envelopes.size();
  rig.options.fleet = "other";
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.gateway->summary().live_envelopes, 0u);
  EXPECT_EQ(rig.disk.quarantine.size(), rows);
}

TEST(Restart, AMissingRowForgetsWhatWasReceivedFromItsActor) {
  Rig rig;
  rig.boot();
  fill(rig);
  rig.crash();
  rig.disk.envelopes.erase(rig.disk.envelopes.begin());
  rig.boot();
  rig.settle();
  EXPECT_EQ(acked(rig, "a"), 0u);
  EXPECT_EQ(acked(rig, "b"), 2u);
}

TEST(Restart, ALostActorRowForgetsAndIsMadeAgain) {
  Rig rig;
  rig.boot();
  fill(rig);
  rig.crash();
  rig.disk.actors.clear();
  rig.boot();
  EXPECT_EQ(acked(rig, "a"), 0u);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "3");
  EXPECT_GT(rig.disk.actors.size(), 0u);
}

TEST(Restart, AnOldDatabaseForgetsWhatItDoesNotHold) {  // a copy from yesterday, put back
  Rig rig;
  rig.boot();
  fill(rig);
  const Disk yesterday = rig.disk;
  rig.up("a", envelope({.device = "a", .from = 5, .to = 8}, {counter("c", 8, 30)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 8u);
  const auto actors = rig.disk.actors;
  rig.crash();
  rig.disk = yesterday;
  rig.disk.actors = actors;  // and only half of it
  rig.boot();
  EXPECT_EQ(acked(rig, "a"), 0u);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "3");
  rig.crash();
  rig.disk = yesterday;  // all of it: then it says what it held
  rig.boot();
  EXPECT_EQ(acked(rig, "a"), 5u);
}

TEST(Restart, AnExtraRowForgetsToo) {
  Rig rig;
  rig.boot();
  fill(rig);
  rig.crash();
  const std::string extra =
      envelope({.device = "a", .from = 100, .to = 101}, {counter("extra", 101, 1)});
  rig.disk.envelopes[9'000] = {9'000, std::string(hash_of(extra).view()), "a", 1, 100, 101, extra};
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.shows("extra", Type::gcounter), "1");
  EXPECT_EQ(acked(rig, "a"), 0u);
}

TEST(Restart, ADamagedActorRowForgets) {
  Rig rig;
  rig.boot();
  fill(rig);
  const Disk disk = rig.disk;
  for (auto& [row, a] : rig.disk.actors) {
    for (const std::size_t at : {std::size_t{0}, a.intake.size() / 2, a.intake.size() - 1}) {
      rig.crash();
      rig.disk = disk;
      rig.disk.actors[row].intake[at] ^= 1;
      rig.boot();
      EXPECT_EQ(acked(rig, a.device), 0u);
    }
    break;
  }
}

TEST(Restart, TheSameEnvelopeTwiceIsKeptOnce) {
  Rig rig;
  rig.boot();
  fill(rig);
  const std::string digest = rig.digest();
  rig.crash();
  const std::size_t rows = rig.disk.envelopes.size();
  EnvelopeRow copy = rig.disk.envelopes.begin()->second;
  copy.row = 9'000;
  rig.disk.envelopes[copy.row] = copy;
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.digest(), digest);
  EXPECT_EQ(rig.disk.envelopes.size(), rows);
}

// A row that is superseded already (a database of an earlier version that kept more) is cleaned
// away once, and what was received is not forgotten over it at the next start.
TEST(Restart, ASupersededRowIsCleanedAwayOnce) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.from = 0, .to = 3}, {counter("c", 3, 3)}));
  rig.settle();
  const EnvelopeRow old = rig.disk.envelopes.begin()->second;
  rig.up("a", envelope({.from = 3, .to = 5}, {counter("c", 5, 5)}));
  rig.settle();
  ASSERT_EQ(rig.disk.envelopes.size(), 1u);
  rig.crash();
  rig.disk.envelopes[old.row] = old;
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.disk.envelopes.size(), 1u);
  rig.reboot();
  rig.settle();
  std::size_t forgotten = 0;
  for (const Notice& n : rig.notices) forgotten += n.kind == "intake";
  EXPECT_LE(forgotten, 1u);  // the first time only: it could not be told from an extra row
}

TEST(Restart, NewRowsNeverReuseANumber) {
  Rig rig;
  rig.boot();
  fill(rig);
  const std::uint64_t last = rig.disk.envelopes.rbegin()->first;
  rig.reboot();
  rig.up("n", envelope({.device = "n", .to = 1}, {counter("n", 1, 1)}));
  rig.settle();
  EXPECT_GT(rig.disk.envelopes.rbegin()->first, last);
  std::set<std::uint64_t> rows;
  for (const auto& [row, a] : rig.disk.actors) EXPECT_TRUE(rows.insert(a.row).second);
}

TEST(Restart, WhatWasNotCommittedIsGoneAndComesAgain) {
  Rig rig;
  rig.boot();
  fill(rig);
  const std::string digest = rig.digest();
  const std::string more = envelope({.device = "a", .from = 5, .to = 8}, {counter("c", 8, 30)});
  rig.up("a", more);
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  rig.reboot();
  EXPECT_EQ(rig.digest(), digest);
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.up("a", more);
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 8u);
}

}  // namespace
}  // namespace tributary::core::testing
