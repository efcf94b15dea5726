// SPDX-License-Identifier: Apache-2.0
// PN-Counter: the people in a hall with two doors.
#include "crdt/pncounter.h"

#include <cassert>
#include <iostream>

using namespace tributary::crdt;

int main() {
  const Actor north{"door-north", 1}, south{"door-south", 1};
  PnCounter<> at_north, at_south;

  // Each door counts who comes in and who goes out, without asking the other.
  if (!at_north.increment(north, 5)) return 1;
  const auto left = at_south.decrement(south, 2);
  if (!left) return 1;
  assert(at_south.value() == -2);  // more left than came: alone, this door says nothing wrong

  // Joined, in any order and any number of times, they show how many are inside.
  at_north.join(*left);
  at_south.join(at_north);
  at_south.join(at_north);
  assert(at_north == at_south);
  assert(at_south.value() == 3);
  assert(at_south.positive() == 5 && at_south.negative() == 2);

  // A part is what one door contributes. An observer hears how parts change, for example to keep
  // a digest or a chart up to date.
  struct Chart {
    uint128 came_in = 0;
    void part(const Actor&, const PnCounterPart& before, const PnCounterPart& after) {
      came_in += after.p - before.p;
    }
  } chart;
  at_south.join_part(north, PnCounterPart{9, 1}, chart);
  assert(chart.came_in == 4);

  std::cout << to_string(at_south.value()) << " inside\n";
}
