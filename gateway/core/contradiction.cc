// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/contradiction.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "crdt/planted.h"

namespace tributary::core {
namespace {

using wire::Type;

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

// Of two counts at `to`: unequal at the same one, or smaller at a larger one.
std::string of_counts(const char* way, std::uint64_t older, std::uint64_t newer, bool same) {
  if (same ? older == newer : older <= newer) return {};
  return "counts " + std::string(way) + " " + number(older) + (same ? " and also " : ", later ") +
         number(newer);
}

std::string of_registers(const wire::LwwPayload& older, const wire::LwwPayload& newer, bool same) {
  if (older.op == newer.op) {
    if (std::tie(older.hlc, older.value) == std::tie(newer.hlc, newer.value)) return {};
    return "operation " + number(older.op) + " wrote two values";
  }
  if (!same && older.op < newer.op) return {};
  return "operation " + number(older.op) + " was its last write, " +
         (same ? "and also " : "later ") + number(newer.op);
}

const wire::OrSetPayload::Add* find(const wire::OrSetPayload& p, std::uint64_t op) {
  const auto at = std::lower_bound(p.adds.begin(), p.adds.end(), op,
                                   [](const auto& add, std::uint64_t n) { return add.op < n; });
  return at == p.adds.end() || at->op != op ? nullptr : &*at;
}

// What an older entry says of an add that a newer one (or one as old) holds for live.
std::string of_adds(const wire::Entry& older, const wire::Entry& newer) {
  const auto& p = std::get<wire::OrSetPayload>(older.payload);
  for (const auto& add : std::get<wire::OrSetPayload>(newer.payload).adds) {
    if (const auto* held = find(p, add.op)) {
      if (held->element != add.element)
        return "operation " + number(add.op) + " added two elements";
      continue;
    }
    const bool covered = (older.lo < add.op && add.op <= older.hi) ||
                         std::binary_search(p.removed.begin(), p.removed.end(), add.op);
    if (covered) return "the add of operation " + number(add.op) + " was dead, and lives";
  }
  return {};
}

}  // namespace

std::string contradiction(const Told& a, const Told& b) {
  assert(a.entry.type == b.entry.type && a.entry.key == b.entry.key);
  const bool at_hi = planted(Bug::convict_at_hi);
  const std::uint64_t at_a = at_hi ? a.entry.hi : a.to, at_b = at_hi ? b.entry.hi : b.to;
  const bool same = at_a == at_b;
  const wire::Entry& older = at_a <= at_b ? a.entry : b.entry;
  const wire::Entry& newer = at_a <= at_b ? b.entry : a.entry;
  switch (static_cast<Type>(older.type)) {
    case Type::gcounter:
      return of_counts("up to", std::get<wire::GCounterPayload>(older.payload).p,
                       std::get<wire::GCounterPayload>(newer.payload).p, same);
    case Type::pncounter: {
      const auto& p = std::get<wire::PnCounterPayload>(older.payload);
      const auto& q = std::get<wire::PnCounterPayload>(newer.payload);
      const std::string up = of_counts("up to", p.p, q.p, same);
      return up.empty() ? of_counts("down by", p.n, q.n, same) : up;
    }
    case Type::lww:
      return of_registers(std::get<wire::LwwPayload>(older.payload),
                          std::get<wire::LwwPayload>(newer.payload), same);
    case Type::orset: {
      const std::string forth = of_adds(older, newer);
      return forth.empty() && same ? of_adds(newer, older) : forth;
    }
    case Type::gset:
      break;  // elements only come: no two sets of them exclude each other
  }
  return {};  // of types not known nothing can be said
}

std::optional<Contradiction> contradiction(const wire::Delta& a, const wire::Delta& b) {
  assert(a.device == b.device && a.epoch == b.epoch);
  const auto name = [](const wire::Entry& e) { return std::tie(e.key, e.type); };
  auto x = a.entries.begin();
  auto y = b.entries.begin();
  while (x != a.entries.end() && y != b.entries.end()) {  // both ascend
    if (name(*x) < name(*y)) {
      ++x;
    } else if (name(*y) < name(*x)) {
      ++y;
    } else {
      std::string what = contradiction(Told{*x, a.to}, Told{*y, b.to});
      if (!what.empty()) return Contradiction{std::string(x->key), x->type, std::move(what)};
      ++x, ++y;
    }
  }
  return std::nullopt;
}

}  // namespace tributary::core
