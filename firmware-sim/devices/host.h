// SPDX-License-Identifier: Apache-2.0
// This machine as a device: its real counters, from /proc and /sys.
//
//   HostSampler host({.place = "hosts/edge-1"});
//   std::size_t ops = host.sample(device, now_ms);   // once a second, say
//   save(host.baseline());                           // so that a restart of this program misses
//   nothing
//
// The kernel's counters start anew at every boot; ours only add differences, so they go on over
// resets, and over restarts when the baseline is kept. Keys, below `place`:
//   net/<interface>/rx-bytes rx-packets tx-bytes tx-packets   G-Counter
//   disk/<device>/reads writes read-bytes written-bytes       G-Counter
//   cpu/user-ms system-ms idle-ms iowait-ms                   G-Counter
//   processes                                                 OR-Set of the names that run now
//   load/1 load/5 load/15 memory/total-bytes memory/available-bytes temperature/<sensor>
//   LWW-Register
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "firmware-sim/sdk/device.h"

namespace tributary::devices {

class HostSampler {
 public:
  struct Options {
    std::string place{"host"};  // a key prefix
    std::string proc{"/proc"}, sys{"/sys"};
    std::string baseline{};  // what baseline() returned before; ignored when of another boot
    std::size_t processes_max = 512;
  };
  explicit HostSampler(Options options);

  // Reads everything once and applies what changed. Returns the number of operations. What cannot
  // be read (a container without sensors) is left out.
  std::size_t sample(sdk::Device& device, std::uint64_t now_ms);
  // The kernel's counters as last read, for Options::baseline.
  std::string baseline() const;

 private:
  void count(sdk::Device& device, const std::string& name, std::uint64_t raw);
  void reading(sdk::Device& device, const std::string& name, const wire::Scalar& value);
  void network(sdk::Device& device);
  void disks(sdk::Device& device);
  void cpu(sdk::Device& device);
  void processes(sdk::Device& device);
  void load_and_memory(sdk::Device& device);
  void temperatures(sdk::Device& device);
  void done(sdk::Outcome outcome) { ops_ += outcome == sdk::Outcome::applied ? 1 : 0; }

  const Options options_;
  std::string boot_;                           // the kernel's boot id
  std::map<std::string, std::uint64_t> last_;  // counter → raw value
  std::size_t ops_ = 0;                        // of this sample
};

}  // namespace tributary::devices
