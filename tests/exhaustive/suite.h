// SPDX-License-Identifier: Apache-2.0
// Which worlds a run goes through, and what it prints: states, transitions, what was reached.
#pragma once
#include <vector>

#include "tests/exhaustive/model.h"

namespace tributary::exhaustive {

std::vector<Setting> ordinary_suite();
std::vector<Setting> whole_suite();

// Explores every setting; stops at the first thing that is wrong. With `cover` it also fails when
// something was never reached, or a search was cut short. True: all is well.
bool run_suite(const std::vector<Setting>&, bool cover);

// Every fault around the shipping code is found, and its schedule replays. True: they are.
bool find_faults();

}  // namespace tributary::exhaustive
