// SPDX-License-Identifier: Apache-2.0
// A fleet that requires signatures: what is counted, what is refused, what waits, and who is named.
// (Repetitions, throttling, restarts, heads: trust_over_time_test.cc.)
#include "gateway/core/trust.h"

#include <gtest/gtest.h>

#include "tests/gateway/core/support/enrolled.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

// A gateway whose registry has a, b and the gateways gw and gw2, all committed.
class TrustTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.boot();
    give(rig, {registry({"a", "b", "gw", "gw2"})});
    rig.run(500);
    rig.take("");
  }
  static void give(Rig& to, const std::vector<std::string>& envelopes) {
    const std::vector<std::string_view> all(envelopes.begin(), envelopes.end());
    EXPECT_EQ(to.gateway->registry(to.now(), packed(all, wire::Codec::plain)), "");
  }
  // What is seen of the state from outside and on the disk.
  std::string state() const {
    std::string out = rig.gateway->summary().digest;
    for (const auto& [row, e] : rig.disk.envelopes) out += '/' + wire::to_hex(e.bytes);
    return out;
  }
  const OffenderView* offender(std::string_view name) {
    offenders_ = rig.gateway->offenders();
    for (const OffenderView& o : offenders_)
      if (o.name == name) return &o;
    return nullptr;
  }

  Rig rig{enrolled()};

 private:
  std::vector<OffenderView> offenders_;
};

TEST(RegistryFile, ThatIsReadBeforeTheStartIsKnownFromTheFirstMessageOn) {
  Gateway gateway(enrolled("gw"), 1, 1);
  const Instant now{1'000'000, 1'700'000'000'000};
  EXPECT_EQ(gateway.registry(now, packed({registry({"a", "gw"})}, wire::Codec::plain)), "");
  gateway.attach({"local"});
  gateway.start(now);
  EXPECT_EQ(gateway.summary().registered_keys, 2u);
  EXPECT_EQ(gateway.summary().pending, 1u) << "it is data, too, and goes to the disk";
}

TEST_F(TrustTest, WhatItsDeviceSignedIsCountedAndTheAckIsSigned) {
  EXPECT_EQ(rig.gateway->summary().registered_keys, 4u);
  rig.meet();
  rig.up("a", one("a"));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
  const auto ack = rig.ack("a");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->actors.at(0).op, 1u);
  EXPECT_TRUE(ack->actors.at(0).removals.empty()) << "the device knows its own newest delta";
  const auto sealed = wire::decode_sealed(ack->bytes, wire::Limits{});
  EXPECT_TRUE(signing::verifies(key_of("gw").key, signing::Kind::ack, "demo", *sealed));
  EXPECT_EQ(sealed->key_id, key_of("gw").id);
  EXPECT_TRUE(rig.gateway->offenders().empty());
  EXPECT_EQ(rig.take("gw/gw/delta").size(), 1u);
}

struct Forgery {
  const char* name;
  std::string bytes;  // says that it is of device a
  Reject reason;
};

std::vector<Forgery> forgeries() {
  const std::string good = one("a", 2, 9);
  const wire::Sealed s = *wire::decode_sealed(good, wire::Limits{});
  const std::string altered = one("a", 2, 10);
  const auto as_kind = [&](signing::Kind kind, std::string_view fleet) {
    return signing::seal(kind, fleet, s.body, key_of("a"));
  };
  const std::string by_b = by("b", {.device = "a", .to = 2}, {counter("parts", 2, 9)});
  const std::string_view b_signature = wire::decode_sealed(by_b, wire::Limits{})->signature;
  std::string middle = good;
  middle[middle.size() - 40] = static_cast<char>(middle[middle.size() - 40] ^ 0x10);
  return {
      {"unsigned", envelope({.device = "a", .to = 2}, {counter("parts", 2, 9)}),
       Reject::no_signature},
      {"the key of b under its own name", by_b, Reject::stranger},
      {"a key that nobody has", by("thief", {.device = "a", .to = 2}, {counter("parts", 2, 9)}),
       Reject::stranger},
      {"the key of b under the name of a's", signed_as(by_b, s.key_id, b_signature),
       Reject::bad_signature},
      {"a bit of s turned", torn(good), Reject::bad_signature},
      {"a bit of R turned", middle, Reject::bad_signature},
      {"another body under the true signature", signed_as(altered, s.key_id, s.signature),
       Reject::bad_signature},
      {"signed as an ack", as_kind(signing::Kind::ack, "demo"), Reject::bad_signature},
      {"signed for another fleet", as_kind(signing::Kind::delta, "demo2"), Reject::bad_signature},
      {"zeros", signed_as(good, s.key_id, std::string(64, '\0')), Reject::bad_signature},
  };
}

// What gateways cosign is asked about by its kind.
TEST_F(TrustTest, WhatAGatewaySignedIsItsOwnAndOfOneKind) {
  const auto signed_by = [&](std::string_view gateway, signing::Kind kind,
                             std::string_view signer) {
    const std::string bytes = signing::seal(signing::Kind::seal, "demo", "body", key_of(signer));
    return rig.gateway->signed_by(gateway, kind, *wire::decode_sealed(bytes, wire::Limits{}));
  };
  EXPECT_TRUE(signed_by("gw2", signing::Kind::seal, "gw2"));
  EXPECT_FALSE(signed_by("gw2", signing::Kind::seal, "a"));
  EXPECT_FALSE(signed_by("gw2", signing::Kind::proposal, "gw2"));
  EXPECT_FALSE(signed_by("gw3", signing::Kind::seal, "gw2"));
}

TEST_F(TrustTest, ForgeriesAreRefusedByReasonAndTheirBringerIsNamed) {
  rig.meet();
  rig.up("a", one("a"));
  rig.settle();
  rig.take("");
  const std::string before = state();
  std::array<std::uint64_t, static_cast<std::size_t>(Reject::count_)> expected{};
  std::uint64_t forged = 0;
  for (const Forgery& f : forgeries()) {
    SCOPED_TRACE(f.name);
    const Instant at = rig.now();
    rig.up("a", f.bytes);
    rig.settle();
    expected[static_cast<std::size_t>(f.reason)] += 1;
    for (std::size_t r = 0; r < expected.size(); ++r)
      EXPECT_EQ(rig.rejected(static_cast<Reject>(r)), expected[r]) << name(static_cast<Reject>(r));
    EXPECT_EQ(state(), before);
    EXPECT_TRUE(rig.take("gw/gw/delta").empty()) << "it is passed on";
    const auto ack = rig.ack("a");
    if (f.reason == Reject::stranger) {
      EXPECT_FALSE(ack) << "what waits is not answered";
      continue;
    }
    ASSERT_TRUE(ack);
    ASSERT_EQ(ack->actors.at(0).refusals.size(), 1u);
    EXPECT_EQ(ack->actors[0].refusals[0].to, 2u);
    EXPECT_TRUE(ack->actors[0].refusals[0].keys.empty()) << "there is nothing to leave out";
    EXPECT_EQ(ack->actors[0].op, 1u);
    const OffenderView* o = offender("up/a");
    ASSERT_TRUE(o);
    EXPECT_EQ(o->refused, ++forged);
    EXPECT_EQ(o->why, name(f.reason));
    EXPECT_EQ(o->at_ms, at.wall_ms);
  }
  EXPECT_EQ(rig.gateway->offenders().size(), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
}

// What a peer relays is its word, not the device's: the peer is named, the device is not answered.
TEST_F(TrustTest, APeerThatRelaysForgeriesIsNamed) {
  const std::string before = state();
  std::uint64_t number = 0, refused = 0;
  for (const Forgery& f : forgeries()) {
    SCOPED_TRACE(f.name);
    rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", ++number, {f.bytes}));
    rig.settle();
    refused += f.reason == Reject::stranger ? 0 : 1;
    EXPECT_EQ(state(), before);
  }
  const OffenderView* o = offender("gw/gw2");
  ASSERT_TRUE(o);
  EXPECT_EQ(o->refused, refused);
  EXPECT_EQ(rig.gateway->offenders().size(), 1u);
  EXPECT_TRUE(rig.take("ack/").empty());
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", ++number, {one("a")}));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5") << "and what is true is taken from it";
}

TEST_F(TrustTest, WhatComesBeforeItsRecordWaitsAndIsCountedThen) {
  const std::string early = one("c");
  rig.up("c", early);
  rig.settle();
  EXPECT_EQ(rig.gateway->summary().waiting, 1u);
  EXPECT_EQ(rig.rejected(Reject::stranger), 1u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "nothing");
  EXPECT_FALSE(rig.ack("c"));
  EXPECT_TRUE(rig.gateway->offenders().empty());
  give(rig, {registry({"c"}, 4)});
  rig.run(300);
  EXPECT_EQ(rig.gateway->summary().waiting, 0u);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
  ASSERT_TRUE(rig.ack("c"));

  Rig other(enrolled());
  other.boot();
  give(other, {registry({"a", "b", "gw", "gw2"}), registry({"c"}, 4)});
  other.run(300);
  other.up("c", early);
  other.settle();
  EXPECT_EQ(other.digest(), rig.digest());
}

// The record may come from a peer, in the same batch, behind what it is needed for.
TEST_F(TrustTest, TheRegistryTravelsLikeEverythingElse) {
  Rig bare(enrolled("gw2"));
  bare.boot();
  bare.hear(bare.topic("gw/gw/delta"),
            batch("gw", 1, {one("a"), registry({"a", "b", "gw", "gw2"}), one("b", 1, 7)}));
  bare.run(500);
  rig.up("a", one("a"));
  rig.up("b", one("b", 1, 7));
  rig.settle();
  EXPECT_EQ(bare.shows("parts", Type::gcounter), "12");
  EXPECT_EQ(bare.digest(), rig.digest());
  EXPECT_EQ(bare.gateway->summary().registered_keys, 4u);
}

TEST_F(TrustTest, WhatWaitsIsBoundedAndHonestOnesComeAgain) {
  rig.up("c", one("c"));
  const std::string before = state();
  const Summary empty = rig.gateway->summary();
  const std::string junk(64, 'j');
  for (std::uint64_t i = 0; i < 6'000; ++i) {
    const std::string id = "x" + std::to_string(i);
    const std::string e = by_itself({.device = "a", .to = i + 1}, {counter("k", i + 1, 1)});
    const std::string other = envelope({.device = id, .to = 1}, {counter(id, 1, 1)});
    // Neither signature is looked at: no key of that name is known.
    wire::Envelope made = decoded(other);
    made.delta.is_signed = true;
    rig.up(id, wire::seal(wire::encode_delta(made.delta), "nokey", junk));
    if (i < 200) rig.up("a", signed_as(e, "nokey", junk));
  }
  rig.settle();
  EXPECT_LE(rig.gateway->summary().waiting, 4'096u);
  EXPECT_GE(rig.gateway->summary().waiting, 4'000u);
  EXPECT_EQ(state(), before);
  EXPECT_EQ(rig.gateway->summary().actors, empty.actors);
  EXPECT_EQ(rig.gateway->summary().keys, empty.keys);
  EXPECT_EQ(rig.gateway->summary().state_bytes, empty.state_bytes);
  rig.up("a", one("a"));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5") << "who is enrolled does not wait behind them";
  give(rig, {registry({"c"}, 4)});
  rig.run(300);
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5") << "c's was the oldest, and gave way";
  rig.up("c", one("c"));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "10");
}

TEST_F(TrustTest, WhatWaitsIsBoundedForOneDeviceAndInBytes) {
  const std::string junk(64, 'j');
  for (std::uint64_t i = 1; i <= 200; ++i) rig.up("c", signed_as(one("c", i, i), "nokey", junk));
  EXPECT_EQ(rig.gateway->summary().waiting, 64u);
  const std::string_view element = keep(std::string(1'000, 'e'));
  std::vector<std::string_view> elements;
  for (int i = 0; i < 150; ++i) elements.push_back(keep(std::to_string(i) + std::string(element)));
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::string id = "big" + std::to_string(i);
    const Frame f{.device = id, .to = 150};
    rig.up(id, signed_as(by_itself(f, {grown("s", 0, 150, elements)}), "nokey", junk));
  }
  EXPECT_LT(rig.gateway->summary().waiting, 120u) << "16 MiB of 150 KB each";
  EXPECT_GT(rig.gateway->summary().waiting, 90u);
}

TEST_F(TrustTest, OnlyTheAdminWritesTheRegistry) {
  const std::string before = state();
  const auto record = [](std::string_view signer, std::string_view device) {
    const std::string_view r = keep(registry({"thief"}, 4));
    const wire::Envelope e = decoded(r);
    return by(signer, {.device = device, .from = 4, .to = 5}, e.delta.entries);
  };
  rig.up("a", record("a", "a"));
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {record("b", "b")}));
  rig.settle();
  EXPECT_EQ(rig.rejected(Reject::reserved_key), 2u);
  const auto ack = rig.ack("a");
  ASSERT_TRUE(ack);
  ASSERT_EQ(ack->actors.at(0).refusals.size(), 1u);
  ASSERT_EQ(ack->actors[0].refusals[0].keys.size(), 1u);
  EXPECT_EQ(ack->actors[0].refusals[0].keys[0].first, wire::keys_key);

  rig.up("a", record("admin", "admin"));
  EXPECT_EQ(rig.rejected(Reject::wrong_device), 1u) << "not on the topic of another";

  // The admin's name, with the keys of others.
  const std::string forged = record("a", "admin");
  const wire::Sealed s = *wire::decode_sealed(forged, wire::Limits{});
  rig.up("admin", forged);
  EXPECT_EQ(rig.rejected(Reject::stranger), 1u);
  rig.up("admin", signed_as(forged, key_of("admin").id, s.signature));
  EXPECT_EQ(rig.rejected(Reject::bad_signature), 1u);
  rig.up("admin", envelope({.device = "admin", .from = 4, .to = 5}, decoded(forged).delta.entries));
  EXPECT_EQ(rig.rejected(Reject::no_signature), 1u);
  rig.settle();

  // The admin itself, with keys that are not the fleet's.
  rig.up("admin", by("admin", {.device = "admin", .from = 4, .to = 5}, {counter("parts", 5, 1)}));
  EXPECT_EQ(rig.rejected(Reject::reserved_key), 3u);
  rig.settle();
  EXPECT_EQ(state(), before);
  EXPECT_EQ(rig.gateway->summary().registered_keys, 4u);
  EXPECT_EQ(rig.gateway->summary().waiting, 1u);

  rig.up("admin", record("admin", "admin"));
  rig.settle();
  EXPECT_EQ(rig.gateway->summary().registered_keys, 5u);
}

// Records that this version does not know, or cannot use, do not harm the others beside them.
TEST_F(TrustTest, OddRecordsAreIgnoredEachByItself) {
  const auto record = [](std::string_view role, std::string_view id, std::string_view key) {
    return keep(wire::encode(wire::KeyRecord{role, id, key}));
  };
  const std::string small_order = "\x01" + std::string(31, '\0');
  std::vector<std::string_view> all = {
      keep("\x92\xaasettlement\xa1x"),
      keep("no record"),
      keep(""),
      record("device", "admin", signing::view(key_of("thief").key)),
      record("device", "d", small_order),
      record("device", "c", signing::view(key_of("c").key))};
  const Frame f{.device = "admin", .from = 4, .to = 4 + all.size()};
  rig.up("admin", by("admin", f, {grown(wire::keys_key, f.from, f.to, all)}));
  rig.settle();
  EXPECT_EQ(rig.gateway->summary().registered_keys, 5u);
  rig.up("c", one("c"));
  rig.up("admin", registry({"e"}, f.to, "thief"));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
  EXPECT_EQ(rig.gateway->summary().registered_keys, 5u) << "nobody becomes the admin";
  rig.up("d",
         signed_as(one("d"), wire::sha256(small_order).view().substr(0, 8), std::string(64, '\0')));
  EXPECT_EQ(rig.rejected(Reject::stranger), 2u);
}

TEST(TrustRegistry, APackIsTakenWholeOrNotAtAll) {
  const std::string good = registry({"a", "gw"});
  const auto plain = [](const std::vector<std::string_view>& all) {
    return packed(all, wire::Codec::plain);
  };
  const std::string by_thief = registry({"a"}, 2, "thief");
  const std::string signature_of = registry({"a"}, 2);
  const std::string of_device = one("a");
  const std::string elsewhere = registry({"a"}, 2, "admin", "other");
  const std::string unsigned_one = envelope({.device = "admin", .from = 2, .to = 3}, {});
  const std::string torn_one = torn(signature_of);
  const std::vector<std::pair<const char*, std::string>> bad = {
      {"of another fleet", plain({good, elsewhere})},
      {"of another admin", plain({good, by_thief})},
      {"unsigned", plain({good, unsigned_one})},
      {"torn", plain({good, torn_one})},
      {"with a device's envelope", plain({good, of_device})},
      {"with garbage in it", plain({good, "garbage"})},
      {"cut", plain({good}).substr(0, 100)},
      {"with a byte too many", plain({good}) + '\0'},
      {"garbage", "garbage"},
      {"nothing", ""},
      {"an envelope", good}};
  for (const bool started : {true, false}) {
    Rig rig(enrolled());
    rig.boot(started);
    for (const auto& [what, pack] : bad) {
      SCOPED_TRACE(what);
      EXPECT_NE(rig.gateway->registry(rig.now(), pack), "");
      EXPECT_EQ(rig.gateway->summary().registered_keys, 0u);
    }
    rig.run(500);
    EXPECT_TRUE(rig.disk.envelopes.empty());
    EXPECT_EQ(rig.gateway->registry(rig.now(), plain({good})), "");
    EXPECT_EQ(rig.gateway->registry(rig.now(), plain({good})), "") << "twice is once";
    rig.run(500);
    EXPECT_EQ(rig.gateway->summary().registered_keys, 2u);
    EXPECT_EQ(rig.disk.envelopes.size(), 1u);
  }
}

}  // namespace
}  // namespace tributary::core::testing
