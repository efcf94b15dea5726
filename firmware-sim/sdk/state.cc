// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/sdk/state.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace tributary::sdk {
namespace {

constexpr std::size_t removals_kept_min = 8;
// 2020-01-01. A wall clock before it was never set: the time since boot, which says nothing.
constexpr std::uint64_t wall_plausible_ms = 1'577'836'800'000;
const wire::Limits limits;

}  // namespace

std::string_view SetPart::put(std::uint64_t op, std::string_view element) {
  const auto [it, fresh] = adds.emplace(op, std::string(element));
  assert(fresh);
  op_of.emplace(it->second, op);
  bytes += add_bytes(op, it->second);
  return it->second;
}

void SetPart::drop(std::uint64_t op) {
  const auto it = adds.find(op);
  assert(it != adds.end());
  bytes -= add_bytes(op, it->second);
  op_of.erase(it->second);
  adds.erase(it);
}

void SetPart::note_removal(std::uint64_t op, std::uint64_t by) {
  assert(removed.empty() || removed.back().by <= by);
  removed.push_back({op, by});
  if (removed.size() <= std::max(removals_kept_min, adds.size())) return;
  for (std::size_t drop = removed.size() / 2; drop > 0; --drop) {
    horizon = removed.front().by;
    removed.pop_front();
  }
  while (!removed.empty() && removed.front().by <= horizon) removed.pop_front();
}

void Cell::reset() {
  last = 0;
  muted = false;
  p = n = op = 0;
  hlc = {};
  value.clear();
  if (set) *set = SetPart{};
}

Cell* State::find(std::string_view key, std::uint8_t type) {
  const auto it = cells_.find(std::pair<std::string, std::uint8_t>(key, type));
  return it == cells_.end() ? nullptr : &it->second;
}

Cell* State::cell(std::string_view key, wire::Type type) {
  if (!wire::valid_key(key) || key.front() == '$') return nullptr;
  std::pair<std::string, std::uint8_t> name(key, static_cast<std::uint8_t>(type));
  const auto [it, fresh] = cells_.emplace(std::piecewise_construct, std::forward_as_tuple(name),
                                          std::forward_as_tuple(key, type));
  Cell& c = it->second;
  if (fresh) {
    if (c.is_set()) c.set = std::make_unique<SetPart>();
    c.recent = recent_.insert(recent_.begin(), &c);
  }
  return &c;
}

std::uint64_t State::next() {
  // A clock that once was years ahead would stamp everything into the future for ever. One actor's
  // writes are ordered by their numbers, so its stamps may step back.
  if (wall_ms_ >= wall_plausible_ms && clock_.last().ms() > wall_ms_ + clock_ahead_max_ms_) {
    clock_ = crdt::HlcClock();
  }
  hlc_ = clock_.tick(wall_ms_);
  return ++last_op_;
}

void State::touch(Cell& c) {
  c.last = last_op_;
  recent_.splice(recent_.end(), recent_, c.recent);
}

Outcome State::add(Cell& c, std::uint64_t p, std::uint64_t n) {
  assert(c.type == wire::Type::pncounter || (c.type == wire::Type::gcounter && n == 0));
  if (c.muted) return Outcome::muted;
  if (p == 0 && n == 0) return Outcome::unchanged;
  if (c.p + p < c.p || c.n + n < c.n) return Outcome::overflow;
  c.p += p;
  c.n += n;
  next();
  touch(c);
  return Outcome::applied;
}

Outcome State::insert(Cell& c, std::string_view element) {
  assert(c.is_set());
  if (c.muted) return Outcome::muted;
  if (element.size() > limits.element_bytes_max) return Outcome::too_large;
  SetPart& s = *c.set;
  const auto held = s.op_of.find(element);
  if (held != s.op_of.end() && c.type == wire::Type::gset) return Outcome::unchanged;
  const std::uint64_t n = next();
  if (held != s.op_of.end()) {  // the new add must win over a concurrent removal of the old one
    const std::uint64_t old = held->second;
    s.drop(old);
    s.note_removal(old, n);
  }
  s.put(n, element);
  touch(c);
  return Outcome::applied;
}

Outcome State::erase(Cell& c, std::string_view element) {
  assert(c.type == wire::Type::orset);
  const auto held = c.set->op_of.find(element);
  if (held == c.set->op_of.end()) return c.muted ? Outcome::muted : Outcome::unchanged;
  return erase_op(c, held->second);
}

Outcome State::erase_op(Cell& c, std::uint64_t op) {
  assert(c.type == wire::Type::orset);
  if (c.muted) return Outcome::muted;
  if (c.set->adds.count(op) == 0) return Outcome::unchanged;
  const std::uint64_t n = next();
  c.set->drop(op);
  c.set->note_removal(op, n);
  touch(c);
  return Outcome::applied;
}

Outcome State::erase_foreign(Cell& c, ForeignDot dot) {
  assert(c.type == wire::Type::orset);
  if (c.muted) return Outcome::muted;
  if (!wire::valid_id(dot.device) || dot.op == 0) return Outcome::bad_value;
  if (c.set->foreign.count(dot) != 0) return Outcome::unchanged;
  c.set->bytes += foreign_bytes(dot);
  c.set->foreign.emplace(std::move(dot), next());
  touch(c);
  return Outcome::applied;
}

Outcome State::forget_foreign(Cell& c, const ForeignDot& dot) {
  assert(c.type == wire::Type::orset);
  if (c.muted) return Outcome::muted;
  if (c.set->foreign.erase(dot) == 0) return Outcome::unchanged;
  c.set->bytes -= foreign_bytes(dot);
  next();
  touch(c);
  return Outcome::applied;
}

Outcome State::set(Cell& c, std::uint64_t at_ms, const wire::Scalar& value) {
  assert(c.type == wire::Type::lww);
  if (c.muted) return Outcome::muted;
  Result<std::string, wire::DecodeError> bytes = wire::encode_scalar(value);
  if (!bytes) {
    return bytes.error().code == wire::DecodeError::Code::limit ? Outcome::too_large
                                                                : Outcome::bad_value;
  }
  c.op = next();
  c.hlc = at_ms == wall_ms_ ? hlc_ : crdt::Hlc::at(at_ms);
  c.value = std::move(*bytes);
  touch(c);
  return Outcome::applied;
}

void State::mute(const std::vector<Cell*>& cells) {
  assert(!cells.empty());
  for (Cell* c : cells) c->muted = true;
  next();
}

void State::reset() {
  for (auto& [name, c] : cells_) c.reset();
  last_op_ = 0;
  hlc_ = {};
}

void State::restore(std::uint64_t last_op, crdt::Hlc hlc, crdt::Hlc clock) {
  last_op_ = last_op;
  hlc_ = hlc;
  clock_ = crdt::HlcClock(clock);
}

void State::restore_touch(Cell& c, std::uint64_t op) {
  assert(recent_.empty() || recent_.back()->last <= op);
  c.last = op;
  recent_.splice(recent_.end(), recent_, c.recent);
}

}  // namespace tributary::sdk
