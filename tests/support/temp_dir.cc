// SPDX-License-Identifier: Apache-2.0
#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

namespace tributary::test {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "tributary-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a temporary directory like " + name);
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;  // a destructor during a failing test must not hide the failure
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tributary::test
