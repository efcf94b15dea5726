// SPDX-License-Identifier: Apache-2.0
// LWW-Register: the reading of a probe, the set-point of a machine: the last write wins.
#include "crdt/lww_register.h"

#include <cassert>
#include <iostream>

using namespace tributary::crdt;

int main() {
  const Actor panel{"panel-1", 1}, remote{"remote", 1};
  LwwRegister<> here, there;

  // A hybrid logical clock stamps writes: wall time in ms, which the caller supplies, and a counter
  // for what happens within one.
  HlcClock clock;
  const std::uint64_t now_ms = 1'700'000'000'000;
  const auto delta = here.set(panel, 1, clock.tick(now_ms), "20.0");
  there.join(delta);
  there.set(remote, 1, clock.tick(now_ms), "21.5");  // the same ms, and later
  here.join(there);
  assert(here.winner()->value == "21.5");

  // A machine whose clock is a year ahead: its write is held until its time comes.
  const Hlc next_year = Hlc::at(now_ms + 365ull * 24 * 3600 * 1000);
  here.set_horizon(Hlc::at(now_ms + 5000));
  here.set({"lost-in-time", 1}, 1, next_year, "99.0");
  assert(here.winner()->value == "21.5");
  assert(here.next_release() == next_year);  // look again then, with set_horizon()

  // It is joined and passed on like any other, and its writer's next write replaces it.
  here.set({"lost-in-time", 1}, 2, clock.tick(now_ms + 10), "22.0");
  assert(here.winner()->value == "22.0");
  assert(!here.next_release());

  std::cout << "set to " << here.winner()->value << " by " << here.winner()->actor.device << '\n';
}
