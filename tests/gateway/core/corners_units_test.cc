// SPDX-License-Identifier: Apache-2.0
// Corners of the core's parts that their other tests come past, each named after what it protects.
#include <gtest/gtest.h>

#include <functional>

#include "gateway/core/coding.h"
#include "gateway/core/intake.h"
#include "tests/gateway/core/support/craft.h"

namespace tributary::core::testing {
namespace {

using wire::Type;

std::optional<Intake> intake(const std::function<void(Writer&)>& fill) {
  Writer w;
  w.u8(1);
  fill(w);
  return Intake::decode(w.finish());
}

const wire::Hash some = wire::sha256("some");

void intervals(Writer& w, std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> all) {
  w.u32(static_cast<std::uint32_t>(all.size()));
  for (const auto& [lo, hi] : all) w.u64(lo), w.u64(hi);
}
void ends(Writer& w, std::initializer_list<std::uint64_t> all) {
  w.u32(static_cast<std::uint32_t>(all.size()));
  for (const std::uint64_t op : all) w.u64(op), w.bytes(some.view());
}

// A forged row may not make an intake that record() never makes: acknowledgements rest on it.
TEST(IntakeRow, IntervalsAreAscendingApartAndFew) {
  EXPECT_TRUE(intake([](Writer& w) { intervals(w, {{0, 2}, {3, 5}}), ends(w, {2, 5}), w.u32(0); }));
  EXPECT_FALSE(intake([](Writer& w) {
    intervals(w, {{3, 5}, {0, 2}}), ends(w, {2, 5}), w.u32(0);
  }));
  EXPECT_FALSE(intake([](Writer& w) {
    intervals(w, {{0, 2}, {2, 5}}), ends(w, {2, 5}), w.u32(0);
  })) << "they touch";
  EXPECT_FALSE(intake([](Writer& w) { intervals(w, {{0, 2}}), ends(w, {2, 2}), w.u32(0); }));
  const auto many = [](std::size_t n) {
    return intake([n](Writer& w) {
      w.u32(static_cast<std::uint32_t>(n));
      for (std::uint64_t i = 0; i < n; ++i) w.u64(10 * i), w.u64(10 * i + 1);
      w.u32(static_cast<std::uint32_t>(n));
      for (std::uint64_t i = 0; i < n; ++i) w.u64(10 * i + 1), w.bytes(some.view());
      w.u32(0);
    });
  };
  EXPECT_TRUE(many(Intake::fragments_max));
  EXPECT_FALSE(many(Intake::fragments_max + 1));
  const auto points = [](std::size_t n) {
    return intake([n](Writer& w) {
      w.u32(0);
      w.u32(static_cast<std::uint32_t>(n));
      for (std::uint64_t i = 1; i <= n; ++i) w.u64(i), w.bytes(some.view());
      w.u32(0);
    });
  };
  EXPECT_TRUE(points(Intake::fragments_max + Intake::points_max));
  EXPECT_FALSE(points(Intake::fragments_max + Intake::points_max + 1));
}

TEST(IntakeRow, IncompleteDeltasArePlausibleInOrderAndFew) {
  struct P {
    std::uint64_t from, to;
    std::uint32_t parts;
    std::vector<int> bytes;
  };
  const auto partials = [](const std::vector<P>& all) {
    return intake([&](Writer& w) {
      w.u32(0), w.u32(0), w.u32(static_cast<std::uint32_t>(all.size()));
      for (const P& p : all) {
        w.u64(p.from), w.u64(p.to), w.u64(1), w.u32(p.parts), w.bytes(some.view());
        for (const int b : p.bytes) w.u8(static_cast<std::uint8_t>(b));
      }
    });
  };
  const auto good = partials({{0, 4, 3, {0b101}}, {0, 5, 9, {0xFF, 0}}});
  ASSERT_TRUE(good);
  EXPECT_FALSE(good->empty());
  EXPECT_EQ(good->contiguous(), wire::Point{});
  EXPECT_FALSE(partials({{4, 4, 3, {0b101}}})) << "of no operation";
  EXPECT_FALSE(partials({{0, 4, 1, {0}}})) << "one part is no incomplete delta";
  EXPECT_FALSE(partials({{0, 4, 65'536, {1}}})) << "more parts than there may be";
  EXPECT_FALSE(partials({{0, 4, 3, {0b1001}}})) << "a part after the last";
  EXPECT_FALSE(partials({{0, 4, 3, {0b111}}})) << "complete";
  EXPECT_FALSE(partials({{0, 4, 3, {0}}})) << "nothing of it arrived";
  EXPECT_FALSE(partials({{0, 4, 20, {1}}})) << "cut short";
  EXPECT_FALSE(partials({{0, 5, 3, {1}}, {0, 4, 3, {1}}})) << "out of order";
  EXPECT_FALSE(partials(std::vector<P>(Intake::partials_max + 1, {0, 4, 3, {1}})));
}

TEST(IntakeRow, DiffersByAnythingThatItHolds) {
  Intake a, b, c;
  a.record({0, 2, 1, 1, 1, some});
  b.record({0, 2, 1, 1, 2, some});
  c.record({0, 2, 1, 2, 2, some});
  EXPECT_NE(a, b);
  EXPECT_NE(b, c);
  EXPECT_EQ(b, *Intake::decode(b.encode()));
}

TEST(KeyspaceCorners, CountersFarBelowZeroAreTextInJson) {
  Core core;
  const std::uint64_t edge = std::uint64_t{1} << 53;
  core.take(envelope({.to = 1}, {up_down("p", 1, 0, edge)}));
  EXPECT_EQ(core.shows("p", Type::pncounter), "-9007199254740992");
  core.take(envelope({.from = 1, .to = 2}, {up_down("p", 2, 0, edge + 1)}));
  EXPECT_EQ(core.shows("p", Type::pncounter), "\"-9007199254740993\"");
}

TEST(KeyspaceCorners, ASetEntryWithoutElementsIsNobodysPart) {
  Core core;
  core.take(envelope({.to = 1}, {grown("g", 0, 1, {})}));
  EXPECT_EQ(core.keys.parts(), 0u);
  core.take(envelope({.from = 1, .to = 2}, {grown("g", 1, 2, {"x"})}));
  EXPECT_EQ(core.keys.parts(), 1u);
  EXPECT_EQ(core.rebuilt()->digest(), core.digest());
}

TEST(LiveCorners, OneWriteSupersedesSeveralOfClones) {
  const auto e = [](std::uint64_t to, std::uint64_t op, std::uint64_t hlc) {
    return envelope({.from = to - 1, .to = to}, {reg("r", to, op, crdt::Hlc{hlc}, 1)});
  };
  Core core;
  core.take(e(1, 1, 9));
  core.take(e(2, 1, 8));
  EXPECT_EQ(core.live.size(), 2u) << "neither covers the other in the order of both";
  core.take(e(3, 3, 1));
  EXPECT_EQ(core.live.size(), 1u);
  EXPECT_EQ(core.rebuilt()->digest(), core.digest());
}

}  // namespace
}  // namespace tributary::core::testing
