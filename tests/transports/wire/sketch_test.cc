// SPDX-License-Identifier: Apache-2.0
// Sketches, asks and answers: the vectors both ways, differences of every size that fits, and cells
// that are nobody's.
#include "transports/wire/sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/transports/wire/vectors.h"
#include "transports/wire/ask.h"

namespace tributary::wire {
namespace {

using vectors::hex;
using vectors::Json;
using vectors::number;

TEST(AskVectors, BothWaysAndTheirCells) {
  for (const Json& v : vectors::valid("ask")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto a = decode_ask(bytes, Limits{});
    ASSERT_TRUE(a) << to_string(a.error());
    const Json fields = {{"gateway", a->gateway},
                         {"token", number(a->token)},
                         {"buckets", number(a->buckets)},
                         {"cells", hex(a->cells)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*a), bytes);
    Sketch sketch(a->cells.size() / sketch_cell_bytes);
    for (const Json& h : v.at("hashes")) sketch.add(sketch_id(a->token, vectors::hash(h)));
    EXPECT_EQ(hex(sketch.bytes()), hex(a->cells));
    EXPECT_EQ(Sketch::read(a->cells)->bytes(), a->cells);
  }
}

TEST(AnswerVectors, BothWays) {
  for (const Json& v : vectors::valid("answer")) {
    SCOPED_TRACE(v.at("name"));
    const std::string bytes = vectors::message(v);
    const auto a = decode_answer(bytes, Limits{});
    ASSERT_TRUE(a) << to_string(a.error());
    Json lacks = Json::array();
    for (const std::uint64_t id : a->lacks) lacks.push_back(number(id));
    const Json fields = {{"gateway", a->gateway},
                         {"token", number(a->token)},
                         {"outcome", static_cast<int>(a->outcome)},
                         {"lacks", lacks},
                         {"pack", hex(a->pack)}};
    EXPECT_EQ(fields, v.at("fields"));
    EXPECT_EQ(encode(*a), bytes);
  }
}

TEST(SketchVectors, Ids) {
  const Json all = vectors::load("sketch");
  for (const Json& v : all.at("ids"))
    EXPECT_EQ(number(sketch_id(number(v.at("token")), vectors::hash(v.at("hash")))), v.at("id"));
}

// Two sets with much in common: what each has alone is told, or nothing is.
struct Sets {
  std::vector<std::uint64_t> mine, theirs;  // ascending
  Sketch a, b;

  Sets(std::mt19937_64& random, std::size_t common, std::size_t apart, std::size_t cells)
      : a(cells), b(cells) {
    for (std::size_t i = 0; i < common; ++i) {
      const std::uint64_t id = random();
      a.add(id), b.add(id);
    }
    for (std::size_t i = 0; i < apart; ++i) {
      const std::uint64_t id = random();
      const bool here = random() % 3 == 0;
      (here ? a : b).add(id);
      (here ? mine : theirs).push_back(id);
    }
    std::sort(mine.begin(), mine.end());
    std::sort(theirs.begin(), theirs.end());
  }
};

TEST(Sketch, TellsADifferenceThatFitsWhateverTheSets) {
  std::mt19937_64 random(7);
  std::size_t told = 0, rounds = 0;
  for (const std::size_t apart : {0u, 1u, 2u, 5u, 20u, 100u, 400u, 2'000u}) {
    for (int i = 0; i < 20; ++i) {
      Sets s(random, apart == 400 ? 20'000 : 300, apart, (apart * 3 / 2 + 32) / 4 * 4);
      s.a.subtract(s.b);
      const auto d = s.a.difference();
      ++rounds;
      if (!d) continue;
      ++told;
      EXPECT_EQ(d->added, s.mine);
      EXPECT_EQ(d->missing, s.theirs);
    }
  }
  EXPECT_GE(told, rounds - 4);
}

TEST(Sketch, SaysWhenItIsTooSmall) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 50; ++i) {
    Sets s(random, 100, 200, 64);
    s.a.subtract(s.b);
    EXPECT_FALSE(s.a.difference());
  }
}

TEST(Sketch, ReadsOnlyWholeRowsOfCells) {
  for (const std::size_t n : {0u, 1u, 12u, 47u, 49u, 60u})
    EXPECT_FALSE(Sketch::read(std::string(n, 'x')));
  EXPECT_TRUE(Sketch::read(std::string(48, 'x')));
  EXPECT_TRUE(Sketch::read(std::string(sketch_cells_max * sketch_cell_bytes, 'x')));
  EXPECT_FALSE(Sketch::read(std::string((sketch_cells_max + 4) * sketch_cell_bytes, 'x')));
}

// Cells made by hand: one id that is pure in one of its cells only goes round and round when it is
// taken out. It must end, and tell nothing.
TEST(Sketch, CellsMadeByHandEndAndTellNothing) {
  Sketch honest(8);
  honest.add(42);
  const std::string whole = honest.bytes();
  std::size_t refused = 0;
  for (std::size_t cell = 0; cell < 8; ++cell) {
    std::string bytes = whole;
    bytes.replace(cell * sketch_cell_bytes, sketch_cell_bytes, sketch_cell_bytes, '\0');
    if (bytes == whole) continue;
    EXPECT_FALSE(Sketch::read(bytes)->difference());
    ++refused;
  }
  EXPECT_EQ(refused, 4u);
  std::mt19937_64 random(2);
  for (int i = 0; i < 200; ++i) {  // each cell looks pure, and they belong to nothing
    Sketch other(64);
    std::string bytes(64 * sketch_cell_bytes, '\0');
    for (std::size_t cell = 0; cell < 64; ++cell) {
      Sketch one(64);
      one.add(random());
      const std::string all = one.bytes();
      for (std::size_t at = 0; at < 64; ++at) {
        const std::string that = all.substr(at * sketch_cell_bytes, sketch_cell_bytes);
        if (that.back() == 1 && random() % 4 == 0) {
          bytes.replace(at * sketch_cell_bytes, sketch_cell_bytes, that);
          break;
        }
      }
    }
    EXPECT_FALSE(Sketch::read(bytes)->difference());
  }
}

}  // namespace
}  // namespace tributary::wire
