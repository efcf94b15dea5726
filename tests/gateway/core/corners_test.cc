// SPDX-License-Identifier: Apache-2.0
// Corners that the other tests of the gateway come past, each named after what it protects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/core/coding.h"
#include "gateway/core/gateway_impl.h"
#include "tests/gateway/core/support/rig.h"
#include "transports/wire/utf8.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

// The first ack was lost on the air, and the gateway has become full since.
TEST(Full, WhatIsOnTheDiskIsAcknowledgedAgain) {
  Options o = Rig::defaults();
  o.type_bytes_max[4] = 300;
  Rig rig(o);
  rig.boot();
  const std::string e = envelope({.to = 1}, {set("s", 0, 1, {{1, "x"}})});
  rig.up("a", e);
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 1u);
  rig.up("a", envelope({.from = 1, .to = 2}, {set("s", 1, 2, {{2, "y"}})}));
  rig.settle();
  ASSERT_EQ(rig.ack("a"), nullptr) << "full: what is new is not taken";
  ASSERT_EQ(rig.rejected(Reject::memory), 1u);
  rig.up("a", e);
  rig.settle();
  const auto again = rig.ack("a");
  ASSERT_NE(again, nullptr) << "a device would send it for ever";
  EXPECT_EQ(again->actors[0].op, 1u);
  EXPECT_EQ(rig.rejected(Reject::memory), 1u);
}

// The store answers late: what it says of an attempt that is over is no word on the present one.
TEST(Commit, AnAnswerToAnotherTicketIsNoAnswer) {
  Rig rig;
  rig.boot();
  rig.settle();
  rig.up("a", parts(0, 1, 1));
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  const Ticket first = rig.waiting().ticket;
  rig.fail();
  rig.gateway->committed(rig.now(), first);
  rig.gateway->commit_failed(rig.now(), first, "once more");
  EXPECT_EQ(rig.gateway->counters().commit_failures, 1u);
  rig.pass(200);
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(rig.ack("a"), nullptr) << "acknowledged before it was durable";
  EXPECT_NE(rig.waiting().ticket, first);
  rig.commit();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 1u);
  const std::uint64_t commits = rig.gateway->counters().commits;
  rig.gateway->committed(rig.now(), first);
  rig.gateway->commit_failed(rig.now(), first, "of what?");
  EXPECT_EQ(rig.gateway->counters().commits, commits);
  EXPECT_EQ(rig.gateway->counters().commit_failures, 1u);
}

// What is cosigned: all that is joined, and the commit that it waits for.
TEST(Frozen, IsWhatIsLiveAndNamesTheCommitThatItIsAheadOf) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 1, 4));
  rig.settle();
  EXPECT_EQ(rig.gateway->freeze()->behind, 0u);
  EXPECT_FALSE(rig.gateway->in_flight(0));
  rig.up("b", parts(0, 1, 2, "b"));
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  const Gateway::Frozen frozen = *rig.gateway->freeze();
  EXPECT_TRUE(rig.gateway->in_flight(frozen.behind));
  EXPECT_FALSE(rig.gateway->in_flight(frozen.behind + 1));
  rig.commit();
  EXPECT_FALSE(rig.gateway->in_flight(frozen.behind));
  std::vector<std::string> live, stored;
  for (const auto& [hash, bytes] : frozen.live) live.push_back(*bytes);
  for (const auto& [row, e] : rig.disk.envelopes) stored.push_back(e.bytes);
  EXPECT_THAT(live, ::testing::UnorderedElementsAreArray(stored));
  EXPECT_EQ(wire::to_hex(frozen.digest.view()), rig.on_disk()->digest());
  EXPECT_EQ(wire::to_hex(frozen.unknown.view()), rig.on_disk()->unknown_digest());
}

TEST(Commit, RemovalsByTwoActorsAreSettledAlikeInAnyOrder) {
  const auto settled = [](std::string_view first, std::string_view second) {
    Rig rig;
    rig.boot();
    rig.up("a", envelope({.to = 1}, {set("s", 0, 1, {{1, "x"}})}));
    for (const std::string_view who : {first, second})
      rig.up(who, envelope({.device = who, .to = 1}, {set("s", 0, 1, {}, {}, {{"a", 1, 1}})}));
    rig.settle();
    EXPECT_EQ(rig.shows("s", Type::orset), "[]");
    rig.up("a", envelope({.from = 1, .to = 2}, {set("s", 0, 2)}));  // retired by its owner
    rig.settle();
    EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
    return rig.digest();
  };
  EXPECT_EQ(settled("b", "c"), settled("c", "b"));
}

TEST(Commit, ABacklogIsJoinedInBoundedBites) {
  Rig rig;
  rig.boot();
  rig.settle();
  rig.up("z", parts(0, 1, 1, "z"));
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  for (std::uint64_t n = 0; n < 5'000; ++n) rig.up("a", parts(n, n + 1, n + 1));
  EXPECT_EQ(rig.gateway->summary().pending, 5'000u);
  rig.commit();
  EXPECT_EQ(rig.gateway->summary().pending, 5'000u - 4'096u);
  rig.settle();
  EXPECT_EQ(rig.gateway->summary().pending, 0u);
  EXPECT_EQ(rig.ack("a")->actors[0].op, 5'000u);
}

TEST(Commit, ASweepOfManyEntriesGoesOnInBitesAndLosesNothing) {
  Rig rig;
  rig.options.cleanup_interval_ms = 1'000;
  rig.boot();
  for (std::uint64_t n = 450; n-- > 0;) {  // the latest first: side by side, none covers another
    rig.up("a", envelope({.from = n, .to = n + 1},
                         {grown("g", n, n + 1, {keep("e" + std::to_string(n))})}));
    if (n % 50 == 0) rig.settle();
  }
  rig.up("b", envelope({.device = "b", .to = 1}, {counter("c", 1, 5)}));
  rig.up("b", envelope({.device = "b", .from = 1, .to = 2}, {counter("c", 2, 4)}));  // a liar: both
  rig.run(4'000);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, 452u);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

TEST(Stop, KeepsWhatWasRefusedAndSaysGoodbyeOnce) {
  Rig rig;
  rig.boot();
  rig.run(500);
  rig.up("a", "rubbish");
  rig.stop();
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(rig.waiting().rows->dead_letters.size(), 1u);
  rig.take("gw/gw/status");
  rig.commit();
  EXPECT_EQ(rig.take("gw/gw/status").size(), 1u);
  rig.gateway->tick(rig.now());
  EXPECT_TRUE(rig.gateway->take_output().publishes.empty());
}

TEST(Start, AnActorRowOfAnotherVersionIsForgotten) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 1, 1));
  rig.settle();
  rig.ack("a");
  rig.crash();
  Writer w;
  w.u8(2), w.u64(1), w.u64(0);
  rig.disk.actors.begin()->second.intake = w.finish();
  rig.boot();
  rig.up("a", parts(7, 8, 8));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 0u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "8");
}

// As many envelopes as the row counts, but not the same ones: two copies of a database mixed.
TEST(Start, AnActorRowOfOtherEnvelopesIsForgotten) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 1, 1));
  rig.settle();
  const auto old_actors = rig.disk.actors;
  rig.up("a", parts(1, 2, 2));
  rig.settle();
  rig.ack("a");
  ASSERT_EQ(rig.disk.envelopes.size(), 1u);
  rig.crash();
  rig.disk.actors = old_actors;
  rig.boot();
  rig.up("a", parts(7, 8, 8));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 0u);
}

TEST(Topics, ARootNeedNotNameTheFleet) {
  Options o = Rig::defaults();
  o.root = "factory";
  Rig rig(o);
  rig.boot();
  rig.hear("factory/up/a", parts(0, 1, 1));
  rig.settle();
  EXPECT_EQ(rig.gateway->root(), "factory");
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "1");
}

TEST(Topics, AreCutForPeopleBetweenCharacters) {
  Rig rig;
  rig.boot();
  std::string odd = rig.topic("nobody/");
  while (odd.size() < 199) odd += 'x';
  rig.hear(odd + "\xE2\x82\xAC and much more", "payload");
  rig.settle();
  ASSERT_FALSE(rig.notices.empty());
  const std::string& text = rig.notices.back().text;
  EXPECT_THAT(text, ::testing::HasSubstr("xxx\xE2\x80\xA6"));
  EXPECT_TRUE(wire::is_utf8(text));
}

TEST(Topics, AStateUnderAnotherTopicIsNotTaken) {
  Rig rig;
  rig.boot();
  const std::string pack = packed({parts(0, 1, 1)}, wire::Codec::plain);
  wire::StatePart state;
  state.gateway = "x";
  state.incarnation = 1;
  state.parts = 1;
  state.pack = pack;
  const std::string payload = wire::encode(state);
  std::uint64_t refused = 0;
  for (const char* below : {"0/0/more", "0x/0", "0/", "1/0", "/0"}) {
    rig.hear(rig.topic("gw/x/state/" + std::string(below)), payload, true);
    EXPECT_EQ(rig.rejected(Reject::peer), ++refused) << below;
  }
  rig.hear(rig.topic("gw/x/status"), "", true);  // deleted: says nothing
  EXPECT_EQ(rig.rejected(Reject::malformed), 0u);
}

TEST(FromPeers, OneBadEnvelopeDoesNotHarmTheOthers) {
  Rig rig;
  rig.boot();
  const std::string no_delta = wire::seal("\x90"), other = envelope({.fleet = "other"}, {}),
                    good = parts(0, 1, 1);
  const std::string pack = packed({"rubbish", no_delta, other, good}, wire::Codec::plain);
  rig.hear(rig.topic("gw/x/delta"), wire::encode(wire::Batch{"x", 1, 1, 1, pack}));
  rig.settle();
  EXPECT_EQ(rig.rejected(Reject::malformed), 2u);
  EXPECT_EQ(rig.rejected(Reject::fleet), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "1");
}

struct FromHeads : ::testing::Test {
  Rig rig;
  std::string head(std::string_view gateway, std::vector<std::uint8_t> types,
                   std::map<std::uint32_t, wire::BucketHead> buckets) {
    wire::Head h;
    h.fleet = "demo";
    h.gateway = gateway;
    h.incarnation = 5;
    h.session = 6;
    h.types = std::move(types);
    for (const auto& [bucket, b] : buckets) h.buckets[bucket] = b;
    return wire::seal(wire::encode_body(h));
  }
  static wire::BucketHead bucket(wire::Hash digest, std::optional<wire::Hash> unknown,
                                 std::uint32_t parts) {
    return {digest, unknown, 1, wire::sha256("published"), parts};
  }
  const wire::Hash nothing = LtHash{}.digest(), something = wire::sha256("something");
  std::uint64_t fetches() const { return rig.gateway->counters().fetches; }
};

// They know a type that we do not: its digests cannot be compared, so what is unknown is fetched.
TEST_F(FromHeads, WhatOnlyOneKnowsIsFetchedByTheOther) {
  rig.boot();
  rig.run(500);
  rig.hear(rig.topic("gw/x/head"), head("x", {1, 2, 3, 4, 5, 6}, {{3, bucket(nothing, {}, 1)}}));
  rig.run(2'000);
  EXPECT_EQ(fetches(), 0u) << "nothing differs that can be compared";
  EXPECT_TRUE(rig.gateway->peers().at(0).in_step);
  rig.hear(rig.topic("gw/x/head"),
           head("x", {1, 2, 3, 4, 5, 6}, {{3, bucket(nothing, something, 1)}}));
  rig.run(2'000);
  EXPECT_EQ(fetches(), 1u);
  EXPECT_FALSE(rig.gateway->peers().at(0).in_step);
  EXPECT_EQ(rig.gateway->peers().at(0).buckets_differing, 1u);
}

// Brokers cut a long retained replay: no more parts are asked for at a time than they will send.
TEST_F(FromHeads, LargeBucketsWaitForEachOther) {
  rig.boot();
  rig.run(500);
  rig.hear(rig.topic("gw/x/head"),
           head("x", {1, 2, 3, 4, 5},
                {{3, bucket(something, {}, 256)}, {4, bucket(something, {}, 256)}}));
  rig.run(500);
  EXPECT_EQ(fetches(), 1u);
  EXPECT_EQ(rig.gateway->peers().at(0).fetching, 1u);
  rig.run(rig.options.fetch_timeout_ms + 1'000);  // the first never comes: the other one's turn
  EXPECT_GE(fetches(), 2u);
  EXPECT_EQ(rig.gateway->peers().at(0).fetching, 1u);
}

TEST_F(FromHeads, OurOwnPastIsNoPeer) {
  rig.boot();
  rig.hear(rig.topic("gw/gw/head"), head("gw", {1, 2, 3, 4, 5}, {{3, bucket(something, {}, 1)}}));
  rig.run(500);
  EXPECT_TRUE(rig.gateway->peers().empty());
  EXPECT_EQ(fetches(), 1u) << "but what it left is read";
}

TEST(Values, KeysThatNobodyCanShowAreNotListed) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.to = 1}, {counter("c", 1, 1), unknown("f", 42, 0, 1)}));
  rig.settle();
  const auto values = rig.gateway->values("", 0, 10);
  ASSERT_EQ(values.size(), 1u);
  EXPECT_EQ(values[0].key, "c");
  EXPECT_EQ(rig.gateway->summary().keys, 2u);
}

TEST(Recent, ForgetsTheOldestOfThoseThatShareAPlace) {
  RecentHashes recent;
  const auto hash = [](std::size_t n) { return wire::sha256(std::to_string(n)); };
  EXPECT_FALSE(recent.contains(hash(0)));
  const auto known = [&](std::size_t first, std::size_t n) {
    std::size_t out = 0;
    for (std::size_t i = first; i < first + n; ++i) out += recent.contains(hash(i));
    return out;
  };
  for (std::size_t n = 0; n < 100'000; ++n) recent.insert(hash(n));
  EXPECT_GE(known(99'000, 1'000), 999u) << "what came just now";
  EXPECT_GE(known(90'000, 10'000), 9'900u);
  EXPECT_LE(known(0, 20'000), 400u);
  EXPECT_EQ(known(100'000, 1'000), 0u);
}

}  // namespace
}  // namespace tributary::core::testing
