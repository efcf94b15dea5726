// SPDX-License-Identifier: Apache-2.0
// Files of a fleet's directory: written whole or not at all, and for their owner's eyes.
//
//   make_dir(dir);                                   // 0700
//   write_file(dir + "/tls.key", pem, Access::secret);   // 0600 from its first byte on
//   Lock lock(dir);                                  // one change of the directory at a time
//
// Promise: after write_file() returned, a power cut leaves the new content; before, the old one:
// it is written beside, synced, renamed, and the directory synced. All throw Error(storage).
#pragma once
#include <cstdint>
#include <string>

namespace tributary::keyring {

enum class Access : std::uint8_t {
  secret,   // 0600
  visible,  // 0644
};

void make_dir(const std::string& path);  // 0700; parents must be there; one that is there is fine
void write_file(const std::string& path, const std::string& content, Access access);
std::string read_file(const std::string& path);
bool exists(const std::string& path);
void rename_dir(const std::string& from, const std::string& to);  // and syncs the parent
void sync_dir(const std::string& path);

// Waits for whoever holds it. REQUIRES: the directory is there.
class Lock {
 public:
  explicit Lock(const std::string& dir);
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace tributary::keyring
