// SPDX-License-Identifier: Apache-2.0
#include "transports/wire/sketch.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace tributary::wire {
namespace {

std::uint64_t little_endian(const unsigned char* at) {
  std::uint64_t v = 0;
  for (unsigned i = 0; i < 8; ++i) v |= std::uint64_t{at[i]} << (8 * i);
  return v;
}

// Aumasson and Bernstein, 2012.
class SipHash {
 public:
  SipHash(std::uint64_t k0, std::uint64_t k1)
      : v0_(k0 ^ 0x736f6d6570736575),
        v1_(k1 ^ 0x646f72616e646f6d),
        v2_(k0 ^ 0x6c7967656e657261),
        v3_(k1 ^ 0x7465646279746573) {}
  void word(std::uint64_t m) {
    v3_ ^= m;
    round(), round();
    v0_ ^= m;
  }
  std::uint64_t finish() {
    v2_ ^= 0xFF;
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_, v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_, v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }
  std::uint64_t v0_, v1_, v2_, v3_;
};

// Not linear in exclusive or: of several ids together it is not that of their sum.
std::uint32_t check_of(std::uint64_t id) {
  return static_cast<std::uint32_t>((id * 0x9E3779B97F4A7C15) >> 40);
}

template <class T>
void append_big_endian(std::string& out, T v, unsigned width) {
  for (unsigned i = width; i-- > 0;) out += static_cast<char>(v >> (8 * i));
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t v = 0;
  for (const char c : bytes) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

}  // namespace

std::uint64_t sketch_id(std::uint64_t token, const Hash& hash) {
  SipHash sip(token, 0);
  for (std::size_t at = 0; at < hash.bytes.size(); at += 8)
    sip.word(little_endian(hash.bytes.data() + at));
  sip.word(std::uint64_t{32} << 56);  // the length
  return sip.finish();
}

Sketch::Sketch(std::size_t cells) : cells_(cells) {
  assert(cells >= sketch_quarters && cells <= sketch_cells_max && cells % sketch_quarters == 0);
}

std::optional<Sketch> Sketch::read(std::string_view bytes) {
  const std::size_t n = bytes.size() / sketch_cell_bytes;
  if (bytes.size() % (sketch_cell_bytes * sketch_quarters) != 0 || n == 0 || n > sketch_cells_max)
    return std::nullopt;
  Sketch out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::string_view cell = bytes.substr(i * sketch_cell_bytes, sketch_cell_bytes);
    out.cells_[i].ids = big_endian(cell.substr(0, 8));
    out.cells_[i].checks = static_cast<std::uint32_t>(big_endian(cell.substr(8, 3)));
    out.cells_[i].count = static_cast<std::uint8_t>(cell[11]);
  }
  return out;
}

// Sixteen bits of the id for each quarter, which has at most 4,096 cells.
std::size_t Sketch::place(std::uint64_t id, std::size_t quarter) const {
  const std::size_t width = cells_.size() / sketch_quarters;
  return quarter * width + (id >> (16 * quarter) & 0xFFFF) % width;
}

void Sketch::change(std::uint64_t id, int times) {
  for (std::size_t q = 0; q < sketch_quarters; ++q) {
    Cell& c = cells_[place(id, q)];
    c.ids ^= id;
    c.checks ^= check_of(id);
    c.count = static_cast<std::uint8_t>(c.count + times);
  }
}

void Sketch::subtract(const Sketch& other) {
  assert(other.size() == size());
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    cells_[i].ids ^= other.cells_[i].ids;
    cells_[i].checks ^= other.cells_[i].checks;
    cells_[i].count = static_cast<std::uint8_t>(cells_[i].count - other.cells_[i].count);
  }
}

bool Sketch::pure(std::size_t cell) const {
  const Cell& c = cells_[cell];
  return (c.count == 1 || c.count == 0xFF) && c.checks == check_of(c.ids) &&
         place(c.ids, cell / (cells_.size() / sketch_quarters)) == cell;
}

std::optional<Sketch::Difference> Sketch::difference() const {
  Sketch left = *this;
  Difference out;
  std::vector<std::size_t> look(cells_.size());
  for (std::size_t i = 0; i < look.size(); ++i) look[i] = i;
  while (!look.empty()) {
    const std::size_t at = look.back();
    look.pop_back();
    if (!left.pure(at)) continue;
    const std::uint64_t id = left.cells_[at].ids;
    const bool added = left.cells_[at].count == 1;
    // No sketch tells more ids than it has cells: cells made by hand could be peeled for ever.
    if (out.added.size() + out.missing.size() == cells_.size()) return std::nullopt;
    (added ? out.added : out.missing).push_back(id);
    left.change(id, added ? -1 : 1);
    for (std::size_t q = 0; q < sketch_quarters; ++q) look.push_back(left.place(id, q));
  }
  const bool whole =
      std::all_of(left.cells_.begin(), left.cells_.end(), [](const Cell& c) { return c.empty(); });
  if (!whole) return std::nullopt;
  for (auto* ids : {&out.added, &out.missing}) {
    std::sort(ids->begin(), ids->end());
    // Twice the same, or on both sides: nobody's set says that.
    if (std::adjacent_find(ids->begin(), ids->end()) != ids->end()) return std::nullopt;
  }
  std::vector<std::uint64_t> both;
  std::set_intersection(out.added.begin(), out.added.end(), out.missing.begin(), out.missing.end(),
                        std::back_inserter(both));
  if (!both.empty()) return std::nullopt;
  return out;
}

std::string Sketch::bytes() const {
  std::string out;
  out.reserve(cells_.size() * sketch_cell_bytes);
  for (const Cell& c : cells_) {
    append_big_endian(out, c.ids, 8);
    append_big_endian(out, c.checks, 3);
    out += static_cast<char>(c.count);
  }
  return out;
}

}  // namespace tributary::wire
