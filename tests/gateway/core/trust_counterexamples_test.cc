// SPDX-License-Identifier: Apache-2.0
// Counterexamples that a second reader found in the first version of signatures; each failed then.
#include <gtest/gtest.h>

#include <algorithm>

#include "firmware-sim/sdk/device.h"
#include "tests/gateway/core/support/enrolled.h"
#include "transports/wire/ack.h"
#include "transports/wire/record.h"

namespace tributary::core::testing {
namespace {
using wire::Type;

struct TrustCounterexample : ::testing::Test {
  explicit TrustCounterexample(const Options& options = enrolled()) : rig(options) {}
  void SetUp() override {
    rig.boot();
    give(rig, {registry({"a", "b", "gw", "gw2"})});
  }
  sdk::Device open(const std::string& saved, bool with_signer = true) {
    sdk::Options o;
    o.fleet = "demo", o.device = "a";
    o.random = [this] { return ++epochs; };
    o.save = [this](std::string_view s) { return memory = s, true; };
    o.saved = saved;
    o.refresh_ms = 0;
    if (with_signer) {
      o.signer = key_of("a");
      o.members.push_back({"gw", key_of("gw").key, true});
    }
    auto d = sdk::Device::open(std::move(o));
    EXPECT_TRUE(d);
    return std::move(*d);
  }
  // All that is due, and the ack back.
  std::vector<sdk::Event> exchange(sdk::Device& d, bool ack_arrives = true) {
    rig.run(60);
    for (const sdk::Packet& p : d.poll(rig.now().wall_ms)) rig.up("a", p.payload);
    rig.settle();
    const auto ack = rig.ack("a");
    if (!ack || !ack_arrives) return {};
    return d.receive(rig.now().wall_ms, ack->bytes);
  }
  Rig rig;
  std::uint64_t epochs = 100;
  std::string memory;
};

TEST_F(TrustCounterexample, RolledBackDeviceThatSignsLearnsOfItsTwin) {
  sdk::Device d = open("");
  for (int i = 0; i < 5; ++i) d.counter("c").add(1);
  exchange(d);
  d.persist();
  const std::string old = memory;
  for (int i = 0; i < 3; ++i) d.counter("c").add(1);
  exchange(d);
  sdk::Device back = open(old);
  const std::uint64_t epoch = back.epoch();
  for (int i = 0; i < 4; ++i) back.counter("c").add(1);
  for (int tries = 0; tries < 6 && back.epoch() == epoch; ++tries) {
    exchange(back);
    EXPECT_LE(back.safe(), 5u) << "nothing that was done after the roll-back is promised";
    rig.run(5'000);  // it sends again
  }
  EXPECT_NE(back.epoch(), epoch) << "safe " << back.safe() << ", shown "
                                 << rig.shows("c", Type::gcounter) << " of 12 that were counted";
}

TEST_F(TrustCounterexample, OvertakingClonesLearnOfEachOther) {
  sdk::Device a = open("");
  a.counter("c").add(1);
  exchange(a);
  a.persist();
  sdk::Device b = open(memory);
  const std::uint64_t epoch = a.epoch();
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i <= 4 * round; ++i) a.counter("c").add(1);
    exchange(a);
    for (int i = 0; i <= 4 * round + 2; ++i) b.counter("c").add(1);
    exchange(b);
  }
  EXPECT_TRUE(a.epoch() != epoch || b.epoch() != epoch) << a.safe() << ' ' << b.safe();
}

// A device that left keys out says so with an envelope that has no entries, so no gateway holds it
// as data: an older memory of the device could not be shown it, and waited for ever.
struct SilentTwin : TrustCounterexample {
  SilentTwin() : TrustCounterexample(permitting()) {}
  static Options permitting() {
    Options o = enrolled();
    o.trust.permissions = true;
    return o;
  }
  void SetUp() override {
    TrustCounterexample::SetUp();
    wire::GrantRecord mine;
    mine.members = "a", mine.keys = "mine", mine.operations = wire::GrantRecord::add;
    const std::string record = wire::encode(mine);
    give(rig, {by("admin", {.device = "admin", .from = 4, .to = 5},
                  {grown(wire::grants_key, 4, 5, {record})})});
    sdk::Device d = open("");
    d.counter("mine").add(1);
    exchange(d);
    d.persist();
    old = memory;
    ASSERT_EQ(d.safe(), 1u);
    d.counter("others").add(1);
    for (const sdk::Event& e : exchange(d)) refused |= e.kind == sdk::Event::Kind::refused;
    exchange(d);
    EXPECT_EQ(d.safe(), 3u);
  }
  void runs_in_an_epoch_of_its_own() {
    sdk::Device back = open(old);
    const std::uint64_t epoch = back.epoch();
    back.counter("mine").add(1);
    for (int tries = 0; tries < 3 && back.epoch() == epoch; ++tries) exchange(back), rig.run(5'000);
    EXPECT_NE(back.epoch(), epoch) << "safe " << back.safe();
    back.counter("mine").add(1);
    exchange(back);
    EXPECT_EQ(back.safe(), 1u);
    // Of the old epoch what came before the twin was found may be counted, and was here.
    EXPECT_EQ(rig.shows("mine", Type::gcounter), "3");
  }
  std::string old;
  bool refused = false;
};

TEST_F(SilentTwin, IsShown) {
  EXPECT_TRUE(refused);
  runs_in_an_epoch_of_its_own();
}

TEST_F(SilentTwin, IsShownAfterARestart) {
  rig.reboot();
  runs_in_an_epoch_of_its_own();
}

TEST_F(SilentTwin, IsKeptNoLongerThanItIsTheNewest) {
  const auto kept = [&] {  // the version of an actor's row: ack_book.h
    return std::any_of(rig.disk.actors.begin(), rig.disk.actors.end(), [](const auto& row) {
      return row.second.device == "a" && row.second.intake.front() == 2;
    });
  };
  EXPECT_TRUE(kept());
  sdk::Device d = open(memory);
  d.counter("mine").add(1);
  exchange(d);
  EXPECT_EQ(rig.shows("mine", Type::gcounter), "2");
  EXPECT_FALSE(kept());
}

TEST_F(SilentTwin, IsShownWithARefusal) {
  sdk::Device back = open(old);
  const std::uint64_t epoch = back.epoch();
  back.counter("others").add(1);
  exchange(back);
  EXPECT_NE(back.epoch(), epoch);
}

TEST_F(TrustCounterexample, ForgedHeadsAreThrottledToo) {
  wire::Head h;
  h.fleet = "demo", h.gateway = "gw2", h.incarnation = 5, h.session = 6;
  const std::string bad =
      torn(signing::seal(signing::Kind::head, "demo", wire::encode_body(h), key_of("gw2")));
  for (int i = 0; i < 300; ++i) rig.hear(rig.topic("gw/gw2/head"), bad, true);
  EXPECT_LT(rig.rejected(Reject::bad_signature), 100u) << "each cost a verification";
}

TEST_F(TrustCounterexample, ThrottlingSurvivesManyOffenders) {
  for (int i = 0; i < 256; ++i) {
    const std::string id = "u" + std::to_string(i);
    rig.up(id, envelope({.device = id}, {}));  // unsigned: a roll-out gone wrong
  }
  for (std::uint64_t i = 1; i <= 300; ++i) rig.up("a", torn(one("a", i, i)));
  EXPECT_LT(rig.rejected(Reject::bad_signature), 100u);
}

TEST_F(TrustCounterexample, ForgeriesInTheAdminsNameDoNotKeepItsFileOut) {
  for (std::uint64_t i = 1; i <= 100; ++i) rig.up("admin", torn(registry({"c"}, 3 + i)));
  rig.settle();
  give(rig, {registry({"a", "b", "gw", "gw2"}), registry({"c"}, 4)});
  EXPECT_EQ(rig.gateway->summary().registered_keys, 5u);
  std::size_t admins = 0;
  for (const auto& [row, e] : rig.disk.envelopes) admins += e.device == "admin" ? 1 : 0;
  EXPECT_EQ(admins, 2u) << "said to be taken, known in memory, neither stored nor passed on";
}

TEST_F(TrustCounterexample, ARottenAdminRowDoesNotCostEverybodysRows) {
  rig.up("a", one("a"));
  rig.up("b", one("b", 1, 7));
  rig.settle();
  rig.crash();
  for (auto& [row, e] : rig.disk.envelopes)
    if (e.device == "admin") e.bytes[30] = static_cast<char>(e.bytes[30] ^ 1);
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.disk.quarantine.size(), 1u);
  give(rig, {registry({"a", "b", "gw", "gw2"})});
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "12");
}

// Found by the simulator, seed 50566: what had waited for its signer after a restart was stored
// anew, and its old row stayed. At the next restart the disk had more than the intake rests on.
struct RottenAdminRow : TrustCounterexample {
  // Each a key of its own, so that all of them stay. More than strangers are allowed.
  static constexpr std::uint64_t envelopes = 100;
  static std::string nth(std::uint64_t n) {
    return by_itself({.device = "a", .from = n - 1, .to = n},
                     {counter("key-" + std::to_string(n), n, n)});
  }
  void SetUp() override {
    TrustCounterexample::SetUp();
    for (std::uint64_t n = 1; n <= envelopes; ++n) rig.up("a", nth(n));
    rig.settle();
    ASSERT_EQ(rows(), envelopes);
    rig.crash();
    for (auto& [row, e] : rig.disk.envelopes)
      if (e.device == "admin") e.bytes[30] = static_cast<char>(e.bytes[30] ^ 1);
    rig.boot();
    rig.settle();
    ASSERT_EQ(rows(), envelopes) << "they stay until it is known who signed them";
  }
  std::size_t rows() const {
    return static_cast<std::size_t>(
        std::count_if(rig.disk.envelopes.begin(), rig.disk.envelopes.end(),
                      [](const auto& row) { return row.second.device == "a"; }));
  }
  std::uint64_t of_a() const {
    for (const DeviceView& d : rig.gateway->devices("", 0, 1'000))
      if (d.device == "a") return d.op;
    return 0;
  }
};

TEST_F(RottenAdminRow, EveryEnvelopeIsTakenAndHasOneRow) {
  give(rig, {registry({"a", "b", "gw", "gw2"})});
  EXPECT_EQ(rig.shows("key-1", Type::gcounter), "1") << "not only what strangers may have";
  EXPECT_EQ(rows(), envelopes);
  EXPECT_EQ(of_a(), envelopes);
  const std::string digest = rig.digest();
  rig.reboot();
  EXPECT_EQ(of_a(), envelopes) << "the intake is not forgotten once more";
  EXPECT_EQ(rig.digest(), digest);
}

TEST_F(RottenAdminRow, WhatKnowsOthersFirstStillWaits) {
  give(rig, {registry({"b", "gw"})});
  EXPECT_EQ(rows(), envelopes);
  EXPECT_EQ(of_a(), 0u);
  give(rig, {registry({"a"}, 2)});
  EXPECT_EQ(of_a(), envelopes);
  EXPECT_EQ(rows(), envelopes);
}

TEST_F(RottenAdminRow, ASecondRowOfTheSameIsErased) {
  rig.crash();
  auto twice = *std::find_if(rig.disk.envelopes.begin(), rig.disk.envelopes.end(),
                             [](const auto& row) { return row.second.device == "a"; });
  twice.second.row = rig.disk.envelopes.rbegin()->first + 1;
  rig.disk.envelopes.emplace(twice.second.row, twice.second);
  rig.boot();
  rig.settle();
  EXPECT_EQ(rows(), envelopes);
  give(rig, {registry({"a", "b", "gw", "gw2"})});
  EXPECT_EQ(of_a(), envelopes);
}

TEST_F(RottenAdminRow, CopiesThatOthersSendAreBoundedLikeAllStrangers) {
  const std::string body = nth(1);
  for (int i = 0; i < 500; ++i) {
    const std::string key_id(8, static_cast<char>(i)), signature(64, static_cast<char>(i));
    rig.up("a", signed_as(body, key_id, signature));
  }
  rig.settle();
  EXPECT_LE(rig.gateway->summary().waiting, envelopes + 64);
  give(rig, {registry({"a", "b", "gw", "gw2"})});
  EXPECT_EQ(of_a(), envelopes);
}

TEST_F(RottenAdminRow, WhatWasSupersededMeanwhileLeavesNoRow) {
  std::vector<wire::Entry> all;
  for (std::uint64_t n = 1; n <= envelopes; ++n)
    all.push_back(counter(keep("key-" + std::to_string(n)), envelopes + 1, n + 1));
  give(rig, {registry({"a", "b", "gw", "gw2"})});
  rig.up("a", by_itself({.device = "a", .to = envelopes + 1}, std::move(all)));
  rig.settle();
  EXPECT_EQ(rows(), 1u);
  rig.reboot();
  EXPECT_EQ(of_a(), envelopes + 1);
  EXPECT_EQ(rig.shows("key-7", Type::gcounter), "8");
}

// The disk may have what its live envelopes supersede: nothing is missing then.
TEST_F(RottenAdminRow, MoreThanTheIntakeRestsOnIsEnough) {
  give(rig, {registry({"a", "b", "gw", "gw2"})});
  const auto old = rig.disk.envelopes;
  std::vector<wire::Entry> all;
  for (std::uint64_t n = 1; n <= envelopes; ++n)
    all.push_back(counter(keep("key-" + std::to_string(n)), envelopes + 1, n + 1));
  rig.up("a", by_itself({.device = "a", .to = envelopes + 1}, std::move(all)));
  rig.settle();
  ASSERT_EQ(rows(), 1u);
  rig.crash();
  rig.disk.envelopes.insert(old.begin(), old.end());
  rig.boot();
  EXPECT_EQ(of_a(), envelopes + 1);
  rig.settle();
  EXPECT_EQ(rows(), 1u);
}

TEST(TrustCounterexamples, ManyKeysOfOneMemberAreTheSameInEveryOrder) {
  const auto chunk = [](int from, int to) {
    std::vector<std::string_view> records;
    for (int i = from; i < to; ++i) {
      const auto& key = key_of("a" + std::to_string(i)).key;
      records.push_back(keep(wire::encode(wire::KeyRecord{"device", "a", signing::view(key)})));
    }
    const Frame f{.device = "admin",
                  .from = static_cast<std::uint64_t>(from),
                  .to = static_cast<std::uint64_t>(to)};
    return by("admin", f, {grown(wire::keys_key, f.from, f.to, std::move(records))});
  };
  Rig x(enrolled()), y(enrolled());
  x.boot(), y.boot();
  give(x, {chunk(0, 40), chunk(40, 80)});
  give(y, {chunk(40, 80), chunk(0, 40)});
  const std::string e = by("a79", {.device = "a"}, {counter("parts", 1, 1)});
  x.up("a", e), y.up("a", e);
  const std::string f = by("a39", {.device = "a", .epoch = 2}, {counter("parts", 1, 1)});
  x.up("a", f), y.up("a", f);
  x.settle(), y.settle();
  EXPECT_EQ(x.digest(), y.digest());
}

TEST(TrustCounterexamples, ADeviceIsNoGateway) {
  sdk::Options o;
  o.fleet = "demo", o.device = "a";
  o.random = [] { return std::uint64_t{7}; };
  o.signer = key_of("a");
  o.members = {{"gw", key_of("gw").key, true}, {"b", key_of("b").key, false}};
  auto d = sdk::Device::open(std::move(o));
  d->counter("c").add(1);
  const auto packets = d->poll(1'700'000'000'100);
  const auto packets2 = packets.empty() ? d->poll(1'700'000'000'200) : packets;
  ASSERT_FALSE(packets2.empty());
  wire::Ack ack;
  ack.fleet = "demo", ack.gateway = "b", ack.device = "a";
  wire::ActorAck a;
  a.epoch = 7, a.op = 1, a.hash = hash_of(packets2[0].payload);
  ack.actors.push_back(a);
  d->receive(1'700'000'000'300,
             signing::seal(signing::Kind::ack, "demo", wire::encode_body(ack), key_of("b")));
  EXPECT_EQ(d->safe(), 0u) << "acknowledged by device b";
}
}  // namespace
}  // namespace tributary::core::testing
