// SPDX-License-Identifier: Apache-2.0
// The way of one message through the gateway: what is acknowledged, when, and what is not.
#include "gateway/core/gateway.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/gateway/core/support/rig.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

std::string parts(std::uint64_t from, std::uint64_t to, std::uint64_t total,
                  std::string_view device = "a") {
  return envelope({.device = device, .from = from, .to = to}, {counter("parts", to, total)});
}

std::string packed(const std::vector<std::string_view>& envelopes, wire::Codec codec) {
  return wire::encode_pack(envelopes, codec);
}

TEST(Gateway, AcknowledgesOnlyAfterTheCommit) {
  Rig rig;
  rig.boot();
  const std::string e = parts(0, 3, 7);
  rig.up("a", e);
  EXPECT_EQ(rig.ack("a"), nullptr);
  EXPECT_FALSE(rig.committing());  // it waits for company
  rig.pass(rig.options.batch_timeout_ms);
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.pass(5'000);
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.commit();
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->ack.incarnation, 77u);
  EXPECT_EQ(ack->ack.gateway, "gw");
  EXPECT_EQ(ack->ack.fleet, "demo");
  ASSERT_EQ(ack->actors.size(), 1u);
  EXPECT_EQ(ack->actors[0].epoch, 1u);
  EXPECT_EQ(ack->actors[0].op, 3u);
  EXPECT_EQ(ack->actors[0].hash, hash_of(e));
  EXPECT_FALSE(ack->actors[0].send_from_zero);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "7");
  EXPECT_EQ(rig.disk.envelopes.size(), 1u);
}

TEST(Gateway, AFullBatchDoesNotWait) {
  Options o = Rig::defaults();
  o.batch_envelopes_max = 3;
  Rig rig(o);
  rig.boot();
  for (std::uint64_t n = 1; n <= 3; ++n) rig.up("a", parts(n - 1, n, n));
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(rig.waiting().rows.insert.size(), 1u);  // two were superseded before their commit
  rig.commit();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 3u);
  EXPECT_EQ(rig.disk.envelopes.size(), 1u);
}

TEST(Gateway, ADuplicateIsAcknowledgedNoEarlierThanItsOriginal) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 3, 7));
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  rig.up("a", parts(0, 3, 7));  // while the original is in flight
  rig.pass(1'000);
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.fail();
  rig.up("a", parts(0, 3, 7));
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.pass(200);
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.commit();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 3u);
  rig.settle();
  rig.ack("a");
  rig.up("a", parts(0, 3, 7));  // known and durable: answered without a commit
  rig.pass(60);
  EXPECT_FALSE(rig.committing());
  EXPECT_EQ(rig.ack("a")->actors[0].op, 3u);
  EXPECT_GE(rig.gateway->counters().duplicates, 3u);
}

TEST(Gateway, ADiskThatFailsDegradesItUntilItRecovers) {
  Rig rig;
  rig.boot();
  rig.take("");
  rig.up("a", parts(0, 3, 7));
  rig.pass(60);
  const Ticket first = rig.waiting().ticket;
  rig.fail("disk full");
  EXPECT_TRUE(rig.gateway->summary().degraded);
  EXPECT_EQ(rig.gateway->summary().degraded_reason, "disk full");
  auto status = rig.take("gw/gw/status");
  ASSERT_EQ(status.size(), 1u);
  EXPECT_TRUE(status[0].retain);
  EXPECT_NE(status[0].payload.find("\"degraded\":\"disk full\""), std::string::npos);
  rig.gateway->committed(rig.now(), first);  // an answer to a question that is over
  rig.pass(99);
  EXPECT_FALSE(rig.committing());
  rig.pass(1);
  for (int i = 0; i < 12; ++i) {  // again and again, with growing pauses, the same rows
    ASSERT_TRUE(rig.committing()) << i;
    EXPECT_NE(rig.waiting().ticket, first);
    EXPECT_EQ(rig.waiting().rows.insert.size(), 1u);
    rig.fail("disk full");
    rig.pass(5'000);
  }
  EXPECT_TRUE(rig.take("gw/gw/status").empty());  // said once
  EXPECT_EQ(rig.ack("a"), nullptr);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "7");  // reads go on
  EXPECT_TRUE(rig.take("gw/gw/delta").empty());
  EXPECT_TRUE(rig.take("gw/gw/head").empty());
  rig.commit();
  EXPECT_FALSE(rig.gateway->summary().degraded);
  EXPECT_EQ(rig.ack("a")->actors[0].op, 3u);
  status = rig.take("gw/gw/status");
  ASSERT_EQ(status.size(), 1u);
  EXPECT_EQ(status[0].payload.find("degraded"), std::string::npos);
  EXPECT_EQ(rig.gateway->counters().commit_failures, 13u);
  rig.run(2'000);
  EXPECT_FALSE(rig.take("gw/gw/head").empty());
}

TEST(Gateway, WhatArrivesWhileTheDiskFailsIsKeptAndBounded) {
  Options o = Rig::defaults();
  o.pending_envelopes_max = 10;
  Rig rig(o);
  rig.boot();
  rig.up("a", parts(0, 1, 1));
  rig.pass(60);
  rig.fail();
  for (std::uint64_t n = 2; n <= 11; ++n) {
    EXPECT_TRUE(rig.gateway->accepting());
    rig.up("a", parts(n - 1, n, n));
  }
  EXPECT_FALSE(rig.gateway->accepting());
  EXPECT_EQ(rig.gateway->summary().pending, 10u);
  rig.pass(200);
  rig.commit();
  EXPECT_TRUE(rig.gateway->accepting());
  rig.run(100);
  EXPECT_EQ(rig.ack("a")->actors[0].op, 11u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "11");
}

TEST(Gateway, BytesThatWaitAreBoundedToo) {
  Options o = Rig::defaults();
  o.pending_bytes_max = 2 * parts(0, 1, 1).size();
  Rig rig(o);
  rig.boot();
  EXPECT_TRUE(rig.gateway->accepting());
  rig.up("a", parts(0, 1, 1));
  rig.up("a", parts(1, 2, 2));
  EXPECT_FALSE(rig.gateway->accepting());
  rig.settle();
  EXPECT_TRUE(rig.gateway->accepting());
}

TEST(Gateway, PartOneOfTwoAloneIsNotAcknowledged) {
  Rig rig;
  rig.boot();
  const std::string one = envelope({.to = 4, .part = 1, .parts = 2}, {counter("c", 4, 1)});
  const std::string two = envelope({.to = 4, .part = 2, .parts = 2}, {counter("d", 4, 2)});
  rig.up("a", one);
  rig.settle();
  auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 0u);
  EXPECT_EQ(ack->actors[0].hash, wire::Hash{});
  EXPECT_EQ(rig.shows("c", Type::gcounter), "1");  // it counts already
  rig.reboot();                                    // and is not forgotten
  rig.up("a", two);
  rig.settle();
  ack = rig.ack("a");
  EXPECT_EQ(ack->actors[0].op, 4u);
  EXPECT_EQ(ack->actors[0].hash, hash_of(two));
}

TEST(Gateway, SaysWhatItHoldsBeyondAGapAndAboveTheDelta) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 2, 2));
  rig.up("a", parts(2, 4, 4));
  rig.up("a", parts(6, 9, 9));
  rig.settle();
  auto ack = rig.ack("a");
  EXPECT_EQ(ack->actors[0].op, 4u);
  ASSERT_EQ(ack->actors[0].points.size(), 2u);
  EXPECT_EQ(ack->actors[0].points[0].op, 2u);
  EXPECT_EQ(ack->actors[0].points[1].op, 9u);
  EXPECT_EQ(ack->actors[0].points[1].hash, hash_of(parts(6, 9, 9)));
  rig.up("a", parts(4, 6, 6));
  rig.settle();
  ack = rig.ack("a");
  EXPECT_EQ(ack->actors[0].op, 9u);
  ASSERT_EQ(ack->actors[0].points.size(), 1u);  // (4, 6] began at 4: 2 and 4 are below
  EXPECT_EQ(ack->actors[0].points[0].op, 6u);
}

TEST(Gateway, AnswersEveryEpochOfADeviceInOneAck) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.device = "a", .epoch = 9, .to = 1}, {counter("c", 1, 1)}));
  rig.up("a", envelope({.device = "a", .epoch = 3, .to = 2}, {counter("c", 2, 5)}));
  rig.settle();
  const auto acks = rig.take("ack/a");
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_FALSE(acks[0].at_least_once);
  const auto ack = wire::decode_ack(acks[0].payload, wire::Limits{});
  ASSERT_EQ(ack->actors.size(), 2u);
  EXPECT_EQ(ack->actors[0].epoch, 3u);
  EXPECT_EQ(ack->actors[1].epoch, 9u);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "6");
}

TEST(Gateway, RefusesReservedKeysInTheAckNamingThem) {
  Rig rig;
  rig.boot();
  const std::string before = rig.digest();
  rig.up("a", envelope({.to = 5}, {counter("$fleet/x", 5, 1), counter("fine", 5, 2)}));
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 0u);
  ASSERT_EQ(ack->actors[0].refusals.size(), 1u);
  const wire::Refusal& r = ack->actors[0].refusals[0];
  EXPECT_EQ(r.to, 5u);
  ASSERT_EQ(r.keys.size(), 1u);
  EXPECT_EQ(r.keys[0].first, "$fleet/x");
  EXPECT_EQ(r.keys[0].second, 1u);
  EXPECT_NE(r.rule.find('$'), std::string::npos);
  EXPECT_EQ(rig.digest(), before);
  EXPECT_EQ(rig.rejected(Reject::reserved_key), 1u);
  rig.run(11'000);
  ASSERT_EQ(rig.disk.dead_letters.size(), 1u);
  EXPECT_TRUE(rig.disk.dead_letters[0].reason.starts_with("reserved-key: "));
}

TEST(Gateway, ManyRefusalsMakeAnAckThatCanBeRead) {
  Rig rig;
  rig.boot();
  for (std::uint64_t n = 1; n <= 30; ++n) {
    std::vector<wire::Entry> entries;
    for (int i = 0; i < 30; ++i)
      entries.push_back(counter(keep("$" + std::to_string(i) + std::string(400, 'x')), n, 1));
    rig.up("a", envelope({.from = n - 1, .to = n}, entries));
  }
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_GT(ack->actors[0].refusals.size(), 0u);
}

TEST(Gateway, WhoSpeaksForAnotherDeviceGetsNoAnswer) {
  Rig rig;
  rig.boot();
  const std::string before = rig.digest();
  rig.up("b", parts(0, 3, 7, "a"));
  rig.settle();
  EXPECT_TRUE(rig.take("ack/").empty());
  EXPECT_EQ(rig.rejected(Reject::wrong_device), 1u);
  EXPECT_EQ(rig.digest(), before);
}

TEST(Gateway, RefusesAnotherFleet) {
  Rig rig;
  rig.boot();
  const std::string before = rig.digest();
  rig.up("a", envelope({.to = 3, .fleet = "other"}, {counter("c", 3, 1)}));
  rig.settle();
  EXPECT_TRUE(rig.take("ack/").empty());
  EXPECT_EQ(rig.rejected(Reject::fleet), 1u);
  EXPECT_EQ(rig.digest(), before);
}

TEST(Gateway, TakesAPackAndOneBadEnvelopeHarmsNoOther) {
  Rig rig;
  rig.boot();
  const std::string good = parts(0, 3, 7), other = parts(0, 1, 1, "b");
  rig.up("a", wire::encode_pack({good, "rubbish", other}, wire::Codec::lz4));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 3u);
  EXPECT_EQ(rig.rejected(Reject::malformed), 1u);
  EXPECT_EQ(rig.rejected(Reject::wrong_device), 1u);
}

TEST(Gateway, AnEmptyDeltaMovesTheAckAndIsNotKept) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 3, 7));
  rig.up("a", envelope({.from = 3, .to = 4}, {}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 4u);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, 1u);
  rig.reboot();
  rig.up("a", parts(0, 3, 7));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 4u);
}

// --- garbage

std::string random_bytes(std::mt19937_64& random, std::size_t most) {
  std::string out(random() % most, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

TEST(Gateway, GarbageOnEveryTopicChangesNothing) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 3, 7));
  rig.run(3'000);
  const std::string before = rig.digest();
  const auto bytes = rig.gateway->summary().state_bytes;
  const auto live = rig.gateway->summary().live_envelopes;
  std::mt19937_64 random(7);
  const std::vector<std::string> topics = {"up/a",
                                           "up/",
                                           "up/+",
                                           "up",
                                           "up/a/b",
                                           "ack/a",
                                           "gw/x/delta",
                                           "gw/x/head",
                                           "gw/gw/head",
                                           "gw/x/status",
                                           "gw/x/state/1/0",
                                           "gw/x/state/99/0",
                                           "gw/x/state/x/y",
                                           "gw/x/state",
                                           "gw/x/state/1/0/2",
                                           "gw//delta",
                                           "gw/x",
                                           "gw",
                                           "gw/x/delta/1",
                                           "gw/x/status/1",
                                           "gw/x/nope",
                                           "view/x/y",
                                           "",
                                           "req/gw/get",
                                           "gw/x/head/1"};
  const std::string next = parts(3, 4, 9);
  std::vector<std::string> good = {next, packed({next}, wire::Codec::gzip)};
  for (const auto& [at, payload] : rig.retained) good.push_back(payload);
  for (int round = 0; round < 60; ++round) {
    for (const std::string& t : topics) {
      rig.hear(rig.topic(t), random_bytes(random, 300), random() % 2 == 0);
      rig.hear(t, random_bytes(random, 10));
      std::string mangled = good[random() % good.size()];
      if (t == "up/a") mangled.resize(random() % mangled.size());  // truncated
      if (t != "up/a") rig.hear(rig.topic(t), mangled, true);
      rig.hear(rig.topic(t), mangled.substr(0, mangled.size() / 2), true);
    }
    rig.hear("tributary/v1/demo", "x");
    rig.hear("tributary/v1/demoo/up/a", "x");
    rig.hear("tributary/v1/demo/up/a", "x", false, 17);  // no such link
    rig.run(100);
  }
  rig.up("a", envelope({.to = 9}, {counter("k", 9, 1)}) + "x");  // trailing
  rig.run(100);
  EXPECT_EQ(rig.digest(), before);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, live);
  EXPECT_EQ(rig.gateway->summary().state_bytes, bytes);
  EXPECT_GT(rig.rejected(Reject::malformed), 100u);
  EXPECT_GT(rig.rejected(Reject::topic), 100u);
  EXPECT_LE(rig.disk.dead_letters.size(), 16u * 2);  // per 10 s
  EXPECT_EQ(rig.on_disk()->digest(), before);
  rig.up("a", parts(3, 4, 9));  // and it works as before
  rig.run(100);
  EXPECT_EQ(rig.ack("a")->actors[0].op, 4u);
}

TEST(Gateway, DeadLettersAreCutAndCountedByTheWindow) {
  Rig rig;
  rig.boot();
  const std::string bomb(200'000, '\xFF');
  for (int i = 0; i < 40; ++i) rig.up("a", bomb);
  rig.run(2'000);
  ASSERT_EQ(rig.disk.dead_letters.size(), 16u);
  EXPECT_EQ(rig.disk.dead_letters[0].bytes.size(), 65'536u);
  rig.run(10'000);
  rig.up("a", bomb);
  rig.run(2'000);
  EXPECT_EQ(rig.disk.dead_letters.size(), 17u);
}

TEST(Gateway, NoticesOfOneOutputAreBounded) {
  Rig rig;
  rig.boot();
  std::vector<std::string_view> rubbish(5'000, "rubbish");
  rig.notices.clear();
  rig.up("a", wire::encode_pack(rubbish, wire::Codec::plain));
  EXPECT_EQ(rig.notices.size(), 256u);
  EXPECT_EQ(rig.rejected(Reject::malformed), 5'000u);
  const std::string longest(60'000, 't');
  rig.notices.clear();
  rig.hear(longest, "x");
  ASSERT_EQ(rig.notices.size(), 1u);
  EXPECT_LT(rig.notices[0].text.size(), 400u);
}

TEST(Gateway, EveryReasonHasAName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Reject::count_); ++i)
    names.insert(name(static_cast<Reject>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Reject::count_) + 1);
}

TEST(Gateway, AnUnknownVersionIsNamedSo) {
  Rig rig;
  rig.boot();
  std::string e = parts(0, 1, 1);
  e[1] = 9;
  rig.up("a", e);
  EXPECT_EQ(rig.rejected(Reject::version), 1u);
  Options o = Rig::defaults();
  o.wire.body_bytes_max = 20;
  Rig small(o);
  small.boot();
  small.up("a", parts(0, 1, 1));
  EXPECT_EQ(small.rejected(Reject::size), 1u);
}

// --- limits

TEST(Gateway, TheLimitOfActorsNeitherAcknowledgesNorCrashes) {
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

TEST(Gateway, ActorsThatARemovalNamesCountOnceEach) {
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

TEST(Gateway, TheLimitOfKeysNeitherAcknowledgesNorCrashes) {
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

TEST(Gateway, AMemoryLimitOfATypeStopsWhatGrowsAndNothingElse) {
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

TEST(Gateway, UnknownTypesHaveOneMemoryLimitTogether) {
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

TEST(Gateway, TheLimitOfAllMemoryStopsGrowthButCountersThatAreThereGoOn) {
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

// --- what the device is asked and told

TEST(Gateway, AsksForEverythingWhenTheLiveEnvelopesWeighTooMuch) {
  Rig rig;
  rig.boot();
  std::uint64_t n = 0;
  bool asked = false;
  std::vector<wire::Entry> all;
  for (; n < 60 && !asked; ++n) {  // a key that is never touched again rides with a large register
    const std::string_view once = keep("once-" + std::to_string(n));
    wire::Entry big = reg("r", n + 1, n + 1, crdt::Hlc{1}, 1);
    const std::string_view value = keep("\xC5\x03\x20" + std::string(800, 'v'));
    std::get<wire::LwwPayload>(big.payload).value = value;
    rig.up("a", envelope({.from = n, .to = n + 1}, {counter(once, n + 1, 1), big}));
    rig.settle();
    asked = rig.ack("a")->actors[0].send_from_zero;
    all.push_back(counter(once, n + 1, 1));
  }
  ASSERT_TRUE(asked);
  EXPECT_GT(n, 3u);
  for (wire::Entry& e : all) e.hi = n + 1;
  all.push_back(reg("r", n + 1, n + 1, crdt::Hlc{2}, 7));
  rig.up("a", envelope({.from = 0, .to = n + 1, .id = 99}, all));
  rig.settle();
  EXPECT_FALSE(rig.ack("a")->actors[0].send_from_zero);
  EXPECT_EQ(rig.gateway->summary().live_envelopes, 1u);
}

TEST(Gateway, QuotesTheEnvelopeThatRemovedAnAddUntilTheAddIsDead) {
  Rig rig;
  rig.boot();
  const std::string add = envelope({.device = "a", .to = 1}, {set("s", 0, 1, {{1, "x"}})});
  const std::string removal =
      envelope({.device = "b", .to = 1}, {set("s", 0, 1, {}, {}, {{"a", 1, 1}})});
  rig.up("a", add);
  rig.settle();
  EXPECT_TRUE(rig.ack("a")->actors[0].removals.empty());
  rig.up("b", removal);
  rig.settle();
  auto ack = rig.ack("a");  // told without being asked: it was heard here
  ASSERT_NE(ack, nullptr);
  ASSERT_EQ(ack->actors[0].removals.size(), 1u);
  EXPECT_EQ(ack->actors[0].removals[0], removal);
  rig.reboot();  // not forgotten
  rig.up("a", add);
  rig.settle();
  ack = rig.ack("a");
  ASSERT_EQ(ack->actors[0].removals.size(), 1u);
  rig.up("a", envelope({.device = "a", .from = 1, .to = 2}, {set("s", 1, 2, {}, {1})}));
  rig.settle();
  EXPECT_TRUE(rig.ack("a")->actors[0].removals.empty());
  EXPECT_EQ(rig.shows("s", Type::orset), "[]");
}

TEST(Gateway, ManyRemovalsAreQuotedAFewAtATimeEachEnvelopeOnce) {
  Rig rig;
  rig.boot();
  Adds adds;
  for (std::uint64_t op = 1; op <= 100; ++op) adds.push_back({op, keep("e" + std::to_string(op))});
  rig.up("a", envelope({.device = "a", .to = 100}, {set("s", 0, 100, adds)}));
  for (std::uint64_t n = 1; n <= 20; ++n) {
    Foreign dots;
    for (std::uint64_t k = 1; k <= 5; ++k) dots.push_back({"a", 1, (n - 1) * 5 + k});
    rig.up("b",
           envelope({.device = "b", .from = n - 1, .to = n}, {set("s", n - 1, n, {}, {}, dots)}));
  }
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_EQ(ack->actors[0].removals.size(), 8u);
  EXPECT_EQ(
      std::set<std::string_view>(ack->actors[0].removals.begin(), ack->actors[0].removals.end())
          .size(),
      8u);
  EXPECT_EQ(rig.shows("s", Type::orset), "[]");
}

TEST(Gateway, ADeviceHeardHereIsToldWhatPeersBrought) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(2, 4, 4));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors[0].op, 0u);
  const std::string missing = parts(0, 2, 2);
  const std::string pack = packed({missing}, wire::Codec::lz4);
  rig.hear(rig.topic("gw/x/delta"), wire::encode(wire::Batch{"x", 5, 6, 1, pack}));
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 4u);
}

// A register stamped 20 s ahead is shown when its time comes, without anything else happening.
TEST(Gateway, AHeldRegisterIsShownWhenItsTimeComes) {
  for (const bool online : {true, false}) {
    Rig rig;
    rig.boot();
    if (!online) rig.disconnect();
    const auto stamp = crdt::Hlc::at(rig.now().wall_ms + 20'000);
    rig.up("a", envelope({.device = "a", .to = 1}, {reg("r", 1, 1, stamp, 99)}));
    rig.up("b", envelope({.device = "b", .to = 1}, {reg("r", 1, 1, crdt::Hlc{5}, 11)}));
    rig.run(10'000);
    EXPECT_EQ(rig.shows("r", Type::lww), "11");
    EXPECT_EQ(rig.ack("a") != nullptr, true);  // stored, digested, acknowledged
    rig.take("view/");
    rig.run(4'900);
    EXPECT_EQ(rig.shows("r", Type::lww), "11");
    rig.run(200);
    EXPECT_EQ(rig.shows("r", Type::lww), "99") << (online ? "online" : "offline");
    rig.run(1'000);
    if (online) {
      EXPECT_FALSE(rig.take("view/").empty());
    }
  }
}

// --- links

TEST(Gateway, HearsOnlyTheDevicesOfALink) {
  Rig rig(Rig::defaults(), {{"local", true, true, {"door-*", "gate-?"}}, {"shared", false, true}});
  rig.boot();
  std::vector<std::string> filters;
  for (const Subscription& s : rig.take_subscriptions())
    filters.push_back(std::to_string(s.link) + " " + s.filter);
  EXPECT_EQ(filters, (std::vector<std::string>{
                         "0 tributary/v1/demo/up/+", "0 tributary/v1/demo/gw/+/status",
                         "0 tributary/v1/demo/gw/+/head", "0 tributary/v1/demo/gw/+/delta",
                         "1 tributary/v1/demo/gw/+/status", "1 tributary/v1/demo/gw/+/head",
                         "1 tributary/v1/demo/gw/+/delta"}));
  rig.up("door-7", parts(0, 1, 1, "door-7"));
  rig.up("window-7", parts(0, 1, 1, "window-7"));
  rig.up("gate-1", parts(0, 1, 1, "gate-1"), 1);  // no devices on this link
  rig.settle();
  EXPECT_NE(rig.ack("door-7"), nullptr);
  EXPECT_EQ(rig.ack("window-7"), nullptr);
  EXPECT_EQ(rig.ack("gate-1"), nullptr);
  EXPECT_EQ(rig.rejected(Reject::not_heard), 1u);
}

TEST(Gateway, ALinkWithoutPeersHearsAndTellsNone) {
  Rig rig(Rig::defaults(), {{"local", true, false}});
  rig.boot();
  rig.up("a", parts(0, 1, 1));
  rig.run(3'000);
  EXPECT_TRUE(rig.take("gw/gw/delta").empty());
  EXPECT_TRUE(rig.take("gw/gw/head").empty());
  EXPECT_FALSE(rig.take("gw/gw/status").empty());
  EXPECT_FALSE(rig.take("view/gw/gcounter/parts").empty());
  rig.hear(rig.topic("gw/x/delta"), "x");
  EXPECT_EQ(rig.rejected(Reject::topic), 1u);
}

std::vector<std::string> relayed(Rig& rig, LinkId link) {
  std::vector<std::string> out;
  for (const Publish& p : rig.published) {
    if (p.link != link || p.topic != rig.topic("gw/gw/delta")) continue;
    const auto batch = wire::decode_batch(p.payload, wire::Limits{});
    const auto pack = wire::decode_pack(batch->pack, wire::Limits{});
    for (const std::string_view e : pack->envelopes) out.emplace_back(e);
  }
  std::erase_if(rig.published, [&](const Publish& p) {
    return p.link == link && p.topic == rig.topic("gw/gw/delta");
  });
  return out;
}

TEST(Gateway, RelaysADevicesEnvelopeToAllLinksAndAPeersToTheOthers) {
  Rig rig(Rig::defaults(), {{"local"}, {"shared", false, true}});
  rig.boot();
  const std::string mine = parts(0, 1, 1), theirs = parts(0, 1, 1, "b");
  rig.up("a", mine);
  rig.settle();
  EXPECT_EQ(relayed(rig, 0), std::vector<std::string>{mine});
  EXPECT_EQ(relayed(rig, 1), std::vector<std::string>{mine});
  const std::string pack = wire::encode_pack({theirs, mine}, wire::Codec::plain);
  rig.hear(rig.topic("gw/x/delta"), wire::encode(wire::Batch{"x", 1, 1, 1, pack}), false, 1);
  rig.settle();
  EXPECT_EQ(relayed(rig, 0), std::vector<std::string>{theirs});
  EXPECT_TRUE(relayed(rig, 1).empty());
}

TEST(Gateway, NumbersItsBatchesByLinkAndCutsThemBySize) {
  Options o = Rig::defaults();
  o.batch_envelopes_max = 1'000;
  Rig rig(o);
  rig.boot();
  std::string value("\xC5\xFA\x00", 3);
  value += std::string(64'000, 'v');
  for (std::uint64_t n = 0; n < 20; ++n) {
    wire::Entry big = reg(keep("r" + std::to_string(n)), n + 1, n + 1, crdt::Hlc{1}, 1);
    std::get<wire::LwwPayload>(big.payload).value = value;
    rig.up("a", envelope({.from = n, .to = n + 1}, {big}));
  }
  rig.settle();
  std::uint64_t number = 0;
  std::size_t envelopes = 0;
  for (const Publish& p : rig.take("gw/gw/delta")) {
    const auto batch = wire::decode_batch(p.payload, wire::Limits{});
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->number, ++number);
    EXPECT_EQ(batch->incarnation, 77u);
    EXPECT_EQ(batch->session, rig.session);
    envelopes += wire::decode_pack(batch->pack, wire::Limits{})->envelopes.size();
  }
  EXPECT_EQ(envelopes, 20u);
  EXPECT_GE(number, 3u);
}

TEST(Gateway, ReconnectingPublishesEverythingRetainedAgain) {
  Rig rig;
  rig.boot();
  rig.up("a", parts(0, 1, 1));
  rig.run(3'000);
  const auto retained = rig.retained;
  EXPECT_GE(retained.size(), 4u);  // status, head, a state, a view
  rig.disconnect();
  rig.retained.clear();
  rig.run(5'000);
  EXPECT_TRUE(rig.retained.empty());
  rig.connect();
  rig.run(1'000);
  for (const auto& [at, payload] : retained) EXPECT_EQ(rig.retained.count(at), 1u) << at.second;
}

TEST(Gateway, SaysGoodbyeWhenAllIsCommitted) {
  Rig rig;
  rig.boot();
  rig.run(500);
  rig.up("a", parts(0, 1, 1));
  rig.up("a", "rubbish");
  rig.stop();
  EXPECT_FALSE(rig.gateway->stopped());
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(rig.waiting().rows.values.size(), 1u);  // people's rows as well
  EXPECT_EQ(rig.waiting().rows.dead_letters.size(), 1u);
  rig.take("gw/gw/status");
  rig.commit();
  EXPECT_TRUE(rig.gateway->stopped());
  const auto status = rig.take("gw/gw/status");
  ASSERT_EQ(status.size(), 1u);
  EXPECT_NE(status[0].payload.find("\"offline\""), std::string::npos);
  EXPECT_NE(rig.ack("a"), nullptr);
}

// The same events make the same effects, byte by byte.
TEST(Gateway, IsDeterministic) {
  std::vector<std::string> said[2];
  for (auto& all : said) {
    Rig rig(Rig::defaults(), {{"local"}, {"shared", false, true}});
    rig.boot();
    std::mt19937_64 random(3);
    std::vector<std::uint64_t> last(30);
    for (int i = 0; i < 400; ++i) {
      const std::size_t d = random() % last.size();
      const std::string_view id = keep("dev-" + std::to_string(d));
      const std::uint64_t to = ++last[d];
      rig.up(id, envelope({.device = id, .from = to - 1, .to = to},
                          {counter(keep("k" + std::to_string(random() % 9)), to, to),
                           set("s", to - 1, to, {{to, "e"}}, {}, {{"dev-x", 1, to}})}));
      rig.run(random() % 40);
    }
    rig.run(3'000);
    for (const Publish& p : rig.published)
      all.push_back(std::to_string(p.link) + p.topic + wire::to_hex(p.payload));
    for (const auto& [row, e] : rig.disk.envelopes)
      all.push_back(std::to_string(row) + wire::to_hex(e.bytes));
    for (const auto& [row, a] : rig.disk.actors)
      all.push_back(std::to_string(row) + a.device + wire::to_hex(a.intake));
  }
  EXPECT_GT(said[0].size(), 100u);
  EXPECT_EQ(said[0], said[1]);
}

// --- what people ask

TEST(Gateway, ShowsValuesDevicesAndEnvelopesInPages) {
  Rig rig;
  rig.boot();
  for (int d = 0; d < 7; ++d) {
    const std::string_view id = keep("dev-" + std::to_string(d));
    rig.up(id, envelope({.device = id, .to = 2},
                        {counter(keep("k" + std::to_string(d)), 2, 5), counter("sum", 2, 1)}));
  }
  rig.settle();
  EXPECT_FALSE(rig.gateway->value("nothing", 1));
  EXPECT_FALSE(rig.gateway->value("sum", 2));
  EXPECT_EQ(rig.gateway->value("sum", 1)->json, "7");
  EXPECT_EQ(rig.gateway->value("sum", 1)->contributors, 7u);
  std::vector<std::string> keys;
  std::string key;
  std::uint8_t type = 0;
  for (;;) {
    const auto page = rig.gateway->values(key, type, 3);
    for (const ValueView& v : page) keys.push_back(v.key);
    if (page.size() < 3) break;
    key = page.back().key, type = page.back().type;
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"k0", "k1", "k2", "k3", "k4", "k5", "k6", "sum"}));
  const auto devices = rig.gateway->devices("dev-1", 1, 3);
  ASSERT_EQ(devices.size(), 3u);
  EXPECT_EQ(devices[0].device, "dev-2");
  EXPECT_EQ(devices[0].op, 2u);
  EXPECT_EQ(devices[0].live_envelopes, 1u);
  EXPECT_GT(devices[0].live_bytes, 0u);
  EXPECT_GT(devices[0].heard_at_ms, 0u);
  std::string after;
  std::set<std::string> hashes;
  for (;;) {
    const auto page = rig.gateway->envelopes(after, 3);
    for (const auto& [hash, bytes] : page) {
      EXPECT_EQ(hash_of(*bytes), hash);
      EXPECT_GT(std::string(hash.view()), after);
      after = std::string(hash.view());
      hashes.insert(after);
    }
    if (page.size() < 3) break;
  }
  EXPECT_EQ(hashes.size(), 7u);
  EXPECT_EQ(rig.gateway->root(), "tributary/v1/demo");
  const Summary s = rig.gateway->summary();
  EXPECT_EQ(s.incarnation, 77u);
  EXPECT_EQ(s.session, rig.session);
  EXPECT_EQ(s.parts, 14u);
  EXPECT_EQ(s.keys, 8u);
}

}  // namespace
}  // namespace tributary::core::testing
