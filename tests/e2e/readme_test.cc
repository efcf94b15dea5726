// SPDX-License-Identifier: Apache-2.0
// What README.md promises a newcomer: the first device is what was compiled, and it counts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using namespace std::chrono_literals;

std::string trimmed(const std::string& line) {
  const std::size_t begin = line.find_first_not_of(' ');
  return begin == std::string::npos ? "" : line.substr(begin);
}

TEST(Readme, TheFirstDeviceIsTheOneThatIsCompiled) {
  const std::string source = std::string(TRIBUTARY_SOURCE_DIR);
  const std::string readme = read_file(source + "/README.md");
  std::istringstream code(read_file(source + "/tests/e2e/first_device.cc"));
  std::string line;
  while (std::getline(code, line) && line.find("int main") == std::string::npos) {
  }
  std::size_t lines = 0;
  while (std::getline(code, line) && line != "}") {
    EXPECT_NE(readme.find(trimmed(line)), std::string::npos) << line;
    ++lines;
  }
  EXPECT_GE(lines, 10U);
}

TEST(Readme, TheFirstDeviceCounts) {
  Site site;
  site.gateway("g1");
  const std::string command =
      std::string(FIRST_DEVICE_BINARY) + " " + site.broker.uri() + " > /dev/null";
  ASSERT_EQ(std::system(("timeout 30 " + command).c_str()), 0);
  EXPECT_EQ(site.get("g1", "hall/visitors"), "3");
}

}  // namespace
}  // namespace tributary::e2e
