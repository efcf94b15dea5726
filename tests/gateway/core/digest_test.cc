// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/gateway/core/support/craft.h"
#include "tests/transports/wire/vectors.h"

namespace tributary::core {
namespace {

using wire::vectors::from_hex;
using wire::vectors::Json;

TEST(LtHash, AgreesWithTheVectors) {
  const Json all = wire::vectors::load("digest");
  for (const Json& v : all.at("atoms"))
    EXPECT_EQ(wire::to_hex(wire::sha256(from_hex(v.at("hex"))).view()),
              v.at("sha256").get<std::string>());
  for (const Json& v : all.at("digests")) {
    DigestBook book;
    LtHash sum;
    for (const Json& atom : v.at("atoms")) {
      book.change(5, from_hex(atom), +1);
      sum.add(wire::sha256(from_hex(atom)), +1);
    }
    EXPECT_EQ(wire::to_hex(book.digest(5).view()), v.at("digest").get<std::string>()) << v;
    EXPECT_EQ(wire::to_hex(sum.digest().view()), v.at("digest").get<std::string>()) << v;
  }
}

TEST(DigestBook, IsTheSameWhenAnotherThreadHelps) {
  DigestBook alone, helped;
  helped.use_two_threads();
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::string atom = "atom " + std::to_string(i);
    alone.change(i % 7, atom, +1);
    if (i % 5 == 0) {
      helped.change(i % 7, atom, +1);
    } else {
      helped.add(i % 7, atom);
    }
  }
  EXPECT_FALSE(helped.empty(3));
  EXPECT_EQ(helped.digest(3), alone.digest(3)) << "asked for in the middle";
  helped.use_two_threads();
  helped.add(3, "one more"), alone.change(3, "one more", +1);
  helped.use_one_thread();
  EXPECT_EQ(helped.all(), alone.all());
}

// As registers with large values have them: several are handed over, not one at the end.
TEST(DigestBook, IsTheSameWithLargeAtoms) {
  DigestBook alone, helped;
  helped.use_two_threads();
  for (std::uint32_t i = 0; i < 300; ++i) {
    const std::string atom = std::to_string(i) + std::string(65'000, 'x');
    alone.change(i % 7, atom, +1);
    helped.add(i % 7, atom);
  }
  EXPECT_EQ(helped.all(), alone.all());
}

// The atoms of the vectors are what this writer makes of their fields.
TEST(AtomWriter, WritesTheAtomsOfTheVectors) {
  std::map<std::string, std::string> atoms;
  const Json all = wire::vectors::load("digest");
  for (const Json& v : all.at("atoms"))
    atoms[v.at("name").get<std::string>()] = v.at("hex").get<std::string>();
  AtomWriter w;
  const auto begin = [&](std::uint32_t items, std::uint64_t type, std::string_view key) -> auto& {
    return w.begin(items).number(type).text("meter-1").number(7).text(key);
  };
  begin(5, 1, "parts").number(300);
  EXPECT_EQ(wire::to_hex(w.view()), atoms.at("gcounter"));
  begin(6, 2, "people").number(120).number(113);
  EXPECT_EQ(wire::to_hex(w.view()), atoms.at("pncounter"));
  begin(5, 3, "badges").binary("anna");
  EXPECT_EQ(wire::to_hex(w.view()), atoms.at("gset"));
  begin(7, 4, "alarms").text("live").number(9).binary("smoke");
  EXPECT_EQ(wire::to_hex(w.view()), atoms.at("orset live"));
}

TEST(AtomWriter, TakesTheShortestFormAtEveryBoundary) {
  AtomWriter w;
  const auto number = [&](std::uint64_t v) {
    return wire::to_hex(w.begin(1).number(v).view()).substr(2);
  };
  EXPECT_EQ(number(0x7F), "7f");
  EXPECT_EQ(number(0x80), "cc80");
  EXPECT_EQ(number(0xFF), "ccff");
  EXPECT_EQ(number(0x100), "cd0100");
  EXPECT_EQ(number(0xFFFF), "cdffff");
  EXPECT_EQ(number(0x10000), "ce00010000");
  EXPECT_EQ(number(0xFFFFFFFF), "ceffffffff");
  EXPECT_EQ(number(0x100000000), "cf0000000100000000");
  const auto text = [&](std::size_t n) {
    return wire::to_hex(w.begin(1).text(std::string(n, 'x')).view().substr(1, 5));
  };
  EXPECT_EQ(text(31).substr(0, 2), "bf");
  EXPECT_EQ(text(32).substr(0, 4), "d920");
  EXPECT_EQ(text(255).substr(0, 4), "d9ff");
  EXPECT_EQ(text(256).substr(0, 6), "da0100");
  const auto binary = [&](std::size_t n) {
    return wire::to_hex(w.begin(1).binary(std::string(n, 'x')).view().substr(1, 5));
  };
  EXPECT_EQ(binary(0), "c400");
  EXPECT_EQ(binary(256).substr(0, 6), "c50100");
  EXPECT_EQ(binary(65'536), "c600010000");
  EXPECT_EQ(wire::to_hex(w.begin(15).view()), "9f");
  EXPECT_EQ(wire::to_hex(w.begin(16).view()), "dc0010");
  EXPECT_EQ(wire::to_hex(w.begin(65'536).view()), "dd00010000");
}

TEST(DigestBook, DoesNotSeeTheOrder) {
  std::vector<std::string> atoms;
  for (int i = 0; i < 60; ++i) atoms.push_back("atom " + std::to_string(i));
  std::mt19937_64 random(4);
  DigestBook first;
  for (const std::string& a : atoms) first.change(1, a, +1);
  for (int round = 0; round < 10; ++round) {
    std::shuffle(atoms.begin(), atoms.end(), random);
    DigestBook book;
    for (const std::string& a : atoms) {
      book.change(1, a, +1);
      if (random() % 3 == 0) book.digest(1);  // reading in between changes nothing
    }
    EXPECT_EQ(book.digest(1), first.digest(1));
  }
}

TEST(DigestBook, WhatGoesAwayLeavesNoTrace) {
  DigestBook book, empty;
  book.change(3, "a", +1);
  const wire::Hash a = book.digest(3);
  book.change(3, "b", +1);
  EXPECT_NE(book.digest(3), a);
  book.change(3, "b", -1);
  EXPECT_EQ(book.digest(3), a);
  book.change(3, "c", +1);
  book.change(3, "c", -1);  // between two readings
  EXPECT_EQ(book.digest(3), a);
  EXPECT_FALSE(book.empty(3));
  book.change(3, "a", -1);
  EXPECT_TRUE(book.empty(3));
  EXPECT_TRUE(book.empty(4));
  EXPECT_EQ(book.digest(3), empty.digest(3));
  EXPECT_EQ(book.all(), empty.all());
}

TEST(DigestBook, CountsCopies) {
  DigestBook once, twice;
  once.change(0, "a", +1);
  twice.change(0, "a", +2);
  EXPECT_NE(once.digest(0), twice.digest(0));
  twice.change(0, "a", -1);
  EXPECT_EQ(once.digest(0), twice.digest(0));
}

TEST(DigestBook, EveryBucketCountsInAll) {
  DigestBook one, other;
  one.change(0, "a", +1);
  other.change(63, "a", +1);
  EXPECT_EQ(one.digest(0), other.digest(63));
  EXPECT_NE(one.all(), other.all());
}

// docs/protocol.md section 8, word for word: the digest of a state that has one of everything.
TEST(DigestBook, OfAStateIsThatOfItsAtoms) {
  using namespace testing;
  Core core;
  core.take(envelope({.device = "owner", .to = 2}, {set("s", 0, 2, {{1, "x"}, {2, "y"}})}));
  core.take(envelope({.device = "a", .epoch = 9, .to = 5},
                     {counter("c", 5, 300), up_down("p", 5, 120, 113), grown("g", 0, 5, {"u", "v"}),
                      reg("r", 5, 4, crdt::Hlc{77}, 21),
                      set("s", 3, 5, {{5, "z"}}, {1}, {{"nobody", 8, 3}, {"owner", 1, 2}})}));
  DigestBook want;
  AtomWriter w;
  const auto put = [&](std::string_view device, std::uint64_t epoch) {
    want.change(wire::bucket_of(device, epoch), w.view(), +1);
  };
  const auto mine = [&](std::uint32_t items, std::uint64_t type, std::string_view key) -> auto& {
    return w.begin(items).number(type).text("a").number(9).text(key);
  };
  const auto theirs = [&](std::uint32_t items) -> auto& {
    return w.begin(items).number(4).text("owner").number(1).text("s");
  };
  theirs(7).text("live").number(1).binary("x"), put("owner", 1);
  theirs(7).text("live").number(2).binary("y"), put("owner", 1);
  theirs(6).text("covered").array(1).array(2).number(0).number(2), put("owner", 1);
  mine(5, 1, "c").number(300), put("a", 9);
  mine(6, 2, "p").number(120).number(113), put("a", 9);
  mine(5, 3, "g").binary("u"), put("a", 9);
  mine(5, 3, "g").binary("v"), put("a", 9);
  mine(7, 5, "r").number(4).number(77).binary("\x15"), put("a", 9);
  mine(7, 4, "s").text("live").number(5).binary("z"), put("a", 9);
  mine(6, 4, "s").text("covered").array(2).array(2).number(0).number(1).array(2).number(3).number(
      5);
  put("a", 9);
  mine(8, 4, "s").text("foreign").text("owner").number(1).number(2), put("a", 9);
  mine(8, 4, "s").text("foreign").text("nobody").number(8).number(3), put("a", 9);
  EXPECT_EQ(core.digest(), wire::to_hex(want.all().view()));

  // The target dies in its owner's part: nobody remembers the removal.
  core.take(envelope({.device = "owner", .from = 2, .to = 3}, {set("s", 0, 3, {{1, "x"}})}));
  mine(8, 4, "s").text("foreign").text("owner").number(1).number(2);
  want.change(wire::bucket_of("a", 9), w.view(), -1);
  theirs(7).text("live").number(2).binary("y");
  want.change(wire::bucket_of("owner", 1), w.view(), -1);
  theirs(6).text("covered").array(1).array(2).number(0).number(2);
  want.change(wire::bucket_of("owner", 1), w.view(), -1);
  theirs(6).text("covered").array(1).array(2).number(0).number(3), put("owner", 1);
  EXPECT_EQ(core.digest(), wire::to_hex(want.all().view()));

  core.take(envelope({.device = "a", .epoch = 9, .from = 5, .to = 8},
                     {unknown("f", 77, 3, 8, "\x91\xC0")}));
  DigestBook others;
  w.begin(8).number(77).text("a").number(9).text("f").number(3).number(8).number(8).binary(
      "\x91\xC0");
  others.change(wire::bucket_of("a", 9), w.view(), +1);
  EXPECT_EQ(core.unknown_digest(), wire::to_hex(others.all().view()));
}

}  // namespace
}  // namespace tributary::core
