// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/devices/models.h"

#include <gtest/gtest.h>

#include <set>

namespace tributary::devices {
namespace {

sdk::Device device(std::mt19937_64& random) {
  sdk::Options o;
  o.fleet = "demo";
  o.device = "d";
  o.random = [&random] { return random(); };
  return std::move(*sdk::Device::open(std::move(o)));
}

TEST(Models, EveryKindDoesWhatItsTypeAllows) {
  std::mt19937_64 random(1);
  for (std::size_t k = 0; k < Model::kinds; ++k) {
    const auto kind = static_cast<Model::Kind>(k);
    sdk::Device d = device(random);
    const auto model = make_model(kind, "hall");
    std::set<Operation::What> seen;
    for (int i = 0; i < 2'000; ++i) {
      const Operation op = model->next(d, random);
      ASSERT_TRUE(valid(op.type, op.what)) << name(kind);
      ASSERT_EQ(op.key, std::string("hall/") + name(kind));
      const sdk::Outcome done = apply(d, op, 1'000);
      ASSERT_TRUE(done == sdk::Outcome::applied || done == sdk::Outcome::unchanged) << name(done);
      seen.insert(op.what);
    }
    EXPECT_EQ(seen.size(), kind == Model::Kind::people || kind == Model::Kind::alarms ? 2u : 1u);
    EXPECT_GT(d.last_op(), 400u);
  }
}

TEST(Models, PeopleNeverGoBelowNone) {
  std::mt19937_64 random(2);
  sdk::Device d = device(random);
  const auto model = make_model(Model::Kind::people, "hall");
  for (int i = 0; i < 5'000; ++i) {
    apply(d, model->next(d, random), 1'000);
    ASSERT_GE(d.up_down("hall/people").added(), d.up_down("hall/people").subtracted());
  }
}

TEST(Models, SetsStaySmall) {
  std::mt19937_64 random(3);
  sdk::Device d = device(random);
  const auto alarms = make_model(Model::Kind::alarms, "hall");
  const auto badges = make_model(Model::Kind::badges, "hall");
  std::size_t shrunk = 0, before = 0;
  for (int i = 0; i < 5'000; ++i) {
    apply(d, alarms->next(d, random), 1'000);
    apply(d, badges->next(d, random), 1'000);
    shrunk += d.set("hall/alarms").size() < before ? 1 : 0;
    before = d.set("hall/alarms").size();
    ASSERT_LT(before, 10u);
  }
  EXPECT_GT(shrunk, 100u);
  EXPECT_EQ(d.grow_set("hall/badges").size(), 500u);
}

TEST(Operations, NamesRoundTrip) {
  EXPECT_EQ(type_named("orset"), wire::Type::orset);
  EXPECT_EQ(type_named("set"), std::nullopt);
  EXPECT_EQ(what_named("erase"), Operation::What::erase);
  EXPECT_EQ(what_named(""), std::nullopt);
  EXPECT_FALSE(valid(wire::Type::gcounter, Operation::What::subtract));
  EXPECT_FALSE(valid(wire::Type::gset, Operation::What::erase));
  EXPECT_TRUE(valid(wire::Type::pncounter, Operation::What::subtract));
}

}  // namespace
}  // namespace tributary::devices
