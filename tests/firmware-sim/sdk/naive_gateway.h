// SPDX-License-Identifier: Apache-2.0
// A gateway as the protocol's text says it, in the plainest containers there are and without any of
// the real one's code: it joins what it decodes, keeps the received intervals, and acknowledges.
// For the tests of the SDK.
#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "transports/wire/ack.h"
#include "transports/wire/envelope.h"
#include "transports/wire/pack.h"

namespace tributary::sdk::testing {

using ActorId = std::pair<std::string, std::uint64_t>;
using DotId = std::tuple<std::string, std::uint64_t, std::uint64_t>;

struct Part {
  std::uint64_t p = 0, n = 0;                                 // counters
  std::set<std::string> elements;                             // G-Set
  std::set<std::uint64_t> covered;                            // OR-Set
  std::map<std::uint64_t, std::string> live;                  // OR-Set
  std::set<DotId> foreign;                                    // OR-Set
  std::tuple<std::uint64_t, std::uint64_t, std::string> reg;  // (op, hlc, value)
  friend bool operator==(const Part&, const Part&) = default;
};

class NaiveGateway {
 public:
  using PartName = std::tuple<std::string, std::uint8_t, ActorId>;  // key, type, actor
  NaiveGateway(std::string fleet, std::string name, std::uint64_t incarnation)
      : fleet_(std::move(fleet)), name_(std::move(name)), incarnation_(incarnation) {}

  // One payload of up/<device>; must decode. Returns the actor of its envelopes.
  ActorId take(std::string_view payload);
  std::string ack(const std::string& device, std::uint64_t now_ms);

  void forbid(const std::string& key) { forbidden_.insert(key); }
  void ask_from_zero(bool on) { from_zero_ = on; }
  void quote(std::string envelope) { quotes_.push_back(std::move(envelope)); }
  // A new disk: everything is gone, the incarnation is new.
  void lose_disk(std::uint64_t incarnation);
  // Received intervals of everybody are forgotten, parts stay: what a rotten envelope leads to.
  void forget_received() { received_.clear(); }

  std::uint64_t contiguous(const ActorId& a) const { return point(a).op; }
  const Part* part(const std::string& key, wire::Type type, const ActorId& a) const;
  const std::map<PartName, Part>& parts() const { return parts_; }
  std::pair<std::uint64_t, std::uint64_t> total(const std::string& key) const;  // both counters
  std::set<std::string> elements(const std::string& key) const;                 // both sets
  std::string value(const std::string& key) const;  // canonical bytes; by (hlc, actor, value)
  std::uint64_t refused() const { return refused_; }

 private:
  ActorId take_envelope(std::string_view bytes);
  struct Group {
    std::uint64_t from, to, id;
    std::uint32_t parts;
    friend auto operator<=>(const Group&, const Group&) = default;
  };
  wire::Point point(const ActorId& a) const;
  bool refuse(const wire::Delta& d, const ActorId& a);
  void join(const wire::Entry& e, const ActorId& a);

  std::string fleet_, name_;
  std::uint64_t incarnation_;
  std::set<std::string> forbidden_;
  bool from_zero_ = false;
  std::vector<std::string> quotes_;
  std::map<PartName, Part> parts_;
  std::map<ActorId, std::map<Group, std::map<std::uint32_t, wire::Hash>>> received_;
  std::map<ActorId, std::map<std::uint64_t, std::set<std::pair<std::string, std::uint8_t>>>>
      refusals_;
  std::uint64_t refused_ = 0;
};

}  // namespace tributary::sdk::testing
