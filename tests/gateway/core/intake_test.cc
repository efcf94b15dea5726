// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/intake.h"

#include <gtest/gtest.h>

#include <random>

#include "gateway/core/coding.h"

namespace tributary::core {
namespace {

wire::Hash hash(std::uint64_t n) {
  return wire::sha256("body " + std::to_string(n));
}

Intake::Receipt whole(std::uint64_t from, std::uint64_t to, std::uint64_t id = 1) {
  return {from, to, id, 1, 1, hash(to * 1000 + id)};
}

Intake::Receipt piece(std::uint64_t from, std::uint64_t to, std::uint64_t id, std::uint32_t part,
                      std::uint32_t parts) {
  return {from, to, id, part, parts, hash(to * 1000 + id * 10 + part)};
}

TEST(Intake, BeginsWithNothing) {
  const Intake in;
  EXPECT_TRUE(in.empty());
  EXPECT_EQ(in.contiguous(), wire::Point{});
  EXPECT_EQ(in.top(), 0u);
  EXPECT_TRUE(in.points_above(0, 16).empty());
}

TEST(Intake, IsContiguousFromOneWithTheHashThatEndedThere) {
  Intake in;
  EXPECT_TRUE(in.record(whole(0, 3)));
  EXPECT_EQ(in.contiguous(), (wire::Point{3, hash(3001)}));
  EXPECT_TRUE(in.record(whole(3, 7)));
  EXPECT_EQ(in.contiguous(), (wire::Point{7, hash(7001)}));
  EXPECT_EQ(in.points_above(0, 16), (std::vector<wire::Point>{{3, hash(3001)}}));
  EXPECT_TRUE(in.points_above(3, 16).empty());
}

TEST(Intake, WaitsAtAGapAndJumpsWhenItIsFilled) {
  Intake in;
  in.record(whole(5, 9));
  EXPECT_EQ(in.contiguous(), wire::Point{});
  EXPECT_EQ(in.top(), 9u);
  EXPECT_EQ(in.points_above(0, 16), (std::vector<wire::Point>{{9, hash(9001)}}));
  in.record(whole(0, 4));
  EXPECT_EQ(in.contiguous().op, 4u);
  in.record(whole(4, 5));
  EXPECT_EQ(in.contiguous(), (wire::Point{9, hash(9001)}));
}

TEST(Intake, OverlapsAndDuplicatesChangeNothing) {
  Intake in;
  EXPECT_TRUE(in.record(whole(0, 6)));
  EXPECT_FALSE(in.record(whole(0, 6)));
  EXPECT_TRUE(in.record(whole(2, 9)));
  EXPECT_EQ(in.contiguous().op, 9u);
  EXPECT_TRUE(in.record(whole(0, 5)));  // an end that was not known: a twin would show by it
  EXPECT_EQ(in.points_above(0, 16).size(), 2u);
  EXPECT_EQ(in.contiguous().op, 9u);
}

TEST(Intake, OfTwoBodiesThatEndAtOneOperationTheFirstStays) {
  Intake in;
  in.record(whole(0, 6, 1));
  EXPECT_FALSE(in.record(whole(0, 6, 2)));
  EXPECT_EQ(in.contiguous().hash, hash(6001));
}

TEST(Intake, APartOfADeltaIsNothing) {
  Intake in;
  EXPECT_TRUE(in.record(piece(0, 4, 7, 1, 3)));
  EXPECT_TRUE(in.record(piece(0, 4, 7, 3, 3)));
  EXPECT_FALSE(in.empty());
  EXPECT_EQ(in.contiguous(), wire::Point{});
  EXPECT_EQ(in.top(), 0u);
  EXPECT_FALSE(in.record(piece(0, 4, 7, 3, 3)));  // again
  EXPECT_EQ(in.contiguous(), wire::Point{});
  EXPECT_TRUE(in.record(piece(0, 4, 7, 2, 3)));
  EXPECT_EQ(in.contiguous(), (wire::Point{4, hash(4073)}));  // the hash of the last part
}

TEST(Intake, HalfOfOneCutAndHalfOfAnotherAreNotTheWhole) {  // N4
  Intake in;
  in.record(piece(0, 4, 1, 1, 2));
  in.record(piece(0, 4, 2, 2, 2));
  EXPECT_EQ(in.contiguous(), wire::Point{});
  in.record(piece(0, 4, 1, 2, 3));  // the same id cut into another number of parts
  in.record(piece(1, 4, 1, 2, 2));  // or beginning elsewhere
  EXPECT_EQ(in.contiguous(), wire::Point{});
  in.record(piece(0, 4, 2, 1, 2));
  EXPECT_EQ(in.contiguous(), (wire::Point{4, hash(4022)}));
}

TEST(Intake, PartsOfWhatIsKnownAlreadyTakeNoRoom) {
  Intake in;
  in.record(whole(0, 9));
  const Intake before = in;
  EXPECT_FALSE(in.record(piece(0, 9, 5, 1, 2)));
  EXPECT_FALSE(in.record(piece(3, 8, 5, 1, 2)));
  EXPECT_EQ(in, before);
}

TEST(Intake, IncompleteDeltasAreDroppedWhenALaterOneCoversThem) {
  Intake in;
  in.record(piece(0, 4, 1, 1, 2));
  in.record(piece(4, 12, 2, 1, 2));
  in.record(whole(0, 8));
  in.record(piece(0, 4, 1, 2, 2));  // says nothing new
  EXPECT_EQ(in.contiguous().op, 8u);
  in.record(piece(4, 12, 2, 2, 2));
  EXPECT_EQ(in.contiguous().op, 12u);
}

TEST(Intake, KeepsAtMostEightIncompleteDeltasTheNewest) {
  Intake in;
  for (std::uint64_t i = 1; i <= Intake::partials_max + 3; ++i)
    in.record(piece(0, 10 * i, i, 1, 2));
  for (std::uint64_t i = 1; i <= 3; ++i) {  // the oldest were dropped: their other half is alone
    Intake copy = in;
    copy.record(piece(0, 10 * i, i, 2, 2));
    EXPECT_EQ(copy.contiguous().op, 0u) << i;
  }
  for (std::uint64_t i = 4; i <= Intake::partials_max + 3; ++i) {
    Intake copy = in;
    copy.record(piece(0, 10 * i, i, 2, 2));
    EXPECT_EQ(copy.contiguous().op, 10 * i) << i;
  }
}

TEST(Intake, KeepsAtMostSixtyFourIntervalsAndRecovers) {
  Intake in;
  for (std::uint64_t i = 1; i <= Intake::fragments_max; ++i)
    EXPECT_TRUE(in.record(whole(10 * i, 10 * i + 1)));
  EXPECT_FALSE(in.record(whole(9'000, 9'001)));  // not taken, so not acknowledged
  EXPECT_EQ(in.top(), 10 * Intake::fragments_max + 1);
  EXPECT_TRUE(in.record(whole(0, 9'001)));  // a delta from the acknowledged point closes all gaps
  EXPECT_EQ(in.contiguous(), (wire::Point{9'001, hash(9'001'001)}));
}

TEST(Intake, KeepsTheNewestPointsAndThoseThatEndAnInterval) {
  Intake in;
  for (std::uint64_t i = 0; i < 40; ++i) in.record(whole(i, i + 1));
  const auto points = in.points_above(0, 100);
  ASSERT_EQ(points.size(), Intake::points_max - 1);  // and the contiguous one
  EXPECT_EQ(points.front().op, 25u);
  EXPECT_EQ(points.back().op, 39u);

  Intake gaps;
  for (std::uint64_t i = 1; i <= 30; ++i) gaps.record(whole(10 * i, 10 * i + 2));
  EXPECT_EQ(gaps.points_above(0, 100).size(), 30u);  // every one ends an interval
  const auto newest = gaps.points_above(0, 16);
  ASSERT_EQ(newest.size(), 16u);
  EXPECT_EQ(newest.front().op, 152u);
  EXPECT_EQ(newest.back().op, 302u);
  EXPECT_EQ(gaps.points_above(250, 16).size(), 6u);
}

// Against a naive memory of everything: what is said to be contiguous is.
TEST(Intake, NeverSaysMoreThanArrived) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    Intake in;
    struct Cut {
      std::uint64_t from, to, id;
      std::uint32_t parts;
      std::set<std::uint32_t> got;
    };
    std::vector<Cut> cuts;
    std::set<std::uint64_t> known;
    for (int step = 0; step < 200; ++step) {
      if (cuts.empty() || random() % 4 == 0) {
        const std::uint64_t from = random() % 60;
        cuts.push_back({from,
                        from + 1 + random() % 12,
                        random() % 3,
                        static_cast<std::uint32_t>(1 + random() % 3),
                        {}});
      }
      Cut& c = cuts[random() % cuts.size()];
      const auto part = static_cast<std::uint32_t>(1 + random() % c.parts);
      in.record({c.from, c.to, c.id, part, c.parts, hash(c.to)});
      for (Cut& same : cuts) {
        if (same.from == c.from && same.to == c.to && same.id == c.id && same.parts == c.parts)
          same.got.insert(part);
        if (same.got.size() == same.parts)
          for (std::uint64_t n = same.from + 1; n <= same.to; ++n) known.insert(n);
      }
      std::uint64_t truth = 0;
      while (known.count(truth + 1) != 0) ++truth;
      ASSERT_LE(in.contiguous().op, truth);
      if (in.contiguous().op > 0) {
        ASSERT_EQ(in.contiguous().hash, hash(in.contiguous().op));
      }
      if (random() % 10 == 0) {
        const auto again = Intake::decode(in.encode());
        ASSERT_TRUE(again);
        ASSERT_EQ(*again, in);
      }
    }
  }
}

Intake rich() {
  Intake in;
  in.record(whole(0, 3));
  in.record(whole(3, 5));
  in.record(whole(8, 12));
  in.record(piece(5, 8, 3, 2, 11));
  in.record(piece(5, 8, 3, 11, 11));
  in.record(piece(12, 14, 4, 1, 2));
  return in;
}

TEST(Intake, ComesBackFromItsBytesAndGoesOn) {
  const Intake in = rich();
  auto again = Intake::decode(in.encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, in);
  for (std::uint32_t part = 1; part <= 10; ++part) again->record(piece(5, 8, 3, part, 11));
  EXPECT_EQ(again->contiguous().op, 12u);
  EXPECT_EQ(*Intake::decode(Intake().encode()), Intake());
}

TEST(Intake, RefusesDamagedBytes) {
  const std::string good = rich().encode();
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const int flip : {1, 0x80}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      EXPECT_FALSE(Intake::decode(bad)) << "byte " << i;
    }
    EXPECT_FALSE(Intake::decode(std::string_view(good).substr(0, i))) << i;
  }
  EXPECT_FALSE(Intake::decode(good + "x"));
}

// Bytes with a right checksum that encode() would not have made.
TEST(Intake, RefusesBytesThatMakeNoSense) {
  const auto encoded = [](auto&& fill) {
    Writer w;
    fill(w);
    return w.finish();
  };
  EXPECT_FALSE(Intake::decode(encoded([](Writer& w) { w.u8(2); })));
  EXPECT_FALSE(Intake::decode(encoded([](Writer& w) {  // an interval that ends before it begins
    w.u8(1), w.u32(1), w.u64(5), w.u64(5), w.u32(0), w.u32(0);
  })));
  EXPECT_FALSE(Intake::decode(encoded([](Writer& w) {  // an interval without its hash
    w.u8(1), w.u32(1), w.u64(0), w.u64(5), w.u32(0), w.u32(0);
  })));
  EXPECT_FALSE(Intake::decode(encoded([](Writer& w) {  // more than there is
    w.u8(1), w.u32(0), w.u32(0xFFFFFFFF);
  })));
  EXPECT_FALSE(
      Intake::decode(encoded([](Writer& w) { w.u8(1), w.u32(0), w.u32(0), w.u32(0xFFFFFFFF); })));
  EXPECT_FALSE(Intake::decode(encoded([](Writer& w) {  // bytes after the end
    w.u8(1), w.u32(0), w.u32(0), w.u32(0), w.u8(0);
  })));
}

}  // namespace
}  // namespace tributary::core
