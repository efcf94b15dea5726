// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/intake.h"

#include <algorithm>
#include <cassert>

#include "crdt/planted.h"
#include "gateway/core/coding.h"

namespace tributary::core {

bool Intake::record(const Receipt& r) {
  assert(r.from < r.to && r.part >= 1 && r.part <= r.parts);
  if (received_.includes(r.from, r.to) && (r.parts > 1 || ends_at(r.to))) return false;
  const bool whole = r.parts == 1 || (planted(Bug::part_one_for_the_whole) && r.part == 1);
  return whole ? arrived_whole(r.from, r.to, r.hash) : record_part(r);
}

std::vector<wire::Point>::const_iterator Intake::end_from(std::uint64_t op) const {
  return std::lower_bound(ends_.begin(), ends_.end(), op,
                          [](const wire::Point& p, std::uint64_t n) { return p.op < n; });
}

bool Intake::ends_at(std::uint64_t op) const {
  const auto at = end_from(op);
  return at != ends_.end() && at->op == op;
}

bool Intake::record_part(const Receipt& r) {
  const auto same = [&](const Partial& p) {
    return p.from == r.from && p.to == r.to && p.id == r.id && p.parts == r.parts;
  };
  auto at = std::find_if(partials_.begin(), partials_.end(), same);
  if (at == partials_.end()) {
    const auto later = [](std::uint64_t to, const Partial& p) { return to < p.to; };
    at = partials_.insert(
        std::upper_bound(partials_.begin(), partials_.end(), r.to, later),
        Partial{r.from, r.to, r.id, r.parts, std::vector<bool>(r.parts), r.parts, {}});
  }
  if (at->got[r.part - 1]) return false;
  at->got[r.part - 1] = true;
  at->missing -= 1;
  if (r.part == r.parts) at->last = r.hash;
  if (at->missing == 0) {
    const Partial whole = *at;
    partials_.erase(at);
    arrived_whole(whole.from, whole.to, whole.last);
  } else if (partials_.size() > partials_max) {
    partials_.erase(partials_.begin());  // the oldest: a later delta covers what it said
  }
  return true;
}

bool Intake::arrived_whole(std::uint64_t from, std::uint64_t to, const wire::Hash& hash) {
  crdt::IntervalSet grown = received_;
  grown.add(from, to);
  if (grown.size() > fragments_max) return false;
  received_ = std::move(grown);
  // The first one stays: a twin that ends at the same operation sees it.
  if (!ends_at(to)) ends_.insert(end_from(to), {to, hash});
  prune();
  return true;
}

void Intake::prune() {
  const std::uint64_t done = received_.contiguous();
  std::erase_if(partials_, [&](const Partial& p) { return p.to <= done; });
  std::size_t surplus = ends_.size() > points_max ? ends_.size() - points_max : 0;
  const auto& all = received_.intervals();
  std::erase_if(ends_, [&](const wire::Point& end) {  // the lowest first
    if (surplus == 0) return false;
    surplus -= 1;
    return std::none_of(all.begin(), all.end(), [&](const auto& i) { return i.hi == end.op; });
  });
}

wire::Point Intake::contiguous() const {
  const std::uint64_t op =
      planted(Bug::hole_as_contiguous) ? received_.top() : received_.contiguous();
  if (op == 0) return {};
  assert(ends_at(op));
  return *end_from(op);
}

std::vector<wire::Point> Intake::points_above(std::uint64_t from, std::size_t max) const {
  const std::uint64_t done = received_.contiguous();
  std::vector<wire::Point> out;
  for (auto it = ends_.rbegin(); it != ends_.rend() && it->op > from && out.size() < max; ++it) {
    if (it->op != done) out.push_back(*it);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

// version 1: n intervals (lo, hi), n ends (op, hash), n partials (from, to, id, parts, last, bits)
std::string Intake::encode() const {
  constexpr std::size_t counts_bytes = 1 + 3 * sizeof(std::uint32_t);
  Writer w(counts_bytes + received_.size() * 2 * sizeof(std::uint64_t) +
           ends_.size() * (sizeof(std::uint64_t) + sizeof(wire::Hash)));
  w.u8(1);
  w.u32(static_cast<std::uint32_t>(received_.size()));
  for (const auto& i : received_.intervals()) {
    w.u64(i.lo);
    w.u64(i.hi);
  }
  w.u32(static_cast<std::uint32_t>(ends_.size()));
  for (const auto& [op, hash] : ends_) {
    w.u64(op);
    w.bytes(hash.view());
  }
  w.u32(static_cast<std::uint32_t>(partials_.size()));
  for (const Partial& p : partials_) {
    w.u64(p.from);
    w.u64(p.to);
    w.u64(p.id);
    w.u32(p.parts);
    w.bytes(p.last.view());
    for (std::uint32_t i = 0; i < p.parts; i += 8) {
      unsigned byte = 0;
      for (std::uint32_t k = i; k < p.parts && k < i + 8; ++k)
        byte |= unsigned{p.got[k]} << (k - i);
      w.u8(static_cast<std::uint8_t>(byte));
    }
  }
  return w.finish();
}

// The checksum says that encode() wrote it or a forger did: what record() cannot make is refused,
// so that nothing is allocated by a count alone and every invariant holds for what follows.
std::optional<Intake> Intake::decode(std::string_view bytes) {
  Reader r(bytes);
  Intake out;
  if (r.u8() != 1) return std::nullopt;
  for (std::uint32_t n = r.u32(); n > 0 && r.ok(); --n) {
    const std::uint64_t lo = r.u64(), hi = r.u64();
    const bool after = out.received_.empty() || out.received_.top() < lo;
    if (lo >= hi || !after || out.received_.size() == fragments_max) return std::nullopt;
    out.received_.add(lo, hi);
  }
  std::uint64_t before = 0;
  for (std::uint32_t n = r.u32(); n > 0 && r.ok(); --n) {
    const std::uint64_t op = r.u64();
    if (op <= before || out.ends_.size() == fragments_max + points_max) return std::nullopt;
    out.ends_.push_back({op, r.hash()});
    before = op;
  }
  for (std::uint32_t n = r.u32(); n > 0 && r.ok(); --n) {
    auto p = decode_partial(r);
    if (!p || out.partials_.size() == partials_max) return std::nullopt;
    if (!out.partials_.empty() && p->to < out.partials_.back().to) return std::nullopt;
    out.partials_.push_back(std::move(*p));
  }
  const auto& all = out.received_.intervals();
  const bool ends_known =
      std::all_of(all.begin(), all.end(),
                  [&](const crdt::IntervalSet::Interval& i) { return out.ends_at(i.hi); });
  return r.ok() && r.at_end() && ends_known ? std::optional(out) : std::nullopt;
}

std::optional<Intake::Partial> Intake::decode_partial(Reader& r) {
  Partial p{r.u64(), r.u64(), r.u64(), r.u32(), {}, 0, {}};
  p.last = r.hash();
  if (!r.ok() || p.from >= p.to || p.parts < 2 || p.parts > wire::parts_max) return std::nullopt;
  p.got.resize(p.parts);
  for (std::uint32_t i = 0; i < p.parts && r.ok(); i += 8) {
    const unsigned byte = r.u8();
    if (p.parts - i < 8 && byte >> (p.parts - i) != 0) return std::nullopt;
    for (std::uint32_t k = i; k < p.parts && k < i + 8; ++k) p.got[k] = byte >> (k - i) & 1;
  }
  p.missing = static_cast<std::uint32_t>(std::count(p.got.begin(), p.got.end(), false));
  return p.missing > 0 && p.missing < p.parts ? std::optional(std::move(p)) : std::nullopt;
}

}  // namespace tributary::core
