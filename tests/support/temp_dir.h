// SPDX-License-Identifier: Apache-2.0
// A directory of one's own that is gone when the test is.
//
//   TempDir dir;
//   const auto file = dir.path() / "tributary.db";
//
// Promise: fresh and empty, removed with everything in it by the destructor.
#pragma once
#include <filesystem>

namespace tributary::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tributary::test
