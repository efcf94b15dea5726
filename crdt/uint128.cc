// SPDX-License-Identifier: Apache-2.0
#include "crdt/uint128.h"

#include <algorithm>

namespace tributary::crdt {

std::string to_string(uint128 n) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(n % 10)));
    n /= 10;
  } while (n != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string to_string(int128 n) {
  if (n >= 0) return to_string(static_cast<uint128>(n));
  return "-" +
         to_string(uint128{0} - static_cast<uint128>(n));  // the smallest has no positive twin
}

}  // namespace tributary::crdt
