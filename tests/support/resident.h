// SPDX-License-Identifier: Apache-2.0
// How much memory a process really has: its resident set, in KiB; 0 when there is no such process.
//
//   const std::uint64_t before = test::resident_kib(::getpid());
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace tributary::test {

inline std::uint64_t resident_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::stoull(line.substr(6));
  }
  return 0;
}

}  // namespace tributary::test
