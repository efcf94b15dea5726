// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/gateways.h"

#include <algorithm>
#include <cassert>
#include <functional>

namespace tributary::sdk {
namespace {

constexpr std::uint32_t doubts_max = 3;
constexpr std::uint32_t catch_up_tries_max = 8;
constexpr std::uint64_t catch_up_pause_max_ms = 300'000;

}  // namespace

GatewayLink* Gateways::find(std::string_view name) {
  const auto it = std::find_if(links_.begin(), links_.end(),
                               [&](const GatewayLink& l) { return l.name == name; });
  return it == links_.end() ? nullptr : &*it;
}

GatewayLink& Gateways::link(std::string_view name) {
  if (GatewayLink* known = find(name)) return *known;
  if (links_.size() == links_max) {
    links_.erase(std::min_element(
        links_.begin(), links_.end(),
        [](const GatewayLink& a, const GatewayLink& b) { return a.heard_at < b.heard_at; }));
  }
  links_.emplace_back();
  links_.back().name = std::string(name);
  return links_.back();
}

bool Gateways::heard(const Heard& ack, std::uint64_t now_ms) {
  const bool first = find(ack.gateway) == nullptr;
  GatewayLink& l = link(ack.gateway);
  const bool reborn = !first && ack.incarnation != l.incarnation;
  const bool older = ack.hlc < l.hlc;
  if (older && (reborn || ack.op < l.point) && ++l.doubted < doubts_max) return false;
  l.doubted = 0;
  l.heard_at = now_ms;
  l.catch_up_tries = 0;
  l.incarnation = ack.incarnation;
  l.hlc = ack.hlc;
  if (reborn) l.point = 0;
  const std::uint64_t before = l.point;
  if (ack.verified) {
    l.point = ack.op;
  } else if (ack.op < l.point) {
    l.point = 0;  // it went down to where this memory cannot tell its own deltas any more
  }
  return l.point > before;
}

std::uint64_t Gateways::kth_point(std::uint32_t k) const {
  assert(k > 0);
  if (links_.size() < k) return 0;
  std::vector<std::uint64_t> points;
  for (const GatewayLink& l : links_) points.push_back(l.point);
  std::nth_element(points.begin(), points.begin() + (k - 1), points.end(), std::greater<>());
  return points[k - 1];
}

void Gateways::watch(std::uint64_t from, std::uint64_t now_ms, std::uint32_t catch_up_ms) {
  for (GatewayLink& l : links_) {
    if (l.point >= from) {
      l.catch_up_at.reset();
    } else if (!l.catch_up_at) {
      l.catch_up_pause = catch_up_ms;
      l.catch_up_at = now_ms + l.catch_up_pause;
    }
  }
}

std::optional<std::uint64_t> Gateways::take_due(std::uint64_t now_ms) {
  std::optional<std::uint64_t> lowest;
  for (GatewayLink& l : links_) {
    if (!l.catch_up_at || *l.catch_up_at > now_ms || l.catch_up_tries >= catch_up_tries_max) {
      continue;
    }
    ++l.catch_up_tries;
    l.catch_up_pause = std::min(2 * l.catch_up_pause, catch_up_pause_max_ms);
    l.catch_up_at = now_ms + l.catch_up_pause;
    lowest = std::min(lowest.value_or(l.point), l.point);
  }
  return lowest;
}

std::optional<std::uint64_t> Gateways::next_catch_up() const {
  std::optional<std::uint64_t> next;
  for (const GatewayLink& l : links_) {
    if (!l.catch_up_at || l.catch_up_tries >= catch_up_tries_max) continue;
    next = std::min(next.value_or(*l.catch_up_at), *l.catch_up_at);
  }
  return next;
}

void Gateways::shift_back(std::uint64_t by_ms) {
  for (GatewayLink& l : links_) {
    l.heard_at -= std::min(l.heard_at, by_ms);
    if (l.catch_up_at) *l.catch_up_at -= std::min(*l.catch_up_at, by_ms);
  }
}

}  // namespace tributary::sdk
