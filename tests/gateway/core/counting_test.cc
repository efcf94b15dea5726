// SPDX-License-Identifier: Apache-2.0
// What a known device says again and again, its counters a little further: joined at one look, and
// of several that wait only the last (gateway_counting.cc). Whatever is said, all at once gives
// what one after the other gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>

#include "tests/gateway/core/support/enrolled.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

std::string two(std::uint64_t from, std::uint64_t to, std::uint64_t up, std::uint64_t down) {
  return envelope({.from = from, .to = to, .id = to},
                  {counter("parts", to, up), up_down("people", to, up, down)});
}
std::uint64_t passed_over(const Rig& rig) {
  return rig.gateway->counters().passed_over;
}
std::vector<std::string> stored(const Rig& rig) {
  std::vector<std::string> out;
  for (const auto& [row, e] : rig.disk.envelopes) out.push_back(e.bytes);
  return out;
}

struct Counting : ::testing::Test {
  Rig rig;
  void SetUp() override {
    rig.boot();
    rig.up("a", two(0, 2, 1, 0));
    rig.settle();
    rig.take("");
  }
  // All in one batch.
  void say(const std::vector<std::string>& envelopes) {
    for (const std::string& e : envelopes) rig.up("a", e);
    rig.settle();
  }
};

TEST_F(Counting, OfSeveralThatWaitOnlyTheLastIsJoinedAndAllAreAcknowledged) {
  const Counters before = rig.gateway->counters();
  say({two(2, 4, 2, 0), two(4, 6, 3, 1), two(6, 8, 4, 1)});
  EXPECT_EQ(passed_over(rig), 2u);
  EXPECT_EQ(rig.gateway->counters().superseded, before.superseded + 3) << "and what was held";
  EXPECT_EQ(rig.gateway->counters().operations, before.operations + 6);
  EXPECT_EQ(rig.gateway->counters().entries[1], before.entries[1] + 3);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "4");
  EXPECT_EQ(rig.shows("people", Type::pncounter), "3");
  EXPECT_EQ(stored(rig), std::vector<std::string>{two(6, 8, 4, 1)});
  const auto ack = rig.ack("a");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->actors.at(0).op, 8u);
  EXPECT_EQ(rig.digest(), rig.on_disk()->digest());
}

TEST_F(Counting, WhatTheNextDoesNotSayIsJoined) {
  say({two(2, 4, 9, 3), envelope({.from = 4, .to = 6, .id = 6}, {counter("parts", 6, 10)})});
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "10");
  EXPECT_EQ(rig.shows("people", Type::pncounter), "6");
  EXPECT_EQ(stored(rig).size(), 2u);
}

TEST_F(Counting, NothingIsPassedOverForWhatCameEarlier) {
  say({two(4, 6, 3, 1), two(2, 4, 3, 1)});  // it had counted nothing meanwhile
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "3");
  EXPECT_EQ(stored(rig), std::vector<std::string>{two(4, 6, 3, 1)});
}

TEST_F(Counting, NothingIsPassedOverForWhatIsHeldAlready) {
  say({two(2, 4, 5, 2)});
  rig.up("a", two(2, 3, 3, 1));  // late
  rig.up("a", two(2, 4, 5, 2));  // again
  rig.settle();
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.gateway->counters().duplicates, 2u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
}

// The one that would be passed over goes back behind what is held: that is told.
TEST_F(Counting, WhatContradictsWhatIsHeldIsNotPassedOver) {
  say({two(2, 4, 5, 0)});
  say({two(4, 6, 4, 0), two(6, 8, 7, 0)});
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "7");
}

TEST_F(Counting, WhatContradictsTheNextIsNotPassedOver) {
  say({two(2, 4, 5, 0), two(4, 6, 4, 0)});
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
}

// What waits before the two is not joined yet, so it is not known whether they go on from that.
TEST_F(Counting, WhatContradictsWhatWaitsBeforeItIsNotPassedOver) {
  say({envelope({.from = 2, .to = 4, .id = 4}, {counter("parts", 4, 9), up_down("people", 4, 9, 0),
                                                reg("r", 4, 4, crdt::Hlc{4}, 1)}),
       two(4, 6, 4, 0), two(6, 8, 10, 0)});
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "10");
}

// What is passed over still counts, as one that waits, and as one that came.
TEST_F(Counting, WhatIsPassedOverStillWaits) {
  rig.up("a", two(2, 4, 2, 0));
  rig.pass(10);
  rig.up("a", two(4, 6, 3, 1));
  rig.up("a", two(6, 8, 4, 1));
  EXPECT_EQ(rig.gateway->summary().pending, 3u);
  const std::uint64_t oldest = rig.gateway->summary().oldest_ms;
  EXPECT_EQ(oldest + 10, rig.now().mono_ms);
  rig.settle();
  EXPECT_EQ(rig.gateway->summary().pending, 0u);
  EXPECT_EQ(passed_over(rig), 2u);
}

TEST_F(Counting, BothDirectionsOfACounterMustBeSaid) {
  say({two(2, 4, 5, 3), two(4, 6, 6, 2)});
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.shows("people", Type::pncounter), "3");
  say({two(6, 8, 7, 2), two(8, 10, 9, 4)});
  EXPECT_EQ(passed_over(rig), 0u) << "it is less than what is held";
  EXPECT_EQ(rig.shows("people", Type::pncounter), "5");
  const auto people = [](std::uint64_t to, std::uint64_t up, std::uint64_t down) {
    return envelope({.from = to - 1, .to = to, .id = to}, {up_down("people", to, up, down)});
  };
  say({people(11, 8, 5), people(12, 9, 5)});
  EXPECT_EQ(passed_over(rig), 0u) << "so is this, the other way";
  EXPECT_EQ(rig.shows("people", Type::pncounter), "4");
}

// It takes no more memory, so no limit is in its way; what is new is.
TEST_F(Counting, GoesOnAtAMemoryLimit) {
  Limits limits = rig.options;
  limits.total_bytes_max = 1;
  rig.gateway->set_limits(limits);
  say({two(2, 4, 5, 0), two(4, 6, 6, 0)});
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "6");
  EXPECT_EQ(passed_over(rig), 1u);
  say({envelope({.from = 6, .to = 7, .id = 7}, {counter("new", 7, 1)})});
  EXPECT_EQ(rig.rejected(Reject::memory), 1u);
}

// Who has a twin is shown its own envelope by what was overtaken: that is kept where they are
// signed.
TEST(SignedCounting, NothingIsPassedOver) {
  Rig rig{enrolled()};
  rig.boot();
  give(rig, {registry({"a", "gw"})});
  for (std::uint64_t n = 0; n < 3; ++n)
    rig.up("a", by_itself({.from = n, .to = n + 1, .id = n + 1}, {counter("parts", n + 1, n + 1)}));
  rig.settle();
  EXPECT_EQ(passed_over(rig), 0u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "3");
}

// While more comes than is read a batch grows: all that counts on is one of it, and others four
// times as many. No longer than its time, nor than 10 ms after that was seen.
TEST(Batching, GrowsWhileMoreIsExpected) {
  Options o = Rig::defaults();
  o.batch_envelopes_max = 2;
  o.values_interval_ms = 60'000;  // no other reason to commit
  Rig rig(o);
  rig.boot();
  std::uint64_t n = 0;
  const auto count_on = [&] { rig.up("a", parts(n, n + 1, n + 1)), ++n; };
  count_on();
  rig.run(1'000);
  rig.gateway->expect_more(rig.now());
  while (n < 30) count_on();
  for (const std::string_view d : {"b", "c", "d", "e", "f", "g"}) rig.up(d, parts(0, 1, 1, d));
  EXPECT_FALSE(rig.committing());
  rig.up("h", parts(0, 1, 1, "h"));
  EXPECT_TRUE(rig.committing()) << "the eighth";
  rig.commit();

  rig.gateway->expect_more(rig.now());
  count_on(), count_on();
  rig.pass(9);
  EXPECT_FALSE(rig.committing());
  rig.pass(1);
  EXPECT_TRUE(rig.committing()) << "what waits is enough now";
  rig.commit();

  count_on();
  const std::uint64_t begun = rig.now().mono_ms;
  while (!rig.committing() && rig.now().mono_ms < begun + 200) {
    rig.gateway->expect_more(rig.now());
    count_on();
    rig.pass(5);
  }
  EXPECT_EQ(rig.now().mono_ms, begun + o.batch_timeout_ms) << "its time is over";
  rig.commit();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), std::to_string(n + 7));

  count_on();
  EXPECT_FALSE(rig.committing());
  rig.pass(10);
  count_on();
  EXPECT_TRUE(rig.committing()) << "and no more is expected";
}

// --- whatever is said

// A device that mostly counts on, and now and then says something else, late, twice or less.
class Talker {
 public:
  Talker(std::uint64_t seed, bool repeats) : random_(seed), repeats_(repeats) {}
  std::string next() {
    if (repeats_ && !said_.empty() && one_in(6)) return said_[below(said_.size())];  // again
    if (!late_.empty() && one_in(2)) return std::exchange(late_, {});
    const std::uint64_t from = to_;
    to_ += 1 + below(3);
    std::vector<wire::Entry> entries;
    for (const char* key : {"k0", "k1", "k2"}) {
      if (one_in(9)) continue;  // left out
      up_ += below(3);
      down_ += below(2);
      const std::uint64_t up = lied(up_), down = lied(down_);
      entries.push_back(counter(key, to_, up + 1));
      entries.push_back(up_down(key, to_, up + 1, down));
    }
    if (one_in(8)) entries.push_back(reg("r", to_, to_, crdt::Hlc{to_}, below(9)));
    if (one_in(8)) entries.push_back(grown("g", from, to_, {keep(std::string(1, letter()))}));
    if (one_in(8)) entries.push_back(set("s", from, to_, {{to_, keep(std::string(1, letter()))}}));
    said_.push_back(envelope({.from = from, .to = to_, .id = to_}, std::move(entries)));
    if (one_in(7)) {  // it comes late, behind the next
      late_ = said_.back();
      said_.pop_back();
      return next();
    }
    return said_.back();
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::uint64_t lied(std::uint64_t n) { return n - std::min<std::uint64_t>(n, one_in(60) ? 2 : 0); }
  char letter() { return static_cast<char>('a' + below(4)); }

  std::mt19937_64 random_;
  bool repeats_;
  std::uint64_t to_ = 0, up_ = 0, down_ = 0;
  std::string late_;
  std::vector<std::string> said_;
};

TEST(WhateverIsSaid, AllAtOnceGivesWhatOneAfterTheOtherGives) {
  std::uint64_t over = 0, found = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Options o = Rig::defaults();
    o.batch_envelopes_max = 1'000;
    Rig one(Rig::defaults()), all(o);
    one.boot(), all.boot();
    // What is said again was held when it came, or not, which differs between the two; then what is
    // superseded may be found later.
    const bool repeats = seed % 2 == 0;
    Talker talker(seed, repeats);
    std::mt19937_64 random(seed);
    for (int batch = 0; batch < 8; ++batch) {
      for (std::uint64_t n = 1 + random() % 9; n > 0; --n) {
        const std::string e = talker.next();
        one.up("a", e);
        one.settle();
        all.up("a", e);
      }
      all.settle();
      ASSERT_EQ(all.digest(), one.digest());
      ASSERT_EQ(all.digest(), all.on_disk()->digest());
      std::vector<std::string> left = stored(all), right = stored(one);
      std::sort(left.begin(), left.end()), std::sort(right.begin(), right.end());
      ASSERT_TRUE(repeats || left == right);
      const auto mine = all.ack("a"), theirs = one.ack("a");
      ASSERT_TRUE(mine && theirs);
      ASSERT_EQ(mine->actors.at(0).op, theirs->actors.at(0).op);
      ASSERT_EQ(mine->actors.at(0).hash, theirs->actors.at(0).hash);
      ASSERT_EQ(all.gateway->counters().operations, one.gateway->counters().operations);
      ASSERT_EQ(all.gateway->counters().equivocations, one.gateway->counters().equivocations);
    }
    over += passed_over(all);
    found += all.gateway->counters().equivocations;
  }
  EXPECT_GT(over, 300u) << "otherwise this shows nothing";
  EXPECT_GT(found, 30u);
}

}  // namespace
}  // namespace tributary::core::testing
