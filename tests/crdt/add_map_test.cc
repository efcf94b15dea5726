// SPDX-License-Identifier: Apache-2.0
// The two tables of an OR-Set against the standard library's: any sequence of changes, small and
// large elements, hashes that meet.
#include "crdt/add_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/add_run.h"
#include "crdt/dot_index.h"

namespace tributary::crdt {
namespace {

using Model = std::map<std::uint64_t, std::string>;

void expect_equal(const AddMap& map, const Model& model) {
  RC_ASSERT(map.size() == model.size());
  RC_ASSERT(map.empty() == model.empty());
  auto at = map.begin();
  for (const auto& [op, element] : model) RC_ASSERT((*at++ == AddMap::Add{op, element}));
  RC_ASSERT(at == map.end());
}

void expect_finds(const AddMap& map, const Model& model, std::uint64_t op) {
  const auto same = [&](AddMap::const_iterator at, Model::const_iterator wanted) {
    RC_ASSERT((at == map.end()) == (wanted == model.end()));
    if (wanted != model.end()) RC_ASSERT((*at == AddMap::Add{wanted->first, wanted->second}));
  };
  same(map.lower_bound(op), model.lower_bound(op));
  same(map.upper_bound(op), model.upper_bound(op));
  same(map.find(op), model.find(op));
  RC_ASSERT(map.contains(op) == model.contains(op));
}

std::string element(std::uint64_t op, std::uint64_t size) {
  return std::string(size, static_cast<char>('a' + op % 26));
}

// Mostly short elements behind the last one, as devices add them; some long ones, some between.
RC_GTEST_PROP(AddMap, IsWhatAMapIs, ()) {
  AddMap map;
  Model model;
  const auto steps = *rc::gen::inRange(1, 600);
  std::uint64_t top = 0;
  for (int i = 0; i < steps; ++i) {
    const auto kind = *rc::gen::inRange(0, 12);
    const std::uint64_t known = *rc::gen::inRange<std::uint64_t>(0, top + 2);
    const std::uint64_t size = *rc::gen::inRange<std::uint64_t>(0, kind == 3 ? 9'000 : 24);
    if (kind < 7) {
      const std::uint64_t op = kind < 5 ? top + 1 + static_cast<std::uint64_t>(kind % 2) : known;
      RC_ASSERT(map.insert(op, element(op, size)) == model.emplace(op, element(op, size)).second);
      top = std::max(top, op);
    } else if (kind < 9 && model.contains(known)) {
      map.replace(known, element(known + 1, size));
      model[known] = element(known + 1, size);
    } else if (const auto from = model.lower_bound(known); from != model.end()) {
      const auto behind = map.erase(map.lower_bound(known));
      const auto wanted = model.erase(from);
      RC_ASSERT((behind == map.end()) == (wanted == model.end()));
      if (wanted != model.end()) RC_ASSERT(behind.op() == wanted->first);
    }
    expect_finds(map, model, known);
  }
  expect_equal(map, model);
  const AddMap copy = map;
  RC_ASSERT(copy == map);
  if (!map.empty()) {
    map.erase(map.begin());
    RC_ASSERT(!(copy == map));
    expect_equal(copy, model);
  }
}

TEST(AddMap, ErasingWhileGoingThrough) {
  AddMap map;
  for (std::uint64_t op = 1; op <= 1'000; ++op) map.insert(op, "element");
  for (auto at = map.begin(); at != map.end();) at = at.op() % 3 != 0 ? map.erase(at) : ++at;
  EXPECT_EQ(map.size(), 333u);
  std::uint64_t wanted = 0;
  for (const auto& add : map) EXPECT_EQ(add.op, wanted += 3);
  AddMap taken = std::move(map);
  EXPECT_EQ(taken.size(), 333u);
  map = {{5, "again"}};
  EXPECT_EQ(map.find(5)->element, "again");
}

TEST(AddRun, ThatIsEmptyTakesNothingAndCanBeFilled) {
  AddRun run;
  run.shrink_to_fit();
  EXPECT_EQ(AddRun(run).size(), 0u);
  run.insert(0, 7, "badge");
  run.insert(1, 9, "badges");
  const AddRun behind = run.split_off(0);
  EXPECT_EQ(run.size(), 0u);
  EXPECT_EQ(AddRun(run).bytes(), 0u);
  ASSERT_EQ(behind.size(), 2u);
  EXPECT_EQ(behind.element(1), "badges");
  run.insert(0, 3, "again");
  EXPECT_EQ(run.op(0), 3u);
  EXPECT_EQ(run.element(0), "again");
}

void expect_one(const AddRun& run, std::uint64_t op, std::string_view element) {
  ASSERT_EQ(run.size(), 1u);
  EXPECT_EQ(run.op(0), op);
  EXPECT_EQ(run.element(0), element);
  EXPECT_EQ(run.bytes(), element.size());
  EXPECT_EQ(run.lower_bound(op), 0u);
  EXPECT_EQ(run.lower_bound(op + 1), 1u);
}

// Up to 23 bytes lie in the run itself: the same from the outside.
TEST(AddRun, OfOneIsTheSameWhereverItsElementLies) {
  for (const std::size_t size : {0u, 1u, 16u, 22u, 23u, 24u, 300u}) {
    const std::string element(size, 'e');
    AddRun run;
    run.push_back(7, element);
    expect_one(run, 7, element);
    expect_one(AddRun(run), 7, element);
    AddRun taken = std::move(run);
    expect_one(taken, 7, element);
    for (const std::size_t other : {0u, 23u, 24u}) {
      taken.replace(0, std::string(other, 'o'));
      expect_one(taken, 7, std::string(other, 'o'));
    }
    taken.replace(0, element);
    taken = AddRun(taken);  // lies where it fits again
    AddRun second = taken.split_off(1);
    EXPECT_EQ(second.size(), 0u);
    second = taken.split_off(0);
    EXPECT_EQ(taken.size(), 0u);
    expect_one(second, 7, element);
    second.push_back(9, "behind");
    second.insert(0, 5, "before");
    EXPECT_EQ(second.op(1), 7u);
    EXPECT_EQ(second.element(1), element);
    EXPECT_EQ(second.first(), 5u);
  }
}

TEST(AddRun, ThatBecameEmptyBeginsAnew) {
  for (const std::size_t size : {3u, 300u}) {
    AddRun run;
    run.push_back(7, std::string(size, 'e'));
    run.erase(0);
    EXPECT_EQ(run.size(), 0u);
    EXPECT_EQ(AddRun(run).size(), 0u);
    run.push_back(3, "again");
    expect_one(run, 3, "again");
    EXPECT_EQ(run.first(), 3u);
  }
}

TEST(AddMap, NothingIsBehindTheLastOperationThereCanBe) {
  constexpr auto last = std::numeric_limits<std::uint64_t>::max();
  const AddMap map = {{last - 1, "one before"}, {last, "last"}};
  EXPECT_EQ(map.upper_bound(last), map.end());
  EXPECT_EQ(map.upper_bound(last - 1)->op, last);
}

// Many elements, each of one dot: the table grows and shrinks, and searches go on from its end to
// its beginning.
TEST(DotIndex, LosesNoneWhileItGrowsAndShrinks) {
  constexpr std::uint64_t count = 3'000;
  std::vector<std::string> elements;
  for (std::uint64_t i = 0; i < count; ++i) elements.push_back("element-" + std::to_string(i));
  const auto bytes = [&](const Dot<int>& dot) -> std::string_view { return elements[dot.op]; };
  DotIndex<int> index;
  const auto expect_from = [&](std::uint64_t from, std::uint64_t to) {
    ASSERT_EQ(index.size(), to - from);
    for (std::uint64_t i = 0; i < count; ++i)
      ASSERT_EQ(index.contains(elements[i], bytes), from <= i && i < to) << i;
  };
  for (std::uint64_t i = 0; i < count; ++i) {
    index.insert({1, i}, elements[i], bytes);
    if (i % 100 == 0) expect_from(0, i + 1);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    index.erase({1, i}, elements[i]);
    if (i % 100 == 0) expect_from(i + 1, count);
  }
}

// Elements of one byte: 200 dots on few elements, so that many are carried by more than one.
RC_GTEST_PROP(DotIndex, IsWhatAMapOfSetsIs, ()) {
  using Dots = std::set<Dot<int>>;
  DotIndex<int> index;
  std::map<std::string, Dots> model;
  std::map<Dot<int>, std::string> carried;
  const auto bytes = [&](const Dot<int>& dot) -> std::string_view { return carried.at(dot); };
  const auto steps = *rc::gen::inRange(1, 400);
  const int few = *rc::gen::element(3, 40, 1'000);
  for (int i = 0; i < steps; ++i) {
    const Dot<int> dot{*rc::gen::inRange(0, 5), *rc::gen::inRange<std::uint64_t>(1, 60)};
    if (const auto held = carried.find(dot); held == carried.end()) {
      const std::string e = std::to_string(*rc::gen::inRange(0, few));
      carried[dot] = e;
      index.insert(dot, e, bytes);
      model[e].insert(dot);
    } else {
      const std::string e = held->second;
      index.erase(dot, e);
      carried.erase(held);
      model[e].erase(dot);
      if (model[e].empty()) model.erase(e);
    }
    RC_ASSERT(index.size() == model.size());
  }
  for (int e = 0; e < few; ++e) {
    const std::string name = std::to_string(e);
    std::vector<Dot<int>> seen;
    index.for_each(name, bytes, [&](const Dot<int>& dot) { seen.push_back(dot); });
    const auto wanted = model.find(name);
    RC_ASSERT(index.contains(name, bytes) == (wanted != model.end()));
    RC_ASSERT(Dots(seen.begin(), seen.end()) == (wanted == model.end() ? Dots{} : wanted->second));
    RC_ASSERT(std::is_sorted(seen.begin(), seen.end()));
  }
}

}  // namespace
}  // namespace tributary::crdt
