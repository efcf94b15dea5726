// SPDX-License-Identifier: Apache-2.0
// Whose messages were refused, by the device that they came from: for people. Its promise: bounded
// whoever sends what; who was refused lately is there, who was not for long may be forgotten.
//
//   refusals.note("sensor-7", Reject::memory, now_ms);
//   for (const RefusalView& r : refusals.after("", 100)) …         // in order of the device
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/core/types.h"

namespace tributary::core {

class Refusals {
 public:
  static constexpr std::size_t generation_max = 2'048;

  void note(std::string_view device, Reject why, std::uint64_t at_ms) {
    auto at = newer_.find(device);
    if (at == newer_.end()) at = admit(device);
    RefusalView& r = at->second;
    r.refused += 1;
    r.why = name(why);
    r.at_ms = at_ms;
  }
  // nullptr: none is known.
  const RefusalView* of(std::string_view device) const {
    if (const auto at = newer_.find(device); at != newer_.end()) return &at->second;
    const auto at = older_.find(device);
    return at == older_.end() ? nullptr : &at->second;
  }
  // Up to `max` of devices after `device`, in order.
  std::vector<RefusalView> after(std::string_view device, std::size_t max) const {
    std::vector<RefusalView> out;
    auto a = newer_.upper_bound(device), b = older_.upper_bound(device);
    while (out.size() < max && (a != newer_.end() || b != older_.end())) {
      const bool newer = b == older_.end() || (a != newer_.end() && a->first < b->first);
      out.push_back((newer ? a++ : b++)->second);
    }
    return out;
  }

 private:
  using Table = std::map<std::string, RefusalView, std::less<>>;  // a device is in one of the two

  Table::iterator admit(std::string_view device) {
    if (newer_.size() >= generation_max) {
      older_ = std::move(newer_);
      newer_.clear();
    }
    const auto known = older_.find(device);
    if (known != older_.end()) return newer_.insert(older_.extract(known)).position;
    RefusalView fresh;
    fresh.device = device;
    return newer_.emplace(fresh.device, std::move(fresh)).first;
  }

  Table newer_, older_;
};

}  // namespace tributary::core
