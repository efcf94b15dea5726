// SPDX-License-Identifier: Apache-2.0
// Snapshots with a right checksum that encode_snapshot never wrote: refused whole, and never a
// memory that later sends what no reader takes.
#include "firmware-sim/sdk/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/firmware-sim/sdk/device_fixture.h"

namespace tributary::sdk {
namespace {

using ::testing::HasSubstr;

// Fields as README.md, "Snapshot", says; each may be written wrong.
class Craft {
 public:
  Craft& number(std::uint64_t v) {
    for (; v >= 0x80; v >>= 7) out_.push_back(static_cast<char>(v | 0x80));
    out_.push_back(static_cast<char>(v));
    return *this;
  }
  Craft& numbers(std::initializer_list<std::uint64_t> all) {
    for (const std::uint64_t v : all) number(v);
    return *this;
  }
  Craft& text(std::string_view s) { return number(s.size()).raw(s); }
  Craft& raw(std::string_view s) {
    out_.append(s);
    return *this;
  }
  // Up to the cells: device d1, epoch 7, six operations, no points, no gateways.
  Craft& head(std::uint64_t version = 1, std::uint64_t last_op = 6) {
    raw("TRIBSNAP").number(version).text("demo").text("d1");
    return numbers({7, last_op, 0, 0}).numbers({0, 0}).number(0);
  }
  Craft& cell(std::string_view key, std::uint64_t type, std::uint64_t last,
              std::uint64_t muted = 0) {
    return text(key).numbers({type, last, muted});
  }
  std::string sealed() const {
    const wire::Hash sum = wire::sha256(out_);
    return out_ + std::string(sum.view());
  }

 private:
  std::string out_;
};

std::optional<Error> read(const Craft& c) {
  Memory m;
  return decode_snapshot(c.sealed(), "demo", "d1", m);
}

// A snapshot of one cell; `fill` writes it.
std::optional<Error> one_cell(const std::function<void(Craft&)>& fill) {
  Craft c;
  c.head().number(1);
  fill(c);
  return read(c);
}

constexpr std::uint64_t u64_max = ~std::uint64_t{0};

TEST(Snapshot, ReadsEveryTypeAsTheReadmeSaysIt) {
  Craft c;
  c.head().number(5);
  c.cell("c", 1, 1).numbers({5, 0});
  c.cell("p", 2, 2).numbers({0, 4});
  c.cell("g", 3, 3).numbers({0, 0}).number(1).number(3).text("e").numbers({0, 0});
  c.cell("s", 4, 5).numbers({0, 0}).number(1).number(5).text("x").number(1).numbers({4, 5});
  c.number(1).text("d1").numbers({6, 1, 5});  // an add of an earlier epoch of its own
  c.cell("r", 5, 6).numbers({6, 9}).text("\x07");
  Memory m;
  const auto error = decode_snapshot(c.sealed(), "demo", "d1", m);
  ASSERT_FALSE(error) << error->text;
  EXPECT_EQ(m.epoch, 7u);
  EXPECT_EQ(m.state.find("c", 1)->p, 5u);
  EXPECT_EQ(m.state.find("p", 2)->n, 4u);
  EXPECT_EQ(m.state.find("s", 4)->set->removed.size(), 1u);
  EXPECT_EQ(m.state.find("s", 4)->set->foreign.size(), 1u);
  EXPECT_EQ(m.state.find("r", 5)->op, 6u);
  EXPECT_EQ(encode_snapshot("demo", "d1", m), c.sealed());
}

TEST(Snapshot, AnotherVersionIsNamed) {
  const auto error = read(Craft().head(2).number(0));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Error::Code::snapshot_version);
  EXPECT_THAT(error->text, HasSubstr("version 2"));
}

TEST(Snapshot, OfAnotherFleetIsForeign) {
  Memory m;
  const auto error = decode_snapshot(Craft().head().number(0).sealed(), "other", "d1", m);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Error::Code::snapshot_foreign);
}

using Cells = std::vector<std::pair<const char*, std::function<void(Craft&)>>>;

void expect_refused(const Cells& wrong) {
  for (const auto& [what, fill] : wrong) {
    const auto error = one_cell(fill);
    ASSERT_TRUE(error) << what;
    EXPECT_EQ(error->code, Error::Code::snapshot_corrupt) << what;
  }
}

TEST(Snapshot, CellsThatCannotBeAreRefused) {
  expect_refused({
      {"type 0",
       [](Craft& c) {
         c.cell("k", 0, 1).numbers({1, 0});
       }},
      {"a type nobody knows",
       [](Craft& c) {
         c.cell("k", 6, 1).numbers({1, 0});
       }},
      {"a type over all",
       [](Craft& c) {
         c.cell("k", 128, 1).numbers({1, 0});
       }},
      {"a reserved key",
       [](Craft& c) {
         c.cell("$k", 1, 1).numbers({1, 0});
       }},
      {"no key",
       [](Craft& c) {
         c.cell("", 1, 1).numbers({1, 0});
       }},
      {"touched after the last operation",
       [](Craft& c) {
         c.cell("k", 1, 7).numbers({1, 0});
       }},
      {"never touched and not muted",
       [](Craft& c) {
         c.cell("k", 1, 0).numbers({0, 0});
       }},
      {"muted twice",
       [](Craft& c) {
         c.cell("k", 1, 1, 2).numbers({1, 0});
       }},
  });
  EXPECT_FALSE(one_cell([](Craft& c) {
    c.cell("k", 1, 0, 1).numbers({0, 0});
  })) << "muted before it was ever used again: kept";
}

TEST(Snapshot, ValuesThatCannotBeAreRefused) {
  expect_refused({
      {"a counter of nothing",
       [](Craft& c) {
         c.cell("k", 1, 1).numbers({0, 0});
       }},
      {"a grow-only counter that went down",
       [](Craft& c) {
         c.cell("k", 1, 1).numbers({1, 1});
       }},
      {"a counter of nothing, both ways",
       [](Craft& c) {
         c.cell("k", 2, 1).numbers({0, 0});
       }},
      {"a register written by no operation",
       [](Craft& c) {
         c.cell("k", 5, 1).numbers({0, 9}).text("\x07");
       }},
      {"a register of no scalar",
       [](Craft& c) {
         c.cell("k", 5, 1).numbers({1, 9}).text("");
       }},
      {"cut in a text",
       [](Craft& c) {
         c.cell("k", 5, 1).numbers({1, 9, 50}).raw("\x07");
       }},
      {"cut in a number", [](Craft& c) { c.cell("k", 1, 1).number(1).raw("\x80"); }},
      {"a number of more than 64 bits",
       [](Craft& c) {
         c.cell("k", 1, 1).raw(std::string(11, '\x80')).numbers({1, 0});
       }},
      {"bytes after the end",
       [](Craft& c) {
         c.cell("k", 1, 1).numbers({1, 0, 0});
       }},
  });
}

TEST(Snapshot, ACellTwiceOrOutOfOrderIsRefused) {
  EXPECT_TRUE(read(
      Craft().head().number(2).cell("k", 1, 1).numbers({1, 0}).cell("k", 1, 2).numbers({2, 0})));
  EXPECT_TRUE(read(
      Craft().head().number(2).cell("k", 1, 0, 1).numbers({0, 0}).cell("k", 1, 2).numbers({2, 0})));
  EXPECT_TRUE(read(
      Craft().head().number(2).cell("k", 1, 2).numbers({1, 0}).cell("l", 1, 1).numbers({2, 0})));
  EXPECT_FALSE(read(
      Craft().head().number(2).cell("k", 1, 1).numbers({1, 0}).cell("l", 1, 2).numbers({2, 0})));
}

TEST(Snapshot, SetsThatCannotBeAreRefused) {
  const auto adds = [](Craft& c, std::initializer_list<std::pair<std::uint64_t, std::string>> all) {
    c.numbers({0, 0}).number(all.size());
    for (const auto& [op, element] : all) c.number(op).text(element);
  };
  const auto removed = [&](Craft& c, std::uint64_t type, std::uint64_t op, std::uint64_t by) {
    c.cell("k", type, 6).numbers({0, 0, 0}).number(1).numbers({op, by}).number(0);
  };
  const auto foreign = [&](Craft& c, std::string_view device, std::uint64_t epoch, std::uint64_t op,
                           std::uint64_t by, int times = 1) {
    c.cell("k", 4, 6).numbers({0, 0, 0, 0}).number(static_cast<std::uint64_t>(times));
    for (int i = 0; i < times; ++i) c.text(device).numbers({epoch, op, by});
  };
  expect_refused({
      {"an element too long",
       [&](Craft& c) {
         adds(c.cell("k", 4, 6), {{6, std::string(1'025, 'x')}});
         c.numbers({0, 0});
       }},
      {"an element twice",
       [&](Craft& c) {
         adds(c.cell("k", 4, 6), {{5, "x"}, {6, "x"}});
         c.numbers({0, 0});
       }},
      {"adds out of order",
       [&](Craft& c) {
         adds(c.cell("k", 4, 6), {{6, "x"}, {5, "y"}});
         c.numbers({0, 0});
       }},
      {"an add to come",
       [&](Craft& c) {
         adds(c.cell("k", 4, 6), {{7, "x"}});
         c.numbers({0, 0});
       }},
      {"a horizon to come",
       [&](Craft& c) {
         c.cell("k", 4, 6).numbers({7, 0, 0, 0, 0});
       }},
      {"a removal before the add", [&](Craft& c) { removed(c, 4, 3, 3); }},
      {"a removal to come", [&](Craft& c) { removed(c, 4, 3, 7); }},
      {"a removal of nothing", [&](Craft& c) { removed(c, 4, 0, 3); }},
      {"a removal in a set that only grows", [&](Craft& c) { removed(c, 3, 3, 4); }},
      {"a foreign removal in a set that only grows",
       [&](Craft& c) {
         c.cell("k", 3, 6).numbers({0, 0, 0, 0, 1}).text("d2").numbers({1, 1, 6});
       }},
      {"a device that cannot be", [&](Craft& c) { foreign(c, "d 2", 1, 1, 6); }},
      {"an operation 0", [&](Craft& c) { foreign(c, "d2", 1, 0, 6); }},
      {"a foreign removal to come", [&](Craft& c) { foreign(c, "d2", 1, 1, 7); }},
      {"a foreign removal twice", [&](Craft& c) { foreign(c, "d2", 1, 1, 6, 2); }},
      {"its own add as a foreign one", [&](Craft& c) { foreign(c, "d1", 7, 1, 6); }},
      {"more than there is",
       [&](Craft& c) {
         c.cell("k", 4, 6).numbers({0, 0, u64_max});
       }},
  });
  EXPECT_FALSE(one_cell([&](Craft& c) { removed(c, 4, 3, 4); }));
  EXPECT_FALSE(one_cell([&](Craft& c) { foreign(c, "d2", 7, 1, 6); }));
}

TEST(Snapshot, WhatGatewaysHoldIsWithinWhatWasDone) {
  const auto links = [](const std::function<void(Craft&)>& fill) {
    Craft c;
    c.raw("TRIBSNAP").number(1).text("demo").text("d1").numbers({7, 6, 0, 0});
    fill(c);
    c.number(0);
    return read(c);
  };
  const std::string hash(32, 'h');
  EXPECT_FALSE(links([&](Craft& c) {
    c.numbers({2, 1}).number(6).raw(hash).number(1).text("g").numbers({1, 2, 6});
  }));
  EXPECT_TRUE(links([&](Craft& c) { c.numbers({7, 0, 0}); })) << "forgotten beyond the last";
  EXPECT_TRUE(links([&](Craft& c) { c.numbers({0, 65, 0}); })) << "more points than are kept";
  EXPECT_TRUE(links([&](Craft& c) { c.numbers({0, 1}).number(7).raw(hash).number(0); }));
  EXPECT_TRUE(links([&](Craft& c) { c.numbers({0, 1}).number(6).raw("short"); }));
  EXPECT_TRUE(links([&](Craft& c) { c.numbers({0, 0, 65}); })) << "more gateways than are kept";
  EXPECT_TRUE(links([&](Craft& c) {
    c.numbers({0, 0, 1}).text("g").numbers({1, 2, 7});
  })) << "a gateway cannot hold what was never done";
  EXPECT_TRUE(read(Craft().head(1, u64_max).number(0))) << "no operation would come after that";
}

}  // namespace
}  // namespace tributary::sdk
