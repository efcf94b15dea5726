// SPDX-License-Identifier: Apache-2.0
// A cell: this actor's part of one (key, type), with what is needed to make a delta since any
// point: the number of the operation that made each piece of it. No log of operations.
#pragma once
#include <cassert>
#include <compare>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "crdt/hlc.h"
#include "transports/wire/envelope.h"

namespace tributary::sdk {

// One operation of another actor.
struct ForeignDot {
  std::string device;
  std::uint64_t epoch = 0, op = 0;
  friend auto operator<=>(const ForeignDot&, const ForeignDot&) = default;
};

// The part of a G-Set or OR-Set.
struct SetPart {
  struct Removal {
    std::uint64_t op;  // the add that was removed
    std::uint64_t by;  // the operation that did it; ascending in `removed`
  };
  std::map<std::uint64_t, std::string> adds;  // op → element, the adds that survive
  std::unordered_map<std::string_view, std::uint64_t> op_of;  // element → op; views into `adds`
  std::deque<Removal> removed;                  // all removals by operations > horizon
  std::uint64_t horizon = 0;                    // older removals were forgotten: a delta from
                                                // before it must be complete
  std::map<ForeignDot, std::uint64_t> foreign;  // other actors' adds removed here → by
  std::size_t bytes = 0;                        // encoded size of adds and foreign, about
  std::size_t since_bytes = 0;                  // sent in entries since the last complete one

  std::string_view put(std::uint64_t op, std::string_view element);
  void drop(std::uint64_t op);
  // Remembers that operation `by` removed the add `op`. Memory stays within that of the set itself:
  // beyond, the oldest half is forgotten.
  void note_removal(std::uint64_t op, std::uint64_t by);
};

struct Cell {
  Cell(std::string_view key_, wire::Type type_) : key(key_), type(type_) {}
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  const std::string key;
  const wire::Type type;
  std::uint64_t last = 0;             // the last operation that touched it; 0: bottom, never sent
  bool muted = false;                 // refused by a gateway: never sent again in this epoch
  std::uint64_t p = 0, n = 0;         // counters
  std::uint64_t op = 0;               // register
  crdt::Hlc hlc;                      // register
  std::string value;                  // register: canonical MessagePack
  std::unique_ptr<SetPart> set;       // sets
  std::list<Cell*>::iterator recent;  // its place in State::recent_

  void reset();  // to bottom, for a fresh epoch
  bool is_set() const { return type == wire::Type::gset || type == wire::Type::orset; }
};

// Encoded sizes of the pieces, as MessagePack writes them.
constexpr std::size_t uint_bytes(std::uint64_t v) {
  return v < 128 ? 1 : v < 256 ? 2 : v < 65'536 ? 3 : v <= 0xFFFF'FFFF ? 5 : 9;
}
constexpr std::size_t bin_bytes(std::size_t n) {
  return n + (n < 256 ? 2 : n < 65'536 ? 3 : 5);
}
constexpr std::size_t str_bytes(std::size_t n) {
  return n + (n < 32 ? 1 : n < 256 ? 2 : 3);
}
inline std::size_t add_bytes(std::uint64_t op, std::string_view e) {
  return uint_bytes(op) + bin_bytes(e.size());
}
inline std::size_t foreign_bytes(const ForeignDot& d) {
  return 1 + str_bytes(d.device.size()) + uint_bytes(d.epoch) + uint_bytes(d.op);
}

}  // namespace tributary::sdk
