// SPDX-License-Identifier: Apache-2.0
// What acks tell a device beside "it is safe"; and registers from the future.
#include <gtest/gtest.h>

#include "tests/gateway/core/support/rig.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

TEST(Answers, AsksForEverythingWhenTheLiveEnvelopesWeighTooMuch) {
  Rig rig;
  rig.boot();
  std::uint64_t n = 0;
  bool asked = false;
  std::vector<wire::Entry> all;
  for (; n < 60 && !asked; ++n) {  // a key that is never touched again rides with a large register
    const std::string_view once = keep("once-" + std::to_string(n));
    wire::Entry big = reg("r", n + 1, n + 1, crdt::Hlc{1}, 1);
    const std::string_view value = keep("\xC5\x03\x20" + std::string(800, 'v'));
    std::get<wire::LwwPayload>(big.payload).value = value;
    rig.up("a", envelope({.from = n, .to = n + 1}, {counter(once, n + 1, 1), big}));
    rig.settle();
    asked = rig.ack("a")->actors[0].send_from_zero;
    all.push_back(counter(once, n + 1, 1));
  }
  ASSERT_TRUE(asked);
  EXPECT_GT(n, 3u);
  for (wire::Entry& e : all) e.hi = n + 1;
  all.push_back(reg("r", n + 1, n + 1, crdt::Hlc{2}, 7));
  rig.up("a", envelope({.from = 0, .to = n + 1, .id = 99}, all));
  rig.settle();
  EXPECT_FALSE(rig.ack("a")->actors[0].send_from_zero);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, 1u);
}

TEST(Answers, QuotesTheEnvelopeThatRemovedAnAddUntilTheAddIsDead) {
  Rig rig;
  rig.boot();
  const std::string add = envelope({.device = "a", .to = 1}, {set("s", 0, 1, {{1, "x"}})});
  const std::string removal =
      envelope({.device = "b", .to = 1}, {set("s", 0, 1, {}, {}, {{"a", 1, 1}})});
  rig.up("a", add);
  rig.settle();
  EXPECT_TRUE(rig.ack("a")->actors[0].removals.empty());
  rig.up("b", removal);
  rig.settle();
  auto ack = rig.ack("a");  // told without being asked: it was heard here
  ASSERT_NE(ack, nullptr);
  ASSERT_EQ(ack->actors[0].removals.size(), 1u);
  EXPECT_EQ(ack->actors[0].removals[0], removal);
  rig.reboot();  // not forgotten
  rig.up("a", add);
  rig.settle();
  ack = rig.ack("a");
  ASSERT_EQ(ack->actors[0].removals.size(), 1u);
  rig.up("a", envelope({.device = "a", .from = 1, .to = 2}, {set("s", 1, 2, {}, {1})}));
  rig.settle();
  EXPECT_TRUE(rig.ack("a")->actors[0].removals.empty());
  EXPECT_EQ(rig.shows("s", Type::orset), "[]");
}

TEST(Answers, ManyRemovalsAreQuotedAFewAtATimeEachEnvelopeOnce) {
  Rig rig;
  rig.boot();
  Adds adds;
  for (std::uint64_t op = 1; op <= 100; ++op) adds.push_back({op, keep("e" + std::to_string(op))});
  rig.up("a", envelope({.device = "a", .to = 100}, {set("s", 0, 100, adds)}));
  for (std::uint64_t n = 1; n <= 20; ++n) {
    Foreign dots;
    for (std::uint64_t k = 1; k <= 5; ++k) dots.push_back({"a", 1, (n - 1) * 5 + k});
    rig.up("b",
           envelope({.device = "b", .from = n - 1, .to = n}, {set("s", n - 1, n, {}, {}, dots)}));
  }
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_EQ(ack->actors[0].removals.size(), 8u);
  EXPECT_EQ(
      std::set<std::string_view>(ack->actors[0].removals.begin(), ack->actors[0].removals.end())
          .size(),
      8u);
  EXPECT_EQ(rig.shows("s", Type::orset), "[]");
}

TEST(Answers, ADeviceHeardHereIsToldWhatPeersBrought) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(2, 4, 4));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 0u);
  const std::string missing = parts(0, 2, 2);
  const std::string pack = packed({missing}, wire::Codec::lz4);
  rig.hear(rig.topic("gw/x/delta"), wire::encode(wire::Batch{"x", 5, 6, 1, pack}));
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 4u);
}

// A register stamped 20 s ahead is shown when its time comes, without anything else happening.
TEST(Answers, AHeldRegisterIsShownWhenItsTimeComes) {
  for (const bool online : {true, false}) {
    Rig rig;
    rig.boot();
    if (!online) rig.disconnect();
    const auto stamp = crdt::Hlc::at(rig.now().wall_ms + 20'000);
    rig.up("a", envelope({.device = "a", .to = 1}, {reg("r", 1, 1, stamp, 99)}));
    rig.up("b", envelope({.device = "b", .to = 1}, {reg("r", 1, 1, crdt::Hlc{5}, 11)}));
    rig.run(10'000);
    EXPECT_EQ(rig.shows("r", Type::lww), "11");
    EXPECT_EQ(rig.ack("a") != nullptr, true);  // stored, digested, acknowledged
    rig.take("view/");
    rig.run(4'900);
    EXPECT_EQ(rig.shows("r", Type::lww), "11");
    rig.run(200);
    EXPECT_EQ(rig.shows("r", Type::lww), "99") << (online ? "online" : "offline");
    rig.run(1'000);
    if (online) {
      EXPECT_FALSE(rig.take("view/").empty());
    }
  }
}

}  // namespace
}  // namespace tributary::core::testing
