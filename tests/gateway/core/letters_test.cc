// SPDX-License-Identifier: Apache-2.0
// Dead letters that are heard again: every check is made anew, and the outcome is told once, when
// it is known. And what people see of refusals.
#include "gateway/core/letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/core/refusals.h"
#include "tests/gateway/core/support/enrolled.h"

namespace tributary::core::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using wire::Type;

TEST(Letters, AGoodOneIsSettledWhenItIsDurableAndNotBefore) {
  Rig rig;
  rig.boot();
  rig.again(17, "a", parts(0, 3, 7));
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  EXPECT_THAT(rig.letters, IsEmpty());
  rig.fail();
  EXPECT_THAT(rig.letters, IsEmpty()) << "the disk did not take it";
  rig.run(5'000);
  ASSERT_EQ(rig.letters.size(), 1U);
  EXPECT_EQ(rig.letters[0].letter, 17U);
  EXPECT_EQ(rig.letters[0].refused, "");
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "7");
  EXPECT_NE(rig.ack("a"), nullptr) << "as if the device had just sent it";
}

TEST(Letters, OneThatIsHereAlreadyChangesNothingAndIsSettled) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 3, 7));
  rig.settle();
  const std::string before = rig.digest();
  rig.again(4, "a", parts(0, 3, 7));
  rig.settle();
  ASSERT_EQ(rig.letters.size(), 1U);
  EXPECT_EQ(rig.letters[0].refused, "");
  EXPECT_EQ(rig.digest(), before);
}

// What its device says beside it goes beyond it: it is not passed over for that.
TEST(Letters, OneThatTheDeviceGoesBeyondIsSettledToo) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 3, 7));
  rig.settle();
  rig.again(4, "a", parts(3, 5, 9));
  rig.up("a", parts(5, 6, 10));
  rig.settle();
  ASSERT_EQ(rig.letters.size(), 1U);
  EXPECT_EQ(rig.letters[0].refused, "");
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "10");
}

TEST(Letters, WhatIsRefusedAgainIsNotFiledAgainAndSaysWhy) {
  Rig rig;
  rig.boot();
  rig.again(1, "a", "no envelope");
  rig.again(2, "b", parts(0, 3, 7, "a"));
  rig.again(3, "a", envelope({.to = 1, .fleet = "other"}, {counter("parts", 1, 5)}));
  rig.settle();
  ASSERT_EQ(rig.letters.size(), 3U);
  EXPECT_THAT(rig.letters[0].refused, HasSubstr("malformed"));
  EXPECT_THAT(rig.letters[1].refused, HasSubstr("wrong-device"));
  EXPECT_THAT(rig.letters[2].refused, HasSubstr("other-fleet"));
  EXPECT_EQ(rig.gateway->summary().actors, 0U);
  EXPECT_THAT(rig.disk.dead_letters, IsEmpty());
  EXPECT_EQ(rig.rejected(Reject::malformed), 1U) << "it is counted all the same";
}

TEST(Letters, ALimitRefusesItUntilItIsRaised) {
  Options o = Rig::defaults();
  o.keys_max = 1;
  Rig rig(o);
  rig.boot();
  const std::string two = envelope({.to = 2}, {counter("k1", 2, 1), counter("k2", 2, 1)});
  rig.again(5, "a", two);
  rig.settle();
  ASSERT_EQ(rig.letters.size(), 1U);
  EXPECT_THAT(rig.letters[0].refused, HasSubstr("limit of 1 keys"));
  rig.gateway->set_limits({.pending_envelopes_max = o.pending_envelopes_max,
                           .actors_max = o.actors_max,
                           .keys_max = 2,
                           .type_bytes_max = o.type_bytes_max,
                           .total_bytes_max = o.total_bytes_max,
                           .clock_ahead_max_ms = o.clock_ahead_max_ms});
  rig.again(5, "a", two);
  rig.settle();
  ASSERT_EQ(rig.letters.size(), 2U);
  EXPECT_EQ(rig.letters[1].refused, "");
  EXPECT_EQ(rig.shows("k2", Type::gcounter), "1");
}

TEST(Letters, AForgeryStaysRefusedAndAStrangerWaits) {
  Rig rig(enrolled());
  rig.boot();
  give(rig, {registry({"gw", "a"})});
  rig.letters.clear();
  rig.again(1, "a", torn(one("a")));
  rig.again(2, "a", parts(0, 1, 5, "a"));
  rig.again(3, "b", one("b"));
  rig.settle();
  ASSERT_EQ(rig.letters.size(), 3U);
  EXPECT_THAT(rig.letters[0].refused, HasSubstr("bad-signature"));
  EXPECT_THAT(rig.letters[1].refused, HasSubstr("no-signature"));
  EXPECT_THAT(rig.letters[2].refused, HasSubstr("waits for the registry"));
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "nothing");
  give(rig, {registry({"b"}, 2)});
  EXPECT_EQ(rig.letters.size(), 3U) << "it was told once";
  rig.again(4, "b", one("b"));
  rig.settle();
  ASSERT_EQ(rig.letters.size(), 4U);
  EXPECT_EQ(rig.letters[3].refused, "");
}

TEST(Letters, EachHoldIsSettledOnce) {
  Letters letters;
  std::vector<LetterOutcome> out;
  letters.hold(7);
  letters.hold(7);
  letters.refuse(7, "first");
  letters.refuse(7, "second");
  letters.settle(7, out);
  EXPECT_THAT(out, IsEmpty());
  letters.settle(7, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].refused, "first");
  letters.settle(7, out);
  letters.hold(0);
  letters.settle(0, out);
  EXPECT_EQ(out.size(), 1U);
}

TEST(SetLimits, WhatIsHeldStaysWhenALimitIsLowered) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.to = 2}, {counter("k1", 2, 1), counter("k2", 2, 1)}));
  rig.settle();
  Limits l{.pending_envelopes_max = 10,
           .actors_max = 1,
           .keys_max = 1,
           .type_bytes_max = rig.options.type_bytes_max,
           .total_bytes_max = rig.options.total_bytes_max,
           .clock_ahead_max_ms = 1'000};
  rig.gateway->set_limits(l);
  rig.up("a", envelope({.from = 2, .to = 3}, {counter("k1", 3, 9)}));
  rig.up("a", envelope({.from = 3, .to = 4}, {counter("k3", 4, 9)}));
  rig.settle();
  EXPECT_EQ(rig.shows("k1", Type::gcounter), "9") << "who is known goes on";
  EXPECT_EQ(rig.shows("k2", Type::gcounter), "1");
  EXPECT_EQ(rig.shows("k3", Type::gcounter), "nothing");
}

TEST(Refused, EachDeviceIsNamedWithItsLastReason) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 3, 7));
  rig.up("a", "no envelope");
  rig.up("b", parts(0, 3, 7, "a"));
  rig.up("b", "no envelope");
  rig.settle();
  const auto all = rig.gateway->refusals("", 10);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].device, "b") << "it has nothing that was taken";
  EXPECT_EQ(all[1].refused, 2U);
  EXPECT_EQ(all[1].why, "malformed");
  const auto devices = rig.gateway->devices("", 0, 10);
  ASSERT_EQ(devices.size(), 1U);
  ASSERT_TRUE(devices[0].refusals);
  EXPECT_EQ(devices[0].refusals->refused, 1U);
}

TEST(Refused, TheBookIsBoundedAndKeepsWhoWasRefusedLately) {
  Refusals book;
  book.note("often", Reject::memory, 1);
  for (std::size_t i = 0; i < 10 * Refusals::generation_max; ++i) {
    book.note("d" + std::to_string(i), Reject::malformed, 2);
    if (i % 1'000 == 0) book.note("often", Reject::memory, 3);
  }
  ASSERT_NE(book.of("often"), nullptr);
  EXPECT_EQ(book.of("often")->refused, 22U);
  EXPECT_EQ(book.of("d0"), nullptr);
  std::size_t all = 0;
  std::string last;
  for (auto page = book.after("", 100); !page.empty(); page = book.after(last, 100)) {
    for (const RefusalView& r : page) {
      EXPECT_LT(last, r.device);
      last = r.device;
      ++all;
    }
  }
  EXPECT_LE(all, 2 * Refusals::generation_max);
  EXPECT_GE(all, Refusals::generation_max);
}

TEST(HeardThrough, GatewaysThatPassedItOnAreNamedAlsoWhenItWasHereAlready) {
  Rig rig(enrolled());
  rig.boot();
  give(rig, {registry({"gw", "gw-2", "gw-3", "a", "b"})});
  const std::string mine = one("a"), theirs = one("b");
  rig.up("a", mine);
  rig.settle();
  rig.hear(rig.topic("gw/gw-2/delta"), batch("gw-2", 1, {mine, theirs}));
  rig.hear(rig.topic("gw/gw-3/delta"), batch("gw-3", 1, {theirs}));
  rig.settle();
  rig.hear(rig.topic("gw/gw-3/delta"), batch("gw-3", 2, {theirs}));
  rig.settle();
  std::map<std::string, std::vector<std::string>> through;
  for (const DeviceView& d : rig.gateway->devices("", 0, 10)) through[d.device] = d.through;
  EXPECT_THAT(through["a"], ElementsAre("gw-2"));
  EXPECT_THAT(through["b"], ElementsAre("gw-2", "gw-3"));
}

}  // namespace
}  // namespace tributary::core::testing
