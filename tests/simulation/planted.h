// SPDX-License-Identifier: Apache-2.0
// The table of planted bugs: the simulator must bite. Each bug is switched on in turn, and seeds
// are run until one fails.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "crdt/planted.h"

namespace tributary::simulation {

struct PlantedRun {
  std::uint64_t first = 1;        // the seed to begin with
  std::uint64_t seeds_max = 500;  // for each bug
  double share = 1;               // of the bugs
  unsigned jobs = 1;
};
// Prints the table. 0 when every bug was found, 77 in a build without them.
int planted_table(const PlantedRun&);

// nullopt for a name that is none, or in a build without planted bugs.
std::optional<Bug> bug_named(const std::string& name);

}  // namespace tributary::simulation
