// SPDX-License-Identifier: Apache-2.0
// What happens at each limit: what would grow is not acknowledged, all else goes on.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/gateway/core/support/rig.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

TEST(Limits, TheLimitOfActorsNeitherAcknowledgesNorCrashes) {
  Options o = Rig::defaults();
  o.actors_max = 2;
  Rig rig(o);
  rig.boot();
  rig.up("a", parts(0, 1, 1, "a"));
  rig.up("b", parts(0, 1, 1, "b"));
  rig.up("c", parts(0, 1, 1, "c"));
  rig.settle();
  EXPECT_NE(rig.ack("a"), nullptr);
  EXPECT_NE(rig.ack("b"), nullptr);
  EXPECT_EQ(rig.ack("c"), nullptr);
  EXPECT_EQ(rig.rejected(Reject::limit), 1u);
  EXPECT_EQ(rig.gateway->summary().actors, 2u);
  rig.up("a", parts(1, 2, 5, "a"));  // those who are known go on
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 2u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "6");
  rig.crash();
  rig.options.actors_max = 3;  // an operator raises it
  rig.boot();
  rig.up("c", parts(0, 1, 1, "c"));
  rig.settle();
  EXPECT_EQ(rig.ack("c")->actors[0].op, 1u);
}

TEST(Limits, ActorsThatARemovalNamesCountOnceEach) {
  Options o = Rig::defaults();
  o.actors_max = 3;
  Rig rig(o);
  rig.boot();
  Foreign dots;
  for (std::uint64_t op = 1; op <= 50; ++op) dots.push_back({"owner", 1, op});
  rig.up("a", envelope({.to = 50}, {set("s", 0, 50, {}, {}, dots)}));
  rig.settle();
  ASSERT_NE(rig.ack("a"), nullptr) << "one unknown owner is one actor";
  EXPECT_EQ(rig.gateway->summary().actors, 2u);
  rig.up("a", envelope({.from = 50, .to = 51},
                       {set("s", 50, 51, {}, {}, {{"p", 1, 1}, {"q", 1, 1}, {"r", 1, 1}})}));
  rig.settle();
  EXPECT_EQ(rig.ack("a"), nullptr);
}

TEST(Limits, TheLimitOfKeysNeitherAcknowledgesNorCrashes) {
  Options o = Rig::defaults();
  o.keys_max = 2;
  Rig rig(o);
  rig.boot();
  rig.up("a", envelope({.to = 2}, {counter("k1", 2, 1), counter("k2", 2, 1)}));
  rig.up("a", envelope({.from = 2, .to = 3}, {counter("k3", 3, 1)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 2u);
  EXPECT_EQ(rig.rejected(Reject::limit), 1u);
  EXPECT_EQ(rig.gateway->summary().keys, 2u);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

TEST(Limits, AMemoryLimitOfATypeStopsWhatGrowsAndNothingElse) {
  for (const std::uint8_t type : {std::uint8_t{3}, std::uint8_t{4}, std::uint8_t{5}}) {
    Options o = Rig::defaults();
    o.type_bytes_max[type] = 500;
    Rig rig(o);
    rig.boot();
    std::uint64_t n = 0, acked = 0;
    for (; n < 20; ++n) {
      const std::string element = "element " + std::to_string(n);
      const std::string_view key = keep("k" + std::to_string(n));
      const wire::Entry e = type == 3   ? grown("k", n, n + 1, {element})
                            : type == 4 ? set("k", n, n + 1, {{n + 1, element}})
                                        : reg(key, n + 1, n + 1, crdt::Hlc{1}, n);
      rig.up("a", envelope({.from = n, .to = n + 1}, {e}));
      rig.settle();
      if (const auto ack = rig.ack("a")) acked = ack->actors[0].op;
    }
    EXPECT_GT(acked, 0u);
    EXPECT_LT(acked, 20u);
    EXPECT_GT(rig.rejected(Reject::memory), 0u);
    rig.up("b", parts(0, 1, 1, "b"));  // counters have a limit of their own
    rig.settle();
    EXPECT_NE(rig.ack("b"), nullptr);
    EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  }
}

TEST(Limits, UnknownTypesHaveOneMemoryLimitTogether) {
  Options o = Rig::defaults();
  o.type_bytes_max[0] = 500;
  for (const std::uint8_t type :
       {std::uint8_t{6}, std::uint8_t{7}, std::uint8_t{8}, std::uint8_t{127}}) {
    Rig rig(o);
    rig.boot();
    for (std::uint64_t n = 0; n < 20; ++n) {
      rig.up("a", envelope({.from = n, .to = n + 1},
                           {unknown(keep("key-" + std::to_string(n)), type, n, n + 1)}));
    }
    rig.settle();
    EXPECT_GT(rig.rejected(Reject::memory), 0u) << int{type};
    EXPECT_LT(rig.ack("a")->actors[0].op, 20u);
  }
}

TEST(Limits, TheLimitOfAllMemoryStopsGrowthButCountersThatAreThereGoOn) {
  Options o = Rig::defaults();
  o.total_bytes_max = 3'000;
  Rig rig(o);
  rig.boot();
  for (std::uint64_t n = 0; n < 40; ++n) {
    rig.up("a", envelope({.from = n, .to = n + 1},
                         {counter(keep("key-" + std::to_string(n)), n + 1, 1)}));
  }
  rig.settle();
  const std::uint64_t acked = rig.ack("a")->actors[0].op;
  EXPECT_LT(acked, 40u);
  EXPECT_GT(rig.rejected(Reject::memory), 0u);
  rig.up("a", envelope({.from = acked, .to = acked + 1}, {counter("key-0", acked + 1, 9)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, acked + 1);
  EXPECT_EQ(rig.shows("key-0", Type::gcounter), "9");
}

// A part that is not there yet takes memory like a key that is not.
TEST(Limits, KnownDevicesThatComeToKnownCountersGrowThemToo) {
  constexpr std::uint64_t many = 40;
  for (const bool of_type : {false, true}) {
    Options o = Rig::defaults();
    Rig rig(o);
    rig.boot();
    for (std::uint64_t n = 0; n < many; ++n) {
      const std::string_view device = keep("d" + std::to_string(n));
      rig.up(device, envelope({.device = device, .from = 0, .to = 1},
                              {counter(keep("of-" + std::to_string(n)), 1, 1)}));
    }
    rig.settle();
    const Summary now = rig.gateway->summary();
    core::Limits full = o;
    (of_type ? full.type_bytes_max[1] : full.total_bytes_max) =
        of_type ? now.type_bytes[1] : now.state_bytes + now.live_bytes;
    rig.gateway->set_limits(full);
    for (std::uint64_t n = 0; n < many; ++n) {
      const std::string_view device = keep("d" + std::to_string(n));
      rig.up(device, envelope({.device = device, .from = 1, .to = 2},
                              {counter(keep("of-" + std::to_string((n + 1) % many)), 2, 5)}));
    }
    rig.settle();
    EXPECT_EQ(rig.gateway->summary().parts, many) << "of type: " << of_type;
    EXPECT_EQ(rig.rejected(Reject::memory), many);
    EXPECT_EQ(rig.shows("of-0", Type::gcounter), "1");
    rig.up("d0", envelope({.device = "d0", .from = 1, .to = 2}, {counter("of-0", 2, 7)}));
    rig.settle();
    EXPECT_EQ(rig.shows("of-0", Type::gcounter), "7") << "a part that is there goes on";
  }
}

// Full is full for what grows; what makes room, or takes none, is always taken.
class FullMemory : public ::testing::Test {
 protected:
  FullMemory() {
    rig.boot();
    say(1, {grown("g", 0, 1, {"x"})});
    say(2, {set("s", 0, 2, {{2, "one"}})});
    say(3, {set("s", 0, 3, {{2, "one"}, {3, "two"}})});
    say(4, {reg("r", 4, 4, crdt::Hlc::at(1), 1'000)});
    rig.up("b", envelope({.device = "b", .to = 1}, {set("s", 0, 1, {{1, "of b"}})}));
    rig.up("c", envelope({.device = "c", .to = 1}, {unknown("u", future_type, 0, 1)}));
    rig.settle();
    core::Limits full = rig.options;
    for (std::size_t& bytes : full.type_bytes_max) bytes = 1;
    rig.gateway->set_limits(full);
  }
  // True when it is acknowledged.
  bool say(std::uint64_t op, std::vector<wire::Entry> entries) {
    rig.up("a", envelope({.from = op - 1, .to = op}, std::move(entries)));
    rig.settle();
    const auto ack = rig.ack("a");
    return ack && ack->actors.at(0).op == op;
  }
  Rig rig;
};

TEST_F(FullMemory, AddsAreNotTaken) {
  EXPECT_FALSE(say(5, {grown("g", 4, 5, {"y"})}));
  EXPECT_FALSE(say(5, {set("s", 0, 5, {{2, "one"}, {3, "two"}, {5, "three"}})}));
  EXPECT_FALSE(say(5, {reg("r", 5, 5, crdt::Hlc::at(2), 1'000'000'000)}));
  EXPECT_FALSE(say(5, {reg("another", 5, 5, crdt::Hlc::at(2), 1)}));
  EXPECT_FALSE(say(5, {set("s", 4, 5, {}, {}, {{"b", 1, 1}})})) << "it is kept until b knows";
  EXPECT_EQ(rig.shows("s", Type::orset), R"(["of b","one","two"])");
  EXPECT_EQ(rig.shows("r", Type::lww), "1000");
}

TEST_F(FullMemory, KnownDevicesThatComeToKnownKeysAreNotTaken) {
  const std::vector<wire::Entry> all = {grown("g", 1, 2, {"x"}), set("s", 1, 2, {{2, "one"}}),
                                        reg("r", 2, 2, crdt::Hlc::at(2), 1),
                                        unknown("u", future_type, 1, 2)};
  ASSERT_NE(rig.ack("c"), nullptr) << "of what it said before";
  for (const wire::Entry& entry : all) {
    rig.up("c", envelope({.device = "c", .from = 1, .to = 2}, {entry}));
    rig.settle();
    EXPECT_EQ(rig.ack("c"), nullptr) << wire::type_name(entry.type);
  }
  EXPECT_EQ(rig.rejected(Reject::memory), all.size());
}

TEST_F(FullMemory, WhatWasSaidBeforeIsTaken) {
  EXPECT_TRUE(say(5, {grown("g", 0, 5, {"x"}), set("s", 0, 5, {{2, "one"}, {3, "two"}})}));
}

TEST_F(FullMemory, ARemovalIsTakenByItsIntervalAndByItsNumber) {
  EXPECT_TRUE(say(5, {set("s", 0, 5, {{2, "one"}})}));
  EXPECT_TRUE(say(6, {set("s", 5, 6, {}, {2})}));
  EXPECT_EQ(rig.shows("s", Type::orset), R"(["of b"])");
  EXPECT_FALSE(say(7, {set("s", 6, 7, {{7, "one"}})}));
}

TEST_F(FullMemory, AnElementThatTakesTheOldersPlaceIsTaken) {
  EXPECT_TRUE(say(5, {set("s", 0, 5, {{2, "one"}, {5, "two"}})}));
  EXPECT_TRUE(say(6, {set("s", 0, 6, {{2, "one"}, {6, "dos"}})}));
  EXPECT_FALSE(say(7, {set("s", 0, 7, {{2, "one"}, {7, "longer"}})}));
}

TEST_F(FullMemory, AReadingOfNoMoreBytesIsTaken) {
  EXPECT_TRUE(say(5, {reg("r", 5, 5, crdt::Hlc::at(2), 999)}));
  EXPECT_EQ(rig.shows("r", Type::lww), "999");
}

// Ten times what fits, of every type, at its own limit and at that of all.
class TenTimes : public ::testing::TestWithParam<std::tuple<std::uint8_t, bool>> {
 protected:
  static constexpr std::uint64_t devices = 500;

  static wire::Entry said_by(std::uint64_t n, std::uint8_t type) {
    const std::string_view own = keep("of-" + std::to_string(n));
    switch (static_cast<Type>(type)) {
      case Type::gcounter:
        return counter(own, 1, n);
      case Type::pncounter:
        return up_down("all", 1, n, 1);
      case Type::gset:
        return grown("all", 0, 1, {own});
      case Type::orset:
        return set("all", 0, 1, {{1, own}});
      case Type::lww:
        return reg(own, 1, 1, crdt::Hlc::at(1), n);
    }
    return unknown(own, type, 0, 1);
  }
  // How many are acknowledged.
  static std::uint64_t all_say(Rig& rig, std::uint8_t type) {
    for (std::uint64_t n = 1; n <= devices; ++n) {
      const std::string_view device = keep("d" + std::to_string(n));
      rig.up(device, envelope({.device = device}, {said_by(n, type)}));
      if (n % 20 == 0) rig.settle();
    }
    rig.settle();
    std::set<std::string> heard;
    for (const Publish& p : rig.take("ack/")) {
      const auto ack = wire::decode_ack(p.payload, wire::Limits{});
      if (ack && ack->actors.at(0).op == 1) heard.insert(std::string(ack->device));
    }
    return heard.size();
  }
  static std::size_t bytes(const Rig& rig, std::uint8_t type, bool of_all) {
    const Summary s = rig.gateway->summary();
    return of_all ? s.memory_bytes : s.type_bytes.at(wire::known(type) ? type : 0);
  }
};

TEST_P(TenTimes, ATenthIsTakenExactlyAndTheRestOnceThereIsRoom) {
  const auto [type, of_all] = GetParam();
  Rig roomy;
  roomy.reads_back = false;
  roomy.boot();
  ASSERT_EQ(all_say(roomy, type), devices);
  const std::size_t limit = bytes(roomy, type, of_all) / 10;
  Options o = Rig::defaults();
  (of_all ? o.total_bytes_max : o.type_bytes_max.at(wire::known(type) ? type : 0)) = limit;
  Rig rig(o);
  rig.reads_back = false;  // nothing leaves memory
  rig.boot();
  const std::uint64_t taken = all_say(rig, type);
  EXPECT_GT(taken, devices / 20);
  EXPECT_LT(taken, devices / 5);
  EXPECT_LT(bytes(rig, type, of_all), limit + bytes(roomy, type, of_all) / devices * 2 + 300);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, taken) << "what is not acknowledged is not kept";
  EXPECT_EQ(all_say(rig, type), taken) << "the same ones again, and no other";
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  rig.gateway->set_limits(core::Limits{});
  EXPECT_EQ(all_say(rig, type), devices);
  EXPECT_EQ(rig.digest(), roomy.digest());
}

INSTANTIATE_TEST_SUITE_P(Limits, TenTimes,
                         ::testing::Combine(::testing::Values(1, 2, 3, 4, 5, future_type),
                                            ::testing::Bool()),
                         [](const auto& of) {
                           return "type_" + std::to_string(std::get<0>(of.param)) +
                                  (std::get<1>(of.param) ? "_of_all" : "_of_it");
                         });

TEST(Limits, OfTenTimesWhatFitsAsMuchAsFitsIsTakenAndTheRestComesOnceThereIsRoom) {
  constexpr std::uint64_t devices = 5'000;
  Options o = Rig::defaults();
  o.total_bytes_max = 600'000;  // for some five hundred of them
  Rig rig(o);
  rig.reads_back = false;  // nothing leaves memory
  rig.boot();
  std::set<std::uint64_t> taken;
  // Each device counts in a counter of its own and in one that all share.
  const auto say = [&](std::uint64_t n, std::uint64_t op) {
    const std::string_view device = keep("d" + std::to_string(n));
    const std::string_view own = keep("of-" + std::to_string(n));
    rig.up(device, envelope({.device = device, .from = op - 1, .to = op},
                            {counter("all", op, op * n), counter(own, op, op)}));
  };
  const auto hear = [&](std::uint64_t op) {
    rig.settle();
    for (const Publish& p : rig.take("ack/")) {
      const auto ack = wire::decode_ack(p.payload, wire::Limits{});
      ASSERT_TRUE(ack);
      if (ack->actors.at(0).op == op) taken.insert(std::stoull(std::string(ack->device.substr(1))));
    }
  };
  const auto all_say = [&](std::uint64_t op, const auto& which) {
    for (std::uint64_t n = 1; n <= devices; ++n) {
      if (which(n)) say(n, op);
      if (n % 50 == 0) hear(op);
    }
  };
  const auto shown = [&](const std::set<std::uint64_t>& of, std::uint64_t times) {
    std::uint64_t sum = 0;
    for (const std::uint64_t n : of) sum += times * n;
    return std::to_string(sum);
  };
  all_say(1, [](std::uint64_t) { return true; });
  EXPECT_GT(taken.size(), devices / 20);
  EXPECT_LT(taken.size(), devices / 5);
  const Summary full = rig.gateway->summary();
  EXPECT_LT(full.memory_bytes, o.total_bytes_max + o.total_bytes_max / 100);
  EXPECT_EQ(rig.shows("all", Type::gcounter), shown(taken, 1))
      << "what is not taken is not counted";

  const std::set<std::uint64_t> first = std::exchange(taken, {});
  all_say(2, [&](std::uint64_t n) { return first.count(n) != 0; });
  EXPECT_EQ(taken, first) << "who is there goes on";
  EXPECT_EQ(rig.shows("all", Type::gcounter), shown(first, 2));

  core::Limits more = o;
  more.total_bytes_max *= 20;
  rig.gateway->set_limits(more);
  taken.clear();
  all_say(1, [&](std::uint64_t n) { return first.count(n) == 0; });
  EXPECT_EQ(taken.size(), devices - first.size());
  std::uint64_t sum = 0;
  for (std::uint64_t n = 1; n <= devices; ++n) sum += (first.count(n) != 0 ? 2 : 1) * n;
  EXPECT_EQ(rig.shows("all", Type::gcounter), std::to_string(sum));
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// Where what rests can leave memory, ten times what fits is taken whole, and goes on: first that,
// then back-pressure.
TEST(Limits, OfTenTimesWhatFitsAllIsTakenWhereWhatRestsLeavesMemory) {
  constexpr std::uint64_t devices = 500, keys = 100;
  Options o = Rig::defaults();
  const auto say = [&](Rig& rig, std::uint64_t n, std::uint64_t op) {
    const std::string_view device = keep("d" + std::to_string(n));
    std::vector<wire::Entry> entries;
    for (std::uint64_t k = 0; k < keys; ++k)
      entries.push_back(up_down(keep("line/" + std::to_string(k)), op, op * n, k));
    rig.up(device, envelope({.device = device, .from = op - 1, .to = op}, std::move(entries)));
  };
  const auto all_say = [&](Rig& rig, std::uint64_t op) {
    std::uint64_t taken = 0;
    for (std::uint64_t n = 1; n <= devices; ++n) {
      say(rig, n, op);
      if (n % 5 != 0) continue;
      rig.settle();
      for (const Publish& p : rig.take("ack/"))
        taken += wire::decode_ack(p.payload, wire::Limits{})->actors.at(0).op == op ? 1u : 0u;
      EXPECT_LT(rig.gateway->summary().memory_bytes, o.total_bytes_max);
    }
    return taken;
  };
  Rig all(o);
  all.boot();
  ASSERT_EQ(all_say(all, 1), devices);
  o.total_bytes_max = all.gateway->summary().memory_bytes / 10;
  Rig rig(o);
  rig.boot();
  EXPECT_EQ(all_say(rig, 1), devices);
  EXPECT_EQ(rig.digest(), all.digest());
  EXPECT_EQ(all_say(rig, 2), devices) << "everybody comes back, in turn";
  EXPECT_GT(rig.gateway->summary().cold_actors, devices / 2);
  EXPECT_EQ(rig.shows("line/3", Type::pncounter),
            std::to_string(devices * (devices + 1) - 3 * devices));
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());

  // And of one type, at its own limit.
  o.total_bytes_max = core::Limits::unlimited;
  o.type_bytes_max[2] = all.gateway->summary().type_bytes[2] / 5;
  Rig typed(o);
  typed.boot();
  EXPECT_EQ(all_say(typed, 1), devices);
  EXPECT_EQ(typed.digest(), all.digest());
  EXPECT_LT(typed.gateway->summary().type_bytes[2], o.type_bytes_max[2]);
}

}  // namespace
}  // namespace tributary::core::testing
