// SPDX-License-Identifier: Apache-2.0
// 128-bit integers: totals of 64-bit counters over any number of actors are exact in them.
//
//   uint128 total = counter.value();
//   std::string digits = to_string(total);     // decimal
#pragma once
#include <string>

namespace tributary::crdt {

__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

std::string to_string(uint128);
std::string to_string(int128);

}  // namespace tributary::crdt
