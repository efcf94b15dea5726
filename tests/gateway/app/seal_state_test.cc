// SPDX-License-Identifier: Apache-2.0
// What is sealed is judged by the rules of whoever judges, and lacks nothing that he holds.
#include "gateway/app/seal_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "gateway/app/cli.h"
#include "tests/gateway/core/support/enrolled.h"
#include "tests/gateway/core/support/rig.h"
#include "tests/support/temp_dir.h"
#include "transports/wire/pack.h"

namespace tributary::app {
namespace {

using namespace core::testing;
using ::testing::HasSubstr;

// A gateway with three enrolled devices; the last one has said nothing yet.
struct SealState : ::testing::Test {
  SealState() : rig(enrolled()) {
    rig.boot();
    give(rig, {registry({"a", "b", "c"})});
    hear("a", one("a", 3, 7));
    hear("b", one("b"));
  }
  void hear(const std::string& device, const std::string& envelope) {
    rig.up(device, envelope);
    rig.settle();
  }
  Items held() const { return sorted(rig.gateway->freeze()->live); }
  wire::SealStatement statement(const Items& items) const {
    return {.fleet = "demo",
            .opens_ms = 0,
            .closes_ms = 60'000,
            .members = {"gw"},
            .digest = rig.gateway->freeze()->digest,
            .content = content_of(items),
            .envelopes = items.size()};
  }
  static Item item(const std::string& bytes) { return *item_of(bytes, {}); }
  std::string judged(const wire::SealStatement& s, const Items& items,
                     const Items& noted = {}) const {
    return judge(enrolled("other"), s, items, noted);
  }

  Rig rig;
};

TEST_F(SealState, WhatAGatewayHoldsIsWhatItSays) {
  const Items items = held();
  EXPECT_EQ(items.size(), 3U) << "the registry, and two devices";
  EXPECT_EQ(judged(statement(items), items), "");
  EXPECT_EQ(judged(statement(items), items, items), "");
}

// A disk that could not be read at the close: an empty note would have let everything pass.
TEST_F(SealState, WithoutANoteNothingIsVouchedFor) {
  const Items items = held();
  EXPECT_THAT(judge_to_cosign(enrolled("other"), statement(items), items, nullptr),
              HasSubstr("could not be read"));
  EXPECT_EQ(judge_to_cosign(enrolled("other"), statement(items), items,
                            std::make_shared<const Items>(items)),
            "");
}

TEST_F(SealState, ItIsWhatTheDiskHasOnceTheCommitIsDone) {
  rig.up("c", one("c"));
  rig.pass(60);
  ASSERT_TRUE(rig.committing());
  const auto frozen = *rig.gateway->freeze();
  EXPECT_TRUE(rig.gateway->in_flight(frozen.behind));
  rig.commit();
  EXPECT_FALSE(rig.gateway->in_flight(frozen.behind));
  EXPECT_EQ(wire::to_hex(frozen.digest.view()), rig.digest());
  EXPECT_EQ(frozen.live.size(), 4U);
  EXPECT_FALSE(rig.gateway->in_flight(0));
}

TEST_F(SealState, AnotherDigestIsALie) {
  const Items items = held();
  wire::SealStatement s = statement(items);
  s.digest.bytes[0] ^= 1;
  EXPECT_THAT(judged(s, items), HasSubstr("another digest"));
}

TEST_F(SealState, OtherEnvelopesThanItSays) {
  Items items = held();
  const wire::SealStatement s = statement(items);
  items.pop_back();
  EXPECT_THAT(judged(s, items), HasSubstr("not those that it says"));
}

TEST_F(SealState, WhatIsHeldMustNotBeMissing) {
  const Items before = held();
  const wire::SealStatement s = statement(before);
  hear("a", one("a", 4, 9));
  EXPECT_THAT(judged(s, before, held()), HasSubstr("lacks what was durable here"));
}

// What the proposal has is newer, and supersedes what was noted.
TEST_F(SealState, WhatIsHeldMayBeOlder) {
  const Items noted = held();
  hear("a", one("a", 4, 9));
  hear("c", one("c"));
  const Items items = held();
  EXPECT_EQ(judged(statement(items), items, noted), "");
}

TEST_F(SealState, AForgedEnvelopeIsRefused) {
  Items items = held();
  items.push_back(item(torn(one("c"))));
  items = sorted(std::move(items));
  EXPECT_NE(judged(statement(items), items), "");
}

TEST_F(SealState, AStrangersEnvelopeIsRefused) {
  Items items = held();
  items.push_back(item(one("d")));
  items = sorted(std::move(items));
  EXPECT_NE(judged(statement(items), items), "");
}

TEST_F(SealState, WithoutTheRegistryNobodyIsKnown) {
  Items items = held();
  std::erase_if(items, [](const Item& i) {
    return wire::decode_envelope(std::string_view(*i.second), {})->delta.device == "admin";
  });
  ASSERT_EQ(items.size(), 2U);
  EXPECT_NE(judged(statement(items), items), "");
}

TEST_F(SealState, PartsMakeTheItemsAgain) {
  const Items items = held();
  const auto parts = parts_of(items, "gw", 60'000);
  ASSERT_EQ(parts.size(), 1U);
  const auto again = items_of(parts, {}, 1u << 20);
  ASSERT_TRUE(again);
  EXPECT_EQ(content_of(*again), content_of(items));
  EXPECT_FALSE(items_of(parts, {}, 10)) << "larger than allowed";
  EXPECT_FALSE(items_of({parts[0], parts[0]}, {}, 1u << 20)) << "not in order";
  EXPECT_FALSE(items_of({"nonsense"}, {}, 1u << 20));
  const std::string garbage = wire::encode(wire::SealPart{
      "gw", 60'000, 0, 1, wire::encode_pack(std::vector<std::string_view>{"x"}, {})});
  EXPECT_FALSE(items_of({garbage}, {}, 1u << 20));
}

TEST_F(SealState, NothingIsAStateAsWell) {
  const auto parts = parts_of({}, "gw", 60'000);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_TRUE(items_of(parts, {}, 1u << 20)->empty());
}

TEST_F(SealState, MuchOfItGoesInManyParts) {
  Items items;
  for (std::uint64_t i = 0; i < 40; ++i) {
    std::string big = one("a", i + 1, i + 1);
    big.resize(100'000, static_cast<char>('a' + i % 26));
    items.emplace_back(wire::sha256(big), std::make_shared<const std::string>(std::move(big)));
  }
  const auto parts = parts_of(sorted(std::move(items)), "gw", 60'000);
  EXPECT_GE(parts.size(), 15U);
  for (const std::string& part : parts) EXPECT_TRUE(wire::decode_seal_part(part, {}));
}

TEST_F(SealState, FilesAreReadAgainAndNothingElseIs) {
  const test::TempDir dir;
  const std::string path = (dir.path() / "state.jsonl").string();
  const Items items = held();
  write_state(path, items);
  EXPECT_EQ(content_of(read_state(path, {})), content_of(items));
  std::ofstream(path, std::ios::app) << "{\"bytes\":\"AAAA\"}\n";
  EXPECT_THROW(read_state(path, {}), Trouble);
  EXPECT_THROW(read_state(path + ".not", {}), Trouble);
}

TEST_F(SealState, ShowsTheValues) {
  const auto values = values_of(enrolled("other"), held());
  const auto at = std::find_if(values.begin(), values.end(),
                               [](const core::ValueView& v) { return v.key == "parts"; });
  ASSERT_NE(at, values.end());
  EXPECT_EQ(at->json, "12");
}

}  // namespace
}  // namespace tributary::app
