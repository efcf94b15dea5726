// SPDX-License-Identifier: Apache-2.0
// A sketch of a set of envelopes, docs/protocol.md section 7: an invertible Bloom lookup table
// (Eppstein et al., "What's the Difference? Efficient Set Reconciliation without Prior Context",
// 2011). Its promise: two sketches of one size and token tell which ids only one of the sets has,
// or say that they cannot; the size needed follows the difference, whatever the sets' size.
//
//   Sketch ours(322), theirs = *Sketch::read(ask.cells);
//   for (const Hash& h : hashes) ours.add(sketch_id(ask.token, h));
//   theirs.subtract(ours);
//   if (const auto d = theirs.difference()) …           // d->added: theirs, d->missing: ours
//
// The bytes may be anybody's: whatever they say costs work in proportion to their length.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transports/wire/bytes.h"

namespace tributary::wire {

inline constexpr std::size_t sketch_cell_bytes = 12;
inline constexpr std::size_t sketch_quarters = 4;  // an id has a cell in each
inline constexpr std::size_t sketch_cells_max = 16'384;

// What an envelope with that hash is called under this token: SipHash-2-4, so that nobody can
// prepare two envelopes which share an id. They would only make a sketch that cannot be read.
std::uint64_t sketch_id(std::uint64_t token, const Hash& hash);

class Sketch {
 public:
  // REQUIRES: a multiple of sketch_quarters, from that to sketch_cells_max.
  explicit Sketch(std::size_t cells);
  // nullopt: a length that no sketch has.
  static std::optional<Sketch> read(std::string_view bytes);

  void add(std::uint64_t id) { change(id, 1); }
  // REQUIRES: the same number of cells.
  void subtract(const Sketch& other);
  struct Difference {
    std::vector<std::uint64_t> added, missing;  // ascending
  };
  // What was added here and not there, and the other way round; nullopt: there is more than it can
  // tell apart, or it was never a sketch.
  std::optional<Difference> difference() const;

  std::string bytes() const;
  std::size_t size() const { return cells_.size(); }

 private:
  struct Cell {
    std::uint64_t ids = 0;     // exclusive or
    std::uint32_t checks = 0;  // exclusive or, 24 bits each
    std::uint8_t count = 0;    // modulo 256
    bool empty() const { return ids == 0 && checks == 0 && count == 0; }
  };
  std::size_t place(std::uint64_t id, std::size_t quarter) const;
  void change(std::uint64_t id, int times);
  // One id alone seems to be in it.
  bool pure(std::size_t cell) const;

  std::vector<Cell> cells_;
};

}  // namespace tributary::wire
