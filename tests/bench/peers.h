// SPDX-License-Identifier: Apache-2.0
// What the programs have in common whose work peers.py has other libraries do as well: the elements
// of sets, and the CPU time of this process, so that what else a machine does is in nobody's.
#pragma once
#include <time.h>

#include <cstdio>
#include <string>

namespace tributary::bench {

// "element-00000007": its number begins at the ninth character.
inline std::string element(std::size_t i) {
  char text[32];
  std::snprintf(text, sizeof text, "element-%08zu", i);
  return text;
}

inline double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// Of f().
template <class Work>
double seconds(const Work& work) {
  const double start = cpu_seconds();
  work();
  return cpu_seconds() - start;
}

}  // namespace tributary::bench
