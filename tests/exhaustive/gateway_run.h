// SPDX-License-Identifier: Apache-2.0
// A live gateway on its disk, driven one event at a time; time stands still, and every pause that
// can be set to nothing is. Used by GatewaySite alone.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/exhaustive/gateway_site.h"

namespace tributary::exhaustive {

class GatewayRun {
 public:
  GatewayRun(std::size_t index, Fault, Messages&, const Disk&);

  void apply(const GatewayEvent&);
  // Forgets what was sent: what follows is new, and its acks are checked.
  void clear();

  core::Gateway& gateway() { return *gateway_; }
  const Disk& disk() const { return disk_; }
  bool at_rest() const { return !waiting_ && gateway_->summary().pending == 0; }
  const std::vector<MessageId>& sent() const { return sent_; }
  std::uint32_t reached() const { return reached_; }
  std::uint32_t heard() const { return heard_; }
  // Hashes of the envelopes that arrived since the start.
  const std::set<std::string>& seen() const { return seen_; }
  // Filters of states that it waits for.
  const std::set<std::string>& asked() const { return asked_; }
  // What a broker retains of it now.
  MessageId retained();
  Shown shown() const;
  Ops contiguous() const;

  // A gateway made from a disk alone.
  static std::unique_ptr<core::Gateway> rebuilt(std::size_t index, const Disk&);
  static Ops contiguous(const core::Gateway&);

 private:
  void start();
  void meet_others();
  void crash();
  void receive(std::string topic, std::string payload, bool retained);
  void read(const Message&);
  void answer(bool done, bool told_done);
  void perform();
  void check_ack(const Message&) const;
  core::Instant now() const { return {1'000'000 + pause_ms_, 1'700'000'000'000}; }

  std::size_t index_;
  Fault fault_;
  Messages& messages_;
  Disk disk_;
  std::unique_ptr<core::Gateway> gateway_;
  std::optional<core::CommitRequest> waiting_;
  std::set<std::string> asked_;                  // filters of states
  std::map<std::string, std::string> retained_;  // by topic below the root
  std::uint64_t pause_ms_ = 0;
  bool checking_ = false;
  std::vector<MessageId> sent_;
  std::uint32_t heard_ = 0, reached_ = 0;
  std::set<std::string> seen_;
};

}  // namespace tributary::exhaustive
