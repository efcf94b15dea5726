// SPDX-License-Identifier: Apache-2.0
// Random exploration of the shipping core, in the flavours of the executable model.
//
//   TRIBUTARY_SEED=7 test_core_explorer --gtest_filter='*/clone'      one schedule, with its trace
//   TRIBUTARY_SEEDS=1000 test_core_explorer                           many of each
#include "tests/gateway/core/support/explorer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/support/share.h"

namespace tributary::core::testing {
namespace {

std::uint64_t env(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct FlavourCase {
  Flavour flavour;
  std::vector<std::string> must_reach;  // by the usual number of seeds, or the test tests nothing
};

void PrintTo(const FlavourCase& c, std::ostream* out) {
  *out << name(c.flavour);
}

struct Explore : ::testing::TestWithParam<FlavourCase> {};

TEST_P(Explore, KeepsItsPromises) {
  const Flavour flavour = GetParam().flavour;
  const std::uint64_t only = env("TRIBUTARY_SEED", 0);
  const std::uint64_t seeds = env("TRIBUTARY_SEEDS", test::share<std::uint64_t>(25));
  std::map<std::string, int> reached;
  const int steps = flavour == Flavour::heavy ? 400 : 200;
  for (std::uint64_t seed = only ? only : 1; seed <= (only ? only : seeds); ++seed) {
    Explorer world(flavour, seed, steps);
    const std::string wrong = world.run();
    for (const auto& [what, times] : world.reached) reached[what] += times;
    if (wrong.empty() && !::testing::Test::HasFailure()) continue;
    const std::size_t shown = only ? world.trace.size() : 40;
    std::string tail;
    for (std::size_t i = world.trace.size() - std::min(shown, world.trace.size());
         i < world.trace.size(); ++i)
      tail += world.trace[i] + '\n';
    FAIL() << tail << "seed " << seed << ": " << wrong << "\nreplay: TRIBUTARY_SEED=" << seed
           << " test_core_explorer --gtest_filter='*/" << name(flavour) << "'";
  }
  for (const auto& [what, times] : reached) std::cout << "  " << what << ": " << times << '\n';
  if (only != 0 || !test::whole_share()) return;
  for (const std::string& what : GetParam().must_reach)
    EXPECT_GT(reached[what], 0) << "never reached: " << what;
}

const std::vector<FlavourCase> cases = {
    {Flavour::honest,
     {"parts", "gap", "fetch", "crash in a commit", "commit failed", "committed early", "cold",
      "read back", "key at rest", "unreadable"}},
    {Flavour::sets, {"parts", "removed by another", "broker forgot", "key at rest"}},
    {Flavour::foreign, {"removed by another", "forgotten"}},
    {Flavour::unknown, {"parts", "fetch", "upgrade", "upgrade with much to learn"}},
    {Flavour::memoryless, {"memory lost"}},
    {Flavour::diskloss, {"disk lost", "rot"}},
    {Flavour::rollback, {"restored", "twin"}},
    {Flavour::clone, {"cloned", "twin"}},
    {Flavour::heavy, {"parts", "heavy", "asked from 0"}},
    {Flavour::settle, {"settled", "settled again", "stolen", "crash in a commit"}}};

INSTANTIATE_TEST_SUITE_P(Flavour, Explore, ::testing::ValuesIn(cases), [](const auto& flavour) {
  return std::string(name(flavour.param.flavour));
});

}  // namespace
}  // namespace tributary::core::testing
