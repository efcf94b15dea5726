// SPDX-License-Identifier: Apache-2.0
// Packets that are packs of envelopes: when, how large, and that nothing else changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/firmware-sim/sdk/device_fixture.h"
#include "transports/wire/pack.h"

namespace tributary::sdk {
namespace {

using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

class Packed : public testing::DeviceTest {
 protected:
  Options packing() {
    Options o = options();
    o.compress = true;
    return o;
  }
  static std::vector<std::string> envelopes(const Packet& p) {
    wire::Pack storage;
    const auto all = wire::split_upload(p.payload, {}, storage);
    EXPECT_TRUE(all) << wire::to_string(all.error());
    return {all->begin(), all->end()};
  }
  static bool alone(const Packet& p) { return bool(wire::decode_envelope(p.payload, {})); }
  static void count(Device& d, int keys) {
    for (int k = 0; k < keys; ++k) d.counter("hall/counter-" + std::to_string(100 + k)).add(1);
  }
  std::string noise(std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) out.push_back(static_cast<char>(random_()));
    return out;
  }
};

TEST_F(Packed, AHundredKeysFitOnePacket) {
  Device d = opened(packing());
  count(d, 100);
  const auto packets = d.poll(now_ += 60);
  ASSERT_THAT(packets, SizeIs(1));
  EXPECT_GT(envelopes(packets[0]).size(), 1u);
  EXPECT_LT(packets[0].payload.size(), 1'000u) << "about 25 bytes each when not packed";
  g_.take(packets[0].payload);
  d.receive(now_, g_.ack("d1", now_));
  EXPECT_EQ(d.unacknowledged(), 0u);
  EXPECT_EQ(g_.total("hall/counter-199").first, 1u);
}

TEST_F(Packed, ThePacketsAreThoseOfADeviceThatDoesNotPack) {
  const std::uint64_t at = now_;
  std::vector<std::string> packed, plain;
  for (const bool compress : {true, false}) {
    random_.seed(7);
    saved_.clear();
    Options o = options();
    o.compress = compress;
    Device d = opened(std::move(o));
    d.time(at);
    count(d, 300);
    for (const Packet& p : d.poll(at + 60)) {
      for (std::string& e : envelopes(p)) (compress ? packed : plain).push_back(std::move(e));
    }
  }
  EXPECT_GT(plain.size(), 4u);
  EXPECT_EQ(packed, plain);
}

TEST_F(Packed, WhatDoesNotGetSmallerGoesAsItIs) {
  Device d = opened(packing());
  for (int i = 0; i < 10; ++i) d.grow_set("s").insert(noise(900));
  const auto packets = d.poll(now_ += 60);
  ASSERT_GE(packets.size(), 5u);
  for (const Packet& p : packets) EXPECT_TRUE(alone(p));
}

TEST_F(Packed, AShortPacketGoesAsItIs) {
  Device d = opened(packing());
  d.counter("parts").add(1);
  const auto packets = d.poll(now_ += 60);
  ASSERT_THAT(packets, SizeIs(1));
  EXPECT_TRUE(alone(packets[0]));
}

TEST_F(Packed, NoPacketIsLargerThanOneThatIsNotPacked) {
  Options o = packing();
  o.body_bytes_max = 400;
  Device d = opened(std::move(o));
  for (int i = 0; i < 40; ++i) {
    count(d, 60);
    d.set("alarms").insert(noise(40) + std::string(40, 'a'));
  }
  std::size_t several = 0, packets = 0;
  while (d.unacknowledged() != 0) {
    now_ = std::max(now_ + 60, d.deadline().value_or(0));
    for (const Packet& p : d.poll(now_)) {
      ++packets;
      several += envelopes(p).size() > 1;
      EXPECT_LE(p.payload.size(), 400u + 40) << "the frame of an envelope aside";
      g_.take(p.payload);
    }
    d.receive(now_, g_.ack("d1", now_));
    ASSERT_LT(packets, 1'000u);
  }
  EXPECT_GT(several, 0u);
  EXPECT_THAT(g_.elements("alarms"), SizeIs(40));
}

TEST_F(Packed, ARepetitionIsTheSameEnvelopes) {
  Device d = opened(packing());
  count(d, 100);
  const auto first = d.poll(now_ += 60);
  now_ = *d.deadline();
  const auto again = d.poll(now_);
  ASSERT_EQ(again.size(), first.size());
  EXPECT_THAT(envelopes(again[0]), UnorderedElementsAreArray(envelopes(first[0])));
}

TEST_F(Packed, SignedEnvelopesKeepTheirSignatures) {
  Options o = packing();
  o.signer = signing::signer_of(std::make_shared<signing::SecretKey>(
      signing::SecretKey::from_seed(signing::SecretKey::Seed{7})));
  Device d = opened(std::move(o));
  count(d, 100);
  const auto packets = d.poll(now_ += 60);
  ASSERT_FALSE(packets.empty());
  for (const Packet& p : packets) {
    for (const std::string& bytes : envelopes(p)) {
      const auto e = wire::decode_envelope(bytes, {});
      ASSERT_TRUE(e);
      EXPECT_TRUE(e->delta.is_signed);
      EXPECT_FALSE(e->sealed.signature.empty());
    }
  }
}

}  // namespace
}  // namespace tributary::sdk
