// SPDX-License-Identifier: Apache-2.0
// Gateways among themselves: what is announced, what is fetched, and what is not believed.
#include "gateway/core/peers.h"

#include <gtest/gtest.h>

#include <functional>

#include "gateway/core/announcer.h"
#include "tests/gateway/core/support/rig.h"
#include "transports/session.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

// Two gateways and the broker between them, worked by hand.
struct Pair {
  Rig a{Rig::defaults("ga")}, b{Rig::defaults("gb")};
  std::size_t fetches() const { return b.gateway->counters().fetches; }

  void boot() {
    b.session = 100;
    a.boot(), b.boot();
    a.meet();
    run(200);  // both have listened
    a.take(""), b.take("");
  }
  void run(std::uint64_t ms) { a.run(ms), b.run(ms); }

  // The newest head of a, to b.
  void head() { b.hear(a.topic("gw/ga/head"), a.retained.at({0, a.topic("gw/ga/head")}), true); }
  // What b asked for and a's broker retains, without the parts that `drop` names.
  std::size_t replay(const std::function<bool(const std::string& topic)>& drop = {}) {
    std::size_t sent = 0;
    for (const Subscription& s : b.take_subscriptions()) {
      if (!s.subscribe || s.filter.find("/state/") == std::string::npos) continue;
      for (const auto& [at, payload] : a.retained) {
        if (!transports::topic_matches(s.filter, at.second) || (drop && drop(at.second))) continue;
        b.hear(at.second, payload, true);
        ++sent;
      }
    }
    return sent;
  }
  bool in_step() {
    const auto peers = b.gateway->peers();
    return peers.size() == 1 && peers[0].in_step;
  }
};

TEST(Peers, FetchWhatDiffersAndAreInStep) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 3, 7));
  p.run(2'000);
  p.a.take("gw/ga/delta");  // lost
  p.head();
  EXPECT_FALSE(p.in_step());
  EXPECT_EQ(p.b.gateway->peers()[0].buckets_differing, 1u);
  p.run(300);
  EXPECT_EQ(p.fetches(), 1u);
  EXPECT_EQ(p.b.gateway->peers()[0].fetching, 1u);
  EXPECT_EQ(p.replay(), 1u);
  p.run(100);
  EXPECT_EQ(p.b.shows("parts", Type::gcounter), "7");
  EXPECT_TRUE(p.in_step());
  EXPECT_EQ(p.b.gateway->peers()[0].fetching, 0u);
  bool unsubscribed = false;
  for (const Subscription& s : p.b.take_subscriptions()) unsubscribed |= !s.subscribe;
  EXPECT_TRUE(unsubscribed);
  EXPECT_EQ(p.b.on_disk()->digest(), p.a.digest());
  EXPECT_TRUE(p.b.take("ack/").empty());  // the device was never heard here
}

TEST(Peers, ABatchIsJoinedAndNotSentBack) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 3, 7));
  p.run(60);
  const auto batches = p.a.take("gw/ga/delta");
  ASSERT_EQ(batches.size(), 1u);
  p.b.hear(batches[0].topic, batches[0].payload);
  p.run(60);
  EXPECT_EQ(p.b.shows("parts", Type::gcounter), "7");
  EXPECT_TRUE(p.b.take("gw/gb/delta").empty());
  const auto before = p.b.gateway->counters().duplicates;
  p.b.hear(batches[0].topic, batches[0].payload);  // twice
  EXPECT_EQ(p.b.gateway->counters().duplicates, before + 1);
  EXPECT_EQ(p.b.gateway->summary().pending, 0u);
}

// A state in several parts: some are lost, then torn, then whole.
struct InParts : ::testing::Test {
  Pair p;
  std::string bucket_topic;

  void SetUp() override {
    p.a.options.state_part_bytes = 400;
    p.boot();
    for (std::uint64_t n = 0; n < 40; ++n) add(n);
    p.run(3'000);
    p.a.take("");
    for (const auto& [at, payload] : p.a.retained)
      states += at.second.find("/state/") != std::string::npos;
    ASSERT_GE(states, 4u);
  }
  void add(std::uint64_t n) {
    p.a.up("a", envelope({.from = n, .to = n + 1},
                         {counter(keep("key-" + std::to_string(n)), n + 1, 1)}));
  }
  std::size_t states = 0;
};

TEST_F(InParts, ATruncatedReplayIsNeverTaken) {
  p.head();
  p.run(300);
  EXPECT_EQ(p.fetches(), 1u);
  EXPECT_EQ(p.replay([](const std::string& t) { return t.ends_with("/0"); }), states - 1);
  p.run(500);
  EXPECT_GT(p.b.gateway->summary().live_envelopes, 0u);  // joined, which is harmless
  EXPECT_FALSE(p.in_step());
  EXPECT_EQ(p.b.gateway->peers()[0].fetching, 1u);  // but not whole
  p.run(p.b.options.fetch_timeout_ms);
  EXPECT_EQ(p.b.gateway->counters().fetches_incomplete, 1u);
  p.replay([](const std::string&) { return true; });  // nothing at all
  p.run(20'000);
  EXPECT_GE(p.fetches(), 2u);  // again, after a pause
  EXPECT_LE(p.fetches(), 4u);
  p.b.take_subscriptions();
  p.run(60'000);
  p.replay();
  p.run(100);
  EXPECT_TRUE(p.in_step());
  const std::size_t before = p.fetches();
  p.run(100'000);
  EXPECT_EQ(p.fetches(), before);
}

// RabbitMQ does so.
TEST_F(InParts, OfABrokerThatReplaysNothingToAWildcardPartsAreAskedForByName) {
  p.head();
  p.run(300);
  const auto wildcard = [](const Subscription& s) {
    return s.filter.ends_with("/+") && s.filter.find("/state/") != std::string::npos;
  };
  const auto asked = p.b.take_subscriptions();
  EXPECT_EQ(std::count_if(asked.begin(), asked.end(), wildcard), 1);
  std::vector<Subscription> by_name;
  for (int s = 0; s < 30 && by_name.empty(); ++s) {
    p.run(1'000);
    for (const Subscription& one : p.b.take_subscriptions()) {
      if (one.subscribe && !wildcard(one)) by_name.push_back(one);
    }
  }
  EXPECT_EQ(by_name.size(), states);
  for (const Subscription& one : by_name) {
    for (const auto& [at, payload] : p.a.retained) {
      if (at.second == one.filter) p.b.hear(at.second, payload, true);
    }
  }
  p.run(100);
  EXPECT_TRUE(p.in_step());
  EXPECT_EQ(p.b.take_subscriptions().size(), states);  // no more of them
}

TEST_F(InParts, ATornReadIsHarmlessAndNotTakenForWhole) {
  std::map<std::pair<LinkId, std::string>, std::string> old = p.a.retained;
  for (std::uint64_t n = 40; n < 44; ++n) add(n);  // other parts change meanwhile
  p.run(3'000);
  p.head();
  p.run(300);
  for (const auto& [at, payload] : old) {  // the broker shows the older parts
    if (at.second.find("/state/") != std::string::npos) p.b.hear(at.second, payload, true);
  }
  p.run(500);
  EXPECT_EQ(p.b.gateway->peers()[0].fetching, 1u);
  EXPECT_FALSE(p.in_step());
  p.replay();
  p.run(100);
  EXPECT_TRUE(p.in_step());
}

TEST_F(InParts, WhatIsCutAnewWhileBeingReadIsReadAnew) {
  p.head();
  p.run(300);
  const auto subscriptions = p.b.take_subscriptions();
  const auto replay = [&] {
    for (const auto& [at, payload] : p.a.retained) {
      for (const Subscription& s : subscriptions) {
        if (s.subscribe && transports::topic_matches(s.filter, at.second))
          p.b.hear(at.second, payload, true);
      }
    }
  };
  auto first = p.a.retained.begin();
  while (first->first.second.find("/state/") == std::string::npos) ++first;
  p.b.hear(first->first.second, first->second, true);
  for (std::uint64_t n = 40; n < 90; ++n) add(n);
  p.run(3'000);
  p.head();
  replay();
  p.run(200);
  EXPECT_TRUE(p.in_step());
}

TEST_F(InParts, PartsThatAreNotNeededAnyMoreAreCleared) {
  std::vector<wire::Entry> all;
  for (std::uint64_t n = 0; n < 40; ++n)
    all.push_back(counter(keep("key-" + std::to_string(n)), 41, 1));
  all.resize(8);
  // One delta from 0 that holds only a few of the keys would not supersede: send all of them.
  for (std::uint64_t n = 8; n < 40; ++n)
    all.push_back(counter(keep("key-" + std::to_string(n)), 41, 1));
  p.a.options.state_part_bytes = 400;
  p.a.up("a", envelope({.from = 0, .to = 41}, all));
  p.run(3'000);
  std::size_t left = 0, cleared = 0;
  for (const auto& [at, payload] : p.a.retained)
    left += at.second.find("/state/") != std::string::npos;
  for (const Publish& out : p.a.published)
    cleared += out.topic.find("/state/") != std::string::npos && out.payload.empty();
  EXPECT_LT(left, states);
  EXPECT_EQ(cleared, states - left);
  p.head();
  p.run(300);
  EXPECT_EQ(p.replay(), left);
  p.run(100);
  EXPECT_TRUE(p.in_step());
}

// Found by the simulator, seed 401660: a gateway that lost its disk waited for parts of its own
// past that the broker had not any more, and never announced anything again.
TEST(Peers, APastThatCannotBeReadWholeIsNotWaitedForForEver) {
  const Options options = Rig::defaults("ga");
  Peers peers(options, 2, "r/gw");
  wire::Head head;
  head.fleet = "demo", head.gateway = "ga", head.session = 1;
  head.types = {1, 2, 3, 4, 5};
  head.buckets[7] = wire::BucketHead{wire::sha256("state"), {}, 1, wire::sha256("parts"), 2};
  Instant now{1'000, 1'700'000'000'000};
  Counters counters;
  Output out;
  peers.on_head(now, 0, head, wire::seal(wire::encode_body(head)), counters);
  while (counters.fetches < 4) {
    ASSERT_LT(now.mono_ms, 1'000'000u);
    now.mono_ms = std::max(now.mono_ms + 1, peers.deadline());
    peers.run(now, {}, true, out, counters);
    EXPECT_EQ(peers.recovering(0),
              counters.fetches < 4 && counters.fetches > counters.fetches_incomplete);
  }
  // Seed 503266: and once all is ours again it is read no more, in the place of what peers have.
  out = {};
  peers.forget_own_past(0, out);
  ASSERT_FALSE(out.subscriptions.empty());
  for (const Subscription& s : out.subscriptions) EXPECT_FALSE(s.subscribe);
  now.mono_ms += 1'000'000;
  peers.run(now, {}, true, out, counters);
  EXPECT_EQ(counters.fetches, 4u);
}

// E1: a peer that is off, or never reads what we have, costs one fetch and no more.
TEST(Peers, FetchAPublishedDigestAtMostOnce) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 3, 7));
  p.b.up("a", parts(0, 9, 20));
  p.run(2'000);
  p.head();
  p.run(500);
  EXPECT_EQ(p.replay(), 1u);
  p.run(500);
  EXPECT_EQ(p.fetches(), 1u);
  for (int i = 0; i < 20; ++i) {  // its head again and again, also over reconnects
    p.head();
    p.run(5'000);
    p.replay();
    if (i % 5 == 4) p.b.disconnect(), p.b.connect();
  }
  EXPECT_EQ(p.fetches(), 1u);
  EXPECT_FALSE(p.in_step());
  p.a.up("a", parts(3, 5, 8));  // news there
  p.run(2'000);
  p.head();
  p.run(3'000);
  EXPECT_EQ(p.fetches(), 2u);
}

TEST(Peers, AGapInTheNumbersFetchesWithoutWaiting) {
  Pair p;
  p.boot();
  std::vector<Publish> batches;
  for (std::uint64_t n = 0; n < 3; ++n) {
    p.a.up("a", parts(n, n + 1, n + 1));
    p.run(60);
    for (Publish& b : p.a.take("gw/ga/delta")) batches.push_back(std::move(b));
  }
  ASSERT_EQ(batches.size(), 3u);
  p.run(2'000);
  p.b.hear(batches[0].topic, batches[0].payload);
  p.head();
  p.run(30'000);
  p.replay();
  p.run(100);
  const std::size_t before = p.fetches();
  EXPECT_EQ(p.b.gateway->counters().gaps, 1u);  // the head named a later number
  p.a.up("a", parts(3, 4, 4));
  p.run(60);
  p.a.take("gw/ga/delta");  // lost
  p.a.up("a", parts(4, 5, 5));
  p.run(60);
  p.b.hear(p.a.take("gw/ga/delta")[0].topic, "");  // an empty one says nothing
  p.a.up("a", envelope({.device = "z", .to = 1}, {counter("z", 1, 1)}));
  p.a.up("a", parts(5, 6, 6));
  p.run(1'500);
  const auto last = p.a.take("gw/ga/delta");
  p.b.hear(last[0].topic, last[0].payload);
  EXPECT_EQ(p.b.gateway->counters().gaps, 2u);
  p.b.hear(batches[1].topic, batches[1].payload);  // an old one again: no gap
  EXPECT_EQ(p.b.gateway->counters().gaps, 2u);
  EXPECT_GE(p.fetches(), before);
}

// Found on links that lose 30 %: heads overtook the batches that waited there, and each time
// everything that differed was fetched, over the link that was too slow already.
TEST(Peers, AHeadThatOvertakesItsBatchesIsNoGap) {
  Pair p;
  p.boot();
  std::vector<Publish> batches;
  for (std::uint64_t n = 0; n < 8; ++n) {
    p.a.up("a", parts(n, n + 1, n + 1));
    p.run(60);
    for (Publish& b : p.a.take("gw/ga/delta")) batches.push_back(std::move(b));
  }
  ASSERT_EQ(batches.size(), 8u);
  p.b.hear(batches[0].topic, batches[0].payload);
  p.run(2'000);
  p.head();
  p.run(5'000);  // what a connect asks for is over
  p.replay();
  p.run(5'000);
  for (std::uint64_t n = 8; n < 16; ++n) {
    p.a.up("a", parts(n, n + 1, n + 1));
    p.run(60);
  }
  batches = p.a.take("gw/ga/delta");
  ASSERT_EQ(batches.size(), 8u);
  const std::size_t fetches = p.fetches();
  const std::uint64_t gaps = p.b.gateway->counters().gaps;
  p.run(2'000);
  p.head();  // counts all eight
  for (const Publish& b : batches) {
    p.run(p.b.options.settle_ms / 2);
    p.b.hear(b.topic, b.payload);
  }
  p.run(5'000);
  EXPECT_EQ(p.b.gateway->counters().gaps, gaps);
  EXPECT_EQ(p.fetches(), fetches);
  EXPECT_EQ(p.b.shows("parts", Type::gcounter), "16");
}

// What differs after a fetch is newer than it: it must outlast the traffic anew. Each new state of
// a busy peer was read at once otherwise, for ever after the first time.
TEST(Peers, AFetchedBucketMustDifferForAWhileBeforeItIsFetchedAgain) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 1, 1));
  p.run(2'000);
  p.head();
  p.run(1'000);
  p.replay();
  p.run(5'000);
  ASSERT_EQ(p.fetches(), 1u);
  ASSERT_EQ(p.b.shows("parts", Type::gcounter), "1");
  p.a.take("gw/ga/delta");
  p.a.up("a", parts(1, 2, 2));
  p.run(2'000);
  const auto batches = p.a.take("gw/ga/delta");
  ASSERT_EQ(batches.size(), 1u);
  p.head();
  p.run(p.b.options.settle_ms / 2);
  EXPECT_EQ(p.fetches(), 1u);
  p.b.hear(batches[0].topic, batches[0].payload);
  p.run(5'000);
  EXPECT_EQ(p.fetches(), 1u);
  EXPECT_TRUE(p.in_step());
}

// Found on links that lose 30 %: half of all fetches were given up after ten seconds and begun
// anew.
TEST(Peers, AFetchThatTookTooLongIsGivenLongerTheNextTime) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 1, 1));
  p.run(2'000);
  p.head();
  p.run(1'000);
  p.b.take_subscriptions();  // no answer
  p.run(p.b.options.fetch_timeout_ms + 1'000);
  ASSERT_EQ(p.b.gateway->counters().fetches_incomplete, 1u);
  ASSERT_EQ(p.fetches(), 2u);
  p.run(p.b.options.fetch_timeout_ms + 1'000);  // an answer that takes longer than the first time
  EXPECT_EQ(p.replay(), 1u);
  p.run(100);
  EXPECT_EQ(p.b.gateway->counters().fetches_incomplete, 1u);
  EXPECT_EQ(p.fetches(), 2u);
  EXPECT_EQ(p.b.shows("parts", Type::gcounter), "1");
}

TEST(Peers, ABurstWhoseLastBatchesAreLostIsFetchedWhenNoMoreCome) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 1, 1));
  p.run(60);
  for (const Publish& b : p.a.take("gw/ga/delta")) p.b.hear(b.topic, b.payload);
  p.run(2'000);
  p.head();
  p.run(30'000);
  const std::uint64_t gaps = p.b.gateway->counters().gaps;
  p.a.up("a", parts(1, 2, 2));
  p.run(2'000);
  p.a.take("gw/ga/delta");  // lost
  p.head();
  p.run(p.b.options.settle_ms - 50);
  EXPECT_EQ(p.b.gateway->counters().gaps, gaps);
  p.run(100);
  EXPECT_EQ(p.b.gateway->counters().gaps, gaps + 1);
  p.replay();
  p.run(100);
  EXPECT_EQ(p.b.shows("parts", Type::gcounter), "2");
}

TEST(Peers, StateThatNobodyAskedForIsNotRead) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 3, 7));
  p.run(2'000);
  for (const auto& [at, payload] : p.a.retained) {
    if (at.second.find("/state/") != std::string::npos) p.b.hear(at.second, payload, true);
  }
  p.run(100);
  EXPECT_EQ(p.b.shows("parts", Type::gcounter), "nothing");
}

TEST(Peers, AHeadOfAnotherFleetOrGatewayIsRefused) {
  Pair p;
  p.boot();
  p.a.up("a", parts(0, 3, 7));
  p.run(2'000);
  const std::string head = p.a.retained.at({0, p.a.topic("gw/ga/head")});
  p.b.hear(p.b.topic("gw/gx/head"), head, true);
  EXPECT_EQ(p.b.rejected(Reject::peer), 1u);
  Rig other(Rig::defaults("gx"));
  other.options.fleet = "other";
  other.boot();
  other.run(500);
  p.b.hear(p.b.topic("gw/gx/head"), other.retained.at({0, "tributary/v1/other/gw/gx/head"}), true);
  EXPECT_EQ(p.b.rejected(Reject::fleet), 1u);
  EXPECT_TRUE(p.b.gateway->peers().empty());
  p.run(1'000);
  EXPECT_EQ(p.fetches(), 0u);
}

// Links that lose packets bring most heads twice, and some late.
TEST(Peers, AHeadThatComesAgainSaysNothingNewAndAnotherOneDoes) {
  Pair p;
  p.boot();
  const std::string topic = p.a.topic("gw/ga/head");
  const std::string before = p.a.retained.at({0, topic});
  p.a.up("a", parts(0, 3, 7));
  p.run(2'000);
  const std::string after = p.a.retained.at({0, topic});
  ASSERT_NE(before, after);
  const auto hear = [&](const std::string& head) {
    p.b.hear(topic, head, true);
    return p.in_step();
  };
  EXPECT_TRUE(hear(before));
  EXPECT_TRUE(hear(before));
  EXPECT_FALSE(hear(after));
  EXPECT_FALSE(hear(after));
  EXPECT_TRUE(hear(before));  // it is late, and believed as ever
  EXPECT_FALSE(hear(after));
  EXPECT_EQ(p.b.gateway->counters().heads_in, 6u);
  EXPECT_EQ(p.b.gateway->peers()[0].last_heard_ms, p.b.now().mono_ms);
}

TEST(Peers, BatchesAndStatesMustBeOfTheirTopic) {
  Rig rig;
  rig.boot();
  const std::string e = parts(0, 1, 1);
  const std::string pack = wire::encode_pack(wire::plain_pack({e}), wire::Codec::lz4);
  rig.hear(rig.topic("gw/x/delta"), wire::encode(wire::Batch{"y", 1, 1, 1, pack}));
  rig.hear(rig.topic("gw/x/state/1/0"), wire::encode(wire::StatePart{"y", 1, 1, 0, 1, pack}));
  rig.hear(rig.topic("gw/x/state/2/0"), wire::encode(wire::StatePart{"x", 1, 1, 0, 1, pack}));
  rig.hear(rig.topic("gw/x/state/1/1"), wire::encode(wire::StatePart{"x", 1, 1, 0, 1, pack}));
  rig.hear(rig.topic("gw/x/status"), R"({"gateway":"y","state":"online"})");
  EXPECT_EQ(rig.rejected(Reject::peer), 4u);
  rig.hear(rig.topic("gw/x/delta"), wire::encode(wire::Batch{"x", 1, 1, 1, "no pack"}));
  rig.hear(rig.topic("gw/x/state/1/0"), wire::encode(wire::StatePart{"x", 1, 1, 0, 1, "no"}));
  rig.hear(rig.topic("gw/gw/delta"), wire::encode(wire::Batch{"gw", 1, 1, 1, pack}));  // our own
  rig.run(100);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, 0u);
}

TEST(Peers, ALateWillDoesNotOverrideANewerBirth) {
  Rig rig;
  rig.boot();
  const auto tell = [&](std::uint64_t session, bool online, std::uint64_t at_ms) {
    Status s;
    s.gateway = "x";
    s.session = session;
    s.online = online;
    s.at_ms = at_ms;
    rig.hear(rig.topic("gw/x/status"), to_json(s), true);
    return rig.gateway->peers().at(0).online;
  };
  EXPECT_TRUE(tell(1, true, 100));
  EXPECT_TRUE(tell(2, true, 200));
  EXPECT_TRUE(tell(1, false, 100));   // the will of the life before
  EXPECT_FALSE(tell(2, false, 200));  // its own
  EXPECT_TRUE(tell(3, true, 300));
  rig.disconnect();
  EXPECT_FALSE(rig.gateway->peers().at(0).online);
  Status own;
  own.gateway = "gw";
  own.online = true;
  rig.hear(rig.topic("gw/gw/status"), to_json(own), true);
  EXPECT_EQ(rig.gateway->peers().size(), 1u);
}

TEST(Peers, InventedGatewaysDoNotFillTheMemory) {
  Rig rig;
  rig.boot();
  const std::string e = parts(0, 1, 1);
  const std::string pack = wire::encode_pack(wire::plain_pack({e}), wire::Codec::lz4);
  for (int i = 0; i < 400; ++i) {
    const std::string id = "g" + std::to_string(i);
    Status s;
    s.gateway = id;
    if (i % 2 == 0) rig.hear(rig.topic("gw/" + id + "/status"), to_json(s), true);
    rig.hear(rig.topic("gw/" + id + "/delta"), wire::encode(wire::Batch{id, 1, 1, 1, pack}));
  }
  Rig other(Rig::defaults("late"));
  other.boot();
  other.run(500);
  rig.hear(rig.topic("gw/late/head"), other.retained.at({0, rig.topic("gw/late/head")}), true);
  EXPECT_EQ(rig.gateway->peers().size(), 256u);
}

}  // namespace
}  // namespace tributary::core::testing
