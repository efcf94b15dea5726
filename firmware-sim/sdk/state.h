// SPDX-License-Identifier: Apache-2.0
// What one actor did: its cells, numbered operations, and its clock. Every change takes the next
// number; what changes nothing takes none. Cells are never destroyed, so handles may point at them;
// a fresh epoch resets them.
//
//   Cell* c = state.cell("hall/people", wire::Type::gcounter);
//   state.add(*c, 3, 0);
//   state.for_each_since(f, [](Cell& c) { … });   // the cells that operations > f touched
#pragma once
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crdt/hlc.h"
#include "firmware-sim/sdk/cell.h"
#include "firmware-sim/sdk/device.h"

namespace tributary::sdk {

class State {
 public:
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // The cell of a (key, type), made at bottom when new. Null when the key is not allowed to a
  // device.
  Cell* cell(std::string_view key, wire::Type type);
  Cell* find(std::string_view key, std::uint8_t type);

  Outcome add(Cell&, std::uint64_t p, std::uint64_t n);
  Outcome insert(Cell&, std::string_view element);
  Outcome erase(Cell&, std::string_view element);
  Outcome erase_op(Cell&, std::uint64_t op);  // one of the actor's own adds
  Outcome erase_foreign(Cell&, ForeignDot);
  Outcome forget_foreign(Cell&, const ForeignDot&);
  Outcome set(Cell&, std::uint64_t at_ms, const wire::Scalar&);
  // One operation for all of them: the number moves on, their content does not travel any more.
  void mute(const std::vector<Cell*>&);

  // A stamp further ahead of the wall clock than this is not kept up: the clock was wrong then, or
  // is now.
  void clock_ahead_max(std::uint64_t ms) { clock_ahead_max_ms_ = ms; }
  void wall(std::uint64_t ms) { wall_ms_ = ms; }
  std::uint64_t wall() const { return wall_ms_; }
  bool adopt(crdt::Hlc remote) { return clock_.observe(remote, wall_ms_, clock_ahead_max_ms_); }
  std::uint64_t last_op() const { return last_op_; }
  crdt::Hlc hlc() const { return hlc_; }  // of the last operation
  crdt::Hlc clock() const { return clock_.last(); }

  // Everything to bottom; the clock stays.
  void reset();

  // Cells touched by operations > f, latest first.
  template <class F>
  void for_each_since(std::uint64_t f, F visit) {
    for (auto it = recent_.rbegin(); it != recent_.rend() && (*it)->last > f; ++it) visit(**it);
  }

  // For the snapshot.
  const std::list<Cell*>& by_age() const { return recent_; }
  void restore(std::uint64_t last_op, crdt::Hlc hlc, crdt::Hlc clock);
  void restore_touch(Cell&, std::uint64_t op);  // REQUIRES: op >= that of the calls before

 private:
  std::uint64_t next();  // takes a number
  void touch(Cell&);

  std::map<std::pair<std::string, std::uint8_t>, Cell, std::less<>> cells_;
  std::list<Cell*> recent_;  // ascending by Cell::last
  std::uint64_t last_op_ = 0;
  std::uint64_t wall_ms_ = 0;
  std::uint64_t clock_ahead_max_ms_ = 5'000;
  crdt::Hlc hlc_;
  crdt::HlcClock clock_;
};

}  // namespace tributary::sdk
