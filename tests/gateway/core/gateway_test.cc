// SPDX-License-Identifier: Apache-2.0
// The way of one message through the gateway: what is acknowledged, when, and what people see.
#include "gateway/core/gateway.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/gateway/core/support/rig.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

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
  EXPECT_EQ(rig.waiting().rows->insert.size(), 1u);  // two were superseded before their commit
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
  rig.meet();
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
    EXPECT_EQ(rig.waiting().rows->insert.size(), 1u);
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

// The broker's asking for another acknowledgement would cost it and us as much as the message.
TEST(Gateway, HearsDevicesAtMostOnceAndAllElseAtLeastOnce) {
  Rig rig;
  rig.boot();
  std::size_t devices = 0, others = 0;
  for (const Subscription& s : rig.take_subscriptions()) {
    if (!s.subscribe) continue;
    const bool up = s.filter == "tributary/v1/demo/up/+";
    EXPECT_EQ(s.at_least_once, !up) << s.filter;
    (up ? devices : others) += 1;
  }
  EXPECT_EQ(devices, 1u);
  EXPECT_GT(others, 3u);
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
    const auto page = *rig.gateway->envelopes(after, 3);
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
