// SPDX-License-Identifier: Apache-2.0
// What people ask a gateway: who contributes what, what changed, how long things took.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "gateway/core/gateway_impl.h"
#include "gateway/core/histogram.h"
#include "tests/gateway/core/support/rig.h"

namespace tributary::core::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Json = nlohmann::json;
using wire::Type;

struct Asking : ::testing::Test {
  void SetUp() override { rig.boot(); }
  // One more operation of a device, on one key.
  void tell(std::string_view device, const wire::Entry& e) {
    rig.up(device, envelope({.device = device, .from = e.hi - 1, .to = e.hi}, {e}));
    rig.settle();
  }
  std::vector<ContributionView> to(std::string_view key, Type type, std::string_view after = "",
                                   std::uint64_t after_epoch = 0, std::size_t max = 100) {
    return rig.gateway->contributions(key, static_cast<std::uint8_t>(type), after, after_epoch,
                                      max);
  }
  Json only(std::string_view key, Type type) {
    const auto all = to(key, type);
    EXPECT_EQ(all.size(), 1u);
    return Json::parse(all.at(0).json);
  }
  Rig rig;
};

TEST_F(Asking, ACounterIsBrokenDownByWhoCounted) {
  tell("a", up_down("stock", 1, 7, 2));
  EXPECT_EQ(only("stock", Type::pncounter), Json::parse(R"({"value":5,"up":7,"down":2})"));
  tell("b", up_down("stock", 1, 2, 7));
  const auto both = to("stock", Type::pncounter);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[1].device, "b");
  EXPECT_EQ(both[1].json, R"({"value":-5,"up":2,"down":7})");
}

TEST_F(Asking, NumbersThatJsonCannotHoldAreStrings) {
  tell("a", counter("most", 1, std::uint64_t{1} << 53));
  tell("b", counter("more", 1, (std::uint64_t{1} << 53) + 1));
  EXPECT_EQ(only("most", Type::gcounter).at("value"), std::uint64_t{1} << 53);
  EXPECT_EQ(only("more", Type::gcounter).at("value"), "9007199254740993");
  tell("c", up_down("less", 1, 0, (std::uint64_t{1} << 53) + 1));
  EXPECT_EQ(only("less", Type::pncounter).at("value"), "-9007199254740993");
}

TEST_F(Asking, OfSetsTheFirstElementsAreShownAndAllAreCounted) {
  std::vector<std::string_view> many;
  for (int i = 100; i < 130; ++i) many.push_back(keep("e" + std::to_string(i)));
  tell("a", grown("seen", 0, 1, many));
  const Json seen = only("seen", Type::gset);
  EXPECT_EQ(seen.at("size"), 30);
  EXPECT_EQ(seen.at("elements").size(), 20u);
  EXPECT_EQ(seen.at("elements")[0], "e100");

  tell("a", set("inside", 1, 2, {{2, "x"}}));
  tell("b", set("inside", 0, 1, {{1, "y"}}, {}, {{"a", 1, 2}, {"ghost", 1, 9}}));
  const auto inside = to("inside", Type::orset);
  ASSERT_EQ(inside.size(), 2u);
  EXPECT_EQ(rig.shows("inside", Type::orset), R"(["y"])");
  EXPECT_EQ(inside[0].json, R"({"size":1,"elements":["x"],"removed_of_others":0})")
      << "what it added itself, whoever removed it";
  EXPECT_EQ(inside[1].json, R"({"size":1,"elements":["y"],"removed_of_others":2})");
}

TEST_F(Asking, OfARegisterItIsSaidWhoseValueIsShownAndWhatIsHeld) {
  tell("a", reg("mode", 1, 1, crdt::Hlc::at(1'000), 3));
  tell("b", reg("mode", 1, 1, crdt::Hlc::at(2'000), 4));
  const auto both = to("mode", Type::lww);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].json, R"({"value":3,"op":1,"at":1000,"held":false,"shown":false})");
  EXPECT_EQ(both[1].json, R"({"value":4,"op":1,"at":2000,"held":false,"shown":true})");
  tell("c", reg("later", 1, 1, crdt::Hlc::at(rig.now().wall_ms + 20'000), 5));
  EXPECT_EQ(only("later", Type::lww).at("held"), true);
  EXPECT_EQ(only("later", Type::lww).at("shown"), false);
  wire::Entry text = reg("text", 1, 1, crdt::Hlc::at(1'000), 0);
  std::get<wire::LwwPayload>(text.payload).value =
      keep(std::string("\xDA\x07\xD0", 3) + std::string(2'000, 'x'));
  tell("d", text);
  EXPECT_EQ(only("text", Type::lww).at("value").at("size"), 2'002);
}

TEST_F(Asking, ContributionsComeInPagesByDeviceAndEpoch) {
  for (const std::string_view device : {"c", "a", "b"}) {
    for (const std::uint64_t epoch : {2u, 1u}) {
      rig.up(device, envelope({.device = device, .epoch = epoch, .to = 1}, {counter("k", 1, 1)}));
    }
  }
  rig.settle();
  std::vector<std::string> seen;
  std::pair<std::string, std::uint64_t> after;
  for (;;) {
    const auto page = to("k", Type::gcounter, after.first, after.second, 4);
    if (page.empty()) break;
    for (const auto& c : page) seen.push_back(c.device + std::to_string(c.epoch));
    after = {page.back().device, page.back().epoch};
  }
  EXPECT_THAT(seen, ElementsAre("a1", "a2", "b1", "b2", "c1", "c2"));
  EXPECT_THAT(to("nothing", Type::gcounter), IsEmpty());
  EXPECT_THAT(to("k", Type::pncounter), IsEmpty());
  tell("z", unknown("new", future_type, 0, 1));
  EXPECT_THAT(rig.gateway->contributions("new", future_type, "", 0, 9), IsEmpty());
}

TEST_F(Asking, WhoWatchesHearsEachChangedValueOnceAndOnlyThen) {
  tell("a", counter("k", 1, 1));
  EXPECT_THAT(rig.gateway->take_watched(9), IsEmpty()) << "nobody watched";
  rig.gateway->watch(true);
  tell("a", counter("k", 2, 2));
  tell("a", counter("k", 3, 3));
  tell("a", counter("l", 4, 1));
  tell("a", counter("m", 5, 1));
  auto seen = rig.gateway->take_watched(2);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].key, "k");
  EXPECT_EQ(seen[0].json, "3") << "the newest";
  EXPECT_EQ(seen[1].key, "l");
  seen = rig.gateway->take_watched(2);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].key, "m");
  tell("a", counter("k", 6, 9));
  rig.gateway->watch(false);
  EXPECT_THAT(rig.gateway->take_watched(9), IsEmpty());
  tell("a", counter("k", 7, 10));
  rig.gateway->watch(true);
  EXPECT_THAT(rig.gateway->take_watched(9), IsEmpty()) << "what changed while nobody watched";
  tell("a", counter("k", 8, 11));
  EXPECT_EQ(rig.gateway->take_watched(9).size(), 1u);
}

TEST_F(Asking, BucketsSayWhatTheyHold) {
  tell("a", counter("k", 1, 1));
  const auto all = rig.gateway->buckets();
  ASSERT_EQ(all.size(), wire::bucket_count);
  std::size_t envelopes = 0, filled = 0;
  for (const BucketView& b : all) {
    envelopes += b.envelopes;
    filled += b.digest.empty() ? 0 : 1;
    EXPECT_EQ(b.digest.empty(), b.envelopes == 0);
  }
  EXPECT_EQ(envelopes, 1u);
  EXPECT_EQ(filled, 1u);
  EXPECT_EQ(all[wire::bucket_of("a", 1)].envelopes, 1u);
}

TEST(Histograms, TellTheClassInWhichAShareLies) {
  Histogram h;
  EXPECT_EQ(h.quantile_us(0.5), 0u) << "nothing was observed";
  for (int i = 0; i < 90; ++i) h.observe_us(80);
  for (int i = 0; i < 9; ++i) h.observe_us(1'000);
  h.observe_us(100'000'000);
  EXPECT_EQ(h.total(), 100u);
  EXPECT_EQ(h.sum_us, 90u * 80 + 9u * 1'000 + 100'000'000);
  EXPECT_EQ(h.quantile_us(0.5), 100u);
  EXPECT_EQ(h.quantile_us(0.9), 100u);
  EXPECT_EQ(h.quantile_us(0.95), 1'000u);
  EXPECT_EQ(h.quantile_us(1.0), Histogram::bounds_us.back()) << "beyond all bounds";
}

}  // namespace
}  // namespace tributary::core::testing
