// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/views.h"

#include <gtest/gtest.h>

#include "gateway/core/status.h"
#include "tests/gateway/core/support/rig.h"
#include "transports/wire/ack.h"

namespace tributary::core::testing {
namespace {

Shown themselves(std::span<const KeyState* const> keys) {
  return {{keys.begin(), keys.end()}, {}};
}

struct ViewsTest : ::testing::Test {
  Options options = Rig::defaults();
  ActorTable actors;
  Keyspace keys{actors};
  Output out;
  Counters counters;
  Instant now{1'000, 1'700'000'000'000};

  void SetUp() override { options.root = "r"; }
  void write(const wire::Entry& e) {
    keys.apply(actors.intern("a", 1), keys.intern(e.key, e.type), e, now.wall_ms);
  }
  std::vector<Publish> run(Views& views, std::uint64_t later_ms,
                           const std::vector<LinkId>& links = {0}) {
    now.mono_ms += later_ms, now.wall_ms += later_ms;
    views.changed(now, keys.take_changed());
    out = {};
    views.run(now, links, out, counters);
    return out.publishes;
  }
};

TEST_F(ViewsTest, SaysWhatAPersonWantsToKnow) {
  Views views(options, themselves);
  write(counter("hall/people", 1, 5));
  const auto said = run(views, 0);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].topic, "r/view/gw/gcounter/hall/people");
  EXPECT_EQ(said[0].payload,
            R"({"value":5,"type":"gcounter","at":1700000000000,"contributors":1})");
  EXPECT_TRUE(said[0].retain);
}

TEST_F(ViewsTest, AKeyIsSaidAtMostOnceAnIntervalWithItsNewestValue) {
  Views views(options, themselves);
  std::size_t said = 0;
  std::string last;
  for (std::uint64_t n = 1; n <= 100; ++n) {
    write(counter("k", n, n));
    for (const Publish& p : run(views, 20)) ++said, last = p.payload;
  }
  EXPECT_EQ(said, 2'000u / options.view_interval_ms);
  EXPECT_NE(views.deadline(), ~std::uint64_t{0});
  for (const Publish& p : run(views, options.view_interval_ms)) last = p.payload;
  EXPECT_NE(last.find("\"value\":100,"), std::string::npos);
  EXPECT_EQ(views.deadline(), ~std::uint64_t{0});
  EXPECT_TRUE(run(views, 60'000).empty());
}

TEST_F(ViewsTest, WhatWasNotSaidLatelyIsSaidAtOnce) {
  Views views(options, themselves);
  write(counter("k", 1, 1));
  EXPECT_EQ(run(views, 0).size(), 1u);
  write(counter("k", 2, 2));
  write(counter("other", 3, 1));
  const auto said = run(views, 10);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].topic, "r/view/gw/gcounter/other");
  EXPECT_EQ(views.deadline(), 1'000u + options.view_interval_ms) << "k's turn";
  EXPECT_EQ(run(views, options.view_interval_ms - 11).size(), 0u);
  EXPECT_EQ(run(views, 1).size(), 1u);
  EXPECT_EQ(views.deadline(), ~std::uint64_t{0});
}

TEST_F(ViewsTest, WhoLeavesSaysWhatWaited) {
  Views views(options, themselves);
  for (const std::uint64_t n : {1u, 2u}) {
    write(counter("k", n, n));
    run(views, 10);
  }
  views.hurry();
  EXPECT_LE(views.deadline(), now.mono_ms);
  const auto said = run(views, 0);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_NE(said[0].payload.find("\"value\":2,"), std::string::npos);
  EXPECT_TRUE(run(views, 60'000).empty());
}

TEST_F(ViewsTest, EveryLinkHearsIt) {
  Views views(options, themselves);
  write(counter("k", 1, 1));
  const auto said = run(views, 0, {0, 2});
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[1].link, 2u);
  EXPECT_EQ(counters.views, 2u);
}

TEST_F(ViewsTest, HasAtMostSoManyTopics) {
  options.view_topics_max = 3;
  Views views(options, themselves);
  for (int i = 0; i < 10; ++i) write(counter(keep("k" + std::to_string(i)), 1, 1));
  EXPECT_EQ(run(views, 0).size(), 3u);
  EXPECT_EQ(views.skipped(), 7u);
  for (int i = 0; i < 10; ++i) write(counter(keep("k" + std::to_string(i)), 2, 2));
  EXPECT_EQ(run(views, 10'000).size(), 3u);  // the same three
}

TEST_F(ViewsTest, SaysAllOfItsTopicsAgainToABrokerThatForgot) {
  Views views(options, themselves);
  for (int i = 0; i < 5; ++i) write(counter(keep("k" + std::to_string(i)), 1, 1));
  run(views, 0);
  views.announce_all();
  EXPECT_EQ(run(views, 0).size(), 5u);
}

TEST_F(ViewsTest, SaysNothingWhenSwitchedOff) {
  options.view_enabled = false;
  Views views(options, themselves);
  write(counter("k", 1, 1));
  views.announce_all();
  EXPECT_TRUE(run(views, 10'000).empty());
  EXPECT_FALSE(views.take_rows(now).empty());  // the database's rows are another matter
}

TEST_F(ViewsTest, BigSetsAndRegistersAreShownByTheirSize) {
  std::vector<std::string_view> elements;
  for (int i = 0; i < 30'000; ++i) elements.push_back(keep("element-" + std::to_string(i)));
  std::vector<std::string_view> half(elements.begin(), elements.begin() + 15'000);
  write(grown("big", 0, 1, half));
  std::vector<std::string_view> rest(elements.begin() + 15'000, elements.end());
  write(grown("big", 1, 2, rest));
  Adds adds;
  for (std::uint64_t i = 1; i <= 10; ++i)
    adds.push_back({i, keep(std::string(900, 'x') + std::to_string(i))});
  write(set("wide", 0, 10, adds));
  wire::Entry text = reg("long", 11, 11, crdt::Hlc{1}, 1);
  std::string value("\xC5\xC3\x50", 3);
  value += std::string(50'000, '\x01');
  std::get<wire::LwwPayload>(text.payload).value = value;
  write(text);
  Views views(options, themselves);
  std::map<std::string, std::string> said;
  for (const Publish& p : run(views, 0)) said[p.topic.substr(p.topic.rfind('/') + 1)] = p.payload;
  EXPECT_NE(said["big"].find("{\"size\":30000}"), std::string::npos);
  EXPECT_NE(said["wide"].find("[\"xxx"), std::string::npos);
  EXPECT_NE(said["long"].find("{\"size\":"), std::string::npos);
  for (const ValueRow& row : views.take_rows(now)) {
    EXPECT_LE(row.value.size(), 4'096u);
    if (row.key == "wide") {
      EXPECT_EQ(row.value, "{\"size\":10}");
    }
  }
}

TEST_F(ViewsTest, RowsComeEachOnceAndAFewAtATime) {
  Views views(options, themselves);
  EXPECT_EQ(views.rows_deadline(), ~std::uint64_t{0});
  for (int i = 0; i < 6'000; ++i) write(counter(keep("k" + std::to_string(i)), 1, 1));
  views.changed(now, keys.take_changed());
  EXPECT_EQ(views.rows_deadline(), now.mono_ms + options.values_interval_ms);
  EXPECT_EQ(views.take_rows(now).size(), 5'000u);
  EXPECT_NE(views.rows_deadline(), ~std::uint64_t{0});
  const auto rows = views.take_rows(now);
  ASSERT_EQ(rows.size(), 1'000u);
  EXPECT_EQ(rows[0].type, "gcounter");
  EXPECT_EQ(rows[0].value, "1");
  EXPECT_EQ(rows[0].contributors, 1u);
  EXPECT_EQ(rows[0].at_ms, now.wall_ms);
  EXPECT_TRUE(views.take_rows(now).empty());
}

TEST(ViewsOfAGateway, RowsReachTheDatabase) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.to = 1}, {counter("k", 1, 5)}));
  rig.run(14 * rig.options.values_interval_ms);
  ASSERT_EQ(rig.disk.values.size(), 1u);
  EXPECT_EQ(rig.disk.values.begin()->second.value, "5");
}

TEST(ViewsOfAGateway, RowsWaitForACommitThatHasMoreToSay) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.to = 1}, {counter("k", 1, 5)}));
  rig.run(500);
  const std::uint64_t commits = rig.gateway->counters().commits;
  rig.run(2 * rig.options.values_interval_ms);
  EXPECT_EQ(rig.gateway->counters().commits, commits) << "none of their own";
  EXPECT_TRUE(rig.disk.values.empty());
  ASSERT_EQ(rig.values.size(), 1u) << "who looks on has them already";
  EXPECT_EQ(rig.values[0].value, "5");
  rig.up("b", envelope({.device = "b", .to = 1}, {counter("other", 1, 2)}));
  rig.run(500);
  ASSERT_EQ(rig.disk.values.size(), 1u) << "they came with it";
  EXPECT_EQ(rig.disk.values.begin()->second.value, "5");
}

TEST(ViewsOfAGateway, OfRowsThatWaitTheNewestOfAKeyIsWritten) {
  Rig rig;
  rig.boot();
  // The next comes when the one before is shown, and brings its row along; only that of the last
  // waits, and what comes before it leaves replaces it.
  for (std::uint64_t n = 1; n <= 2; ++n) {
    rig.up("a", envelope({.from = n - 1, .to = n}, {counter("k", n, n)}));
    rig.run(2 * rig.options.values_interval_ms);
    EXPECT_EQ(rig.values.size(), n) << "each was shown";
  }
  ASSERT_EQ(rig.disk.values.size(), 1u);
  EXPECT_EQ(rig.disk.values.begin()->second.value, "1") << "the second waits";
  rig.up("a", envelope({.from = 2, .to = 3}, {counter("k", 3, 3)}));
  rig.stop();
  ASSERT_TRUE(rig.committing());
  ASSERT_EQ(rig.waiting().rows->values.size(), 1u);
  EXPECT_EQ(rig.waiting().rows->values[0].value, "3");
}

TEST(ViewsOfAGateway, RowsThatWaitAreWrittenBeforeItLeaves) {
  Rig rig;
  rig.boot();
  rig.up("a", envelope({.to = 1}, {counter("k", 1, 5)}));
  rig.run(2 * rig.options.values_interval_ms);
  EXPECT_TRUE(rig.disk.values.empty());
  rig.stop();
  rig.run(500);
  EXPECT_EQ(rig.disk.values.size(), 1u);
}

// Found by the simulator, seed 100357: with more keys than topics, a restarted gateway chose others
// than before, and what it had published earlier stayed at the broker, wrong for ever.
TEST(ViewsOfAGateway, WhatAnEarlierLifePublishedIsKeptUpOrCleared) {
  Options options = Rig::defaults();
  options.view_topics_max = 2;
  Rig rig(options);
  rig.boot();
  for (const std::string key : {"z", "y", "a"}) {
    rig.up("d-" + key, envelope({.device = keep("d-" + key), .to = 1}, {counter(keep(key), 1, 5)}));
    rig.run(1'000);
  }
  rig.take("view/");
  rig.reboot();
  const auto earlier = [&](const std::string& name) {
    rig.hear(rig.topic("view/gw/" + name), "{}", true);
  };
  earlier("gcounter/z");
  earlier("gcounter/y");
  earlier("gcounter/of-a-lost-disk");
  earlier("gcounter");
  earlier("no-type/z");
  rig.hear(rig.topic("view/gw/gcounter/of-nobody"), "{}", false);  // not what was retained
  rig.hear(rig.topic("view/another/gcounter/q"), "{}", true);
  rig.run(2'000);
  std::map<std::string, std::string> said;
  for (const Publish& p : rig.take("view/"))
    said[p.topic.substr(rig.topic("view/gw/").size())] = p.payload;
  EXPECT_EQ(said.size(), 5u);
  EXPECT_NE(said["gcounter/z"], "");
  EXPECT_NE(said["gcounter/y"], "");
  for (const char* gone : {"gcounter/of-a-lost-disk", "gcounter", "no-type/z"}) {
    ASSERT_EQ(said.count(gone), 1u) << gone;
    EXPECT_EQ(said[gone], "") << gone;
  }
  // Something was cleared: the replay may have been cut, so once more. Then nothing is left.
  for (const bool again : {true, false}) {
    rig.take_subscriptions();
    rig.hear(rig.topic("view/gw"), "{}",
             true);  // is no view: nothing to clear, and no reason to go on
    rig.run(60'000);
    const auto later = rig.take_subscriptions();
    ASSERT_EQ(later.size(), 1u);
    EXPECT_EQ(later[0].filter, rig.topic("view/gw/#"));
    EXPECT_EQ(later[0].subscribe, again);
  }
}

// Found by the simulator, seed 401807: a clone of a gateway leaves its own topics, and overwrites
// what the gateway had published.
TEST(ViewsOfAGateway, AfterACloneEverythingIsPublishedAgain) {
  Rig rig;
  rig.boot();
  rig.up("d", envelope({.device = "d", .to = 1}, {counter("k", 1, 5)}));
  rig.run(40'000);
  rig.take_subscriptions();
  const auto heads = rig.take("gw/gw/head");
  ASSERT_FALSE(heads.empty());
  auto stranger = wire::decode_head(heads.back().payload, wire::Limits{});
  ASSERT_TRUE(stranger);
  stranger->session += 1;
  rig.take("");
  rig.hear(rig.topic("gw/gw/head"), wire::seal(wire::encode_body(*stranger)));
  rig.run(31'000);
  EXPECT_FALSE(rig.take("view/gw/gcounter/k").empty());
  EXPECT_FALSE(rig.take("gw/gw/state/").empty());
  const auto asked = rig.take_subscriptions();
  EXPECT_TRUE(std::any_of(asked.begin(), asked.end(), [&](const Subscription& s) {
    return s.filter == rig.topic("view/gw/#") && s.subscribe;
  }));
}

// Found by the simulator, seed 1004248: a clone with the same client id. Each took the connection
// from the other one, so no head of it was ever heard, only the will that it left.
TEST(ViewsOfAGateway, ACloneIsKnownByTheStatusOfItsWill) {
  Rig rig;
  rig.boot();
  rig.up("d", envelope({.device = "d", .to = 1}, {counter("k", 1, 5)}));
  rig.run(40'000);
  const auto statuses = rig.take("gw/gw/status");
  ASSERT_FALSE(statuses.empty());
  auto will = read_status(statuses.back().payload);
  ASSERT_TRUE(will);
  will->online = false;
  rig.hear(rig.topic("gw/gw/status"), to_json(*will), true);
  rig.run(31'000);
  rig.take_subscriptions();
  EXPECT_TRUE(rig.take("view/gw/gcounter/k").size() <= 1) << "a will of our own is no stranger";
  will->session += 1;
  rig.hear(rig.topic("gw/gw/status"), to_json(*will), true);
  rig.run(31'000);
  EXPECT_FALSE(rig.take("view/gw/gcounter/k").empty());
  const auto asked = rig.take_subscriptions();
  EXPECT_TRUE(std::any_of(asked.begin(), asked.end(), [&](const Subscription& s) {
    return s.filter == rig.topic("view/gw/#") && s.subscribe;
  }));
}

}  // namespace
}  // namespace tributary::core::testing
