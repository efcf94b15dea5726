// SPDX-License-Identifier: Apache-2.0
// One round: a site of real processes, its misfortunes, and the fleet's verdict on what is left.
//
//   const Outcome outcome = play(draw(wishes, seed), directory);
//   if (!outcome.failures.empty()) …    // logs and databases are in the directory
//
// The site: one Mosquitto, three gateways, and a fleet (`tributary simulate`) whose oracle knows
// what was issued and what was acknowledged. One thread a process does to it what the plan says,
// all at the same time; when they are through, everything runs again, the fleet stops issuing, and
// every gateway must show exactly what the oracle says, with equal digests.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/processes/plan.h"
#include "tests/processes/stage.h"

namespace tributary::processes {

struct Outcome {
  std::vector<std::string> failures;
  Tally tally;
};

// REQUIRES: a directory that exists and is empty. `mounts` as enter_mount_namespace() says.
Outcome play(const Plan& plan, const std::filesystem::path& directory, bool mounts);

}  // namespace tributary::processes
