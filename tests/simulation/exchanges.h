// SPDX-License-Identifier: Apache-2.0
// What a gateway tells its peers and wants of them, counted.
#pragma once
#include <cstdint>

namespace tributary::simulation {

struct Exchanges {
  std::uint64_t heads = 0;  // announced
  std::uint64_t reads = 0;  // buckets that it began to read of a peer, and asks
};
// Of each gateway, from the heal until all are equal and exact: twice the most heads that any seed
// needed, and each of the 64 buckets of four peers twice.
constexpr Exchanges exchanges_max{88, 512};

}  // namespace tributary::simulation
