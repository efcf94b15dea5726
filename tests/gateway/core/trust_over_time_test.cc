// SPDX-License-Identifier: Apache-2.0
// A fleet that signs, over time: the same body again, forgers that go on and on, restarts, what
// other gateways say of themselves, and the fleet that only accepts signatures.
#include <gtest/gtest.h>

#include <functional>

#include "gateway/core/status.h"
#include "tests/gateway/core/support/enrolled.h"
#include "transports/wire/ack.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

class Signed : public ::testing::Test {
 protected:
  void SetUp() override {
    rig.boot();
    give(rig, {registry({"a", "b", "gw", "gw2"})});
  }
  // The bytes on the disk, without the registry's.
  std::vector<std::string> stored() const {
    std::vector<std::string> out;
    for (const auto& [row, e] : rig.disk.envelopes)
      if (e.device != "admin") out.push_back(e.bytes);
    return out;
  }
  std::vector<std::string> relayed() {
    std::vector<std::string> out;
    for (const Publish& p : rig.take("gw/gw/delta")) {
      const auto b = wire::decode_batch(p.payload, wire::Limits{});
      const auto pack = wire::decode_pack(b->pack, wire::Limits{});
      for (const std::string_view e : pack->envelopes) out.emplace_back(e);
    }
    return out;
  }
  Rig rig{enrolled()};
};

// --- the same body again, under another signature

TEST_F(Signed, ATornCopyOfWhatIsHeldChangesNothingAndGoesNowhere) {
  rig.meet();
  const std::string good = one("a");
  rig.up("a", good);
  rig.settle();
  EXPECT_EQ(relayed(), std::vector<std::string>{good});
  rig.take("");
  rig.up("a", torn(good));
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {torn(good)}));
  rig.settle();
  EXPECT_EQ(stored(), std::vector<std::string>{good});
  EXPECT_TRUE(relayed().empty());
  EXPECT_EQ(rig.gateway->counters().duplicates, 2u);
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 1u) << "the body is what counts, and it is here";
  const auto all = rig.gateway->envelopes("", 10);
  EXPECT_EQ(all->size(), 2u);
  for (const auto& [hash, bytes] : *all) EXPECT_NE(*bytes, torn(good));
}

TEST_F(Signed, ATornCopyOfWhatIsSupersededMeanwhileIsNotStored) {
  rig.meet();
  const std::string first = one("a", 1, 5), second = one("a", 2, 6);
  rig.up("a", first);
  rig.settle();
  rig.take("");
  rig.up("a", second);
  rig.up("a", torn(first));  // the first is live still: nobody looks at this signature
  rig.settle();
  EXPECT_EQ(stored(), std::vector<std::string>{second});
  EXPECT_EQ(relayed(), std::vector<std::string>{second});
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 2u);
  rig.reboot();
  rig.run(300);
  EXPECT_TRUE(rig.disk.quarantine.empty());
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "6");
}

// Until the original is joined it is not held: a copy proves itself or is refused.
TEST_F(Signed, ATornCopyBesideItsOriginalInOneBatch) {
  rig.meet();
  const std::string good = one("a");
  rig.up("a", torn(good));
  rig.up("a", good);
  rig.up("a", torn(good));
  rig.settle();
  EXPECT_EQ(rig.rejected(Reject::bad_signature), 2u);
  EXPECT_EQ(stored(), std::vector<std::string>{good});
  EXPECT_EQ(relayed(), std::vector<std::string>{good});
}

// --- forgers that go on and on

TEST_F(Signed, AThrottledForgerDoesNotKeepOthersFromBeingCounted) {
  for (std::uint64_t i = 1; i <= 200; ++i) rig.up("a", torn(one("a", i, i)));
  EXPECT_LE(rig.rejected(Reject::bad_signature), 66u) << "so many signatures were looked at";
  EXPECT_EQ(rig.rejected(Reject::bad_signature) + rig.rejected(Reject::throttled), 200u);
  rig.up("b", one("b", 1, 7));
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {one("a", 1, 5)}));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "12") << "b's own, and a's by way of a peer";
  rig.up("a", one("a", 2, 6));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "12");
  rig.up("a", one("a", 1, 5));
  rig.settle();
  EXPECT_EQ(rig.gateway->counters().duplicates, 1u) << "what is held costs no look";
  rig.run(2'000);
  rig.up("a", one("a", 2, 6));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "13") << "and may speak again";
  EXPECT_EQ(rig.gateway->offenders().size(), 1u);
}

TEST_F(Signed, AThrottledPeerDoesNotKeepItsDevicesFromBeingCounted) {
  std::vector<std::string> bad;
  for (std::uint64_t i = 1; i <= 100; ++i) bad.push_back(torn(one("a", i, i)));
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 1, {bad.begin(), bad.end()}));
  EXPECT_GT(rig.rejected(Reject::throttled), 30u);
  rig.up("a", one("a"));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 2, {one("b", 1, 7)}));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
  rig.run(2'000);
  rig.hear(rig.topic("gw/gw2/delta"), batch("gw2", 3, {one("b", 1, 7)}));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "12");
}

// --- restarts

class SignedRestart : public Signed {
 protected:
  void SetUp() override {
    Signed::SetUp();
    rig.up("a", by_itself({.device = "a", .to = 2},
                          {counter("parts", 2, 5), testing::set("s", 0, 2, {{2, "x"}})}));
    rig.up("b", one("b", 1, 7));
    rig.settle();
    digest = rig.digest();
  }
  void renumber(const std::string& device, std::uint64_t row) {
    for (const auto& [old, e] : rig.disk.envelopes) {
      if (e.device != device) continue;
      EnvelopeRow moved = e;
      moved.row = row;
      rig.disk.envelopes.erase(old);
      rig.disk.envelopes.emplace(row, std::move(moved));
      return;
    }
    FAIL() << "no row of " << device;
  }
  EnvelopeRow& row_of(const std::string& device) {
    for (auto& [row, e] : rig.disk.envelopes)
      if (e.device == device) return e;
    ADD_FAILURE() << "no row of " << device;
    std::abort();
  }
  std::string digest;
};

TEST_F(SignedRestart, TheRowsGiveTheSameStateInWhateverOrder) {
  for (const std::uint64_t row : {900U, 0U, 901U}) {
    renumber("admin", row);
    rig.reboot();
    rig.settle();
    EXPECT_EQ(rig.digest(), digest) << "the admin's row is " << row;
    EXPECT_EQ(rig.gateway->summary().registered_keys, 4u);
    EXPECT_EQ(rig.gateway->summary().waiting, 0u);
    EXPECT_TRUE(rig.disk.quarantine.empty());
    EXPECT_EQ(rig.disk.envelopes.size(), 3u);
    EXPECT_EQ(rig.rejected(Reject::stranger), 0u);
  }
  rig.take("");
  rig.up("a", by_itself({.device = "a", .from = 2, .to = 3}, {counter("parts", 3, 6)}));
  rig.settle();
  EXPECT_EQ(rig.ack("a")->actors.at(0).op, 3u) << "nothing of what was received is forgotten";
}

TEST_F(SignedRestart, AFlippedBitInAnyByteIsFound) {
  const Disk good = rig.disk;
  const std::string bytes = row_of("b").bytes;
  ASSERT_GT(bytes.size(), 100u);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    SCOPED_TRACE("byte " + std::to_string(i));
    rig.crash();
    rig.disk = good;
    std::string& damaged = row_of("b").bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
    rig.boot();
    rig.settle();
    ASSERT_EQ(rig.disk.quarantine.size(), 1u);
    EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
    EXPECT_EQ(rig.disk.envelopes.size(), 2u);
  }
  // It is fetched, or sent, again.
  rig.up("b", bytes);
  rig.settle();
  EXPECT_EQ(rig.digest(), digest);
}

TEST_F(SignedRestart, WhatWasStoredUnsignedIsSetAside) {
  rig.crash();
  EnvelopeRow plain;
  plain.row = 50;
  plain.device = "b";
  plain.bytes = envelope({.device = "b", .epoch = 2}, {counter("parts", 1, 100)});
  plain.hash = std::string(hash_of(plain.bytes).view());
  rig.disk.envelopes.emplace(plain.row, plain);
  rig.boot();
  rig.settle();
  EXPECT_EQ(rig.digest(), digest);
  EXPECT_EQ(rig.disk.quarantine.size(), 1u);
}

// --- what gateways say of themselves

std::string head(std::string_view gateway, std::uint64_t number,
                 const std::function<std::string(std::string_view body)>& seal) {
  wire::Head h;
  h.fleet = "demo";
  h.gateway = gateway;
  h.incarnation = 5;
  h.session = 6;
  h.number = number;
  h.hlc = crdt::Hlc::at(1'700'000'000'000 + number);
  h.types = {1, 2, 3, 4, 5};
  return seal(wire::encode_body(h));
}

std::string sealed_by(std::string_view who, signing::Kind kind, std::string_view body) {
  return signing::seal(kind, "demo", body, key_of(who));
}

TEST_F(Signed, HeadsOfAKnownGatewayMustBeSignedByIt) {
  const auto hear = [&](std::string_view gateway, const std::string& bytes) {
    const std::uint64_t before = rig.gateway->counters().heads_in;
    rig.hear(rig.topic("gw/" + std::string(gateway) + "/head"), bytes, true);
    return rig.gateway->counters().heads_in - before;
  };
  const auto by_gw2 = [](std::string_view b) { return sealed_by("gw2", signing::Kind::head, b); };
  const auto plain = [](std::string_view b) { return wire::seal(b); };
  EXPECT_EQ(hear("gw2", head("gw2", 1, plain)), 0u);
  EXPECT_EQ(rig.rejected(Reject::no_signature), 1u);
  const auto by_a = [](std::string_view b) { return sealed_by("a", signing::Kind::head, b); };
  EXPECT_EQ(hear("gw2", head("gw2", 2, by_a)), 0u);
  EXPECT_EQ(hear("gw2", torn(head("gw2", 3, by_gw2))), 0u);
  const auto ack = [](std::string_view b) { return sealed_by("gw2", signing::Kind::ack, b); };
  EXPECT_EQ(hear("gw2", head("gw2", 4, ack)), 0u);
  EXPECT_EQ(rig.rejected(Reject::bad_signature), 3u);
  const auto offenders = rig.gateway->offenders();
  ASSERT_EQ(offenders.size(), 1u);
  EXPECT_EQ(offenders[0].name, "gw/gw2");
  EXPECT_EQ(offenders[0].refused, 4u);
  EXPECT_EQ(hear("gw2", head("gw2", 5, by_gw2)), 1u);
  EXPECT_EQ(hear("gw9", head("gw9", 1, plain)), 1u) << "it only steers what is fetched";
}

// What was listened to while the key was not known yet is no better for having been heard.
TEST_F(Signed, AHeadThatComesAgainIsJudgedAnew) {
  const std::string bytes = head("gw9", 1, [](std::string_view b) { return wire::seal(b); });
  rig.hear(rig.topic("gw/gw9/head"), bytes, true);
  EXPECT_EQ(rig.gateway->counters().heads_in, 1u);
  give(rig, {registry({"gw9"}, 4)});
  rig.hear(rig.topic("gw/gw9/head"), bytes, true);
  EXPECT_EQ(rig.gateway->counters().heads_in, 1u);
  EXPECT_EQ(rig.rejected(Reject::no_signature), 1u);
}

TEST_F(Signed, OurOwnHeadIsSigned) {
  rig.up("a", one("a"));
  rig.run(5'000);
  const std::string bytes = rig.retained.at({0, rig.topic("gw/gw/head")});
  const auto sealed = wire::decode_sealed(bytes, wire::Limits{});
  ASSERT_TRUE(sealed);
  EXPECT_TRUE(signing::verifies(key_of("gw").key, signing::Kind::head, "demo", *sealed));
  Rig peer(enrolled("gw2"));
  peer.boot();
  give(peer, {registry({"a", "b", "gw", "gw2"})});
  peer.hear(peer.topic("gw/gw/head"), bytes, true);
  EXPECT_EQ(peer.gateway->counters().heads_in, 1u);
}

TEST_F(Signed, AStatusOfAKnownGatewayMustBeSignedByIt) {
  Status s;
  s.gateway = "gw2", s.version = "1";
  s.online = true;
  s.incarnation = 5, s.session = 6;
  std::uint64_t at_ms = 1;
  const auto hear = [&](const std::function<std::string(const Status&)>& encode) {
    s.at_ms = ++at_ms;
    rig.hear(rig.topic("gw/gw2/status"), encode(s), true);
    const auto peers = rig.gateway->peers();
    return peers.empty() ? std::string("unknown") : peers[0].online ? "online" : "offline";
  };
  const auto by_gw2 = [](const Status& x) { return to_json(x, "demo", key_of("gw2")); };
  EXPECT_EQ(hear([](const Status& x) { return to_json(x); }), "unknown");
  EXPECT_EQ(hear([](const Status& x) { return to_json(x, "demo", key_of("a")); }), "unknown");
  EXPECT_EQ(hear([](const Status& x) { return to_json(x, "demo2", key_of("gw2")); }), "unknown");
  EXPECT_EQ(hear(by_gw2), "online");
  s.online = false;
  EXPECT_EQ(hear([](const Status& x) { return to_json(x); }), "online");
  EXPECT_EQ(hear([&](const Status& x) {
              std::string text = by_gw2(x);  // a later time under the same signature
              return text.replace(text.find("\"at_ms\":") + 8, 1, "9");
            }),
            "online");
  EXPECT_EQ(hear(by_gw2), "offline");
}

// --- a fleet on its way to signatures

TEST(Accepting, UnsignedIsTakenAndForgedIsRefused) {
  Rig rig(enrolled("gw", Signatures::accept));
  rig.boot();
  give(rig, {registry({"a", "gw"})});
  rig.up("b", parts(0, 1, 7, "b"));
  rig.up("a", parts(0, 1, 5, "a"));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "12");
  rig.up("a", one("a", 2, 6));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "13");
  rig.up("a", torn(one("a", 3, 9)));
  rig.up("a", by("thief", {.device = "a", .to = 3}, {counter("parts", 3, 9)}));
  rig.up("admin", envelope({.device = "admin", .from = 2, .to = 3}, {}));
  rig.settle();
  EXPECT_EQ(rig.rejected(Reject::bad_signature), 1u);
  EXPECT_EQ(rig.rejected(Reject::stranger), 1u);
  EXPECT_EQ(rig.rejected(Reject::no_signature), 1u) << "the admin's, in every mode";
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "13");
  const std::string digest = rig.digest();
  rig.reboot();
  rig.settle();
  EXPECT_EQ(rig.digest(), digest);
  EXPECT_TRUE(rig.disk.quarantine.empty());
}

TEST(Off, NothingIsVerifiedAndNobodyWritesTheRegistry) {
  Rig rig(enrolled("gw", Signatures::off));
  rig.boot();
  rig.up("a", torn(one("a")));
  rig.up("admin", registry({"a"}));
  rig.settle();
  EXPECT_EQ(rig.shows("parts", Type::gcounter), "5");
  EXPECT_EQ(rig.rejected(Reject::reserved_key), 1u);
  EXPECT_EQ(rig.gateway->summary().registered_keys, 0u);
}

// --- what an ack shows

// A device that has a twin is shown what the twin sent, with their own signature.
TEST_F(Signed, ADeviceThatAsksBehindItsTwinIsShownTheTwinsEnvelope) {
  const std::string twins = one("a", 4, 9), own = one("a", 3, 6);
  rig.up("a", twins);
  rig.settle();
  EXPECT_TRUE(rig.ack("a")->actors.at(0).removals.empty());
  rig.up("a", own);
  rig.settle();
  const auto ack = rig.ack("a");
  ASSERT_EQ(ack->actors.at(0).removals.size(), 1u);
  EXPECT_EQ(ack->actors[0].removals[0], twins);
  EXPECT_EQ(ack->actors[0].op, 4u);
}

}  // namespace
}  // namespace tributary::core::testing
