// SPDX-License-Identifier: Apache-2.0
// The table of planted bugs: the simulator must bite. Each bug is switched on in turn, and seeds
// are run until one fails. Of several shares it tries one: every so many bugs, so that as many
// turns in a row try them all.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "crdt/planted.h"

namespace tributary::simulation {

struct PlantedRun {
  std::uint64_t first = 1;          // the seed to begin with
  std::uint64_t seeds_max = 1'200;  // for each bug
  std::uint64_t shares = 1, turn = 0;
  unsigned jobs = 1;
};
// Prints the table. 0 when every bug was found, 77 in a build without them.
int planted_table(const PlantedRun&);

// nullopt for a name that is none, or in a build without planted bugs.
std::optional<Bug> bug_named(const std::string& name);

}  // namespace tributary::simulation
