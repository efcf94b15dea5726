// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/commit.h"

#include <cstdio>
#include <cstdlib>

namespace tributary::simulation {
namespace {

// The first line that git answers, or "".
std::string git(const std::string& question) {
  std::string answer;
  std::FILE* pipe =
      popen(("git -C '" TRIBUTARY_SOURCE "' " + question + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return answer;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF && c != '\n';) answer += static_cast<char>(c);
  return pclose(pipe) == 0 ? answer : "";
}

}  // namespace

std::string commit_name() {
  const std::string name = git("describe --always --dirty");
  return name.empty() ? "unknown" : name;
}

std::uint64_t commit_number() {
  return std::strtoull(git("rev-list --count HEAD").c_str(), nullptr, 10);
}

}  // namespace tributary::simulation
