// SPDX-License-Identifier: Apache-2.0
#include "config/differences.h"

#include "config/schema.h"

namespace tributary::config {
namespace {

std::vector<std::string> names(const Gateway& gateway) {
  std::vector<std::string> out;
  for (const Broker& broker : gateway.brokers) out.push_back(broker.name);
  return out;
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

// Slots point into something that may be changed: copies.
std::vector<Difference> differences(const Gateway& before, const Gateway& after) {
  std::vector<Difference> out;
  Gateway a = before, b = after;
  const bool same_brokers = names(a) == names(b);
  if (!same_brokers) out.push_back({"broker", listed(names(a)), listed(names(b))});
  for (const Key& key : schema()) {
    const std::string section(key.section), name(key.name);
    const auto compare = [&](const std::string& path, const Slot& x, const Slot& y) {
      const std::string was = format(key, x), is = format(key, y);
      if (was != is) out.push_back({path, was, is});
    };
    if (key.in_gateway) {
      compare(section + "." + name, key.in_gateway(a), key.in_gateway(b));
      continue;
    }
    for (std::size_t i = 0; same_brokers && i < a.brokers.size(); ++i) {
      compare(section + "." + a.brokers[i].name + "." + name, key.in_broker(a.brokers[i]),
              key.in_broker(b.brokers[i]));
    }
  }
  return out;
}

}  // namespace tributary::config
