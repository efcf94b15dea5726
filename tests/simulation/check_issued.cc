// SPDX-License-Identifier: Apache-2.0
// G4, safety: no gateway holds more than was issued: of every actor no more than one of its
// memories has counted, no element that it did not insert with that very operation, no value that
// it did not set. Increments are random, so a loss and a double count cannot cancel.
#include <algorithm>

#include "tests/simulation/judge.h"

namespace tributary::simulation {
namespace {

using Logs = std::map<std::uint64_t, std::shared_ptr<Log>>;

template <class Holds>
bool any(const Logs& logs, Holds&& holds) {
  return std::any_of(logs.begin(), logs.end(), [&](const auto& l) { return holds(*l.second); });
}

// "" or what is too much.
std::string too_much(const Shadow::Part& p, const KeyType& key, const Logs& logs) {
  const bool up_issued = any(logs, [&](const Log& log) {
    const auto at = log.totals().find(key);
    return at != log.totals().end() && p.up <= at->second.up;
  });
  const bool down_issued = any(logs, [&](const Log& log) {
    const auto at = log.totals().find(key);
    return at != log.totals().end() && p.down <= at->second.down;
  });
  if (p.up > 0 && !up_issued) return "counts up " + std::to_string(p.up);
  if (p.down > 0 && !down_issued) return "counts down " + std::to_string(p.down);
  for (const std::string& e : p.elements) {
    if (!any(logs, [&](const Log& log) { return log.ever_inserted(key, e); })) {
      return "has element " + e;
    }
  }
  for (const auto& [op, e] : p.live) {
    const bool known = any(logs, [&, n = op, &element = e](const Log& log) {
      return log.inserted_by(n, key, element);
    });
    if (!known) return "has element " + e + " of operation " + std::to_string(op);
  }
  if (p.op > 0 && !any(logs, [&](const Log& log) { return log.set_by(p.op, key, p.value); })) {
    return "has a value of operation " + std::to_string(p.op);
  }
  return {};
}

}  // namespace

void Judge::issued(const Book& book) const {
  for (const auto& of_key : book.shadow.keys()) {
    const KeyType& key = of_key.first;
    for (const auto& of_actor : of_key.second) {
      const Actor& actor = of_actor.first;
      const Shadow::Part& part = of_actor.second;
      const Logs* logs = history.logs(actor);
      want(logs != nullptr,
           [&] { return book.gateway + " holds a part of nobody: " + actor.first; });
      const std::string wrong = too_much(part, key, *logs);
      want(wrong.empty(), [&] {
        return book.gateway + " shows more than was issued: of " + actor.first + ", " + key.first +
               "/" + std::to_string(key.second) + " " + wrong;
      });
    }
  }
}

}  // namespace tributary::simulation
