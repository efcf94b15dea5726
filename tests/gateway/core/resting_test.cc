// SPDX-License-Identifier: Apache-2.0
// Registers and sets leave memory whole, once all who wrote to them rest, and come back with the
// first of them: nobody can tell but by the memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "tests/gateway/core/support/enrolled.h"
#include "tests/gateway/core/support/rig.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

constexpr std::uint64_t wall = 1'700'000'000'000;  // when a Rig begins

// By the last operation of a delta.
wire::Entry wrote(std::uint64_t op, std::uint64_t at_ms, std::uint64_t value) {
  return reg("r", op, op, crdt::Hlc::at(at_ms), value);
}

// A register, a set that grows and one that does not, of two writers each.
void fill(Rig& rig) {
  rig.up("a", envelope({.device = "a", .to = 3},
                       {grown("g", 0, 3, {"x"}), set("s", 0, 3, {{2, "of a"}}), wrote(3, 5, 1)}));
  rig.up("b", envelope({.device = "b", .to = 2},
                       {grown("g", 0, 2, {"y"}), set("s", 0, 2, {{1, "of b"}}), wrote(2, 7, 2)}));
  rig.run(10'000);
}

std::string all_shown(const Rig& rig) {
  std::string out;
  for (const ValueView& v : rig.gateway->values("", 0, 100)) {
    out += v.key + "=" + v.json + " of " + std::to_string(v.contributors) + " at " +
           std::to_string(v.at_ms) + (v.unread ? " unread\n" : "\n");
  }
  return out;
}

std::uint64_t cold_keys(const Rig& rig) {
  return rig.gateway->summary().cold_keys;
}

struct Resting : ::testing::Test {
  Rig rig{Rig::cold()}, warm;
  void SetUp() override {
    for (Rig* r : {&rig, &warm}) {
      r->boot();
      fill(*r);
    }
    ASSERT_EQ(cold_keys(rig), 3u);
    ASSERT_EQ(cold_keys(warm), 0u);
  }
  void up(std::string_view device, const std::string& payload) {
    for (Rig* r : {&rig, &warm}) r->up(device, payload);
  }
  void run(std::uint64_t ms) {
    for (Rig* r : {&rig, &warm}) r->run(ms);
  }
  void expect_the_same() {
    EXPECT_EQ(all_shown(rig), all_shown(warm));
    EXPECT_EQ(rig.digest(), warm.digest());
    EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  }
};

TEST_F(Resting, IsShownAndDigestedAllTheSame) {
  expect_the_same();
  EXPECT_EQ(rig.shows("r", Type::lww), "2");
  EXPECT_EQ(rig.shows("s", Type::orset), R"(["of a","of b"])");
  EXPECT_EQ(cold_keys(rig), 3u) << "looking wakes nobody";
  const Summary s = rig.gateway->summary(), w = warm.gateway->summary();
  for (const std::size_t type : {3u, 4u, 5u}) EXPECT_LT(s.type_bytes[type], w.type_bytes[type]);
  EXPECT_EQ(s.parts, w.parts);
  EXPECT_EQ(s.keys, w.keys);
  EXPECT_EQ(rig.gateway->cold_parts("r", 5), 2u);
  EXPECT_TRUE(rig.gateway->contributions("r", 5, "", 0, 10).empty());
  EXPECT_EQ(rig.values.size(), warm.values.size()) << "rows for people were written";
}

TEST_F(Resting, ComesBackWithTheFirstOfItsWriters) {
  up("a", envelope({.device = "a", .from = 3, .to = 5},
                   {set("s", 3, 5, {{4, "more"}}, {2}), wrote(5, 9, 4)}));
  for (Rig* r : {&rig, &warm}) r->pass(60);
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(cold_keys(rig), 0u) << "g as well: a wrote to it";
  EXPECT_EQ(rig.gateway->summary().cold_actors, 1u) << "b rests on";
  EXPECT_EQ(rig.gateway->summary().type_bytes[3], warm.gateway->summary().type_bytes[3]);
  run(10'000);
  EXPECT_EQ(rig.shows("r", Type::lww), "4");
  EXPECT_EQ(rig.shows("s", Type::orset), R"(["more","of b"])");
  expect_the_same();
  EXPECT_EQ(cold_keys(rig), 3u) << "they rest again";
  rig.reboot(), warm.reboot();
  expect_the_same();
}

TEST_F(Resting, ComesBackForWhoeverElseWritesToIt) {
  up("c", envelope({.device = "c", .to = 2}, {set("s", 0, 2, {{1, "of b"}}), wrote(2, 6, 6)}));
  for (Rig* r : {&rig, &warm}) r->pass(60);
  EXPECT_EQ(cold_keys(rig), 1u);
  EXPECT_EQ(rig.gateway->summary().cold_actors, 2u);
  EXPECT_EQ(rig.gateway->contributions("r", 5, "", 0, 10).size(), 3u);
  run(10'000);
  EXPECT_EQ(rig.shows("r", Type::lww), "2") << "b's is newer";
  expect_the_same();
  EXPECT_EQ(cold_keys(rig), 3u);
}

// c takes an element away that a had added, and b: they are told, and the set is as it would be.
TEST_F(Resting, KnowsWhoseAddsAreRemoved) {
  up("c", envelope({.device = "c", .to = 1}, {set("s", 0, 1, {}, {}, {{"a", 1, 2}, {"b", 1, 1}})}));
  run(10'000);
  EXPECT_EQ(rig.shows("s", Type::orset), "[]");
  EXPECT_EQ(cold_keys(rig), 2u) << "c stays until its targets are dead";
  up("a", envelope({.device = "a", .from = 3, .to = 4}, {set("s", 3, 4, {}, {2})}));
  up("b", envelope({.device = "b", .from = 2, .to = 3}, {set("s", 2, 3, {}, {1})}));
  run(10'000);
  EXPECT_EQ(cold_keys(rig), 3u);
  expect_the_same();
  rig.reboot(), warm.reboot();
  expect_the_same();
}

TEST_F(Resting, StaysWhileOneOfItsWritersIsInUse) {
  Options o = rig.options;
  o.warm_bytes_max = Limits::unlimited;
  rig.gateway->set_limits(o);
  up("c", envelope({.device = "c", .to = 1}, {wrote(1, 6, 6)}));
  run(10'000);
  EXPECT_EQ(cold_keys(rig), 2u);
  expect_the_same();
}

// A write that is dated to come is held, and its register does not rest until it is shown.
TEST_F(Resting, NotWithAWriteThatIsDatedToCome) {
  up("c", envelope({.device = "c", .to = 1}, {wrote(1, wall + 60'000, 6)}));
  run(1'000);
  EXPECT_EQ(rig.shows("r", Type::lww), "2");
  EXPECT_EQ(cold_keys(rig), 2u);
  run(60'000);
  EXPECT_EQ(rig.shows("r", Type::lww), "6");
  expect_the_same();
}

TEST_F(Resting, IsHeldAgainWhenTheClockIsSetBack) {
  up("c", envelope({.device = "c", .to = 1}, {wrote(1, wall + 10'000, 6)}));
  run(20'000);
  ASSERT_EQ(rig.shows("r", Type::lww), "6");
  ASSERT_EQ(cold_keys(rig), 3u);
  rig.values.clear();
  for (Rig* r : {&rig, &warm}) r->set_clock(wall - 20'000);
  run(1'000);
  EXPECT_EQ(rig.shows("r", Type::lww), "2");
  run(10'000);
  EXPECT_EQ(rig.shows("r", Type::lww), "2");
  run(30'000);
  EXPECT_EQ(rig.shows("r", Type::lww), "6");
  expect_the_same();
  std::vector<std::string> rows;
  for (const ValueRow& v : rig.values) rows.push_back(v.value);
  EXPECT_EQ(rows, (std::vector<std::string>{"2", "6"})) << "people were told";
}

TEST_F(Resting, WhatTheDiskDoesNotGiveIsSaidToBeUnread) {
  const std::string before = all_shown(rig);
  rig.unreadable = true;
  const auto v = rig.gateway->value("r", 5);
  ASSERT_TRUE(v);
  EXPECT_TRUE(v->unread);
  EXPECT_EQ(v->json, "null");
  EXPECT_EQ(v->contributors, 2u);
  // What would be joined waits, and everything else goes on.
  rig.take("");
  rig.up("c", envelope({.device = "c", .to = 1}, {wrote(1, 9, 9)}));
  rig.up("d", envelope({.device = "d", .to = 1}, {counter("n", 1, 1)}));
  rig.run(3'000);
  EXPECT_EQ(rig.ack("c"), nullptr);
  EXPECT_NE(rig.ack("d"), nullptr);
  rig.unreadable = false;
  EXPECT_EQ(all_shown(rig).substr(0, 5), before.substr(0, 5));
  rig.run(3'000);
  EXPECT_NE(rig.ack("c"), nullptr);
  EXPECT_EQ(rig.shows("r", Type::lww), "9");
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

TEST_F(Resting, RotIsFoundByWhoLooks) {
  for (auto& [row, e] : rig.disk.envelopes) {
    if (e.device == "a") e.bytes.back() ^= 1;
  }
  EXPECT_TRUE(rig.gateway->value("g", 3)->unread);
  rig.run(3'000);
  EXPECT_TRUE(rig.gateway->starts_again());
}

// Two writers, of whom the one that is shown turns out to tell two stories: the other's counts.
TEST(RestingTrust, TheNextBestIsShownWhenTheWinnerCountsNoMore) {
  Options o = Rig::cold(enrolled("gw"));
  o.trust.exclude_equivocators = true;
  Rig rig(o);
  rig.boot();
  EXPECT_EQ(rig.registry(packed({registry({"a", "b"})}, wire::Codec::plain)), "");
  rig.up("a", by_itself({.device = "a", .to = 1}, {wrote(1, 5, 1)}));
  rig.up("b", by_itself({.device = "b", .to = 1}, {wrote(1, 7, 2)}));
  rig.run(10'000);
  ASSERT_EQ(cold_keys(rig), 1u);
  EXPECT_EQ(rig.shows("r", Type::lww), "2");
  const auto said = [](std::uint64_t p, std::uint64_t id) {
    return by_itself({.device = "b", .to = 3, .id = id}, {counter("c", 3, p)});
  };
  rig.hear(
      rig.topic("gw/g2/delta"),
      wire::encode(wire::Batch{
          .gateway = "g2",
          .incarnation = 1,
          .session = 1,
          .number = 1,
          .pack = keep(packed({wire::encode_evidence(decoded(said(4, 2)), decoded(said(5, 3)))},
                              wire::Codec::plain))}));
  rig.run(10'000);
  ASSERT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
  EXPECT_EQ(rig.shows("r", Type::lww), "1");
  EXPECT_EQ(rig.gateway->value("r", 5)->contributors, 1u);
}

// A device that goes on with more than there is room for would be read back for each of its
// packets: it stays, the longer the more it has.
TEST(RestingInUse, IsNotReadBackAgainAndAgain) {
  Options o = Rig::defaults();
  o.type_bytes_max[3] = 400'000;
  Rig rig(o);
  rig.boot();
  std::uint64_t op = 0;
  const auto say = [&](std::uint64_t elements) {
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < elements; ++i)
      texts.push_back(std::to_string(10'000 + op + i).append(900, '.'));
    std::vector<std::string_view> views;
    for (const std::string& text : texts) views.push_back(keep(text));
    rig.up("a", envelope({.device = "a", .from = op, .to = op + elements},
                         {grown("g", op, op + elements, views)}));
    op += elements;
    rig.settle();
  };
  say(100), say(80);
  EXPECT_GT(rig.gateway->summary().type_bytes[3], o.type_bytes_max[3] * 3 / 4);
  for (int i = 0; i < 20; ++i) say(1);
  EXPECT_EQ(rig.gateway->counters().warmed, 0u);
  rig.run(10'000);
  EXPECT_EQ(cold_keys(rig), 1u) << "now it rests";
  for (int i = 0; i < 20; ++i) say(1);
  EXPECT_EQ(rig.gateway->counters().warmed, 1u);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// A start on a machine that was switched on a moment ago: what was never in use since may leave.
TEST(RestingInUse, NothingIsSinceAStartUntilItIsUsed) {
  EXPECT_TRUE(may_leave(1'000, 0, 100'000'000));
  EXPECT_FALSE(may_leave(1'000, steps_of(900), 100'000'000));
  EXPECT_TRUE(may_leave(1'000 + 50'000, steps_of(900), 100'000'000));
}

// A device that has little, and writes now and then to a set that is large by others.
TEST(RestingInUse, ALargeSetStaysLongerThanItsWriters) {
  Rig rig;
  rig.boot();
  for (std::uint64_t n = 0; n < 200; ++n) {
    const std::string_view device = keep("d" + std::to_string(n));
    rig.up(device, envelope({.device = device, .to = 1},
                            {grown("all", 0, 1, {keep(std::to_string(n).append(900, '.'))})}));
  }
  rig.run(10'000);
  Limits small = rig.options;
  small.warm_bytes_max = 0;
  rig.gateway->set_limits(small);
  rig.run(10'000);
  ASSERT_EQ(cold_keys(rig), 1u);
  for (std::uint64_t op = 1; op <= 20; ++op) {
    rig.up("a", envelope({.device = "a", .from = op - 1, .to = op},
                         {grown("all", op - 1, op, {keep("e" + std::to_string(op))})}));
    rig.settle();
    EXPECT_EQ(cold_keys(rig), 0u);
  }
  rig.run(2'000);
  EXPECT_EQ(cold_keys(rig), 1u);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// Who said nothing for longest has nothing of the type that is short.
TEST(RestingOfOneType, IsFoundBehindOthers) {
  Options o = Rig::defaults();
  o.type_bytes_max[5] = 40'000;
  Rig rig(o);
  rig.boot();
  for (std::uint64_t n = 0; n < 50; ++n) {
    const std::string_view device = keep("c" + std::to_string(n));
    std::vector<wire::Entry> entries;
    for (int k = 0; k < 400; ++k)
      entries.push_back(counter(keep("k" + std::to_string(100 + k)), 1, 1 + n));
    rig.up(device, envelope({.device = device, .to = 1}, std::move(entries)));
  }
  rig.run(2'000);
  const std::string text = std::string("\xda\x07\xd0").append(2'000, '.');
  std::uint64_t taken = 0;
  for (std::uint64_t n = 0; n < 60; ++n) {
    const std::string_view device = keep("r" + std::to_string(n));
    wire::Entry e = reg(keep("of-" + std::to_string(n)), 1, 1, crdt::Hlc{1}, 0);
    std::get<wire::LwwPayload>(e.payload).value = text;
    rig.up(device, envelope({.device = device, .to = 1}, {e}));
    rig.settle();
    taken += rig.ack(device) != nullptr ? 1u : 0u;
  }
  EXPECT_EQ(taken, 60u);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// --- views, and rows for people

TEST(RestingViews, OfAnEarlierLifeAreSaidAgainWithoutWakingAnybody) {
  Rig rig(Rig::cold());
  rig.boot();
  fill(rig);
  rig.crash();
  rig.published.clear(), rig.values.clear();
  rig.boot_early([] {});
  EXPECT_EQ(cold_keys(rig), 3u);
  rig.run(20'000);
  EXPECT_EQ(cold_keys(rig), 3u);
  const auto said = rig.take("view/gw/lww/r");
  ASSERT_FALSE(said.empty());
  EXPECT_NE(said.back().payload.find("\"value\":2,"), std::string::npos);
  EXPECT_NE(said.back().payload.find("\"contributors\":2"), std::string::npos);
  const auto row = std::find_if(rig.values.begin(), rig.values.end(),
                                [](const ValueRow& v) { return v.key == "s"; });
  ASSERT_NE(row, rig.values.end());
  EXPECT_EQ(row->value, R"(["of a","of b"])");
}

TEST(RestingViews, WaitForADiskThatDoesNotGiveThem) {
  Rig rig(Rig::cold());
  rig.boot();
  fill(rig);
  rig.crash();
  rig.published.clear(), rig.values.clear();
  rig.boot_early([&] {
    if (rig.gateway->summary().cold_actors == 2) rig.unreadable = true;
  });
  ASSERT_TRUE(rig.unreadable);
  rig.run(20'000);
  EXPECT_TRUE(rig.take("view/gw/").empty());
  EXPECT_TRUE(rig.values.empty());
  rig.unreadable = false;
  rig.run(20'000);
  std::set<std::string> topics, rows;
  for (const Publish& p : rig.take("view/gw/")) topics.insert(p.topic);
  for (const ValueRow& v : rig.values) rows.insert(v.key);
  EXPECT_EQ(topics.size(), 3u);
  EXPECT_EQ(rows, (std::set<std::string>{"g", "r", "s"}));
}

// --- a start, and ten times what fits

constexpr std::uint64_t writers = 120, keys_of_each = 5, writers_of_each = 4;
constexpr std::size_t value_bytes = 900;

// The keys of each four writers are theirs. Each time two operations for each.
std::string said_by(std::uint64_t n, std::uint64_t time, Type type) {
  const std::uint64_t from = 2 * (time - 1), to = 2 * time;
  std::vector<wire::Entry> entries;
  for (std::uint64_t k = 0; k < keys_of_each; ++k) {
    const std::string_view key =
        keep("k" + std::to_string(n / writers_of_each) + "/" + std::to_string(k));
    const auto value = [&](std::uint64_t op) {
      return keep((std::to_string(n) + ':' + std::to_string(op) + ':').append(value_bytes, '.'));
    };
    const std::string_view first = value(from + 1), second = value(to);
    if (type == Type::gset) entries.push_back(grown(key, from, to, {first, second}));
    if (type == Type::orset)
      entries.push_back(set(key, from, to, {{from + 1, first}, {to, second}}));
    if (type != Type::lww) continue;
    wire::Entry e = reg(key, to, to, crdt::Hlc::at(time), 0);
    const std::string text = std::string(first) + std::string(second);
    const char length[] = {'\xda', static_cast<char>(text.size() >> 8),
                           static_cast<char>(text.size() & 0xFF)};
    std::get<wire::LwwPayload>(e.payload).value = keep(std::string(length, 3) + text);
    entries.push_back(e);
  }
  const std::string_view device = keep("d" + std::to_string(n));
  return envelope({.device = device, .from = from, .to = to}, std::move(entries));
}

struct RestingTenTimes : ::testing::TestWithParam<std::tuple<Type, bool>> {};

TEST_P(RestingTenTimes, WhatFitsIsTakenWholeAndThereAfterAStart) {
  const auto [type, of_all] = GetParam();
  const auto number = static_cast<std::uint8_t>(type);
  Options o = Rig::defaults();
  std::size_t most = 0, limit = ~std::size_t{0};
  const auto bytes = [&, of = of_all](const Rig& rig) {
    const Summary s = rig.gateway->summary();
    return of ? s.memory_bytes : s.type_bytes.at(number);
  };
  const auto all_say = [&, what = type](Rig& rig, std::uint64_t time) {
    std::uint64_t taken = 0;
    for (std::uint64_t n = 0; n < writers; ++n) {
      const std::string_view device = keep("d" + std::to_string(n));
      rig.up(device, said_by(n, time, what));
      rig.settle();
      for (const Publish& p : rig.take("ack/"))
        taken += wire::decode_ack(p.payload, wire::Limits{})->actors.at(0).op == 2 * time ? 1u : 0u;
      most = std::max<std::size_t>(most, bytes(rig));
    }
    return taken;
  };
  Rig roomy(o);
  roomy.boot();
  ASSERT_EQ(all_say(roomy, 1), writers);
  limit = bytes(roomy) / 10;
  (of_all ? o.total_bytes_max : o.type_bytes_max.at(number)) = limit;
  Rig rig(o);
  rig.boot();
  most = 0;
  EXPECT_EQ(all_say(rig, 1), writers);
  EXPECT_LT(most, limit);
  EXPECT_EQ(rig.digest(), roomy.digest());
  EXPECT_GT(cold_keys(rig), rig.gateway->summary().keys / 2);
  EXPECT_EQ(all_say(rig, 2), writers) << "everybody comes back, in turn";
  ASSERT_EQ(all_say(roomy, 2), writers);
  rig.run(30'000), roomy.run(30'000);
  EXPECT_EQ(rig.digest(), roomy.digest());
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  const auto values = [](const Rig& of) {
    std::vector<std::string> out;
    for (const ValueView& v : of.gateway->values("", 0, 10'000)) out.push_back(v.key + v.json);
    return out;
  };
  EXPECT_EQ(values(rig), values(roomy));

  rig.crash();
  most = 0;
  rig.boot_early([&] { most = std::max<std::size_t>(most, bytes(rig)); });
  EXPECT_LT(most, limit) << "a start is within the limit, too";
  EXPECT_EQ(rig.digest(), roomy.digest());
  EXPECT_EQ(values(rig), values(roomy));
}

INSTANTIATE_TEST_SUITE_P(What, RestingTenTimes,
                         ::testing::Combine(::testing::Values(Type::gset, Type::orset, Type::lww),
                                            ::testing::Bool()),
                         [](const auto& of) {
                           return wire::type_name(
                                      static_cast<std::uint8_t>(std::get<0>(of.param))) +
                                  (std::get<1>(of.param) ? "_of_all" : "_of_it");
                         });

}  // namespace
}  // namespace tributary::core::testing
