// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/fleet/oracle.h"

#include <algorithm>
#include <cassert>

namespace tributary::fleet {
namespace {

using What = devices::Operation::What;

std::string canonical(const wire::Scalar& value) {
  const Result<std::string, wire::DecodeError> bytes = wire::encode_scalar(value);
  assert(bytes);
  return *bytes;
}

}  // namespace

void Oracle::issued(const crdt::Actor& actor, std::uint64_t op, const devices::Operation& operation,
                    crdt::Hlc hlc) {
  Log& log = logs_[actor];
  assert(log.pending.empty() || log.pending.back().op < op);
  log.pending.push_back({op, operation, hlc});
  ++operations_;
}

void Oracle::promised(const crdt::Actor& actor, std::uint64_t upto) {
  const auto it = logs_.find(actor);
  if (it == logs_.end()) return;
  Log& log = it->second;
  while (!log.pending.empty() && log.pending.front().op <= upto) {
    const Pending& p = log.pending.front();
    apply(log.parts[{p.operation.key, p.operation.type}], p);
    log.pending.pop_front();
  }
}

void Oracle::forget_above(const crdt::Actor& actor, std::uint64_t op) {
  const auto it = logs_.find(actor);
  if (it == logs_.end()) return;
  std::deque<Pending>& pending = it->second.pending;
  while (!pending.empty() && pending.back().op > op) {
    pending.pop_back();
    --operations_;
  }
}

void Oracle::apply(Part& part, const Pending& p) {
  ++part.operations;
  switch (p.operation.what) {
    case What::add:
      part.p += p.operation.amount;
      break;
    case What::subtract:
      part.n += p.operation.amount;
      break;
    case What::insert:
      part.elements.insert(p.operation.element);
      break;
    case What::erase:
      part.elements.erase(p.operation.element);
      break;
    case What::set:
      part.op = p.op;
      part.hlc = p.hlc;
      part.value = canonical(p.operation.value);
      break;
  }
}

std::uint64_t Oracle::unsure() const {
  std::uint64_t sum = 0;
  for (const auto& [actor, log] : logs_) sum += log.pending.size();
  return sum;
}

// Counters and sets: what this actor must and may contribute.
void Oracle::add_parts(const Log& log, std::map<KeyType, Expected>& out) {
  for (const auto& held : log.parts) {  // not a structured binding: clang 14 cannot capture one
    const KeyType& key = held.first;
    const Part& part = held.second;
    Expected& e = out[key];
    e.operations += part.operations;
    e.low += static_cast<Expected::Total>(part.p) - static_cast<Expected::Total>(part.n);
    e.high += static_cast<Expected::Total>(part.p) - static_cast<Expected::Total>(part.n);
    for (const std::string& element : part.elements) {
      e.may.insert(element);
      const bool sure = std::none_of(log.pending.begin(), log.pending.end(), [&](const Pending& p) {
        return p.operation.what == What::erase && p.operation.element == element &&
               p.operation.key == key.first && p.operation.type == key.second;
      });
      if (sure) e.must.insert(element);
    }
  }
  for (const Pending& p : log.pending) {
    Expected& e = out[{p.operation.key, p.operation.type}];
    ++e.operations_unsure;
    if (p.operation.what == What::add) e.high += static_cast<Expected::Total>(p.operation.amount);
    if (p.operation.what == What::subtract) {
      e.low -= static_cast<Expected::Total>(p.operation.amount);
    }
    if (p.operation.what == What::insert) e.may.insert(p.operation.element);
  }
}

std::map<KeyType, Expected> Oracle::expected() const {
  std::map<KeyType, Expected> out;
  using Stamp = std::tuple<crdt::Hlc, crdt::Actor, std::string>;
  std::map<KeyType, Stamp> winner;  // of the promised ones
  for (const auto& [actor, log] : logs_) {
    add_parts(log, out);
    for (const auto& [key, part] : log.parts) {
      if (key.second != wire::Type::lww) continue;
      Stamp& best = winner[key];
      best = std::max(best, Stamp(part.hlc, actor, part.value));
    }
  }
  for (const auto& [key, stamp] : winner) out[key].values.insert(std::get<2>(stamp));
  for (const auto& [actor, log] : logs_) {  // a later one that may have arrived would win
    for (const Pending& p : log.pending) {
      if (p.operation.type != wire::Type::lww) continue;
      const KeyType key{p.operation.key, p.operation.type};
      const Stamp stamp(p.hlc, actor, canonical(p.operation.value));
      const auto it = winner.find(key);
      if (it == winner.end() || stamp > it->second) out[key].values.insert(std::get<2>(stamp));
    }
  }
  return out;
}

}  // namespace tributary::fleet
