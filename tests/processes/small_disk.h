// SPDX-License-Identifier: Apache-2.0
// A small disk of one's own: a tmpfs in a mount namespace that dies with this process.
//
//   const std::string why_not = enter_mount_namespace();   // before any thread
//   SmallDisk disk(data_dir, 24 << 20);
//   disk.fill(); … disk.free();
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace tributary::processes {

// Empty when mounts are possible from now on, otherwise why they are not. As root by itself, as
// another user through a user namespace where the system allows it. REQUIRES: one thread.
std::string enter_mount_namespace();

class SmallDisk {
 public:
  // Throws std::runtime_error.
  SmallDisk(std::filesystem::path directory, std::uint64_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  void fill() const;  // until not one byte more goes in
  void free() const;

 private:
  std::filesystem::path directory_;
};

}  // namespace tributary::processes
