// SPDX-License-Identifier: Apache-2.0
// The two tables of an OR-Set against the standard library's: any sequence of changes, small and
// large elements, hashes that meet.
#include "crdt/add_map.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
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
