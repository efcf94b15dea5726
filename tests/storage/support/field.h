// SPDX-License-Identifier: Apache-2.0
// Devices that go on for ever, from a seed: counters, sets small and large (their envelopes spill
// over many pages), readings, now and then a delta late, twice, or no delta at all.
//
//   Field field(seed);
//   for (const Upload& u : field.next()) life.up(u.device, u.bytes);
#pragma once
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::storage {

struct Upload {
  std::string device;
  std::string bytes;
};

class Field {
 public:
  explicit Field(std::uint64_t seed, std::size_t devices = 8);
  // What arrives at the gateway next: one to a few envelopes.
  std::vector<Upload> next();

 private:
  struct Device {
    std::string id;
    std::uint64_t epoch = 0, op = 0, p = 0, n = 0;
    std::map<std::uint64_t, std::string> alarms;  // live adds
    std::vector<std::string> badges;
  };
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  std::string delta(Device& d);
  wire::Entry alarms(Device& d);
  wire::Entry badges(Device& d, std::uint64_t from);

  std::mt19937_64 random_;
  std::vector<Device> devices_;
  std::vector<Upload> late_;
};

}  // namespace tributary::storage
