// SPDX-License-Identifier: Apache-2.0
// How much of a randomised test to do: all of it, or the part that TRIBUTARY_SHARE=n asks for.
//
//   for (int round = 0; round < share(150); ++round) …
//
// Promise: at least one; exactly `usual` unless TRIBUTARY_SHARE is set. Sanitizer builds are five
// to ten times slower and set it: what they look for shows in few rounds. A test that asserts what
// its seeds reached asks whole_share() first.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <string>

namespace tributary::test {

inline unsigned long share_divisor() {
  const char* given = std::getenv("TRIBUTARY_SHARE");
  return given == nullptr ? 1 : std::max(1UL, std::stoul(given));
}

inline bool whole_share() {
  return share_divisor() == 1;
}

template <typename Count>
Count share(Count usual) {
  return std::max(static_cast<Count>(usual / static_cast<Count>(share_divisor())), Count{1});
}

}  // namespace tributary::test
