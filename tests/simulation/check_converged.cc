// SPDX-License-Identifier: Apache-2.0
// G2 to G4, in the end: messages flow again, and within a bounded time all gateways show equal
// values with equal digests, exactly what was issued: of every device that is alive all of it, of a
// memory that is gone at least what a disk that is still there had acknowledged.
#include <tuple>

#include "tests/simulation/judge.h"

namespace tributary::simulation {
namespace {

constexpr std::uint8_t gset = 3, orset = 4, lww = 5;

// Of a living device: exactly its log. "" or what differs.
std::string differs(const Shadow& shadow, const Actor& actor, const Log& log) {
  for (const KeyType& key : log.keys()) {
    const Shadow::Part* p = shadow.part(actor, key);
    if (p == nullptr) return key.first + ": no part";
    const auto totals = log.totals().find(key);
    if (totals != log.totals().end() &&
        (p->up != totals->second.up || p->down != totals->second.down)) {
      return key.first + ": counts " + std::to_string(p->up) + " - " + std::to_string(p->down) +
             ", issued " + std::to_string(totals->second.up) + " - " +
             std::to_string(totals->second.down);
    }
    std::map<std::string, std::uint64_t> live;
    for (const auto& [op, element] : p->live) live[element] = op;
    if (key.second == orset && (live != log.live(key) || live.size() != p->live.size())) {
      return key.first + ": other elements than those inserted and not erased";
    }
    std::set<std::string> inserted;
    for (const auto& [element, op] : log.live(key)) inserted.insert(element);
    if (key.second == gset && p->elements != inserted) return key.first + ": other elements";
    if (key.second == lww && p->op == 0) return key.first + ": no value";
  }
  return shadow.lacks(log, actor, 0, log.last());
}

std::vector<std::string> kept(const core::Gateway& gateway) {
  std::vector<std::string> out;
  for (const core::EvidenceView& e : gateway.evidence("", 0, 1'000'000))
    out.push_back(e.first + e.second);
  return out;
}

// Where what the two show differs, "": nowhere.
std::string values_differ(const core::Gateway& a, const core::Gateway& b) {
  const auto ours = a.values("", 0, 1'000'000), theirs = b.values("", 0, 1'000'000);
  if (ours.size() != theirs.size())
    return std::to_string(ours.size()) + " keys, " + std::to_string(theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const core::ValueView &v = ours[i], &w = theirs[i];
    if (std::tie(v.key, v.type, v.json, v.contributors) !=
        std::tie(w.key, w.type, w.json, w.contributors))
      return v.key + "/" + std::to_string(v.type) + ": " + v.json + ", " + w.json;
  }
  return {};
}

}  // namespace

std::string Judge::in_step(const std::vector<const core::Gateway*>& gateways) const {
  const core::Gateway* first = gateways.front();
  const std::string digest = first->summary().digest;
  for (const core::Gateway* g : gateways) {
    const core::Summary s = g->summary();
    if (s.digest != digest) return "digests differ";
    if (s.pending > 0) return "envelopes wait";
    if (s.degraded) return "degraded: " + s.degraded_reason;
    if (kept(*g) != kept(*first)) return "evidence differs";
    // A reading from the future may be shown by one a moment before the other: looked at again.
    const std::string where = values_differ(*first, *g);
    if (!where.empty()) return "digests are equal, and values differ: " + where;
  }
  return {};
}

void Judge::exact(const std::vector<Book*>& books, const std::vector<Device>& alive,
                  const std::map<Actor, std::uint64_t>& owed) const {
  for (const Book* book : books) {
    for (const Device& d : alive) {
      if (history.tainted(d.actor)) continue;
      const std::string wrong = differs(book->shadow, d.actor, *d.log);
      want(wrong.empty(), [&] {
        return "in the end " + book->gateway + " is not exact: " + d.actor.first + " " + wrong;
      });
    }
    for (const auto& [actor, op] : owed) {
      if (history.tainted(actor)) continue;
      const auto* logs = history.logs(actor);
      if (logs == nullptr) continue;
      const std::string lack = book->shadow.lacks(*logs->begin()->second, actor, 0, op);
      want(lack.empty(), [&] {
        return "in the end " + book->gateway + " lacks what had been acknowledged: " + lack;
      });
    }
  }
}

}  // namespace tributary::simulation
