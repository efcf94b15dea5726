// SPDX-License-Identifier: Apache-2.0
// One device's radio: loses, repeats and delays packets, each way, by a seeded chance.
//
//   link.send(now_ms, payload, random);
//   for (std::string& p : link.arrived(now_ms)) …
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace tributary::fleet {

struct LinkFaults {
  double loss = 0;       // of each packet, 0 … 1
  double duplicate = 0;  // of those that arrive
  double reorder = 0;    // of each copy: late by up to delay_max_ms, so that others overtake it
  std::uint32_t delay_max_ms = 200;
};

class LossyLink {
 public:
  explicit LossyLink(LinkFaults faults = {}) : faults_(faults) {}
  void send(std::uint64_t now_ms, const std::string& packet, std::mt19937_64& random);
  std::vector<std::string> arrived(std::uint64_t now_ms);
  std::optional<std::uint64_t> next_ms() const;
  std::uint64_t sent() const { return sent_; }
  std::uint64_t lost() const { return lost_; }
  std::uint64_t duplicated() const { return duplicated_; }

 private:
  const LinkFaults faults_;
  std::multimap<std::uint64_t, std::string> in_air_;  // by arrival
  std::uint64_t sent_ = 0, lost_ = 0, duplicated_ = 0;
};

}  // namespace tributary::fleet
