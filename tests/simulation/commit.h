// SPDX-License-Identifier: Apache-2.0
// What git says of the tree that this was built from, asked when it is wanted: a build does not
// begin anew with every commit.
//
//   std::string name = commit_name();      // "c1e4688-dirty"; "unknown" without git
#pragma once
#include <cstdint>
#include <string>

namespace tributary::simulation {

std::string commit_name();
// So many commits led to it, itself counted; 0 where that is not known.
std::uint64_t commit_number();

}  // namespace tributary::simulation
