// SPDX-License-Identifier: Apache-2.0
// The newest 64 points: which deltas this memory sent, as (the operation each ended at, the hash of
// its last part). A gateway that shows a point that should be here and is not has heard a twin.
// What was forgotten convicts nobody: points up to the newest forgotten operation are unknown, not
// foreign.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "crdt/planted.h"
#include "transports/wire/ack.h"

namespace tributary::sdk {

class Points {
 public:
  static constexpr std::size_t kept_max = 64;
  enum class Answer : std::uint8_t { sent, forgotten, never_sent };

  void add(const wire::Point& p) {
    if (std::find(kept_.begin(), kept_.end(), p) != kept_.end()) return;
    if (planted(Bug::twin_by_bytes)) {
      std::erase_if(kept_, [&](const wire::Point& old) { return old.op == p.op; });
    }
    kept_.push_back(p);
    if (kept_.size() <= kept_max) return;
    forgotten_ = std::max(forgotten_, kept_.front().op);
    kept_.pop_front();
  }
  Answer ask(const wire::Point& p) const {
    if (std::find(kept_.begin(), kept_.end(), p) != kept_.end()) return Answer::sent;
    return p.op <= forgotten_ ? Answer::forgotten : Answer::never_sent;
  }
  void clear() { *this = Points(); }

  const std::deque<wire::Point>& kept() const { return kept_; }  // oldest first
  std::uint64_t forgotten() const { return forgotten_; }
  void restore(std::uint64_t forgotten, std::deque<wire::Point> kept) {
    forgotten_ = forgotten;
    kept_ = std::move(kept);
  }

 private:
  std::deque<wire::Point> kept_;
  std::uint64_t forgotten_ = 0;  // the highest operation among the points dropped
};

}  // namespace tributary::sdk
