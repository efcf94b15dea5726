// SPDX-License-Identifier: Apache-2.0
// What counts once the admin has settled it: in every order of arrival, over crashes, and when what
// stays valid is nowhere but in the registry's file.
#include "gateway/core/settlements.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/gateway/core/support/settling.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

std::string closing(std::string_view device, std::uint64_t epoch) {
  return wire::encode(wire::ClosingRecord{device, epoch, {}});
}
std::string closing_key(std::string_view device, std::string_view key) {
  return wire::encode(wire::ClosingRecord{device, std::nullopt, signing::view(key_of(key).key)});
}
std::string settlement(std::string_view device, const std::vector<std::string>& envelopes,
                       std::uint64_t part = 1, std::uint64_t parts = 1, std::uint64_t id = 9) {
  return wire::encode(wire::SettlementRecord{device, id, part, parts, hashes_of(envelopes)});
}

std::string records(std::vector<std::string> all, std::uint64_t from) {
  return testing::records(wire::settlements_key, std::move(all), from);
}

class SettlementsTest : public SettlingTest {
 protected:
  void SetUp() override {
    rig.boot();
    give(rig, {registry({"a", "b", "gw", "gw2"})});
  }

  // Five by the device, then three more; then whoever stole its key.
  const std::string first = one("a", 1, 5);
  const std::string second =
      by_itself({.device = "a", .from = 1, .to = 2}, {counter("parts", 2, 8)});
  const std::string stolen =
      by_itself({.device = "a", .from = 2, .to = 3}, {counter("parts", 3, 1'000)});
  const std::string backdated = by_itself(
      {.device = "a", .epoch = 7, .to = 1, .hlc = crdt::Hlc::at(1)}, {counter("parts", 1, 300)});
};

TEST_F(SettlementsTest, AStolenKeyComesToTheSameInEveryOrder) {
  const std::vector<std::string> events = {second,
                                           stolen,
                                           backdated,
                                           records({closing_key("a", "a")}, 4),
                                           records({settlement("a", {first}, 1, 2)}, 5),
                                           records({settlement("a", {second}, 2, 2)}, 6)};
  hear(one("b", 1, 7));
  in_every_order(events, [&] {
    ASSERT_EQ(parts(), "15");
    ASSERT_EQ(stored("a"), std::vector<std::string>{second});
  });
  EXPECT_GT(restarts, 0);
}

// What the closed device had removed stays removed, in the admin's name.
TEST_F(SettlementsTest, WhatTheAdminRemovesStaysRemovedInEveryOrder) {
  const std::string added =
      by_itself({.device = "b", .to = 2}, {set("doors", 0, 2, {{1, "north"}, {2, "south"}})});
  const std::string removed =
      by_itself({.device = "a", .to = 1}, {set("doors", 0, 1, {}, {}, {{"b", 1, 1}})});
  const std::string_view closed = keep(closing("a", 1));
  const std::string_view removal = keep(wire::encode(wire::RemovalRecord{"doors", "b", 1, 1}));
  const auto admin = [&](std::vector<std::string_view> records, bool removes) {
    const Frame f{.device = wire::admin_id, .from = 4, .to = 4 + records.size()};
    std::vector<wire::Entry> entries = {grown(wire::settlements_key, 4, f.to, std::move(records))};
    if (removes) entries.push_back(set("doors", 4, f.to, {}, {}, {{"b", 1, 1}}));
    return by("admin", f, std::move(entries));
  };
  // The chunk without the removal, and then with it.
  const std::vector<std::string> events = {added, removed, admin({closed}, false),
                                           admin({closed, removal}, true)};
  in_every_order(events, [&] {
    ASSERT_EQ(rig.shows("doors", Type::orset), "[\"south\"]");
    ASSERT_TRUE(stored("a").empty());
    ASSERT_EQ(stored("admin").size(), 2u) << "the members, and what was settled";
  });
  EXPECT_GT(restarts, 0);
  // Once its owner has let it go, the removal is needed no more; its envelope stays for its
  // records.
  hear(by_itself({.device = "b", .from = 2, .to = 3}, {set("doors", 2, 3, {}, {1})}));
  EXPECT_EQ(rig.shows("doors", Type::orset), "[\"south\"]");
  EXPECT_EQ(stored("admin").size(), 2u);
}

// Counterexample N11, C9 of the model: the gateway saw the closed device remove its own element;
// the list has the add and not the removal. What the list says holds everywhere, unless the admin
// removes the element in its place.
TEST_F(SettlementsTest, AnOwnRemovalThatNoListNamesIsUndoneAlikeInEveryOrder) {
  const std::string added = by_itself({.device = "a", .to = 1}, {set("doors", 0, 1, {{1, "x"}})});
  const std::string removed = by_itself({.device = "a", .from = 1, .to = 2}, {set("doors", 0, 2)});
  const std::vector<std::string> events = {added, removed, records({closing("a", 1)}, 4),
                                           records({settlement("a", {added})}, 5)};
  in_every_order(events, [&] {
    ASSERT_EQ(rig.shows("doors", Type::orset), R"(["x"])");
    ASSERT_EQ(stored("a"), std::vector<std::string>{added});
  });
  EXPECT_GT(restarts, 0);
  const Frame f{.device = wire::admin_id, .from = 6, .to = 7};
  const std::string_view removal = keep(wire::encode(wire::RemovalRecord{"doors", "a", 1, 1}));
  hear(by(
      "admin", f,
      {grown(wire::settlements_key, 6, 7, {removal}), set("doors", 6, 7, {}, {}, {{"a", 1, 1}})}));
  for (const std::string& e : events) hear(e);
  EXPECT_EQ(rig.shows("doors", Type::orset), "[]");
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// The list names the removal, too: what was removed stays removed.
TEST_F(SettlementsTest, AnOwnRemovalThatTheListNamesStaysInEveryOrder) {
  const std::string added = by_itself({.device = "a", .to = 1}, {set("doors", 0, 1, {{1, "x"}})});
  const std::string removed = by_itself({.device = "a", .from = 1, .to = 2}, {set("doors", 0, 2)});
  const std::string late =
      by_itself({.device = "a", .from = 2, .to = 3, .id = 2}, {set("doors", 0, 3, {{3, "y"}})});
  in_every_order({added, removed, late, records({closing("a", 1)}, 4),
                  records({settlement("a", {added, removed})}, 5)},
                 [&] { ASSERT_EQ(rig.shows("doors", Type::orset), "[]"); });
}

// Found by the explorer (flavour settle, seed 107): another device had removed what the closed one
// added, and forgot that once the closed one had let it go, by what no list names. Then nothing
// says any more that it is removed, unless somebody still has what was forgotten.
TEST_F(SettlementsTest, ARemovalThatItsWriterForgotDoesNotComeBackByItself) {
  const std::string added = by_itself({.device = "a", .to = 1}, {set("doors", 0, 1, {{1, "x"}})});
  const std::string removed =
      by_itself({.device = "b", .to = 1}, {set("doors", 0, 1, {}, {}, {{"a", 1, 1}})});
  hear(added);
  hear(removed);
  hear(by_itself({.device = "a", .from = 1, .to = 2}, {set("doors", 0, 2)}));
  EXPECT_EQ(stored("b"), std::vector<std::string>{removed});
  const std::string forgot = by_itself({.device = "b", .from = 1, .to = 2}, {set("doors", 0, 2)});
  hear(forgot);
  EXPECT_EQ(stored("b"), std::vector<std::string>{forgot});
  EXPECT_EQ(rig.shows("doors", Type::orset), "[]");
  hear(records({closing("a", 1), settlement("a", {added})}, 4));
  EXPECT_EQ(restarts, 1);
  hear(added);
  EXPECT_EQ(rig.shows("doors", Type::orset), R"(["x"])");
  hear(removed);
  EXPECT_EQ(rig.shows("doors", Type::orset), "[]");
  EXPECT_EQ(stored("b").size(), 2u);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

TEST_F(SettlementsTest, TheAdminOnlyRemoves) {
  const std::string before = rig.digest();
  hear(by("admin", {.device = "admin", .from = 4, .to = 5}, {set("doors", 4, 5, {{5, "x"}})}));
  hear(by("admin", {.device = "admin", .from = 4, .to = 6}, {set("doors", 4, 6, {}, {4})}));
  EXPECT_EQ(rig.digest(), before);
  EXPECT_EQ(rig.rejected(Reject::reserved_key), 2u);
}

TEST_F(SettlementsTest, ADeviceHearsThatItIsClosedAndNothingElseHappens) {
  rig.up("a", second);
  hear(records({closing("a", 1), settlement("a", {second})}, 4));
  EXPECT_EQ(restarts, 0) << "all that is held stays valid";
  rig.take("");
  rig.up("a", stolen);
  go_on();
  const auto ack = rig.ack("a");
  ASSERT_TRUE(ack);
  ASSERT_EQ(ack->actors.at(0).refusals.size(), 1u);
  const wire::Refusal& r = ack->actors[0].refusals[0];
  EXPECT_EQ(r.to, 3u);
  EXPECT_TRUE(r.rule.starts_with("closed: ")) << r.rule;
  EXPECT_TRUE(r.keys.empty());
  EXPECT_EQ(rig.rejected(Reject::closed), 1u);
  EXPECT_EQ(parts(), "8");
  // Another epoch is none of it.
  rig.up("a", backdated);
  go_on();
  EXPECT_EQ(parts(), "308");
}

TEST_F(SettlementsTest, NothingStaysOfADeviceThatIsVoided) {
  rig.up("a", second);
  rig.up("b", one("b", 1, 7));
  rig.settle();
  EXPECT_EQ(parts(), "15");
  hear(records({closing("a", 1)}, 4));
  EXPECT_EQ(restarts, 1);
  EXPECT_EQ(parts(), "7");
  EXPECT_TRUE(stored("a").empty());
  bool named = false;
  for (const DeviceView& d : rig.gateway->devices({}, 0, 100)) {
    EXPECT_EQ(d.closed, d.device == "a") << d.device;
    named |= d.device == "a" && d.op == 0;
  }
  EXPECT_TRUE(named) << "known by what it was, closed, and nothing of it received";
  EXPECT_EQ(rig.gateway->summary().settlements, 1u);
}

TEST_F(SettlementsTest, TheAdminIsNeverClosed) {
  hear(records({closing("admin", 1), closing_key("admin", "admin")}, 4));
  EXPECT_EQ(rig.gateway->summary().settlements, 0u);
  hear(registry({"c"}, 6));
  rig.up("c", one("c", 1, 3));
  rig.settle();
  EXPECT_EQ(parts(), "3");
}

// The closing is on the disk, and what it closes is, too.
TEST_F(SettlementsTest, ACrashInBetweenIsMadeGoodAtTheNextStart) {
  rig.up("a", second);
  rig.settle();
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {records({closing("a", 1)}, 4)}));
  rig.pass(60);
  rig.commit();
  ASSERT_TRUE(rig.committing()) << "the erasing follows at once";
  EXPECT_TRUE(rig.waiting().rows->forget_values);
  EXPECT_EQ(rig.waiting().rows->erase.size(), 1u);
  rig.crash();
  rig.boot();
  EXPECT_EQ(parts(), "8") << "as its disk has it";
  go_on();
  EXPECT_EQ(restarts, 1);
  EXPECT_EQ(parts(), "nothing");
}

TEST_F(SettlementsTest, ADiskThatFailsIsAskedAgainAndNobodyIsToldMeanwhile) {
  rig.up("a", second);
  rig.settle();
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {records({closing("a", 1)}, 4)}));
  rig.pass(60);
  rig.commit();
  rig.take("");
  rig.fail();
  rig.up("b", one("b", 1, 7));
  rig.pass(50);
  EXPECT_FALSE(rig.gateway->starts_again());
  EXPECT_TRUE(rig.take("gw/gw/head").empty());
  EXPECT_TRUE(rig.take("ack/").empty());
  rig.pass(200);
  ASSERT_TRUE(rig.committing());
  rig.commit();
  EXPECT_TRUE(rig.gateway->starts_again());
  EXPECT_TRUE(rig.take("gw/gw/head").empty());
}

// More waits than one commit takes: what came before the closing was known is looked at again.
TEST_F(SettlementsTest, WhatWaitsForItsTurnIsLookedAtAgain) {
  rig.up("b", one("b", 1, 1));
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  std::vector<std::string> many = {records({closing("a", 1)}, 4)};
  constexpr std::uint64_t one_commit = 4'096;
  for (std::uint64_t op = 2; op <= one_commit; ++op) many.push_back(one("b", op, op));
  many.push_back(second);
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {many.begin(), many.end()}));
  rig.up("b", one("b", one_commit + 1, one_commit + 1));
  go_on();
  EXPECT_EQ(restarts, 0) << "nothing of it was joined";
  EXPECT_EQ(parts(), "4097") << "what was good is kept";
  EXPECT_TRUE(stored("a").empty());
}

// While a part of the registry is missing, it may name what would be dropped.
TEST_F(SettlementsTest, ARegistryInPartSettlesNothing) {
  rig.up("a", second);
  rig.settle();
  hear(records({closing("a", 1)}, 5));  // 4 to 5 is missing
  EXPECT_EQ(restarts, 0);
  EXPECT_EQ(parts(), "8");
  rig.up("a", stolen);
  go_on();
  EXPECT_EQ(rig.gateway->summary().waiting, 1u) << "no refusal yet";
  const auto ack = rig.ack("a");
  EXPECT_TRUE(!ack || ack->actors.at(0).refusals.empty());
  hear(records({settlement("a", {second})}, 4));
  EXPECT_EQ(restarts, 0);
  EXPECT_EQ(parts(), "8");
  EXPECT_EQ(rig.gateway->summary().waiting, 0u);
  EXPECT_EQ(rig.rejected(Reject::closed), 2u) << "as it was put aside, and now";
}

TEST_F(SettlementsTest, AListInPartNamesNothing) {
  rig.up("a", second);
  rig.settle();
  hear(records({closing("a", 1), settlement("a", {second}, 1, 2)}, 4));
  EXPECT_EQ(parts(), "nothing");
  hear(records({settlement("a", {first}, 2, 2)}, 6));
  hear(second);
  EXPECT_EQ(parts(), "8");
}

// The thief's last word had superseded what stays, and no other gateway is there.
TEST_F(SettlementsTest, WhatStaysValidAndNobodyHasComesWithTheFile) {
  rig.up("a", second);
  rig.settle();
  rig.up("a", stolen);
  rig.settle();
  ASSERT_EQ(stored("a"), std::vector<std::string>{stolen});
  const std::vector<std::string> file = {
      registry({"a", "b", "gw", "gw2"}),
      records({closing_key("a", "a"), settlement("a", {second})}, 4), second};
  const std::vector<std::string_view> all(file.begin(), file.end());
  EXPECT_EQ(rig.registry(packed(all, wire::Codec::plain)), "");
  go_on();
  EXPECT_EQ(restarts, 1);
  give(rig, file);  // as at every start
  EXPECT_EQ(parts(), "8");
  EXPECT_EQ(stored("a"), std::vector<std::string>{second});
}

TEST_F(SettlementsTest, AFileMayCarryOnlyWhatASettlementNames) {
  const std::string admins = records({closing("a", 1), settlement("a", {second})}, 4);
  const auto wrong = [&](const std::vector<std::string_view>& pack) {
    return rig.registry(packed(pack, wire::Codec::plain));
  };
  EXPECT_EQ(wrong({admins, first}),
            "it has an envelope of 'a', who is not the admin, and no settlement names it");
  EXPECT_EQ(wrong({second, admins}),
            "it has an envelope of 'a', who is not the admin, and no settlement names it")
      << "the admin's come first";
  rig.settle();
  EXPECT_EQ(rig.gateway->summary().settlements, 0u) << "nothing of it is taken";
  EXPECT_EQ(wrong({admins, second}), "");
}

// Peers that have not settled yet go on sending what they have.
TEST_F(SettlementsTest, LatePeersAreNoNews) {
  hear(records({closing("a", 1)}, 4));
  rig.take("");
  rig.notices.clear();
  hear(second);
  EXPECT_EQ(rig.rejected(Reject::closed), 0u);
  EXPECT_TRUE(rig.disk.dead_letters.empty());
  for (const Notice& n : rig.notices) EXPECT_NE(n.level, Notice::Level::warning) << n.text;
  EXPECT_EQ(parts(), "nothing");
}

TEST_F(SettlementsTest, AClosedEpochHoldsWithoutSignaturesToo) {
  Rig loose(enrolled("gw", Signatures::accept));
  loose.boot();
  give(loose, {registry({"a", "gw"}), records({closing("c", 1)}, 2)});
  loose.up("c", testing::parts(0, 1, 4, "c"));
  loose.up("d", testing::parts(0, 1, 2, "d"));
  loose.settle();
  EXPECT_EQ(loose.shows("parts", Type::gcounter), "2");
  EXPECT_EQ(loose.rejected(Reject::closed), 1u);
}

// Elements that the closed one had removed from others' adds are there again; one that both removed
// stays away.
TEST_F(SettlementsTest, RemovalsOfAClosedActorCountNoMore) {
  rig.up("b", by_itself({.device = "b", .to = 2}, {testing::set("s", 0, 2, {{1, "x"}, {2, "y"}})}));
  rig.up("a", by_itself({.device = "a", .to = 1},
                        {testing::set("s", 0, 1, {}, {}, {{"b", 1, 1}, {"b", 1, 2}})}));
  rig.up("gw2",
         by_itself({.device = "gw2", .to = 1}, {testing::set("s", 0, 1, {}, {}, {{"b", 1, 2}})}));
  rig.settle();
  EXPECT_EQ(rig.shows("s", Type::orset), "[]");
  hear(records({closing("a", 1)}, 4));
  EXPECT_EQ(rig.shows("s", Type::orset), R"(["x"])");
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

TEST(Settlements, AreAFunctionOfTheRecordsWhateverTheirOrder) {
  const std::vector<std::string> all = {closing("a", 1),
                                        closing("a", 2),
                                        closing_key("b", "b"),
                                        settlement("a", {one("a")}, 1, 2),
                                        settlement("a", {one("a", 2, 9)}, 2, 2),
                                        "\x90",
                                        "x"};
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    Settlements s;
    std::size_t fresh = 0;
    for (const std::size_t i : order) {
      wire::Entry e;
      e.key = wire::settlements_key;
      e.payload = wire::GSetPayload{{all[i]}};
      fresh += s.take(e);
      EXPECT_EQ(s.take(e), 0u);
    }
    ASSERT_EQ(fresh, 5u);
    ASSERT_EQ(s.size(), 5u);
    EXPECT_EQ(s.take_changed(), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(s.take_changed().empty());
    const wire::Hash named = hash_of(one("a")), other = hash_of(one("a", 3, 9));
    EXPECT_TRUE(s.closed("a", 1) && s.closed("a", 2) && !s.closed("a", 3));
    EXPECT_FALSE(s.closed("b", 1));
    EXPECT_TRUE(s.closed("b", 1, key_of("b").id) && !s.closed("b", 1, key_of("a").id));
    EXPECT_TRUE(s.valid("a", 1, {}, named) && !s.valid("a", 1, {}, other));
    EXPECT_TRUE(s.valid("a", 3, {}, other) && s.valid("c", 1, {}, other));
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace tributary::core::testing
