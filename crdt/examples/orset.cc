// SPDX-License-Identifier: Apache-2.0
// OR-Set: badges inside a plant, read in at one gate and out at another.
#include "crdt/orset.h"

#include <cassert>
#include <iostream>

using namespace tributary::crdt;

int main() {
  const Actor gate_a{"gate-a", 1}, gate_b{"gate-b", 1};
  OrSet<> at_a, at_b;

  // An add is operation n of its actor: the dot (gate-a, 1). Numbers only grow.
  const OrSet<> in = at_a.add(gate_a, 1, "badge-17");
  at_b.join(in);

  // Gate B reads the badge out: it removes the dots that it sees. Meanwhile the badge comes in
  // again at gate A, as a new dot that B has not seen: the add wins.
  const OrSet<> out = at_b.remove(gate_b, "badge-17");
  const OrSet<> again = at_a.add(gate_a, 2, "badge-17");
  assert(!at_b.contains("badge-17"));
  at_a.join(out);
  at_b.join(again);
  at_b.join(in);  // a late duplicate brings nothing back
  assert(at_a == at_b);
  assert(at_a.contains("badge-17") && at_a.size() == 1);
  assert(at_a.dots("badge-17") == (std::vector<Dot<>>{{gate_a, 2}}));

  // The second add retired the first one, so nobody has to remember its removal any longer.
  assert(at_a.dead({gate_a, 1}));
  assert(at_a.removers({gate_a, 1}).empty());

  for (const auto& badge : at_b.elements()) std::cout << badge << " is inside\n";
}
