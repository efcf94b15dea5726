// SPDX-License-Identifier: Apache-2.0
// What is answered before all of the disk is read: devices that go on, and nobody else.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/gateway/core/support/enrolled.h"
#include "tests/gateway/core/support/rig.h"
#include "transports/wire/record.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

// Three devices, all committed; then the process is gone.
void fill(Rig& rig) {
  rig.boot();
  rig.up("a", envelope({.device = "a", .to = 3}, {counter("c", 3, 3), up_down("p", 3, 5, 2)}));
  rig.up("a", envelope({.device = "a", .from = 3, .to = 4}, {set("s", 0, 4, {{4, "x"}})}));
  rig.up("b", envelope({.device = "b", .to = 2}, {counter("c", 2, 10)}));
  rig.up("d", envelope({.device = "d", .to = 2}, {reg("r", 2, 2, crdt::Hlc{9}, 1)}));
  rig.settle();
  rig.take("");
  rig.crash();
}

// Starts, hearing `payload` of this device at first; what it was answered before the start.
std::unique_ptr<Rig::HeardAck> answered_early(Rig& rig, std::string_view device,
                                              const std::string& payload) {
  bool said = false;
  std::unique_ptr<Rig::HeardAck> out;
  rig.boot_early([&] {
    if (!std::exchange(said, true)) rig.up(device, payload);
    rig.commit();
    if (!out) out = rig.ack(device);
  });
  EXPECT_TRUE(said);
  return out;
}

const std::string a_goes_on =
    envelope({.device = "a", .from = 4, .to = 6}, {counter("c", 6, 7), up_down("p", 6, 5, 4)});

TEST(Early, WhoGoesOnIsAnsweredFromItsOwnEnvelopesAlone) {
  Rig rig;
  fill(rig);
  const std::size_t rows = rig.disk.envelopes.size();
  const auto ack = answered_early(rig, "a", a_goes_on);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 6u);
  EXPECT_EQ(ack->actors[0].hash, hash_of(a_goes_on));
  EXPECT_EQ(rig.disk.envelopes.size(), rows) << "one more, and what it supersedes is gone";
  rig.settle();
  EXPECT_EQ(rig.shows("c", Type::gcounter), "17");
  EXPECT_EQ(rig.shows("p", Type::pncounter), "1");
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  rig.reboot();
  EXPECT_EQ(rig.shows("c", Type::gcounter), "17");
  EXPECT_TRUE(rig.disk.quarantine.empty());
}

TEST(Early, WhatWasSaidBeforeIsAnsweredWithoutACommit) {
  Rig rig;
  fill(rig);
  const auto before = rig.disk.actors;
  const auto ack =
      answered_early(rig, "b", envelope({.device = "b", .to = 2}, {counter("c", 2, 10)}));
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 2u);
  EXPECT_EQ(rig.gateway->counters().commits, 0u);
}

// Whether there is room for it is known when all is read.
TEST(Early, WhatIsNewWaitsForTheStart) {
  const std::vector<std::pair<std::string, std::string>> news = {
      {"new", parts(0, 1, 5, "new")},
      {"a", envelope({.device = "a", .from = 4, .to = 5}, {counter("another", 5, 1)})},
      {"a", envelope({.device = "a", .from = 4, .to = 5}, {set("s", 4, 5, {{5, "y"}})})},
      {"b", envelope({.device = "b", .from = 2, .to = 3}, {up_down("p", 3, 1, 0)})}};
  for (const auto& [device, payload] : news) {
    Rig rig;
    fill(rig);
    EXPECT_EQ(answered_early(rig, device, payload), nullptr) << device;
    rig.settle();
    EXPECT_NE(rig.ack(device), nullptr) << device;
    EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  }
}

TEST(Early, AFullMemoryIsNotPassed) {
  Rig rig;
  fill(rig);
  rig.options.total_bytes_max = 1;
  EXPECT_NE(answered_early(rig, "a", a_goes_on), nullptr) << "it takes no more";
  rig.crash();
  const std::string more =
      envelope({.device = "a", .from = 6, .to = 7}, {counter("another", 7, 1)});
  EXPECT_EQ(answered_early(rig, "a", more), nullptr);
  rig.settle();
  EXPECT_EQ(rig.ack("a"), nullptr);
  EXPECT_EQ(rig.rejected(Reject::memory), 1u);
}

// What comes later of one that waits does, too: each answer tells what is contiguous.
TEST(Early, NothingOvertakesWhatWaits) {
  Rig rig;
  fill(rig);
  bool said = false;
  rig.boot_early([&] {
    if (std::exchange(said, true)) return rig.commit();
    rig.up("a", envelope({.device = "a", .from = 4, .to = 5}, {counter("another", 5, 1)}));
    rig.up("a", envelope({.device = "a", .from = 5, .to = 6}, {counter("c", 6, 9)}));
  });
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 6u);
}

// The intake of an actor of which something is damaged is forgotten, and that is known at the
// start.
TEST(Early, AnActorWithADamagedRowIsNotAnswered) {
  Rig rig;
  fill(rig);
  for (auto& [row, e] : rig.disk.envelopes) {
    if (e.device == "a") e.bytes.back() = static_cast<char>(e.bytes.back() ^ 1);
  }
  EXPECT_EQ(answered_early(rig, "a", a_goes_on), nullptr);
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 0u);
  EXPECT_FALSE(rig.disk.quarantine.empty());
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

TEST(Early, ACommitThatFailsIsAskedForAgainAfterTheStart) {
  Rig rig;
  fill(rig);
  int turns = 0;
  rig.boot_early([&] {
    if (turns++ == 0) rig.up("a", a_goes_on);
    rig.fail();
  });
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.run(1'000);
  EXPECT_EQ(rig.ack("a")->actors[0].op, 6u);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// Who may say what is read before anything is answered.
TEST(Early, TheRegistryIsReadFirst) {
  Rig rig(enrolled());
  rig.boot();
  give(rig, {registry({"a"})});
  rig.up("a", one("a"));
  rig.up("stranger", one("stranger"));
  rig.settle();
  ASSERT_NE(rig.ack("a"), nullptr);
  rig.crash();
  // The admin's last: rows are in no order that helps.
  rig.disk.envelopes.emplace(1'000, rig.disk.envelopes.begin()->second).first->second.row = 1'000;
  rig.disk.envelopes.erase(rig.disk.envelopes.begin());
  const auto ack = answered_early(rig, "a", one("a", 2, 9));
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 2u);
}

// Since when something is missing is told in the time of this start, also of who is read first.
TEST(Early, AGapOfTheAdminBeginsNow) {
  Rig rig(enrolled());
  rig.boot();
  give(rig, {registry({"a"})});
  give(rig, {registry({"c"}, 2)});  // operation 2 is missing
  rig.crash();
  rig.boot_early([] {});
  std::optional<std::uint64_t> since;
  for (const DeviceView& d : rig.gateway->devices({}, 0, 10)) {
    if (d.device == wire::admin_id) since = d.gap_since_ms;
  }
  EXPECT_EQ(since, rig.now().mono_ms);
}

// A refusal tells with it what else is held of the device: not known yet.
TEST(Early, ARefusalWaitsUntilAllIsRead) {
  Rig rig(enrolled());
  rig.boot();
  give(rig, {registry({"a", "b"})});
  rig.up("a", one("a"));
  rig.up("b", one("b"));
  rig.settle();
  rig.take("");
  rig.crash();
  bool said = false;
  rig.boot_early([&] {
    if (!std::exchange(said, true)) {
      rig.up("a", torn(one("a", 2, 9)));
      rig.up("b", one("b", 2, 9));
    }
    rig.commit();
  });
  EXPECT_EQ(rig.ack("b")->actors[0].op, 2u);
  EXPECT_EQ(rig.ack("a"), nullptr);
  EXPECT_EQ(rig.rejected(Reject::bad_signature), 1u);
  rig.up("a", torn(one("a", 3, 9)));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 1u);
}

}  // namespace
}  // namespace tributary::core::testing
