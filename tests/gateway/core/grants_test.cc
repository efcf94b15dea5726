// SPDX-License-Identifier: Apache-2.0
// Permissions: what grants allow is counted, what they do not is refused by name, and without any
// grant nothing is allowed. Case 15 of the guarantees.
#include "gateway/core/grants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/gateway/core/support/enrolled.h"

namespace tributary::core {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using Record = wire::GrantRecord;

constexpr std::uint64_t hour_ms = 3'600'000;

Record grant(std::string_view members, std::string_view keys, std::uint8_t operations) {
  Record r;
  r.members = members;
  r.keys = keys;
  r.operations = operations;
  return r;
}

wire::Entry grants_entry(const std::vector<Record>& grants, std::uint64_t from = 0) {
  std::vector<std::string_view> records;
  for (const Record& r : grants) records.push_back(keep(wire::encode(r)));
  std::sort(records.begin(), records.end());
  return grown(wire::grants_key, from, from + records.size(), records);
}

Grants with(const std::vector<Record>& grants) {
  Grants out;
  EXPECT_EQ(out.take(grants_entry(grants)), grants.size());
  EXPECT_EQ(out.take(grants_entry(grants)), 0u);  // they are there
  return out;
}

std::string denied(const Grants& grants, std::string_view device, wire::Entry entry,
                   std::uint64_t at_ms = 0) {
  const wire::Envelope e = decoded(
      envelope({.device = device, .to = 9, .hlc = crdt::Hlc::at(at_ms)}, {std::move(entry)}));
  const auto denial = grants.denied(e.delta, e.hash);
  EXPECT_TRUE(!denial || denial->rule.size() <= wire::refusal_rule_bytes_max);
  return denial ? denial->rule : "";
}

TEST(Grants, WithoutAnyNothingIsAllowed) {
  const Grants none;
  EXPECT_THAT(denied(none, "a", counter("k", 9, 1)), HasSubstr("no grant"));
  EXPECT_NE(denied(none, "a", up_down("k", 9, 1, 1)), "");
  EXPECT_NE(denied(none, "a", grown("k", 0, 9, {})), "");
  EXPECT_NE(denied(none, "a", set("k", 0, 9)), "");
  EXPECT_NE(denied(none, "a", reg("k", 9, 1, {}, 1)), "");
  EXPECT_NE(denied(none, "a", unknown("k", 77, 0, 9)), "");
  const wire::Envelope silent = decoded(envelope({}, {}));
  EXPECT_FALSE(none.denied(silent.delta, silent.hash));
}

TEST(Grants, NameMembersAndKeysByPatterns) {
  const Grants g = with({grant("sensor-*", "sensors/{id}/*", Record::add)});
  EXPECT_EQ(denied(g, "sensor-7", counter("sensors/sensor-7/n", 9, 1)), "");
  EXPECT_EQ(denied(g, "sensor-7", counter("sensors/sensor-7/a/b", 9, 1)), "");
  EXPECT_NE(denied(g, "sensor-7", counter("sensors/sensor-8/n", 9, 1)), "");
  EXPECT_NE(denied(g, "meter-7", counter("sensors/meter-7/n", 9, 1)), "");
  EXPECT_NE(denied(g, "sensor-7", counter("sensors/sensor-7", 9, 1)), "");
}

TEST(Grants, TellOperationsApart) {
  const Grants add = with({grant("*", "k", Record::add)});
  const Grants take = with({grant("*", "k", Record::take)});
  EXPECT_EQ(denied(add, "a", up_down("k", 9, 5, 0)), "");
  EXPECT_THAT(denied(add, "a", up_down("k", 9, 5, 1)), HasSubstr("take"));
  EXPECT_EQ(denied(take, "a", up_down("k", 9, 0, 1)), "");
  EXPECT_THAT(denied(take, "a", up_down("k", 9, 1, 1)), HasSubstr("add"));
  EXPECT_EQ(denied(add, "a", set("k", 0, 9, {{1, "x"}})), "");
  EXPECT_NE(denied(add, "a", set("k", 3, 9, {}, {2})), "");
  EXPECT_NE(denied(add, "a", set("k", 0, 9, {}, {}, {{"b", 1, 1}})), "");
  EXPECT_EQ(denied(take, "a", set("k", 3, 9, {}, {2}, {{"b", 1, 1}})), "");
  EXPECT_EQ(denied(take, "a", set("k", 0, 9)), "");  // came and went: either will do
  EXPECT_NE(denied(add, "a", reg("k", 9, 1, {}, 1)), "");
  EXPECT_EQ(denied(with({grant("*", "k", Record::set)}), "a", reg("k", 9, 1, {}, 1)), "");
  EXPECT_EQ(denied(with({grant("*", "k", Record::other)}), "a", unknown("k", 77, 0, 9)), "");
}

TEST(Grants, AreOfTypes) {
  Record r = grant("*", "k", Record::add);
  r.types = {1, 4};
  const Grants g = with({r});
  EXPECT_EQ(denied(g, "a", counter("k", 9, 1)), "");
  EXPECT_EQ(denied(g, "a", set("k", 0, 9, {{1, "x"}})), "");
  EXPECT_NE(denied(g, "a", up_down("k", 9, 1, 0)), "");
}

TEST(Grants, BoundCountersByTheHoursThatPassed) {
  Record r = grant("*", "k", Record::add | Record::take);
  r.since_ms = 1'000'000;
  r.burst = 10;
  r.per_hour = 5;
  const Grants g = with({r});
  EXPECT_EQ(denied(g, "a", counter("k", 9, 10), r.since_ms), "");
  EXPECT_THAT(denied(g, "a", counter("k", 9, 11), r.since_ms), HasSubstr("more than any grant"));
  EXPECT_EQ(denied(g, "a", counter("k", 9, 15), r.since_ms + hour_ms), "");
  EXPECT_NE(denied(g, "a", counter("k", 9, 16), r.since_ms + hour_ms), "");
  EXPECT_NE(denied(g, "a", counter("k", 9, 11), 0), "");      // a clock behind gives nothing
  EXPECT_EQ(denied(g, "a", up_down("k", 9, 10, 10), 0), "");  // each way by itself
  EXPECT_NE(denied(g, "a", up_down("k", 9, 10, 11), 0), "");
  Record steep = r;
  steep.per_hour = ~std::uint64_t{0};
  EXPECT_EQ(
      denied(with({steep}), "a", counter("k", 9, ~std::uint64_t{0}), r.since_ms + 2 * hour_ms), "");
}

TEST(Grants, BoundSetsAndRegistersByTheirBytes) {
  Record r = grant("*", "k", Record::add | Record::set);
  r.bytes_max = 20;
  const Grants g = with({r});
  EXPECT_EQ(denied(g, "a", set("k", 0, 9, {{1, "x"}})), "");
  EXPECT_NE(denied(g, "a", set("k", 0, 9, {{1, "a long element"}})), "");
  EXPECT_EQ(denied(g, "a", counter("k", 9, ~std::uint64_t{0})), "");
}

TEST(Grants, NameAllKeysThatBrokeOne) {
  const Grants g = with({grant("*", "ok", Record::add)});
  const wire::Envelope e =
      decoded(envelope({.to = 9}, {counter("b", 9, 1), counter("ok", 9, 1), counter("a", 9, 1)}));
  const auto denial = g.denied(e.delta, e.hash);
  ASSERT_TRUE(denial);
  EXPECT_EQ(denial->reason, Reject::not_permitted);
  const std::vector<std::pair<std::string, std::uint8_t>> keys = {{"a", 1}, {"b", 1}};
  EXPECT_EQ(denial->keys, keys);
}

// More grants never deny what fewer allow, and their order is nothing.
TEST(Grants, OnlyEverAddAndCommute) {
  const char* given = std::getenv("TRIBUTARY_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("TRIBUTARY_SEED=" + std::to_string(seed) +
               " test_core_trust --gtest_filter=Grants.OnlyEverAddAndCommute");
  std::mt19937_64 random(seed);
  const std::vector<std::string_view> patterns = {"*", "a", "a/*", "?", "{id}", "*/b", "a/b"};
  for (int round = 0; round < 300; ++round) {
    std::vector<Record> all;
    for (std::size_t i = 0; i < 4; ++i) {
      Record r = grant(random() % 2 ? "*" : "d?", patterns[random() % patterns.size()],
                       static_cast<std::uint8_t>(1 + random() % 15));
      if (random() % 3 == 0) r.types = {static_cast<std::uint8_t>(1 + random() % 5)};
      if (random() % 3 == 0) r.burst = random() % 20;
      if (random() % 3 == 0) r.bytes_max = random() % 30;
      r.since_ms = i;  // so that no two are one
      all.push_back(r);
    }
    const wire::Entry entry = random() % 2 ? up_down("a/b", 9, 1 + random() % 20, random() % 20)
                                           : set("a", 0, 9, {{1, "element"}});
    bool allowed = false;
    Grants some, backwards;
    for (std::size_t i = 0; i < all.size(); ++i) {
      some.take(grants_entry({all[i]}, i));
      const bool now_allowed = denied(some, "d1", entry).empty();
      EXPECT_TRUE(now_allowed || !allowed);
      allowed = now_allowed;
    }
    for (std::size_t i = all.size(); i > 0; --i) backwards.take(grants_entry({all[i - 1]}, i));
    EXPECT_EQ(denied(backwards, "d1", entry).empty(), allowed);
  }
}

// --- in a gateway

Options permitting() {
  Options o = enrolled("gw");
  o.trust.permissions = true;
  return o;
}

std::string admin(std::uint64_t from, wire::Entry entry) {
  const std::uint64_t to = entry.hi;
  return by("admin", {.device = "admin", .from = from, .to = to}, {std::move(entry)});
}

TEST(Permissions, RefuseByNameAndLeaveTheStateAsItIs) {
  Rig rig(permitting());
  rig.boot();
  ASSERT_EQ(rig.gateway->registry(
                rig.now(), packed({registry({"a"}),
                                   admin(1, grants_entry({grant("a", "mine/*", Record::add)}, 1))},
                                  wire::Codec::plain)),
            "");
  rig.settle();
  const std::string before = rig.digest();
  rig.up("a", by_itself({.device = "a"}, {counter("other", 1, 5)}));
  rig.settle();
  EXPECT_EQ(rig.digest(), before);
  EXPECT_EQ(rig.rejected(Reject::not_permitted), 1u);
  const auto ack = rig.ack("a");
  ASSERT_TRUE(ack);
  ASSERT_EQ(ack->actors.at(0).refusals.size(), 1u);
  EXPECT_THAT(std::string(ack->actors[0].refusals[0].rule), HasSubstr("no grant lets 'a' add"));
  ASSERT_EQ(ack->actors[0].refusals[0].keys.size(), 1u);
  EXPECT_EQ(ack->actors[0].refusals[0].keys[0].first, "other");
  EXPECT_TRUE(rig.gateway->offenders().empty());  // an honest mistake

  rig.up("a", by_itself({.device = "a"}, {counter("mine/n", 1, 5)}));
  rig.settle();
  EXPECT_EQ(rig.shows("mine/n", wire::Type::gcounter), "5");
}

TEST(Permissions, WaitWhileAPartOfTheRegistryIsMissing) {
  Rig rig(permitting());
  rig.boot();
  // The grants are operation 1, the member is operation 2: only that has arrived.
  const std::string grants = admin(0, grants_entry({grant("a", "*", Record::add)}, 0));
  rig.hear(rig.topic("gw/p/delta"), batch("p", 1, {registry({"a"}, 1)}));
  rig.settle();
  rig.up("a", by_itself({.device = "a"}, {counter("k", 1, 5)}));
  rig.settle();
  EXPECT_FALSE(rig.ack("a"));  // not refused: nobody mutes anything
  EXPECT_EQ(rig.gateway->summary().waiting, 1u);
  rig.hear(rig.topic("gw/p/delta"), batch("p", 2, {grants}));
  rig.settle();
  rig.settle();
  EXPECT_EQ(rig.shows("k", wire::Type::gcounter), "5");
}

TEST(Permissions, WhatALaterGrantAllowsIsCountedEverywhereAlike) {
  const std::string members = registry({"a"});
  const std::string grants = admin(1, grants_entry({grant("a", "*", Record::add)}, 1));
  const std::string op = by_itself({.device = "a"}, {counter("k", 1, 5)});
  std::vector<std::string> digests;
  for (const bool grants_first : {true, false}) {
    Rig rig(permitting());
    rig.boot();
    rig.hear(rig.topic("gw/p/delta"), batch("p", 1, {members}));
    rig.settle();
    if (grants_first) rig.hear(rig.topic("gw/p/delta"), batch("p", 2, {grants}));
    rig.settle();
    rig.hear(rig.topic("gw/p/delta"), batch("p", 3, {op}));
    rig.settle();
    rig.hear(rig.topic("gw/p/delta"), batch("p", 4, {grants}));
    rig.settle();
    rig.hear(rig.topic("gw/p/delta"), batch("p", 5, {op}));  // read again, as peers do
    rig.settle();
    digests.push_back(rig.digest());
    EXPECT_EQ(rig.shows("k", wire::Type::gcounter), "5");
  }
  EXPECT_EQ(digests[0], digests[1]);
}

}  // namespace
}  // namespace tributary::core
