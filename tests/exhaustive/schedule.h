// SPDX-License-Identifier: Apache-2.0
// Schedules as people read and type them: words with spaces between.
//
//   d1.op d1.send g1<d1.1 g1.commit d1<g1.1 g2<<g1
//
// d1 does the next operation of its program, sends, g1 receives d1's first message, its commit is
// done, d1 hears the first thing that g1 said (an ack), g2 reads the state that g1's broker
// retains. Messages are numbered by their sender, in the order in which they were sent first. Also:
// d1.late, d1.reboot, g1.fail, g1.fail-done, g1.crash, g1.crash-done.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "tests/exhaustive/model.h"

namespace tributary::exhaustive {

// The words for a schedule that starts at the first state.
std::string write(Model&, const std::vector<Action>&);

// The same schedule without what can be left out one by one so that something is still wrong.
std::vector<Action> shortened(Model&, std::vector<Action>);

// Runs the words, with a line for each step and what follows, and heals at the end. `wrong` is ""
// or what is wrong.
struct Replay {
  std::string trace, wrong;
  std::string healing;  // the words of what was done at the end, when that is wrong
};
Replay replay(Model&, const std::string& words);

}  // namespace tributary::exhaustive
