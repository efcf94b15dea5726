// SPDX-License-Identifier: Apache-2.0
// What is at rest leaves memory and lies on the disk alone: nobody can tell, but for the memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/gateway/core/support/enrolled.h"
#include "tests/gateway/core/support/rig.h"
#include "transports/wire/record.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

const std::string first_of_a = envelope(
    {.device = "a", .to = 3}, {counter("c", 3, 3), up_down("p", 3, 5, 2), grown("g", 0, 3, {"x"})});

// Every type, of four devices.
void fill(Rig& rig) {
  rig.up("a", first_of_a);
  rig.up("b", envelope({.device = "b", .to = 2}, {counter("c", 2, 10), grown("g", 0, 2, {"y"})}));
  rig.up("b", envelope({.device = "b", .from = 2, .to = 3}, {set("s", 0, 3, {{3, "e"}})}));
  rig.up("d", envelope({.device = "d", .to = 2}, {reg("r", 2, 2, crdt::Hlc{9}, 1)}));
  rig.up("e", envelope({.device = "e", .to = 1}, {reg("r", 1, 1, crdt::Hlc{8}, 7)}));
  rig.run(5'000);
}

struct Shown {
  std::string digest;
  std::vector<std::string> values;
  friend bool operator==(const Shown&, const Shown&) = default;
};
Shown shown(const Rig& rig) {
  Shown out{rig.gateway->summary().digest, {}};
  for (const ValueView& v : rig.gateway->values("", 0, 100))
    out.values.push_back(v.key + "=" + v.json + " of " + std::to_string(v.contributors));
  return out;
}

std::uint64_t cold_actors(const Rig& rig) {
  return rig.gateway->summary().cold_actors;
}

TEST(Cold, WhatLeavesMemoryIsShownAndDigestedAllTheSame) {
  Rig rig(Rig::cold()), warm;
  rig.boot(), warm.boot();
  fill(rig), fill(warm);
  EXPECT_EQ(cold_actors(rig), 4u);
  EXPECT_EQ(cold_actors(warm), 0u);
  EXPECT_EQ(shown(rig), shown(warm));
  const Summary s = rig.gateway->summary(), w = warm.gateway->summary();
  EXPECT_EQ(s.live_envelopes, w.live_envelopes);
  EXPECT_EQ(s.live_bytes, w.live_bytes);
  EXPECT_EQ(s.parts, w.parts);
  EXPECT_EQ(s.cold_envelopes, s.live_envelopes);
  EXPECT_LT(s.memory_bytes, w.memory_bytes);
  EXPECT_LT(s.type_bytes[1], w.type_bytes[1]);
  EXPECT_EQ(rig.gateway->cold_parts("c", 1), 2u);
  EXPECT_TRUE(rig.gateway->contributions("c", 1, "", 0, 10).empty());
  EXPECT_EQ(rig.gateway->cold_parts("r", 5), 2u);
  EXPECT_EQ(rig.gateway->cold_parts("nothing", 1), 0u);
  const auto devices = rig.gateway->devices("", 0, 10);
  ASSERT_EQ(devices.size(), 4u);
  EXPECT_EQ(devices[0].op, 3u);
  EXPECT_EQ(devices[0].top, 3u);
  EXPECT_EQ(devices[1].live_envelopes, 2u);
}

TEST(Cold, WhoSpeaksComesBackAlone) {
  Rig rig(Rig::cold());
  rig.boot();
  fill(rig);
  const std::string next =
      envelope({.device = "a", .from = 3, .to = 5}, {counter("c", 5, 4), up_down("p", 5, 5, 4)});
  rig.take("");
  rig.up("a", next);
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  EXPECT_EQ(cold_actors(rig), 3u);
  EXPECT_EQ(rig.gateway->contributions("c", 1, "", 0, 10).size(), 1u);
  rig.commit();
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 5u);
  EXPECT_EQ(ack->actors[0].hash, hash_of(next));
  EXPECT_EQ(rig.shows("c", Type::gcounter), "14");
  EXPECT_EQ(rig.shows("p", Type::pncounter), "1");
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  rig.run(1'000);
  EXPECT_EQ(cold_actors(rig), 4u) << "it rests again";
  EXPECT_EQ(rig.shows("c", Type::gcounter), "14");
  const Shown before = shown(rig);
  rig.reboot();
  EXPECT_EQ(shown(rig), before);
}

TEST(Cold, WhatWasSaidBeforeIsAnsweredAndCountsOnce) {
  Rig rig(Rig::cold());
  rig.boot();
  fill(rig);
  const Shown before = shown(rig);
  rig.take("");
  rig.up("a", first_of_a);
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 3u);
  EXPECT_EQ(shown(rig), before);
  // From a peer it is known by its hash; nobody comes back for it.
  rig.run(1'000);
  const std::uint64_t warmed = rig.gateway->counters().warmed;
  rig.hear(rig.topic("gw/g2/delta"),
           wire::encode(wire::Batch{.gateway = "g2",
                                    .incarnation = 1,
                                    .session = 1,
                                    .number = 1,
                                    .pack = keep(packed({first_of_a}, wire::Codec::plain))}));
  rig.settle();
  EXPECT_EQ(rig.gateway->counters().warmed, warmed);
}

TEST(Cold, TwoStoriesAreFoundAllTheSame) {
  Rig rig(Rig::cold());
  rig.boot();
  fill(rig);
  rig.up("a", envelope({.device = "a", .to = 3, .id = 2}, {counter("c", 3, 4)}));
  rig.settle();
  ASSERT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
  rig.run(1'000);
  EXPECT_EQ(cold_actors(rig), 3u) << "who told two stories stays";
}

// A doubted counter is shown without those who do not count, and with those who are cold.
TEST(Cold, EvidenceHeardFromOthersExcludesWhoIsCold) {
  Options o = Rig::cold(enrolled("gw"));
  o.trust.exclude_equivocators = true;
  Rig rig(o);
  rig.boot();
  EXPECT_EQ(rig.registry(packed({registry({"a", "b"})}, wire::Codec::plain)), "");
  const auto said = [](std::string_view device, std::uint64_t p, std::uint64_t id) {
    return by_itself({.device = device, .to = 3, .id = id}, {counter("c", 3, p)});
  };
  rig.up("a", said("a", 3, 1));
  rig.up("b", said("b", 10, 1));
  rig.run(3'000);
  ASSERT_EQ(cold_actors(rig), 2u);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "13");
  const std::string two = wire::encode_evidence(decoded(said("a", 4, 2)), decoded(said("a", 5, 3)));
  rig.hear(rig.topic("gw/g2/delta"),
           wire::encode(wire::Batch{.gateway = "g2",
                                    .incarnation = 1,
                                    .session = 1,
                                    .number = 1,
                                    .pack = keep(packed({two}, wire::Codec::plain))}));
  rig.run(3'000);
  ASSERT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "10");
  EXPECT_EQ(rig.gateway->value("c", 1)->contributors, 1u);
  EXPECT_EQ(cold_actors(rig), 1u);
}

// What a device removed of another's adds is needed when these die.
TEST(Cold, WhoRemovedOfOthersStaysAndOwnersAreTold) {
  Rig rig(Rig::cold());
  rig.boot();
  fill(rig);
  rig.up("b", envelope({.device = "b", .from = 3, .to = 4}, {counter("c", 4, 11)}));
  rig.run(1'000);
  ASSERT_EQ(cold_actors(rig), 4u);
  rig.take("");
  rig.up("z", envelope({.device = "z", .to = 1}, {set("s", 0, 1, {}, {}, {{"b", 1, 3}})}));
  rig.run(1'000);
  EXPECT_EQ(rig.shows("s", Type::orset), "[]");
  const auto told = rig.ack("b");
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->actors[0].op, 4u);
  EXPECT_EQ(told->actors[0].removals.size(), 1u);
  EXPECT_EQ(cold_actors(rig), 4u) << "z stays, b went again";
  rig.up("b", envelope({.device = "b", .from = 4, .to = 5}, {set("s", 0, 5)}));
  rig.run(1'000);
  EXPECT_EQ(cold_actors(rig), 5u) << "its target is dead: z may rest";
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// However many wait, only so much comes back at once: memory stays within its limit.
TEST(Cold, NotAllComeBackAtOnce) {
  Options o = Rig::defaults();
  Rig rig(o);
  rig.boot();
  constexpr std::uint64_t devices = 600;
  const auto say = [&](std::uint64_t op) {
    for (std::uint64_t n = 1; n <= devices; ++n) {
      const std::string_view device = keep("d" + std::to_string(n));
      rig.up(device,
             envelope({.device = device, .from = op - 1, .to = op}, {counter("c", op, op * n)}));
    }
  };
  say(1);
  rig.run(3'000);
  Limits small = o;
  small.warm_bytes_max = 0;
  rig.gateway->set_limits(small);
  rig.run(5'000);
  ASSERT_EQ(cold_actors(rig), devices);
  small.warm_bytes_max = Limits::unlimited;
  rig.gateway->set_limits(small);
  say(2);
  std::uint64_t commits = 0, before = 0;
  for (; rig.gateway->counters().warmed < devices && commits < 100; ++commits) {
    rig.pass(60);
    EXPECT_LE(
        rig.gateway->counters().warmed - std::exchange(before, rig.gateway->counters().warmed),
        256u);
    rig.commit();
  }
  EXPECT_GE(commits, 2u);
  rig.run(1'000);
  EXPECT_EQ(rig.shows("c", Type::gcounter), std::to_string(devices * (devices + 1)));
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

// --- what others read

TEST(Cold, WhatPeersReadIsWhole) {
  Rig rig(Rig::cold()), other(Rig::defaults("g2"));
  rig.boot(), other.boot();
  rig.run(3'000), other.run(3'000);
  fill(rig);
  ASSERT_EQ(cold_actors(rig), 4u);
  rig.up("a", envelope({.device = "a", .from = 3, .to = 4}, {counter("c", 4, 4)}));
  rig.run(5'000);
  rig.disconnect(), rig.retained.clear();
  rig.connect();
  rig.run(10'000);
  ASSERT_EQ(cold_actors(rig), 4u);
  for (const auto& [at, payload] : rig.retained) other.hear(at.second, payload, true);
  other.run(5'000);
  for (const auto& [at, payload] : rig.retained) {
    if (at.second.find("/state/") != std::string::npos) other.hear(at.second, payload, true);
  }
  other.run(5'000);
  EXPECT_EQ(other.digest(), rig.digest());
  EXPECT_EQ(rig.gateway->envelopes("", 100)->size(), rig.gateway->summary().live_envelopes);
  EXPECT_EQ(rig.gateway->envelopes("", 100, "b")->size(), 2u);
  EXPECT_EQ(rig.gateway->freeze()->live.size(), rig.gateway->summary().live_envelopes);
}

// --- a disk that fails

TEST(Cold, WhatTheDiskDoesNotGiveWaitsAndOthersGoOn) {
  Rig rig(Rig::cold());
  rig.boot();
  rig.run(3'000);
  fill(rig);
  rig.take("");
  rig.unreadable = true;
  const std::string of_a = envelope({.device = "a", .from = 3, .to = 4}, {counter("c", 4, 4)});
  rig.up("a", of_a);
  rig.up("z", parts(0, 1, 5, "z"));
  rig.settle();
  EXPECT_EQ(rig.ack("a"), nullptr);
  EXPECT_NE(rig.ack("z"), nullptr);
  EXPECT_EQ(rig.gateway->summary().pending, 1u);
  rig.run(3'000);
  EXPECT_EQ(rig.ack("a"), nullptr);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "13");
  EXPECT_FALSE(rig.gateway->envelopes("", 10));
  EXPECT_FALSE(rig.gateway->freeze());
  EXPECT_TRUE(std::any_of(rig.notices.begin(), rig.notices.end(),
                          [](const Notice& n) { return n.kind == "read-back"; }));
  rig.disconnect(), rig.retained.clear();
  rig.connect();
  rig.run(5'000);
  const auto states = [&] {
    return std::count_if(rig.retained.begin(), rig.retained.end(), [](const auto& r) {
      return r.first.second.find("/state/") != std::string::npos && !r.second.empty();
    });
  };
  EXPECT_EQ(states(), 0);
  rig.unreadable = false;
  rig.run(10'000);
  ASSERT_NE(rig.ack("a"), nullptr);
  EXPECT_EQ(rig.shows("c", Type::gcounter), "14");
  EXPECT_GE(states(), 3) << "what was to be published again was not forgotten";
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

TEST(Cold, WhoLeavesDoesNotWaitForADiskThatDoesNotGiveIt) {
  Rig rig(Rig::cold());
  rig.boot();
  rig.run(3'000);
  fill(rig);
  rig.unreadable = true;
  rig.up("a", envelope({.device = "a", .from = 3, .to = 4}, {counter("c", 4, 4)}));
  rig.run(100);
  rig.stop();
  rig.run(3'000);
  EXPECT_TRUE(rig.gateway->stopped());
  EXPECT_FALSE(rig.gateway->starts_again());
}

struct Rot {
  const char* what;
  std::function<void(Rig&)> spoil;
  friend void PrintTo(const Rot& rot, std::ostream* to) { *to << rot.what; }
};
class ColdRot : public ::testing::TestWithParam<Rot> {};

// It is found when it is touched; a start sees what is left, and says what it lost.
TEST_P(ColdRot, EndsInAStartThatForgetsWhatItCannotProve) {
  Rig rig(Rig::cold());
  rig.boot();
  rig.run(3'000);
  fill(rig);
  rig.take("");
  GetParam().spoil(rig);
  rig.up("a", envelope({.device = "a", .from = 3, .to = 4}, {counter("c", 4, 4)}));
  rig.run(3'000);
  EXPECT_TRUE(rig.gateway->starts_again());
  EXPECT_EQ(rig.ack("a"), nullptr);
  rig.reboot();
  rig.run(3'000);
  EXPECT_FALSE(rig.gateway->starts_again());
  rig.up("a", envelope({.device = "a", .from = 3, .to = 4}, {counter("c", 4, 4)}));
  rig.run(3'000);
  const auto ack = rig.ack("a");
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->actors[0].op, 0u) << "it sends all of it again";
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
}

std::uint64_t row_of_a(const Rig& rig) {
  for (const auto& [row, e] : rig.disk.envelopes) {
    if (e.device == "a") return row;
  }
  return 0;
}
INSTANTIATE_TEST_SUITE_P(
    What, ColdRot,
    ::testing::Values(Rot{"envelope",
                          [](Rig& rig) { rig.disk.envelopes.at(row_of_a(rig)).bytes.back() ^= 1; }},
                      Rot{"another",
                          [](Rig& rig) {
                            rig.disk.envelopes.at(row_of_a(rig)).bytes =
                                envelope({.device = "a", .to = 3}, {counter("c", 3, 9)});
                          }},
                      Rot{"gone", [](Rig& rig) { rig.disk.envelopes.erase(row_of_a(rig)); }},
                      Rot{"intake",
                          [](Rig& rig) {
                            for (auto& [row, a] : rig.disk.actors) {
                              if (a.device == "a") a.intake[1] = static_cast<char>(a.intake[1] ^ 1);
                            }
                          }}),
    [](const auto& of) { return std::string(of.param.what); });

// So it is when somebody reads what is there.
TEST(Cold, RotIsFoundByWhoReads) {
  Rig rig(Rig::cold());
  rig.boot();
  rig.run(3'000);
  fill(rig);
  rig.disk.envelopes.at(row_of_a(rig)).bytes =
      envelope({.device = "a", .to = 3}, {counter("c", 3, 9)});
  EXPECT_FALSE(rig.gateway->envelopes("", 100));
  rig.run(3'000);
  EXPECT_TRUE(rig.gateway->starts_again());
  EXPECT_TRUE(std::any_of(rig.notices.begin(), rig.notices.end(),
                          [](const Notice& n) { return n.kind == "rot"; }));
}

// --- a start

// Starts with whoever is whole leaving memory at once; a disk that does not give them back then
// makes it start again.
void start_cold(Rig& rig, bool unreadable) {
  rig.options.warm_bytes_max = 0;
  bool seen_cold = false;
  rig.boot_early([&] {
    seen_cold |= cold_actors(rig) > 0;
    rig.unreadable = unreadable;
  });
  EXPECT_TRUE(seen_cold);
  EXPECT_EQ(rig.gateway->starts_again(), unreadable);
  rig.unreadable = false;
  if (unreadable) rig.reboot();
  rig.run(3'000);
}

// What waited for its signer may lie there beside what supersedes it.
TEST(Cold, ARowMoreThanWasCountedBringsItsActorBack) {
  for (const bool unreadable : {false, true}) {
    Rig rig;
    rig.boot();
    fill(rig);
    const Shown before = shown(rig);
    const std::size_t rows = rig.disk.envelopes.size();
    const std::string older = envelope({.device = "a", .to = 2}, {counter("c", 2, 2)});
    EnvelopeRow row = rig.disk.envelopes.at(row_of_a(rig));
    row.row = 99;
    row.hash = std::string(hash_of(older).view());
    row.bytes = older;
    rig.disk.envelopes.emplace(row.row, row);
    rig.crash();
    start_cold(rig, unreadable);
    EXPECT_EQ(shown(rig), before);
    EXPECT_EQ(rig.disk.envelopes.size(), rows);
  }
}

TEST(Cold, EvidenceThatAStartReadsLateBringsItsActorBack) {
  for (const bool unreadable : {false, true}) {
    Rig rig;
    rig.boot();
    fill(rig);
    rig.up("a", envelope({.device = "a", .to = 3, .id = 2}, {counter("c", 3, 4)}));
    rig.run(3'000);
    ASSERT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
    const Shown before = shown(rig);
    rig.crash();
    const auto rows = rig.disk.envelopes;
    for (auto [row, e] : rows) {  // read after all else
      if (!wire::is_evidence(e.bytes)) continue;
      rig.disk.envelopes.erase(row);
      e.row = 99;
      rig.disk.envelopes.emplace(e.row, e);
    }
    start_cold(rig, unreadable);
    EXPECT_EQ(shown(rig), before);
    EXPECT_EQ(rig.gateway->evidence("", 0, 10).size(), 1u);
  }
}

TEST(Cold, AStartLeavesWhatDoesNotFitOnTheDisk) {
  Rig rig;
  rig.boot();
  constexpr std::uint64_t devices = 400;
  for (std::uint64_t n = 1; n <= devices; ++n) {
    const std::string_view device = keep("d" + std::to_string(n));
    std::vector<wire::Entry> entries{counter("c", 2, n), up_down("p", 2, n, 1)};
    for (int k = 0; k < 40; ++k)
      entries.push_back(counter(keep("more/" + std::to_string(k)), 2, n));
    rig.up(device, envelope({.device = device, .to = 2}, std::move(entries)));
    if (n % 50 == 0) rig.settle();
  }
  const Shown before = shown(rig);
  const std::size_t full = rig.gateway->summary().memory_bytes;
  rig.take("");
  rig.crash();
  rig.options.total_bytes_max = full / 2;
  std::size_t most = 0;
  bool said = false;
  std::unique_ptr<Rig::HeardAck> ack;
  rig.boot_early([&] {
    most = std::max<std::size_t>(most, rig.gateway->summary().memory_bytes);
    // Somebody whose rows were read, and left memory again.
    if (cold_actors(rig) > 10 && !std::exchange(said, true))
      rig.up("d1", envelope({.device = "d1", .from = 2, .to = 3}, {counter("c", 3, 2)}));
    rig.commit();
    if (!ack) ack = rig.ack("d1");
  });
  EXPECT_LT(most, full / 2);
  EXPECT_GT(cold_actors(rig), devices / 3);
  ASSERT_NE(ack, nullptr) << "it is answered before the start";
  EXPECT_EQ(ack->actors[0].op, 3u);
  rig.run(3'000);
  EXPECT_EQ(rig.on_disk()->digest(), rig.digest());
  EXPECT_EQ(rig.shows("c", Type::gcounter), std::to_string(devices * (devices + 1) / 2 + 1));
  EXPECT_EQ(rig.gateway->value("p", 2)->contributors, devices);
  EXPECT_NE(shown(rig), before);
}

}  // namespace
}  // namespace tributary::core::testing
