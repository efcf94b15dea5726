// SPDX-License-Identifier: Apache-2.0
// The set of byte strings against std::set.
#include "crdt/byte_set.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tributary::crdt {
namespace {

std::vector<std::string> listed(const ByteSet& set) {
  return {set.begin(), set.end()};
}

TEST(ByteSet, HoldsEachElementOnceInTheOrderOfInsertion) {
  ByteSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_FALSE(set.contains(""));
  EXPECT_TRUE(set.insert("b"));
  EXPECT_TRUE(set.insert(""));
  EXPECT_TRUE(set.insert("a"));
  EXPECT_FALSE(set.insert("b"));
  EXPECT_FALSE(set.insert(""));
  EXPECT_EQ(set.size(), 3u);
  EXPECT_EQ(listed(set), (std::vector<std::string>{"b", "", "a"}));
}

TEST(ByteSet, ItsIteratorsAreForwardIterators) {
  static_assert(std::forward_iterator<ByteSet::const_iterator>);
  const ByteSet set = {"b", "a"};
  auto at = set.begin();
  const auto first = at++;
  EXPECT_EQ(*first, "b");
  EXPECT_EQ(*at, "a");
  EXPECT_EQ(++at, set.end());
}

TEST(ByteSet, TakesAnyBytesAndLengths) {
  ByteSet set;
  std::vector<std::string> all;
  for (const std::size_t size : {0u, 1u, 127u, 128u, 129u, 16'383u, 16'384u, 70'000u}) {
    all.push_back(std::string(size, '\0'));
    if (size > 0) all.push_back(std::string(size - 1, '\xFF') + "x");
  }
  for (const std::string& one : all) EXPECT_TRUE(set.insert(one));
  for (const std::string& one : all) EXPECT_TRUE(set.contains(one)) << one.size();
  for (const std::string& one : all) EXPECT_FALSE(set.insert(one)) << one.size();
  EXPECT_EQ(listed(set), all);
}

TEST(ByteSet, AnElementOfItselfIsNotNew) {
  ByteSet set;
  for (int i = 0; i < 100; ++i) set.insert(std::to_string(i));
  for (int round = 0; round < 3; ++round) {
    const std::string_view view = *set.begin();
    EXPECT_FALSE(set.insert(view));
  }
}

RC_GTEST_PROP(ByteSet, IsWhatAStdSetIs, ()) {
  // Few different ones, many different ones, and both sides of the size from which it has an index.
  const int words = *rc::gen::element(3, 12, 200, 100'000);
  const auto inserted =
      *rc::gen::scale(5.0, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, words)));
  ByteSet set;
  std::set<std::string> model;
  for (const int word : inserted) {
    const std::string bytes(static_cast<std::size_t>(word % 40), static_cast<char>(word));
    RC_ASSERT(set.contains(bytes) == model.contains(bytes));
    RC_ASSERT(set.insert(bytes) == model.insert(bytes).second);
  }
  RC_ASSERT(set.size() == model.size());
  const ByteSet copy = set;
  RC_ASSERT(copy == set);
  const auto all = listed(copy);
  RC_ASSERT(std::set<std::string>(all.begin(), all.end()) == model);
  RC_ASSERT(all.size() == model.size());
  const ByteSet moved = std::move(set);
  RC_ASSERT(moved == copy);
  ByteSet more = copy;
  RC_ASSERT(more.insert("one that is longer than any of the others, by far"));
  RC_ASSERT(!(more == copy));
}

}  // namespace
}  // namespace tributary::crdt
