// SPDX-License-Identifier: Apache-2.0
// Everything that one actor ever did, as a plain log. It knows what any entry must say, byte for
// byte in meaning: the strongest check there is on what a device sends.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "transports/wire/envelope.h"

namespace tributary::sdk::testing {

class Truth {
 public:
  struct Did {
    std::string key;
    wire::Type type = wire::Type::gcounter;
    std::uint64_t p = 0, n = 0;                            // counters
    std::optional<std::string> added;                      // sets
    std::optional<std::string> erased;                     // OR-Set: the element
    std::string value;                                     // register: canonical bytes
    std::set<std::pair<std::string, std::uint8_t>> mutes;  // these fall silent from here on
  };
  void did(std::uint64_t op, Did d) { log_[op] = std::move(d); }
  // A power cut: what was not saved never happened.
  void forget_after(std::uint64_t op) { log_.erase(log_.upper_bound(op), log_.end()); }
  std::uint64_t last_op() const { return log_.empty() ? 0 : log_.rbegin()->first; }
  const std::map<std::uint64_t, Did>& log() const { return log_; }

  // What is wrong with a delta part that this actor sent; empty when nothing.
  std::string check(const wire::Delta& d) const;

  // What all operations up to `to` come to.
  std::pair<std::uint64_t, std::uint64_t> total(const std::string& key, std::uint64_t to) const;
  std::set<std::string> elements(const std::string& key, std::uint64_t to) const;

 private:
  struct SetAt {
    std::map<std::uint64_t, std::string> live;                // op → element
    std::map<std::uint64_t, std::set<std::uint64_t>> killed;  // by → adds
  };
  SetAt set_at(std::string_view key, wire::Type type, std::uint64_t to) const;
  std::string check_entry(const wire::Entry& e, const wire::Delta& d) const;
  std::string check_set(const wire::Entry& e, const wire::Delta& d) const;

  std::map<std::uint64_t, Did> log_;
};

}  // namespace tributary::sdk::testing
