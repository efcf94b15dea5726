// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/fleet/link.h"

namespace tributary::fleet {
namespace {

bool happens(double chance, std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53 < chance;
}

}  // namespace

void LossyLink::send(std::uint64_t now_ms, const std::string& packet, std::mt19937_64& random) {
  ++sent_;
  if (happens(faults_.loss, random)) {
    ++lost_;
    return;
  }
  const bool twice = happens(faults_.duplicate, random);
  duplicated_ += twice ? 1 : 0;
  for (int copy = 0; copy < (twice ? 2 : 1); ++copy) {
    const bool late = happens(faults_.reorder, random);
    in_air_.emplace(now_ms + (late ? random() % (faults_.delay_max_ms + 1) : 0), packet);
  }
}

std::vector<std::string> LossyLink::arrived(std::uint64_t now_ms) {
  std::vector<std::string> out;
  while (!in_air_.empty() && in_air_.begin()->first <= now_ms) {
    out.push_back(std::move(in_air_.begin()->second));
    in_air_.erase(in_air_.begin());
  }
  return out;
}

std::optional<std::uint64_t> LossyLink::next_ms() const {
  if (in_air_.empty()) return std::nullopt;
  return in_air_.begin()->first;
}

}  // namespace tributary::fleet
