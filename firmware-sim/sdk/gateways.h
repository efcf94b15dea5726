// SPDX-License-Identifier: Apache-2.0
// What each gateway holds of this actor, as its acks say: one acknowledged point per gateway
// incarnation. Knows from where the next delta must start, what is safe, and which gateway stays
// behind the others.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/hlc.h"

namespace tributary::sdk {

struct GatewayLink {
  std::string name;
  std::uint64_t incarnation = 0;
  crdt::Hlc hlc;              // of the newest ack taken
  std::uint64_t point = 0;    // operations 1 … point are on its disk
  std::uint32_t doubted = 0;  // acks in a row that looked older than hlc
  std::uint64_t heard_at = 0;
  // Behind the point that deltas start from:
  std::optional<std::uint64_t> catch_up_at;  // when it gets a delta of its own
  std::uint64_t catch_up_pause = 0;
  std::uint32_t catch_up_tries = 0;  // since it was heard last
  std::string refusal;               // the last rule reported that names no key
};

class Gateways {
 public:
  static constexpr std::size_t links_max =
      64;  // beyond, the one not heard for longest is forgotten

  struct Heard {
    std::string_view gateway;
    std::uint64_t incarnation = 0;
    crdt::Hlc hlc;
    std::uint64_t op = 0;
    bool verified = false;  // the hash at `op` is one that this device sent (or op is 0)
  };
  // Takes an ack. True when the gateway now holds more than before. An ack that is older than one
  // taken may raise a point, but not lower it or change the incarnation, unless three in a row say
  // so (a gateway's clock stepped back).
  bool heard(const Heard&, std::uint64_t now_ms);

  // The k-th largest point: that far k gateways hold everything. 0 when fewer are known.
  std::uint64_t kth_point(std::uint32_t k) const;

  // Starts, keeps or ends the catch-up timers, given the point that deltas start from.
  void watch(std::uint64_t from, std::uint64_t now_ms, std::uint32_t catch_up_ms);
  // The lowest point among gateways whose catch-up is due; their next turn comes after twice the
  // pause.
  std::optional<std::uint64_t> take_due(std::uint64_t now_ms);
  std::optional<std::uint64_t> next_catch_up() const;

  GatewayLink* find(std::string_view name);
  const std::vector<GatewayLink>& links() const { return links_; }
  void restore(std::vector<GatewayLink> links) { links_ = std::move(links); }
  void clear() { links_.clear(); }
  void shift_back(std::uint64_t by_ms);  // the caller's clock stepped back

 private:
  GatewayLink& link(std::string_view name);

  std::vector<GatewayLink> links_;
};

}  // namespace tributary::sdk
