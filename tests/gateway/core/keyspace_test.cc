// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/keyspace.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "gateway/core/entry_part.h"
#include "tests/gateway/core/support/craft.h"
#include "transports/wire/scalar.h"

namespace tributary::core::testing {
namespace {

using wire::Type;
constexpr std::uint64_t ms = 1'700'000'000'000;

struct KeyspaceTest : ::testing::Test {
  ActorTable actors;
  Keyspace keys{actors};

  bool apply(std::string_view device, const wire::Entry& e, std::uint64_t wall_ms = ms) {
    return keys.apply(actors.intern(device, 1), keys.intern(e.key, e.type), e, wall_ms);
  }
  std::string shows(std::string_view key, Type type) {
    const KeyState* k = keys.find(key, static_cast<std::uint8_t>(type));
    return k == nullptr ? "nothing" : k->json();
  }
  std::vector<std::string> changed() {
    std::vector<std::string> out;
    for (const KeyState* k : keys.take_changed()) out.push_back(k->key);
    return out;
  }
};

TEST_F(KeyspaceTest, SumsUnitesAndPicks) {
  EXPECT_TRUE(apply("a", counter("k", 1, 5)));
  EXPECT_TRUE(apply("b", counter("k", 1, 7)));
  EXPECT_FALSE(apply("a", counter("k", 1, 4)));
  EXPECT_EQ(shows("k", Type::gcounter), "12");
  EXPECT_TRUE(apply("a", up_down("k", 1, 5, 9)));
  EXPECT_EQ(shows("k", Type::pncounter), "-4");  // one key, two types: two things
  EXPECT_TRUE(apply("a", grown("k", 0, 1, {"y", "x"})));
  EXPECT_FALSE(apply("b", grown("k", 0, 1, {})));
  EXPECT_EQ(shows("k", Type::gset), R"(["x","y"])");
  EXPECT_TRUE(apply("a", reg("k", 1, 1, crdt::Hlc{5}, 3)));
  EXPECT_TRUE(apply("b", reg("k", 1, 1, crdt::Hlc{6}, 4)));
  EXPECT_EQ(shows("k", Type::lww), "4");
  EXPECT_FALSE(apply("a", unknown("k", 99, 0, 1)));
  EXPECT_EQ(keys.find("k", 99)->json(), "null");
  EXPECT_EQ(keys.find("k", 99)->contributors(), 0u);
  EXPECT_EQ(keys.find("k", 1)->contributors(), 2u);
  EXPECT_EQ(keys.size(), 5u);
  EXPECT_EQ(keys.parts(), 6u);
}

TEST_F(KeyspaceTest, LargeNumbersAreTextSoThatJavaScriptCanReadThem) {
  constexpr std::uint64_t limit = std::uint64_t{1} << 53;
  apply("a", counter("at", 1, limit));
  apply("a", counter("above", 1, limit + 1));
  EXPECT_EQ(shows("at", Type::gcounter), "9007199254740992");
  EXPECT_EQ(shows("above", Type::gcounter), "\"9007199254740993\"");
  apply("a", counter("huge", 1, ~std::uint64_t{0}));
  apply("b", counter("huge", 1, ~std::uint64_t{0}));
  EXPECT_EQ(shows("huge", Type::gcounter), "\"36893488147419103230\"");
  apply("a", up_down("low", 1, 1, ~std::uint64_t{0}));
  EXPECT_EQ(shows("low", Type::pncounter), "\"-18446744073709551614\"");
  EXPECT_EQ(shows("none", Type::lww), "nothing");
  keys.intern("none", 5);
  EXPECT_EQ(shows("none", Type::lww), "null");
}

TEST_F(KeyspaceTest, TellsWhichKeysChangedOnceInOrder) {
  apply("a", counter("z", 1, 1));
  apply("a", counter("b", 1, 1));
  apply("a", counter("b", 2, 2));
  apply("a", counter("b", 2, 2));
  EXPECT_EQ(changed(), (std::vector<std::string>{"z", "b"}));
  EXPECT_TRUE(changed().empty());
  apply("a", counter("b", 2, 2), ms + 5);  // nothing new
  EXPECT_TRUE(changed().empty());
  EXPECT_EQ(keys.find("b", 1)->changed_at_ms, ms);
}

TEST_F(KeyspaceTest, HoldsWhatIsFromTheFutureUntilTheHorizonReachesIt) {
  keys.set_horizon(crdt::Hlc::at(ms));
  apply("a", reg("r", 1, 1, crdt::Hlc::at(ms - 10), 1));
  apply("b", reg("r", 1, 1, crdt::Hlc::at(ms + 100), 2));
  apply("c", reg("r", 1, 1, crdt::Hlc::at(ms + 50), 3));
  apply("c", reg("q", 1, 1, crdt::Hlc::at(ms + 70), 9));
  EXPECT_EQ(shows("r", Type::lww), "1");
  EXPECT_EQ(shows("q", Type::lww), "null");
  EXPECT_EQ(keys.next_release(), crdt::Hlc::at(ms + 50));
  changed();
  keys.set_horizon(crdt::Hlc::at(ms + 49));
  EXPECT_TRUE(changed().empty());
  keys.set_horizon(crdt::Hlc::at(ms + 50));
  EXPECT_EQ(changed(), std::vector<std::string>{"r"});
  EXPECT_EQ(shows("r", Type::lww), "3");
  EXPECT_EQ(keys.next_release(), crdt::Hlc::at(ms + 70));
  keys.set_horizon(crdt::Hlc::at(ms + 1'000));
  EXPECT_EQ(changed(), (std::vector<std::string>{"q", "r"}));
  EXPECT_EQ(shows("r", Type::lww), "2");
  EXPECT_EQ(keys.next_release(), std::nullopt);
  // The clock is set back: what was shown is held again.
  keys.set_horizon(crdt::Hlc::at(ms));
  EXPECT_EQ(changed(), (std::vector<std::string>{"q", "r"}));
  EXPECT_EQ(shows("r", Type::lww), "1");
  EXPECT_EQ(keys.next_release(), crdt::Hlc::at(ms + 50));
}

TEST_F(KeyspaceTest, TheSameActorsNextWriteReplacesAHeldOneWhateverItsClockSays) {
  keys.set_horizon(crdt::Hlc::at(ms));
  apply("a", reg("r", 1, 1, crdt::Hlc::at(ms + 1'000'000), 1));
  EXPECT_EQ(shows("r", Type::lww), "null");
  apply("a", reg("r", 2, 2, crdt::Hlc::at(ms - 5), 2));
  EXPECT_EQ(shows("r", Type::lww), "2");
  EXPECT_EQ(keys.next_release(), std::nullopt);
}

TEST_F(KeyspaceTest, TheDigestDoesNotSeeTheHorizon) {
  keys.set_horizon(crdt::Hlc::at(ms));
  apply("a", reg("r", 1, 1, crdt::Hlc::at(ms + 1'000'000), 1));
  const wire::Hash held = keys.digests().all();
  keys.set_horizon(crdt::Hlc::at(ms + 2'000'000));
  EXPECT_EQ(keys.digests().all(), held);
}

TEST_F(KeyspaceTest, TellsOfForeignRemovalsAndOfThoseThatNobodyNeedsAnyMore) {
  apply("a", set("s", 0, 2, {{1, "x"}, {2, "y"}}));
  apply("b", set("s", 0, 1, {}, {}, {{"a", 1, 1}}));
  EXPECT_EQ(shows("s", Type::orset), R"(["y"])");
  const auto told = keys.take_foreign();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].target.actor.record->name.device, "a");
  EXPECT_EQ(told[0].target.op, 1u);
  EXPECT_EQ(told[0].remover.record->name.device, "b");
  EXPECT_TRUE(keys.take_foreign().empty());
  EXPECT_TRUE(keys.take_released().empty());
  apply("a", set("s", 2, 3, {}, {1}));
  const auto released = keys.take_released();
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].second.record->name.device, "b");
  apply("b", set("s", 0, 1, {}, {}, {{"a", 1, 1}}));  // of what is dead: nothing
  EXPECT_TRUE(keys.take_foreign().empty());
}

TEST_F(KeyspaceTest, PagesInOrderAlsoWhenKeysAreAdded) {
  for (const char* k : {"m", "a", "z"}) apply("a", counter(k, 1, 1));
  apply("a", reg("m", 1, 1, crdt::Hlc{1}, 1));
  const auto page = [&](std::string_view after, std::uint8_t type, std::size_t max) {
    std::string out;
    for (const KeyState* k : keys.page(after, type, max))
      out += k->key + std::to_string(k->type) + " ";
    return out;
  };
  EXPECT_EQ(page("", 0, 10), "a1 m1 m5 z1 ");
  EXPECT_EQ(page("m", 1, 1), "m5 ");
  EXPECT_EQ(page("z", 1, 10), "");
  apply("a", counter("b", 1, 1));
  EXPECT_EQ(page("a", 1, 2), "b1 m1 ");
  EXPECT_EQ(page("", 0, 0), "");
}

// The account of memory and of the actor's weight is exact: what comes and goes leaves nothing, and
// it never goes below zero (that is asserted inside).
TEST_F(KeyspaceTest, TheAccountFollowsTheState) {
  apply("a", set("s", 0, 2, {{1, "xxxxxxxxxx"}, {2, "y"}}));
  apply("a", reg("r", 1, 1, crdt::Hlc{1}, 1));
  const std::size_t sets = keys.bytes(4), regs = keys.bytes(5);
  const std::uint64_t weight = actors.find("a", 1)->part_bytes;
  apply("a", set("s", 2, 3, {{3, "zzzzzzzzzzzzzzz"}}));
  EXPECT_GT(keys.bytes(4), sets);
  apply("a", set("s", 3, 4, {}, {3}));
  EXPECT_EQ(keys.bytes(4), sets);
  EXPECT_EQ(actors.find("a", 1)->part_bytes, weight);
  wire::Entry longer = reg("r", 5, 5, crdt::Hlc{2}, 1);
  const std::string text = *wire::encode_scalar(wire::Scalar{std::string(500, 'v')});
  std::get<wire::LwwPayload>(longer.payload).value = text;
  apply("a", longer);
  EXPECT_EQ(keys.bytes(5), regs + text.size() - 1);
  apply("a", reg("r", 6, 6, crdt::Hlc{3}, 1));
  EXPECT_EQ(keys.bytes(5), regs);
  apply("b", set("s", 0, 1, {}, {}, {{"a", 1, 1}, {"nobody", 1, 9}}));
  apply("a", set("s", 4, 5, {}, {1}));
  apply("a", set("s", 0, 6));
  EXPECT_LT(keys.bytes(4), sets + 1'000);
  EXPECT_EQ(keys.total_bytes(), keys.bytes(4) + keys.bytes(5));
  keys.intern("f", 6);
  keys.intern("f", 127);
  EXPECT_GT(keys.bytes(6), 0u);
  EXPECT_EQ(keys.bytes(6), keys.bytes(127));  // all unknown types together
  EXPECT_EQ(keys.bytes(6), keys.bytes(0));
}

// A second device on a key that is there: what its part takes in memory beside its bytes, as
// bench_scale measures it. A limit that counts less than is used comes too late.
TEST_F(KeyspaceTest, APartWeighsWhatItsTypeTakes) {
  const auto second = [&](std::uint8_t type, const wire::Entry& first, const wire::Entry& more) {
    apply("a", first);
    const std::size_t before = keys.bytes(type);
    apply("b", more);
    return keys.bytes(type) - before;
  };
  EXPECT_GE(second(1, counter("c", 1, 1), counter("c", 1, 1)), 45u);
  EXPECT_GE(second(2, up_down("p", 1, 1, 1), up_down("p", 1, 1, 1)), 54u);
  EXPECT_GE(second(5, reg("r", 1, 1, crdt::Hlc{1}, 1), reg("r", 1, 1, crdt::Hlc{2}, 1)), 156u);
}

TEST_F(KeyspaceTest, TheAccountNeverGoesBelowZeroWhateverArrives) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random(seed);
    ActorTable table;
    Keyspace space(table);
    const auto take = [&](std::string_view device, const wire::Entry& e) {
      space.apply(table.intern(device, 1), space.intern(e.key, e.type), e, ms);
    };
    for (int i = 0; i < 200; ++i) {
      const std::string_view device = keep(std::string(1, static_cast<char>('a' + random() % 3)));
      const std::uint64_t hi = 1 + random() % 12, lo = random() % hi;
      Adds adds;
      std::vector<std::uint64_t> removed;
      for (std::uint64_t op = lo + 1; op <= hi; ++op) {
        if (random() % 2) adds.push_back({op, keep(std::string(random() % 20, 'e'))});
      }
      for (std::uint64_t op = 1; op <= lo; ++op) {
        if (random() % 4 == 0) removed.push_back(op);
      }
      Foreign foreign;
      const std::string_view other = device == "a" ? "b" : "a";
      if (random() % 3 == 0) foreign.push_back({other, 1, 1 + random() % 12});
      take(device, set("s", lo, hi, adds, removed, foreign));
      take(device, reg("r", 50, 1 + random() % 40, crdt::Hlc{random() % 90}, random() % 1'000'000));
      take(device, grown("g", 0, 1, {keep(std::string(random() % 9, 'g'))}));
      take(device, counter("c", 1, 1 + random() % 9));
      take(device, up_down("p", 1, 1 + random() % 9, random() % 9));
    }
    EXPECT_LT(space.total_bytes(), 1u << 20);
    EXPECT_LT(table.find("a", 1)->part_bytes, 1u << 16);
  }
}

TEST_F(KeyspaceTest, AnEntryBecomesAPart) {
  const auto part = orset_part(actors, set("s", 3, 6, {{5, "e"}}, {1}, {{"b", 7, 2}}));
  EXPECT_TRUE(part.covers(1));
  EXPECT_FALSE(part.covers(2));
  EXPECT_TRUE(part.covers(6));
  EXPECT_TRUE(part.dead(4));
  EXPECT_EQ(part.live.find(5)->element, "e");
  EXPECT_EQ(part.foreign.size(), 1u);
}

TEST(Actors, OrderLikeWhatTheyStandFor) {
  ActorTable table;
  const ActorRef b2{&table.intern("b", 2)}, a9{&table.intern("a", 9)}, b1{&table.intern("b", 1)};
  EXPECT_LT(a9, b1);
  EXPECT_LT(b1, b2);
  EXPECT_LT(ActorRef{}, a9);
  EXPECT_GT(a9, ActorRef{});
  EXPECT_EQ(ActorRef{}, ActorRef{});
  EXPECT_EQ(&table.intern("b", 2), b2.record);
  EXPECT_EQ(table.find("c", 1), nullptr);
  EXPECT_EQ(table.size(), 3u);
  std::vector<std::uint64_t> epochs;
  table.each_epoch("b", [&](const ActorRecord& r) { epochs.push_back(r.name.epoch); });
  EXPECT_EQ(epochs, (std::vector<std::uint64_t>{1, 2}));
}

// The order is made when it is asked for, of those that came since.
TEST(Actors, ComeInOrderWhateverWasAskedBeforeTheyCame) {
  ActorTable table;
  const auto after = [&](std::string_view device, std::uint64_t epoch) {
    std::string all;
    table.each_after(device, epoch, [&](const ActorRecord& r) {
      all += r.name.device + std::to_string(r.name.epoch) + ' ';
      return true;
    });
    return all;
  };
  EXPECT_EQ(after("", 0), "");
  table.intern("c", 1);
  table.intern("a", 2);
  EXPECT_EQ(after("", 0), "a2 c1 ");
  table.intern("b", 7);
  table.intern("a", 1);
  table.intern("a", 2);
  EXPECT_EQ(after("", 0), "a1 a2 b7 c1 ");
  EXPECT_EQ(after("a", 2), "b7 c1 ");
}

// Nobody waits for all that would have to be hashed.
TEST_F(KeyspaceTest, DigestsArePreparedBitByBit) {
  Keyspace at_once{actors};
  const auto say = [&](std::uint64_t key, std::uint64_t n) {
    const std::string name = "k" + std::to_string(key);
    const wire::Entry e = counter(name, n, n);
    apply("a", e);
    at_once.apply(actors.intern("a", 1), at_once.intern(e.key, e.type), e, ms);
  };
  for (std::uint64_t k = 0; k < 10'000; ++k) say(k, 1);
  int calls = 0;
  std::uint64_t changing = 0;
  while (!keys.prepare_digests()) {
    ASSERT_LT(++calls, 12);
    for (int more = 0; more < 300; ++more, ++changing) say(changing, 2);
  }
  EXPECT_GT(calls, 5);
  EXPECT_EQ(keys.digests().all(), at_once.digests().all());
  EXPECT_TRUE(keys.prepare_digests()) << "there is nothing to do";
  for (std::uint64_t k = 0; k < 10'000; ++k) say(k, 3);
  EXPECT_FALSE(keys.prepare_digests()) << "nor is it all done at once the next time";
}

TEST_F(KeyspaceTest, DigestsThatChangeFasterThanTheyArePreparedAreNotWaitedFor) {
  int calls = 0;
  std::uint64_t n = 1;
  const auto all_change = [&] {
    for (std::uint64_t k = 0; k < 8'000; ++k) apply("a", counter("k" + std::to_string(k), n, n));
    ++n;
  };
  all_change();
  for (; !keys.prepare_digests(); ++calls) {
    ASSERT_LT(calls, 8);
    all_change();
  }
}

TEST(HashIndexTest, FindsByWhatThingsAreWhateverTheirHash) {
  const std::vector<std::string> names{"a", "b", "c"};
  HashIndex index;
  const auto named = [&](std::string_view name) {
    return [&names, name](std::uint32_t n) { return names[n] == name; };
  };
  EXPECT_FALSE(index.find(7, named("a")));
  for (std::uint32_t n = 0; n < names.size(); ++n) index.insert(n == 2 ? 8 : 7, n);
  EXPECT_EQ(index.size(), 3u);
  EXPECT_EQ(index.find(7, named("a")), 0u);
  EXPECT_EQ(index.find(7, named("b")), 1u) << "the same hash";
  EXPECT_FALSE(index.find(7, named("c"))) << "another hash";
  index.erase(7, 0);
  EXPECT_FALSE(index.find(7, named("a")));
  EXPECT_EQ(index.find(7, named("b")), 1u);
}

}  // namespace
}  // namespace tributary::core::testing
