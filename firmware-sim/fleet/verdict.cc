// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/fleet/verdict.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "transports/wire/scalar.h"

namespace tributary::fleet {
namespace {

using Json = nlohmann::json;
using Total = Expected::Total;
constexpr std::size_t wrong_max = 20;

std::string text_of(Total v) {
  const bool negative = v < 0;
  std::string out;
  do {
    const int digit = static_cast<int>(v % 10);
    out.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    v /= 10;
  } while (v != 0);
  if (negative) out.push_back('-');
  std::reverse(out.begin(), out.end());
  return out;
}

// Integers as numbers, or as decimal strings beyond 2^53.
std::optional<Total> total_of(const Json& j) {
  const std::string text = j.is_string() ? j.get<std::string>() : j.dump();
  Total out = 0;
  std::size_t i = !text.empty() && text[0] == '-' ? 1 : 0;
  if (i == text.size()) return std::nullopt;
  for (; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  return text[0] == '-' ? -out : out;
}

std::uint64_t clamp(Total v) {
  constexpr Total max = ~std::uint64_t{0};
  return static_cast<std::uint64_t>(std::clamp<Total>(v, 0, max));
}

struct Difference {
  std::uint64_t lost = 0, doubled = 0;
  std::string words;
};

Difference counter(const Expected& e, const std::optional<Json>& shown) {
  const std::optional<Total> v = shown ? total_of(*shown) : Total{0};
  if (!v) return {1, 1, "shows " + shown->dump() + ", not a number"};
  Difference d;
  if (*v < e.low) d.lost = clamp(e.low - *v);
  if (*v > e.high) d.doubled = clamp(*v - e.high);
  d.words = "shows " + text_of(*v) + ", issued " + text_of(e.low);
  if (e.low != e.high) d.words += " to " + text_of(e.high);
  return d;
}

Difference set(const Expected& e, const std::optional<Json>& shown) {
  std::set<std::string> elements;
  if (shown && !shown->is_array()) return {1, 1, "shows " + shown->dump() + ", not a set"};
  if (shown) {
    for (const Json& x : *shown) elements.insert(x.dump());
  }
  Difference d;
  std::string missing, extra;
  std::set<std::string> may;
  for (const std::string& x : e.may) may.insert(Json::parse(wire::json_of_bytes(x)).dump());
  for (const std::string& x : e.must) {
    const std::string json = Json::parse(wire::json_of_bytes(x)).dump();
    if (elements.count(json) == 0 && d.lost++ < 3) missing += " " + json;
  }
  for (const std::string& x : elements) {
    if (may.count(x) == 0 && d.doubled++ < 3) extra += " " + x;
  }
  d.words = (missing.empty() ? "" : "misses" + missing) +
            (missing.empty() || extra.empty() ? "" : ", ") +
            (extra.empty() ? "" : "shows" + extra + " that nobody has");
  return d;
}

Difference reg(const Expected& e, const std::optional<Json>& shown) {
  std::string wanted;
  for (const std::string& v : e.values) {
    const Json json = Json::parse(wire::json_of_scalar(v));
    if (shown && json == *shown) return {};
    wanted += " " + json.dump();
  }
  if (e.operations == 0 && !shown) return {};
  return {1, 0, "shows " + (shown ? shown->dump() : "nothing") + ", issued" + wanted};
}

Difference compare(wire::Type type, const Expected& e, const std::optional<Json>& shown) {
  switch (type) {
    case wire::Type::gcounter:
    case wire::Type::pncounter:
      return counter(e, shown);
    case wire::Type::gset:
    case wire::Type::orset:
      return set(e, shown);
    case wire::Type::lww:
      return reg(e, shown);
  }
  return {};
}

Verdict::Gateway judge_one(const std::map<KeyType, Expected>& expected, const Shown& shown) {
  Verdict::Gateway g;
  g.name = shown.gateway;
  for (const auto& [key, e] : expected) {
    const std::string type = wire::type_name(static_cast<std::uint8_t>(key.second));
    const auto it = shown.values.find({key.first, type});
    std::optional<Json> value;
    if (it != shown.values.end()) value = Json::parse(it->second, nullptr, false);
    const Difference d = value && value->is_discarded() ? Difference{1, 0, "shows what is not JSON"}
                                                        : compare(key.second, e, value);
    g.counted += e.operations - std::min(e.operations, d.lost);
    g.lost += d.lost;
    g.doubled += d.doubled;
    if (d.lost == 0 && d.doubled == 0) continue;
    if (g.wrong_keys++ < wrong_max) g.wrong.push_back(key.first + " (" + type + "): " + d.words);
  }
  return g;
}

}  // namespace

Verdict judge(const Oracle& oracle, const std::vector<Shown>& shown) {
  Verdict v;
  const std::map<KeyType, Expected> expected = oracle.expected();
  v.issued = oracle.operations();
  v.unsure = oracle.unsure();
  v.keys = expected.size();
  for (const Shown& s : shown) v.gateways.push_back(judge_one(expected, s));
  v.digests_equal = !shown.empty() && std::all_of(shown.begin(), shown.end(), [&](const Shown& s) {
    return !s.digest.empty() && s.digest == shown.front().digest;
  });
  return v;
}

bool Verdict::exact() const {
  return digests_equal && !gateways.empty() &&
         std::all_of(gateways.begin(), gateways.end(),
                     [](const Gateway& g) { return g.lost == 0 && g.doubled == 0; });
}

std::string Verdict::text() const {
  char line[200];
  std::string out;
  std::snprintf(line, sizeof line, "issued     %12llu operations on %llu keys",
                static_cast<unsigned long long>(issued), static_cast<unsigned long long>(keys));
  out += line;
  if (unsure > 0) {
    out += " (" + std::to_string(unsure) + " lost with a memory before they were acknowledged)";
  }
  out += "\n";
  for (const Gateway& g : gateways) {
    std::snprintf(line, sizeof line, "%-10s %12llu counted   lost %llu   double-counted %llu\n",
                  g.name.c_str(), static_cast<unsigned long long>(g.counted),
                  static_cast<unsigned long long>(g.lost),
                  static_cast<unsigned long long>(g.doubled));
    out += line;
  }
  out += std::string("digests    ") + (digests_equal ? "equal" : "DIFFER") + "\n";
  out += std::string("verdict    ") + (exact() ? "EXACT" : "NOT EXACT") + "\n";
  for (const Gateway& g : gateways) {
    for (const std::string& w : g.wrong) out += "  " + g.name + ": " + w + "\n";
    if (g.wrong_keys > g.wrong.size()) {
      out += "  " + g.name + ": and " + std::to_string(g.wrong_keys - g.wrong.size()) + " more\n";
    }
  }
  return out;
}

std::string Verdict::json() const {
  Json out{{"issued", issued}, {"unsure", unsure}, {"keys", keys}};
  out["digests_equal"] = digests_equal;
  out["exact"] = exact();
  out["gateways"] = Json::array();
  for (const Gateway& g : gateways) {
    out["gateways"].push_back({{"name", g.name},
                               {"counted", g.counted},
                               {"lost", g.lost},
                               {"double_counted", g.doubled},
                               {"wrong_keys", g.wrong_keys},
                               {"wrong", g.wrong}});
  }
  return out.dump();
}

}  // namespace tributary::fleet
