// SPDX-License-Identifier: Apache-2.0
#include "crdt/small_vector.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "crdt/dot_set.h"

namespace tributary::crdt {
namespace {

using Strings = SmallVector<std::string>;

// Longer than a string keeps in itself, so that a sanitizer sees what is lost or freed twice.
std::string text(std::uint8_t n) {
  return "an element that needs memory of its own: " + std::to_string(n);
}

std::vector<std::string> all(const Strings& s) {
  return {s.begin(), s.end()};
}

TEST(SmallVector, KeepsTheFirstElementInItself) {
  Strings one;
  one.push_back(text(1));
  const auto* const at = reinterpret_cast<const std::byte*>(one.data());
  const auto* const self = reinterpret_cast<const std::byte*>(&one);
  EXPECT_TRUE(at >= self && at < self + sizeof one);
  EXPECT_EQ(sizeof(SmallVector<std::uint64_t>), 16u);
}

TEST(SmallVector, GrowsByWhatItHolds) {
  Strings s = {text(1)};
  s.push_back(s.front());
  s.insert(s.begin(), s.back());
  s.emplace_back(s[1]);
  EXPECT_EQ(all(s), std::vector<std::string>(4, text(1)));
}

RC_GTEST_PROP(SmallVector, IsAVector,
              (const std::vector<std::pair<std::uint8_t, std::uint8_t>>& steps)) {
  Strings ours;
  std::vector<std::string> model;
  for (const auto& [what, n] : steps) {
    const std::size_t at = model.empty() ? 0 : n % model.size();
    const auto i = static_cast<std::ptrdiff_t>(at);
    switch (what % 8) {
      case 0:
      case 1:
        ours.push_back(text(n)), model.push_back(text(n));
        break;
      case 2:
        RC_ASSERT(*ours.insert(ours.begin() + i, text(n)) == text(n));
        model.insert(model.begin() + i, text(n));
        break;
      case 3:
        if (model.empty()) break;
        RC_ASSERT(ours.erase(ours.begin() + i) - ours.begin() == i);
        model.erase(model.begin() + i);
        break;
      case 4:
        ours.erase(ours.begin() + i, ours.end()), model.erase(model.begin() + i, model.end());
        break;
      case 5: {
        Strings copy = ours;
        RC_ASSERT(copy == ours);
        ours = std::move(copy);
        RC_ASSERT(copy.empty());
        break;
      }
      case 6: {
        const Strings other = {text(n), text(n)};
        ours = n % 2 == 0 ? other : Strings{text(n)};
        model.assign(n % 2 == 0 ? 2 : 1, text(n));
        break;
      }
      default:
        if (!model.empty()) ours.pop_back(), model.pop_back();
    }
    RC_ASSERT(all(ours) == model);
    RC_ASSERT(ours.size() == model.size() && ours.capacity() >= ours.size());
  }
}

TEST(DotSet, IsEqualByWhatItHolds) {
  DotSet<> dots, never;
  dots.insert({{"reader", 1}, 7});
  EXPECT_FALSE(dots.insert({{"reader", 1}, 7}).second);
  EXPECT_FALSE(dots == never);
  DotSet<> copy = dots;
  copy.erase({{"reader", 1}, 8});
  EXPECT_EQ(copy.size(), 1u);
  copy.erase({{"reader", 1}, 7});
  EXPECT_TRUE(copy == never && copy.empty() && copy.begin() == copy.end());
  dots.erase_if([](const Dot<>& dot) { return dot.op == 7; });
  EXPECT_TRUE(dots == never && dots.empty());
}

}  // namespace
}  // namespace tributary::crdt
