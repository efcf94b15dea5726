// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware-sim/sdk/truth.h"

namespace tributary::sdk::testing {
namespace {

std::string at(const wire::Entry& e) {
  return std::string(e.key) + "/" + std::to_string(e.type) + " (" + std::to_string(e.lo) + "," +
         std::to_string(e.hi) + "]: ";
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> Truth::total(const std::string& key,
                                                     std::uint64_t to) const {
  std::pair<std::uint64_t, std::uint64_t> sum;
  for (const auto& [op, d] : log_) {
    if (op > to) break;
    if (d.key != key) continue;
    sum.first += d.p;
    sum.second += d.n;
  }
  return sum;
}

Truth::SetAt Truth::set_at(std::string_view key, wire::Type type, std::uint64_t to) const {
  SetAt s;
  for (const auto& [op, d] : log_) {
    if (op > to) break;
    if (d.key != key || d.type != type || (!d.added && !d.erased)) continue;
    const std::string& element = d.added ? *d.added : *d.erased;
    for (auto it = s.live.begin(); it != s.live.end();) {
      if (it->second != element) {
        ++it;
        continue;
      }
      s.killed[op].insert(it->first);
      it = s.live.erase(it);
    }
    if (d.added) s.live[op] = *d.added;
  }
  return s;
}

std::set<std::string> Truth::elements(const std::string& key, std::uint64_t to) const {
  std::set<std::string> out;
  for (const wire::Type type : {wire::Type::gset, wire::Type::orset}) {
    for (const auto& [op, element] : set_at(key, type, to).live) out.insert(element);
  }
  return out;
}

std::string Truth::check(const wire::Delta& d) const {
  if (d.to > last_op()) return "ends at an operation that was never made";
  std::set<std::pair<std::string, std::uint8_t>> touched, muted;
  for (const auto& [op, did] : log_) {
    const std::pair<std::string, std::uint8_t> name(did.key, static_cast<std::uint8_t>(did.type));
    if (op > d.to) break;
    muted.insert(did.mutes.begin(), did.mutes.end());
    if (op > d.from && !did.key.empty()) touched.insert(name);
  }
  for (const wire::Entry& e : d.entries) {
    const std::pair<std::string, std::uint8_t> name(e.key, e.type);
    if (touched.count(name) == 0) return at(e) + "was not touched";
    if (muted.count(name) != 0) return at(e) + "is muted";
    if (std::string bad = check_entry(e, d); !bad.empty()) return at(e) + bad;
  }
  if (d.parts > 1) return {};
  for (const auto& name : touched) {  // a delta of one part must hold them all
    bool found = muted.count(name) != 0;
    for (const wire::Entry& e : d.entries) found |= name.first == e.key && name.second == e.type;
    if (!found) return "lacks " + name.first;
  }
  return {};
}

std::string Truth::check_entry(const wire::Entry& e, const wire::Delta& delta) const {
  const std::string key(e.key);
  if (e.hi > delta.to) return "ends after its delta";
  std::uint64_t p = 0, n = 0, op_of_value = 0;
  std::string value;
  for (const auto& [op, d] : log_) {
    if (op > delta.to) break;
    if (d.key != key || static_cast<std::uint8_t>(d.type) != e.type) continue;
    p += d.p;
    n += d.n;
    value = d.value;
    op_of_value = op;
  }
  if (const auto* c = std::get_if<wire::GCounterPayload>(&e.payload)) {
    return c->p == p ? "" : "says " + std::to_string(c->p) + ", is " + std::to_string(p);
  }
  if (const auto* c = std::get_if<wire::PnCounterPayload>(&e.payload)) {
    return c->p == p && c->n == n ? "" : "wrong sums";
  }
  if (const auto* r = std::get_if<wire::LwwPayload>(&e.payload)) {
    return r->op == op_of_value && r->value == value ? "" : "wrong value";
  }
  return check_set(e, delta);
}

std::string Truth::check_set(const wire::Entry& e, const wire::Delta& delta) const {
  const SetAt s = set_at(e.key, static_cast<wire::Type>(e.type), delta.to);
  std::map<std::uint64_t, std::string> want(s.live.upper_bound(e.lo), s.live.upper_bound(e.hi));
  if (const auto* g = std::get_if<wire::GSetPayload>(&e.payload)) {
    std::set<std::string> elements, wanted;
    for (const std::string_view x : g->elements) elements.emplace(x);
    for (const auto& [op, x] : want) wanted.insert(x);
    return elements == wanted ? "" : "wrong elements";
  }
  const auto* o = std::get_if<wire::OrSetPayload>(&e.payload);
  if (o == nullptr) return "unknown payload";
  std::map<std::uint64_t, std::string> adds;
  for (const auto& a : o->adds) adds.emplace(a.op, a.element);
  if (adds != want) return "wrong adds";
  std::set<std::uint64_t> killed;  // older own adds that operations (lo, hi] removed
  for (const auto& [by, ops] : s.killed) {
    if (by <= e.lo || by > e.hi) continue;
    for (const std::uint64_t op : ops) {
      if (op <= e.lo) killed.insert(op);
    }
  }
  const std::set<std::uint64_t> removed(o->removed.begin(), o->removed.end());
  for (const std::uint64_t op : removed) {
    if (killed.count(op) == 0) return "removes " + std::to_string(op) + ", which it did not";
  }
  // A later piece of a complete entry may lack what the first one says by not listing it.
  return e.lo == delta.from && removed != killed ? "lacks removals" : "";
}

}  // namespace tributary::sdk::testing
