// SPDX-License-Identifier: Apache-2.0
// G-Counter: two gateways hear the same pulse meter over a link that loses and repeats.
#include "crdt/gcounter.h"

#include <cassert>
#include <iostream>

using namespace tributary::crdt;

int main() {
  // A device counts for itself. Every increment returns a delta, small and safe to send any number
  // of times. The actor is the device and its epoch: a device that lost its memory takes a new one.
  const Actor meter{"meter-7", 0x5EED};
  GCounter<> on_the_device;
  const auto first = on_the_device.increment(meter, 3);
  const auto second = on_the_device.increment(meter, 4);
  if (!first || !second) return 1;  // refused: a part would pass 2^64 - 1

  GCounter<> gateway_1, gateway_2;
  gateway_1.join(*second);  // the first delta is lost: the second includes it
  gateway_2.join(*second);  // out of order …
  gateway_2.join(*first);
  gateway_2.join(*second);  // … and twice
  assert(gateway_1 == gateway_2);
  assert(gateway_1.value() == 7);

  // Another meter has its own part; the value is the sum, exact in 128 bits.
  const auto other = on_the_device.increment({"meter-8", 0xCAFE}, 100);
  if (!other || !gateway_1.join(*other)) return 1;
  gateway_2.join(gateway_1);  // whole states join like deltas
  assert(gateway_2.value() == 107);
  assert(first->leq(gateway_2));  // the partial order: gateway_2 includes what `first` says

  std::cout << "both gateways count " << to_string(gateway_2.value()) << '\n';
}
