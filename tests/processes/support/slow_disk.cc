// SPDX-License-Identifier: Apache-2.0
// A slow disk for one process: preloaded, it makes every fsync and fdatasync take SLOW_DISK_MS
// longer. The wait is the fault itself, nothing waits for it to be over.
//
//   LD_PRELOAD=libslow_disk.so SLOW_DISK_MS=200 tributary gateway …
#include <dlfcn.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace {

int slowly(const char* call, int fd) {
  const char* ms = std::getenv("SLOW_DISK_MS");
  std::this_thread::sleep_for(std::chrono::milliseconds(ms == nullptr ? 0 : std::atoi(ms)));
  const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, call));
  return real(fd);
}

}  // namespace

extern "C" int fsync(int fd) {
  return slowly("fsync", fd);
}
extern "C" int fdatasync(int fd) {
  return slowly("fdatasync", fd);
}
