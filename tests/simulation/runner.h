// SPDX-License-Identifier: Apache-2.0
// Runs plans in processes of their own, so that an assertion or a crash is a finding like any
// other, and every seed starts from the same heap.
//
//   Finished f = run_apart(plan);
//   for_each_seed({.first = 1, .count = 500, .jobs = 2}, [](std::uint64_t seed, const Finished& f)
//   { return true; });
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "crdt/planted.h"
#include "tests/simulation/exchanges.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/reached.h"

namespace tributary::simulation {

// A plain value: it crosses a pipe.
struct Finished {
  char wrong[600] = {};  // "" when every promise held
  std::uint64_t trace = 0, simulated_ms = 0, converged_ms = 0;
  std::uint64_t operations = 0, misfortunes = 0, events = 0, cpu_us = 0;
  Exchanges exchanges;
  Reached reached;

  bool ok() const { return wrong[0] == '\0'; }
};

struct How {
  Bug bug = Bug::none;  // needs a build with planted bugs
  bool print = false;   // the trace, on standard output
};
Finished run_apart(const Plan& plan, const How& how = {});

struct Seeds {
  std::uint64_t first = 1, count = 1;
  unsigned jobs = 1;
  How how{};
  std::function<Plan(std::uint64_t)> plan = make_plan;
};
// In order of finishing. `take` says whether to go on.
void for_each_seed(const Seeds&, const std::function<bool(std::uint64_t, const Finished&)>& take);

// The misfortunes that are left when all that the failure does not need are gone (ddmin): their
// places in the plan.
std::vector<std::size_t> minimise(const Plan& plan, const How& how);

}  // namespace tributary::simulation
