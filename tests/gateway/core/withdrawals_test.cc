// SPDX-License-Identifier: Apache-2.0
// What counts once a grant is withdrawn: in every order of arrival, beside other grants, over
// crashes, and what the device hears and does. Case 16 of the guarantees.
#include "gateway/core/withdrawals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "firmware-sim/sdk/device.h"
#include "tests/gateway/core/support/settling.h"

namespace tributary::core::testing {
namespace {

using ::testing::HasSubstr;
using wire::Type;
using Record = wire::GrantRecord;

std::string grant(std::string_view members, std::string_view keys, std::uint64_t since_ms = 0,
                  std::uint64_t burst = Record::unbounded) {
  Record r;
  r.members = members;
  r.keys = keys;
  r.operations = Record::add | Record::take | Record::set;
  r.since_ms = since_ms;
  r.burst = burst;
  return wire::encode(r);
}
std::string withdrawal(const std::string& grant) {
  return wire::encode(wire::WithdrawalRecord{wire::sha256(grant)});
}
std::string exemption(const std::string& grant, const std::vector<std::string>& envelopes,
                      std::uint64_t part = 1, std::uint64_t parts = 1, std::uint64_t id = 9) {
  return wire::encode(
      wire::ExemptionRecord{wire::sha256(grant), id, part, parts, hashes_of(envelopes)});
}
std::string grants(std::vector<std::string> all, std::uint64_t from) {
  return records(wire::grants_key, std::move(all), from);
}
std::string settled(std::vector<std::string> all, std::uint64_t from) {
  return records(wire::settlements_key, std::move(all), from);
}

Options permitting() {
  Options o = enrolled();
  o.trust.permissions = true;
  return o;
}

// Four are enrolled, "a" and "b" may do everything to "parts"; operations 1 to 6 of the admin.
class WithdrawalsTest : public SettlingTest {
 protected:
  WithdrawalsTest() : SettlingTest(permitting()) {}
  void SetUp() override {
    rig.boot();
    give(rig, {registry({"a", "b", "gw", "gw2"}), grants({of_a, of_b}, 4)});
  }

  static constexpr std::uint64_t next = 6;
  const std::string of_a = grant("a", "parts"), of_b = grant("b", "parts");
  // Five by the device, then three more; then what nobody is to count.
  const std::string first = one("a", 1, 5);
  const std::string second =
      by_itself({.device = "a", .from = 1, .to = 2}, {counter("parts", 2, 8)});
  const std::string later =
      by_itself({.device = "a", .from = 2, .to = 3}, {counter("parts", 3, 1'000)});
  const std::string fresh = by_itself({.device = "a", .epoch = 7, .to = 1, .hlc = crdt::Hlc::at(1)},
                                      {counter("parts", 1, 300)});
};

TEST_F(WithdrawalsTest, AWithdrawnGrantComesToTheSameInEveryOrder) {
  const std::vector<std::string> events = {second,
                                           later,
                                           fresh,
                                           settled({withdrawal(of_a)}, next),
                                           settled({exemption(of_a, {first}, 1, 2)}, next + 1),
                                           settled({exemption(of_a, {second}, 2, 2)}, next + 2)};
  hear(one("b", 1, 7));
  in_every_order(events, [&] {
    ASSERT_EQ(parts(), "15");
    ASSERT_EQ(stored("a"), std::vector<std::string>{second});
  });
  EXPECT_GT(restarts, 0);
}

// Grants, withdrawals, exemptions and envelopes by chance, and what the rule says of them.
class Chance {
 public:
  Chance(std::mt19937_64& dice, std::uint64_t op) : dice_(dice) {
    for (int i = 0; i < 10; ++i) make();
    for (std::uint64_t i = 0; i < 4; ++i) give(i, op);
    for (const Made& m : made_) {
      events.push_back(m.bytes);
      const bool allowed = std::all_of(m.keys.begin(), m.keys.end(), [&](const std::string& key) {
        return std::any_of(given_.begin(), given_.end(),
                           [&](const Given& g) { return allows(g, m, key); });
      });
      if (!allowed) continue;
      for (const std::string& key : m.keys) {
        std::uint64_t& held = wanted_[key][{m.device, m.epoch}];
        held = std::max(held, m.to);
      }
    }
  }

  std::vector<std::string> events;
  // What a gateway shows in the end.
  std::string wanted(const std::string& key) const {
    const auto at = wanted_.find(key);
    if (at == wanted_.end()) return "nothing";
    std::uint64_t sum = 0;
    for (const auto& [actor, p] : at->second) sum += p;
    return std::to_string(sum);
  }

 private:
  struct Made {
    std::string bytes, device;
    std::uint64_t epoch = 0, to = 0;
    std::vector<std::string> keys;
  };
  struct Given {
    std::string record, members, keys;
    bool withdrawn = false;
    std::vector<std::string> exempt{};
  };

  std::string pick(const std::vector<std::string>& all) { return all[dice_() % all.size()]; }

  void make() {
    Made m{{}, pick({"a", "b"}), 1 + dice_() % 2, 1 + dice_() % 5, {}};
    m.keys = dice_() % 3 == 0 ? std::vector<std::string>{"x", "y"}
                              : std::vector<std::string>{pick({"x", "y"})};
    std::vector<wire::Entry> entries;
    for (const std::string& key : m.keys) entries.push_back(counter(keep(key), m.to, m.to));
    m.bytes = by_itself({.device = m.device, .epoch = m.epoch, .to = m.to}, std::move(entries));
    const bool there = std::any_of(made_.begin(), made_.end(),
                                   [&](const Made& other) { return other.bytes == m.bytes; });
    if (!there) made_.push_back(std::move(m));
  }

  void give(std::uint64_t since_ms, std::uint64_t& op) {
    Given g{{}, pick({"a", "b", "*"}), pick({"x", "y", "*"})};
    g.record = grant(g.members, g.keys, since_ms);
    events.push_back(grants({g.record}, op++));
    g.withdrawn = dice_() % 2 == 0;
    if (g.withdrawn) events.push_back(settled({withdrawal(g.record)}, op++));
    for (const Made& m : made_) {
      if (dice_() % 4 == 0) g.exempt.push_back(m.bytes);
    }
    if (!g.exempt.empty()) events.push_back(settled({exemption(g.record, g.exempt)}, op++));
    given_.push_back(std::move(g));
  }

  static bool allows(const Given& g, const Made& m, const std::string& key) {
    const bool covers =
        (g.members == "*" || g.members == m.device) && (g.keys == "*" || g.keys == key);
    return covers && (!g.withdrawn || std::count(g.exempt.begin(), g.exempt.end(), m.bytes) > 0);
  }

  std::mt19937_64& dice_;
  std::vector<Made> made_;
  std::vector<Given> given_;
  std::map<std::string, std::map<std::pair<std::string, std::uint64_t>, std::uint64_t>> wanted_;
};

TEST_F(WithdrawalsTest, AreWhatTheRuleSaysWhateverTheRandomOrder) {
  const char* given = std::getenv("TRIBUTARY_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  SCOPED_TRACE("TRIBUTARY_SEED=" + std::to_string(seed) +
               " test_core_trust --gtest_filter=Withdrawals*Random*");
  std::mt19937_64 dice(seed);
  const Disk before = rig.disk;
  for (int round = 0; round < 25; ++round) {
    SCOPED_TRACE(round);
    Chance chance(dice, next);
    std::string digest;
    for (int gateway = 0; gateway < 3; ++gateway) {
      rig.crash();
      rig.disk = before;
      rig.boot();
      std::shuffle(chance.events.begin(), chance.events.end(), dice);
      for (int twice = 0; twice < 2; ++twice) {
        for (const std::string& e : chance.events) hear(e);
      }
      for (const char* key : {"x", "y"})
        ASSERT_EQ(rig.shows(key, Type::gcounter), chance.wanted(key));
      if (digest.empty()) digest = rig.digest();
      ASSERT_EQ(rig.digest(), digest);
    }
  }
}

TEST_F(WithdrawalsTest, WhatAnotherGrantAllowsStays) {
  hear(grants({grant("*", "par*")}, next));
  hear(second);
  hear(settled({withdrawal(of_a)}, next + 1));
  EXPECT_EQ(restarts, 0);
  EXPECT_EQ(parts(), "8");
  hear(fresh);
  EXPECT_EQ(parts(), "308");
}

// The same again is another record, and allows what the withdrawn one allowed.
TEST_F(WithdrawalsTest, TheSameGrantCanBeMadeAnew) {
  hear(second);
  hear(settled({withdrawal(of_a)}, next));
  EXPECT_EQ(restarts, 1);
  EXPECT_EQ(parts(), "nothing");
  hear(grants({of_a}, next + 1));  // the very same record stays withdrawn
  hear(second);
  EXPECT_EQ(parts(), "nothing");
  hear(grants({grant("a", "parts", 1)}, next + 2));
  hear(second);
  EXPECT_EQ(parts(), "8");
  EXPECT_EQ(restarts, 1);
}

TEST_F(WithdrawalsTest, ADeviceHearsWhichKeysAndWhy) {
  rig.up("a", second);
  hear(settled({withdrawal(of_a), exemption(of_a, {second})}, next));
  EXPECT_EQ(restarts, 0) << "all that is held stays valid";
  rig.take("");
  rig.up("a", fresh);
  go_on();
  const auto ack = rig.ack("a");
  ASSERT_TRUE(ack);
  ASSERT_EQ(ack->actors.at(0).refusals.size(), 1u);
  const wire::Refusal& r = ack->actors[0].refusals[0];
  EXPECT_EQ(r.to, 1u);
  EXPECT_EQ(r.rule, "the grant that let 'a' add to gcounter 'parts' was withdrawn");
  ASSERT_EQ(r.keys.size(), 1u);
  EXPECT_EQ(r.keys[0].first, "parts");
  EXPECT_EQ(rig.rejected(Reject::withdrawn), 1u);
  EXPECT_EQ(parts(), "8");
  EXPECT_EQ(rig.gateway->summary().settlements, 2u);
}

// An exemption lets a withdrawn grant go on; it allows nothing that the grant did not.
TEST_F(WithdrawalsTest, ExemptionsAllowNoMoreThanTheGrantDid) {
  hear(grants({grant("a", "other")}, next));
  const std::string elsewhere = by_itself({.device = "a"}, {counter("third", 1, 5)});
  hear(settled({withdrawal(of_a), exemption(of_a, {elsewhere, one("b", 1, 7)})}, next + 1));
  rig.up("a", elsewhere);
  go_on();
  EXPECT_EQ(rig.rejected(Reject::not_permitted), 1u);
  EXPECT_EQ(rig.shows("third", Type::gcounter), "nothing");
  // What one withdrawn grant keeps another does not.
  hear(settled({withdrawal(of_b)}, next + 3));
  hear(one("b", 1, 7));
  EXPECT_EQ(parts(), "nothing");
}

// Nor is what a closing leaves exempt, and the other way round: each takes its own.
TEST_F(WithdrawalsTest, AClosingAndAWithdrawalMustBothLetItBe) {
  rig.up("a", second);
  const std::string closing = wire::encode(wire::ClosingRecord{"a", 1, {}});
  const std::string stays = wire::encode(wire::SettlementRecord{"a", 1, 1, 1, hashes_of({second})});
  hear(settled({closing, stays}, next));
  EXPECT_EQ(parts(), "8");
  hear(settled({withdrawal(of_a)}, next + 2));
  EXPECT_EQ(parts(), "nothing");
  hear(settled({exemption(of_a, {second})}, next + 3));
  hear(second);
  EXPECT_EQ(parts(), "8");
}

// The sum of an epoch goes on: a new grant with a bound must have room for all of it.
TEST_F(WithdrawalsTest, ANewBoundIsOnTheWholeSumOfTheEpoch) {
  hear(second);
  hear(grants({grant("a", "parts", 0, 9)}, next));
  hear(settled({withdrawal(of_a)}, next + 1));
  EXPECT_EQ(restarts, 0) << "8 of 9";
  const auto up = [&](std::uint64_t total) {
    rig.up("a", by_itself({.device = "a", .from = 2, .to = 3}, {counter("parts", 3, total)}));
    go_on();
  };
  up(10);
  EXPECT_EQ(rig.rejected(Reject::withdrawn), 1u) << "the withdrawn one had no bound";
  up(9);
  EXPECT_EQ(parts(), "9");
}

TEST_F(WithdrawalsTest, WhatPeopleChangeThroughAGatewayIsAskedToo) {
  const std::string operators = grant("operator-*", "*");
  const wire::KeyRecord key{"device", "operator-gw2", signing::view(key_of("gw2").key)};
  hear(records(wire::keys_key, {wire::encode(key)}, next));
  hear(grants({operators}, next + 1));
  const std::string by_hand = by("gw2", {.device = "operator-gw2"}, {counter("parts", 1, 4)});
  hear(by_hand);
  EXPECT_EQ(parts(), "4");
  hear(settled({withdrawal(operators)}, next + 2));
  EXPECT_EQ(restarts, 1);
  EXPECT_EQ(parts(), "nothing");
}

TEST_F(WithdrawalsTest, WithoutPermissionsTheyAreNothing) {
  Rig loose{enrolled()};
  loose.boot();
  give(loose, {registry({"a", "b", "gw", "gw2"}), grants({of_a}, 4)});
  loose.up("a", second);
  give(loose, {settled({withdrawal(of_a)}, 5)});
  EXPECT_FALSE(loose.gateway->starts_again());
  EXPECT_EQ(loose.shows("parts", Type::gcounter), "8");
}

// The withdrawal is on the disk, and what it takes away is, too.
TEST_F(WithdrawalsTest, ACrashInBetweenIsMadeGoodAtTheNextStart) {
  rig.up("a", second);
  rig.settle();
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {settled({withdrawal(of_a)}, next)}));
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

TEST_F(WithdrawalsTest, ADiskThatFailsIsAskedAgainAndNobodyIsToldMeanwhile) {
  rig.up("a", second);
  rig.settle();
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {settled({withdrawal(of_a)}, next)}));
  rig.pass(60);
  rig.commit();
  rig.take("");
  rig.fail();
  rig.pass(50);
  EXPECT_FALSE(rig.gateway->starts_again());
  EXPECT_TRUE(rig.take("gw/gw/head").empty());
  rig.pass(200);
  ASSERT_TRUE(rig.committing());
  rig.commit();
  EXPECT_TRUE(rig.gateway->starts_again());
}

// While a part of the registry is missing, it may exempt what would be dropped, or allow it.
TEST_F(WithdrawalsTest, ARegistryInPartWithdrawsNothing) {
  rig.up("a", second);
  rig.settle();
  hear(settled({withdrawal(of_a)}, next + 1));  // next to next + 1 is missing
  EXPECT_EQ(restarts, 0);
  EXPECT_EQ(parts(), "8");
  rig.up("a", fresh);
  go_on();
  EXPECT_EQ(rig.gateway->summary().waiting, 1u) << "no refusal yet";
  const auto ack = rig.ack("a");
  EXPECT_TRUE(!ack || ack->actors.at(0).refusals.empty());
  hear(settled({exemption(of_a, {second})}, next));
  EXPECT_EQ(restarts, 0);
  EXPECT_EQ(parts(), "8");
  EXPECT_EQ(rig.gateway->summary().waiting, 0u);
}

// What the device said later had superseded what stays, and no other gateway is there.
TEST_F(WithdrawalsTest, WhatStaysAndNobodyHasComesWithTheFile) {
  rig.up("a", second);
  rig.settle();
  rig.up("a", later);
  rig.settle();
  ASSERT_EQ(stored("a"), std::vector<std::string>{later});
  const std::vector<std::string> file = {
      registry({"a", "b", "gw", "gw2"}), grants({of_a, of_b}, 4),
      settled({withdrawal(of_a), exemption(of_a, {second})}, next), second};
  const std::vector<std::string_view> all(file.begin(), file.end());
  EXPECT_EQ(rig.registry(packed(all, wire::Codec::plain)), "");
  go_on();
  EXPECT_EQ(restarts, 1);
  give(rig, file);  // as at every start
  EXPECT_EQ(parts(), "8");
  EXPECT_EQ(stored("a"), std::vector<std::string>{second});
  EXPECT_EQ(rig.registry(packed({file[0], file[1], file[2], first}, wire::Codec::plain)),
            "it has an envelope of 'a', who is not the admin, and no settlement names it");
}

TEST_F(WithdrawalsTest, LatePeersAreNoNews) {
  hear(settled({withdrawal(of_a)}, next));
  rig.take("");
  rig.notices.clear();
  hear(second);
  EXPECT_EQ(rig.rejected(Reject::withdrawn), 0u);
  EXPECT_TRUE(rig.disk.dead_letters.empty());
  for (const Notice& n : rig.notices) EXPECT_NE(n.level, Notice::Level::warning) << n.text;
  EXPECT_EQ(parts(), "nothing");
}

// --- a device, with the library that it has

class ADeviceAndAWithdrawal : public WithdrawalsTest {
 protected:
  void SetUp() override {
    rig.boot();
    give(rig, {registry({"a", "b", "gw", "gw2"}), grants({of_x, of_y}, 4)});
    sdk::Options o;
    o.fleet = "demo";
    o.device = "a";
    o.random = [] { return std::uint64_t{11}; };
    o.signer = key_of("a");
    device.emplace(std::move(*sdk::Device::open(std::move(o))));
  }
  // Until all is acknowledged, or for so long; returns what it was refused.
  std::vector<sdk::Event> exchange() {
    std::vector<sdk::Event> refused;
    for (int turns = 0; turns < 200 && (turns < 3 || device->unacknowledged() > 0); ++turns) {
      device->time(rig.now().wall_ms);
      for (sdk::Packet& p : device->poll(rig.now().wall_ms)) rig.up("a", std::move(p.payload));
      go_on();
      rig.run(500);
      const auto ack = rig.ack("a");
      if (!ack) continue;
      for (sdk::Event& e : device->receive(rig.now().wall_ms, ack->bytes)) {
        if (e.kind == sdk::Event::Kind::refused) refused.push_back(std::move(e));
      }
    }
    return refused;
  }
  std::string shown(std::string_view key) const { return rig.shows(key, Type::gcounter); }

  const std::string of_x = grant("a", "x"), of_y = grant("a", "y");
  std::optional<sdk::Device> device;
};

TEST_F(ADeviceAndAWithdrawal, GoesOnWithTheRestAndKeepsWhatWasKept) {
  device->counter("x").add(3);
  device->counter("y").add(4);
  EXPECT_TRUE(exchange().empty());
  const std::vector<std::string> held = stored("a");
  ASSERT_EQ(held.size(), 1u);
  hear(settled({withdrawal(of_x), exemption(of_x, held)}, next));
  EXPECT_EQ(restarts, 0);
  device->counter("x").add(10);
  device->counter("y").add(20);
  const auto refused = exchange();
  ASSERT_EQ(refused.size(), 1u);
  ASSERT_EQ(refused[0].keys.size(), 1u);
  EXPECT_EQ(refused[0].keys[0].key, "x");
  EXPECT_THAT(refused[0].text, HasSubstr("was withdrawn"));
  EXPECT_EQ(device->counter("x").add(1), sdk::Outcome::muted);
  EXPECT_EQ(device->unacknowledged(), 0u) << "never stuck";
  EXPECT_EQ(shown("x"), "3");
  EXPECT_EQ(shown("y"), "24");
}

// Nothing is kept: what it had said of the other key comes again by itself.
TEST_F(ADeviceAndAWithdrawal, SaysAgainWhatItMayStillSay) {
  device->counter("x").add(3);
  device->counter("y").add(4);
  EXPECT_TRUE(exchange().empty());
  hear(settled({withdrawal(of_x)}, next));
  EXPECT_EQ(restarts, 1);
  EXPECT_EQ(shown("y"), "nothing") << "it was in one envelope with the other";
  device->counter("y").add(20);
  exchange();
  EXPECT_EQ(device->unacknowledged(), 0u);
  EXPECT_EQ(shown("x"), "nothing");
  EXPECT_EQ(shown("y"), "24");
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// --- by themselves

TEST(Withdrawals, AreAFunctionOfTheRecordsWhateverTheirOrder) {
  const std::string g = grant("a", "k"), other = grant("b", "k");
  const std::vector<std::string> all = {withdrawal(g),
                                        withdrawal(other),
                                        exemption(g, {one("a")}, 1, 2),
                                        exemption(g, {one("a", 2, 9)}, 2, 2),
                                        exemption(other, {one("b")}, 1, 2),
                                        "\x90",
                                        "x"};
  const wire::Hash kept = hash_of(one("a")), lost = hash_of(one("a", 3, 9)),
                   in_part = hash_of(one("b"));
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    Withdrawals w;
    std::size_t taken = 0;
    for (const std::size_t i : order) taken += w.take(all[i]) ? 1 : 0;
    ASSERT_EQ(taken, 5u);
    EXPECT_TRUE(w.withdrawn(wire::sha256(g)) && w.withdrawn(wire::sha256(other)));
    EXPECT_FALSE(w.withdrawn(wire::sha256(grant("c", "k"))));
    EXPECT_TRUE(w.in_force(wire::sha256(g), kept) && !w.in_force(wire::sha256(g), lost));
    EXPECT_FALSE(w.in_force(wire::sha256(other), kept) || w.in_force(wire::sha256(other), in_part));
    EXPECT_TRUE(w.in_force(wire::sha256(grant("c", "k")), lost));
    EXPECT_TRUE(w.names(kept) && !w.names(lost) && !w.names(in_part));
    EXPECT_EQ(w.exempt(wire::sha256(g)), 2u);
    EXPECT_EQ(w.take_changed().size(), 2u);
    EXPECT_TRUE(w.take_changed().empty());
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace tributary::core::testing
