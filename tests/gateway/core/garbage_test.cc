// SPDX-License-Identifier: Apache-2.0
// Whatever arrives, on any topic: refused, counted, named, and nothing changes.
#include <gtest/gtest.h>

#include <random>

#include "tests/gateway/core/support/rig.h"
#include "transports/wire/pack.h"

namespace tributary::core::testing {
namespace {

std::string random_bytes(std::mt19937_64& random, std::size_t most) {
  std::string out(random() % most, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

TEST(Garbage, GarbageOnEveryTopicChangesNothing) {
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

TEST(Garbage, DeadLettersAreCutAndCountedByTheWindow) {
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

TEST(Garbage, NoticesOfOneOutputAreBounded) {
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

TEST(Garbage, EveryReasonHasAName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Reject::count_); ++i)
    names.insert(name(static_cast<Reject>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Reject::count_) + 1);
}

TEST(Garbage, AnUnknownVersionIsNamedSo) {
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

}  // namespace
}  // namespace tributary::core::testing
