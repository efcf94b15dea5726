// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shadow.h"

#include <algorithm>
#include <tuple>

#include "crdt/uint128.h"
#include "transports/wire/scalar.h"

namespace tributary::simulation {
namespace {

using wire::Type;

constexpr std::uint64_t json_integer_max = std::uint64_t{1} << 53U;

std::string quoted_when_large(std::uint64_t magnitude, const std::string& text) {
  return magnitude <= json_integer_max ? text : '"' + text + '"';
}

std::string list_of(const std::set<std::string>& elements) {
  std::string out = "[";
  for (const std::string& e : elements) {
    if (out.size() > 1) out += ',';
    out += wire::json_of_bytes(e);
  }
  return out + ']';
}

bool empty(const Shadow::Part& p) {
  return p.up == 0 && p.down == 0 && p.elements.empty() && p.covered.empty() && p.foreign.empty() &&
         p.op == 0;
}

}  // namespace

std::uint32_t Shadow::take(std::string_view envelope) {
  const auto decoded = wire::decode_envelope(envelope, wire::Limits{});
  if (!decoded) return 0;
  const wire::Delta& d = decoded->delta;
  const Actor actor{std::string(d.device), d.epoch};
  for (const wire::Entry& e : d.entries) {
    const auto [at, fresh] = keys_[{std::string(e.key), e.type}].try_emplace(actor);
    Part& p = at->second;
    if (fresh) ++parts_;
    if (const auto* g = std::get_if<wire::GCounterPayload>(&e.payload)) p.up = std::max(p.up, g->p);
    if (const auto* c = std::get_if<wire::PnCounterPayload>(&e.payload)) {
      p.up = std::max(p.up, c->p);
      p.down = std::max(p.down, c->n);
    }
    if (const auto* s = std::get_if<wire::GSetPayload>(&e.payload)) {
      for (const std::string_view x : s->elements) p.elements.emplace(x);
    }
    if (const auto* r = std::get_if<wire::LwwPayload>(&e.payload)) {
      if (std::tie(r->op, r->hlc, r->value) >
          std::make_tuple(p.op, p.hlc, std::string_view(p.value))) {
        p.op = r->op;
        p.hlc = r->hlc;
        p.value = std::string(r->value);
      }
    }
    if (e.type == static_cast<std::uint8_t>(Type::orset)) take_orset(p, e);
  }
  return d.parts;
}

void Shadow::take_orset(Part& p, const wire::Entry& e) {
  const auto& payload = std::get<wire::OrSetPayload>(e.payload);
  std::map<std::uint64_t, std::string> survive;
  for (const auto& add : payload.adds) survive[add.op] = std::string(add.element);
  if (p.covered.size() <= e.hi) p.covered.resize(e.hi + 1);
  for (std::uint64_t n = e.lo + 1; n <= e.hi; ++n) {
    const auto mine = p.live.find(n);
    const auto theirs = survive.find(n);
    if (theirs == survive.end()) {
      if (mine != p.live.end()) p.live.erase(mine);
    } else if (!p.covered[n]) {
      p.live[n] = theirs->second;
    } else if (mine != p.live.end()) {
      mine->second = std::max(mine->second, theirs->second);
    }
    p.covered[n] = true;
  }
  for (const std::uint64_t n : payload.removed) {
    if (p.covered.size() <= n) p.covered.resize(n + 1);
    p.covered[n] = true;
    p.live.erase(n);
  }
  for (const auto& f : payload.foreign) p.foreign.insert({std::string(f.device), f.epoch, f.op});
}

const Shadow::Part* Shadow::part(const Actor& actor, const KeyType& key) const {
  const auto at = keys_.find(key);
  if (at == keys_.end()) return nullptr;
  const auto found = at->second.find(actor);
  return found == at->second.end() ? nullptr : &found->second;
}

bool Shadow::dead(const DotName& dot, const KeyType& key) const {
  const Part* owner = part({dot.device, dot.epoch}, key);
  return owner != nullptr && owner->dead(dot.op);
}

std::string Shadow::lacks(const Log& log, const Actor& actor, std::uint64_t from,
                          std::uint64_t to) const {
  const auto& ops = log.ops();
  auto at = std::upper_bound(ops.begin(), ops.end(), from,
                             [](std::uint64_t n, const Op& op) { return n < op.number; });
  for (; at != ops.end() && at->number <= to; ++at) {
    // Forgotten once its owner had retired it: a disk that does not know so waits for the owner.
    if (at->kind == Op::Kind::erase_foreign) {
      const auto& held = log.foreign(at->key);
      const auto made = held.find(at->target);
      if (made == held.end() || made->second != at->number) continue;
    }
    const std::string what = lacks(*at, actor);
    if (!what.empty()) {
      return "operation " + std::to_string(at->number) + " of " + actor.first + ":" +
             std::to_string(actor.second) + " on " + at->key.first + "/" +
             std::to_string(at->key.second) + ": " + what;
    }
  }
  return {};
}

std::string Shadow::lacks(const Op& op, const Actor& actor) const {
  const Part* p = part(actor, op.key);
  if (op.kind == Op::Kind::forget_foreign || op.kind == Op::Kind::mute) return {};
  if (p == nullptr) return "the part is not there";
  switch (op.kind) {
    case Op::Kind::count:
      if (p->up < op.up || p->down < op.down) return "the counter is behind";
      return {};
    case Op::Kind::set:
      return p->op < op.number ? "the register is behind" : "";
    case Op::Kind::insert:
    case Op::Kind::erase: {
      if (op.key.second == static_cast<std::uint8_t>(Type::gset)) {
        return p->elements.count(op.element) == 0 ? "the element is not there" : "";
      }
      for (const std::uint64_t n : op.killed) {
        if (!p->dead(n)) return "the add " + std::to_string(n) + " is not dead";
      }
      if (op.kind == Op::Kind::insert && !p->covers(op.number)) return "the add is not there";
      return {};
    }
    case Op::Kind::erase_foreign:
      if (p->foreign.count(op.target) != 0 || dead(op.target, op.key)) return {};
      return "the foreign removal is not there";
    case Op::Kind::forget_foreign:
    case Op::Kind::mute:
      return {};
  }
  return {};
}

std::size_t Shadow::contributors(const KeyType& key) const {
  const auto at = keys_.find(key);
  if (at == keys_.end()) return 0;
  return static_cast<std::size_t>(
      std::count_if(at->second.begin(), at->second.end(),
                    [](const auto& entry) { return !empty(entry.second); }));
}

std::optional<std::string> Shadow::value(const KeyType& key, std::uint64_t horizon_ms,
                                         std::uint64_t vague_ms) const {
  static const std::map<Actor, Part> nobody;
  const auto at = keys_.find(key);
  const auto& parts = at == keys_.end() ? nobody : at->second;
  switch (static_cast<Type>(key.second)) {
    case Type::gcounter:
    case Type::pncounter: {
      crdt::uint128 up = 0, down = 0;
      for (const auto& [actor, p] : parts) {
        up += p.up;
        down += p.down;
      }
      const bool negative = down > up;
      const auto magnitude = static_cast<std::uint64_t>(negative ? down - up : up - down);
      return quoted_when_large(magnitude, (negative ? "-" : "") + std::to_string(magnitude));
    }
    case Type::gset: {
      std::set<std::string> all;
      for (const auto& [actor, p] : parts) all.insert(p.elements.begin(), p.elements.end());
      return list_of(all);
    }
    case Type::orset: {
      std::set<DotName> removed;
      for (const auto& [actor, p] : parts) removed.insert(p.foreign.begin(), p.foreign.end());
      std::set<std::string> shown;
      for (const auto& [actor, p] : parts) {
        for (const auto& [op, element] : p.live) {
          if (removed.count({actor.first, actor.second, op}) == 0) shown.insert(element);
        }
      }
      return list_of(shown);
    }
    case Type::lww: {
      const Part* best = nullptr;
      const Actor* best_actor = nullptr;
      for (const auto& [actor, p] : parts) {
        if (p.op == 0) continue;
        const std::uint64_t ms = p.hlc.ms();
        if (ms + vague_ms >= horizon_ms && ms <= horizon_ms + vague_ms) return std::nullopt;
        if (ms > horizon_ms) continue;
        if (best == nullptr ||
            std::tie(p.hlc, actor, p.value) > std::tie(best->hlc, *best_actor, best->value)) {
          best = &p;
          best_actor = &actor;
        }
      }
      return best == nullptr ? "null" : wire::json_of_scalar(best->value);
    }
  }
  return std::nullopt;
}

std::string Shadow::differs(const Shadow& other, Compare compare) const {
  const bool everything = compare == Compare::everything;
  for (const auto& [key, parts] : keys_) {
    for (const auto& [actor, p] : parts) {
      const std::string where = key.first + "/" + std::to_string(key.second) + " of " +
                                actor.first + ":" + std::to_string(actor.second) + ": ";
      static const Part nothing;
      const Part* q = other.part(actor, key);
      if (q == nullptr) q = &nothing;
      if (p.up != q->up || p.down != q->down) return where + "counts";
      if (p.elements != q->elements) return where + "elements";
      if (p.live != q->live) return where + "live adds";
      if (everything && p.foreign != q->foreign) return where + "foreign removals";
      if (std::tie(p.op, p.hlc, p.value) != std::tie(q->op, q->hlc, q->value)) {
        return where + "register";
      }
      if (!everything) continue;
      for (std::uint64_t n = 0; n < std::max(p.covered.size(), q->covered.size()); ++n) {
        if (p.covers(n) != q->covers(n)) return where + "covers " + std::to_string(n);
      }
    }
  }
  return {};
}

std::size_t Shadow::weight(const Actor& actor) const {
  std::size_t out = 0;
  for (const auto& [key, parts] : keys_) {
    const auto at = parts.find(actor);
    if (at == parts.end()) continue;
    const Part& p = at->second;
    out += key.first.size() + 24 + p.value.size();
    for (const std::string& e : p.elements) out += e.size() + 8;
    for (const auto& [op, e] : p.live) out += e.size() + 12;
    for (const DotName& d : p.foreign) out += d.device.size() + 20;
  }
  return out;
}

}  // namespace tributary::simulation
