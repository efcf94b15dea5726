// SPDX-License-Identifier: Apache-2.0
// Several brokers: who is heard where, and what is relayed where.
#include <gtest/gtest.h>

#include <random>

#include "tests/gateway/core/support/rig.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

TEST(Links, HearsOnlyTheDevicesOfALink) {
  Rig rig(Rig::defaults(), {{"local", true, true, {"door-*", "gate-?"}}, {"shared", false, true}});
  rig.boot();
  std::vector<std::string> filters;
  for (const Subscription& s : rig.take_subscriptions())
    filters.push_back(std::to_string(s.link) + " " + s.filter);
  EXPECT_EQ(filters, (std::vector<std::string>{
                         "0 tributary/v1/demo/view/gw/#", "0 tributary/v1/demo/up/+",
                         "0 tributary/v1/demo/gw/+/status", "0 tributary/v1/demo/gw/+/head",
                         "0 tributary/v1/demo/gw/+/delta", "0 tributary/v1/demo/gw/+/ask/gw",
                         "0 tributary/v1/demo/gw/+/answer/gw", "1 tributary/v1/demo/view/gw/#",
                         "1 tributary/v1/demo/gw/+/status", "1 tributary/v1/demo/gw/+/head",
                         "1 tributary/v1/demo/gw/+/delta", "1 tributary/v1/demo/gw/+/ask/gw",
                         "1 tributary/v1/demo/gw/+/answer/gw"}));
  rig.up("door-7", parts(0, 1, 1, "door-7"));
  rig.up("window-7", parts(0, 1, 1, "window-7"));
  rig.up("gate-1", parts(0, 1, 1, "gate-1"), 1);  // no devices on this link
  rig.settle();
  EXPECT_NE(rig.ack("door-7"), nullptr);
  EXPECT_EQ(rig.ack("window-7"), nullptr);
  EXPECT_EQ(rig.ack("gate-1"), nullptr);
  EXPECT_EQ(rig.rejected(Reject::not_heard), 1u);
}

// What people change through this gateway is an actor of its own, whatever devices it listens to.
TEST(Links, HearItsOwnOperatorAlways) {
  Rig rig(Rig::defaults("gw"), {{.name = "local", .hears = {"a-*"}}});
  rig.boot();
  rig.up("operator-gw", envelope({.device = "operator-gw"}, {counter("k", 1, 5)}));
  rig.up("operator-other", envelope({.device = "operator-other"}, {counter("k", 1, 7)}));
  rig.settle();
  EXPECT_EQ(rig.shows("k", wire::Type::gcounter), "5");
  EXPECT_EQ(rig.rejected(Reject::not_heard), 1u);
}

TEST(Links, ALinkWithoutPeersHearsAndTellsNone) {
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

TEST(Links, RelaysADevicesEnvelopeToAllLinksAndAPeersToTheOthers) {
  Rig rig(Rig::defaults(), {{"local"}, {"shared", false, true}});
  rig.boot();
  rig.meet(0);
  rig.meet(1);
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

TEST(Links, RelaysOnlyWhereAnotherGatewayWasHeard) {
  Rig rig(Rig::defaults(), {{"local"}, {"shared", false, true}});
  rig.boot();
  const std::string first = parts(0, 1, 1), second = parts(1, 2, 2);
  rig.up("a", first);
  rig.run(3'000);
  EXPECT_TRUE(relayed(rig, 0).empty());
  EXPECT_TRUE(relayed(rig, 1).empty());
  EXPECT_FALSE(rig.take("gw/gw/state/").empty()) << "who comes reads it";
  // What we published ourselves in an earlier life, and still lies there, is nobody.
  rig.hear(rig.topic("gw/gw/head"), rig.retained.at({1, rig.topic("gw/gw/head")}), true, 1);
  rig.meet(1);
  rig.up("a", second);
  rig.settle();
  EXPECT_TRUE(relayed(rig, 0).empty());
  EXPECT_EQ(relayed(rig, 1), std::vector<std::string>{second});
}

TEST(Links, NumbersItsBatchesByLinkAndCutsThemBySize) {
  Options o = Rig::defaults();
  o.batch_envelopes_max = 1'000;
  Rig rig(o);
  rig.boot();
  rig.meet();
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

TEST(Links, ReconnectingPublishesEverythingRetainedAgain) {
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

TEST(Links, SaysGoodbyeWhenAllIsCommitted) {
  Rig rig;
  rig.boot();
  rig.run(500);
  rig.up("a", parts(0, 1, 1));
  rig.up("a", "rubbish");
  rig.stop();
  EXPECT_FALSE(rig.gateway->stopped());
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(rig.waiting().rows->values.size(), 1u);  // people's rows as well
  EXPECT_EQ(rig.waiting().rows->dead_letters.size(), 1u);
  rig.take("gw/gw/status");
  rig.commit();
  EXPECT_TRUE(rig.gateway->stopped());
  const auto status = rig.take("gw/gw/status");
  ASSERT_EQ(status.size(), 1u);
  EXPECT_NE(status[0].payload.find("\"offline\""), std::string::npos);
  EXPECT_NE(rig.ack("a"), nullptr);
}

TEST(Links, ALinkThatComesBackAfterTheGoodbyeIsToldTheSame) {
  Rig rig;
  rig.boot();
  rig.run(500);
  rig.stop();
  ASSERT_TRUE(rig.gateway->stopped());
  rig.disconnect();
  rig.take("gw/gw/status");
  rig.connect();
  const auto said = rig.take("gw/gw/status");
  ASSERT_FALSE(said.empty());
  for (const Publish& p : said)
    EXPECT_NE(p.payload.find("\"offline\""), std::string::npos) << p.payload;
}

TEST(Links, TellsHowLongADeviceHasWaitedForWhatIsMissing) {
  Rig rig;
  rig.boot();
  rig.run(500);
  const auto gap_ms = [&] {
    const auto since_ms = rig.gateway->devices({}, 0, 10).at(0).gap_since_ms;
    return since_ms ? rig.now().mono_ms - *since_ms : 0;
  };
  rig.up("a", envelope({.to = 1}, {counter("k", 1, 5)}));
  rig.settle();
  EXPECT_EQ(gap_ms(), 0u);
  rig.up("a", envelope({.from = 2, .to = 3}, {counter("k", 3, 7)}));
  rig.settle();
  rig.run(5'000);
  EXPECT_GE(gap_ms(), 4'900u);
  EXPECT_LE(gap_ms(), 5'200u);
  rig.reboot();
  rig.run(2'000);
  EXPECT_GE(gap_ms(), 1'500u) << "it is still there";
  EXPECT_LE(gap_ms(), 2'000u);
  rig.up("a", envelope({.from = 4, .to = 5}, {counter("k", 5, 9)}));
  rig.up("a", envelope({.from = 1, .to = 2}, {counter("k", 2, 6)}));
  rig.settle();
  EXPECT_LE(gap_ms(), 100u) << "another gap: it went on";
  rig.up("a", envelope({.from = 3, .to = 4}, {counter("k", 4, 8)}));
  rig.settle();
  EXPECT_EQ(gap_ms(), 0u);
}

// Found by the process harness: a disk so slow that more had arrived whenever a commit was done.
TEST(Links, StopsUnderLoadOnASlowDisk) {
  Rig rig;
  rig.boot();
  rig.run(500);
  rig.up("a", envelope({.to = 1}, {counter("k", 1, 5)}));
  rig.stop();
  ASSERT_TRUE(rig.committing());
  rig.up("a", envelope({.from = 1, .to = 2}, {counter("k", 2, 6)}));
  rig.commit();
  EXPECT_TRUE(rig.gateway->stopped());
  EXPECT_FALSE(rig.committing());
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 1u) << "acknowledged what it did not take";
}

// The same events make the same effects, byte by byte.
TEST(Links, IsDeterministic) {
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

}  // namespace
}  // namespace tributary::core::testing
