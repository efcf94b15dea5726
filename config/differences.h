// SPDX-License-Identifier: Apache-2.0
// What differs between two configurations, key by key: what a reload has to do.
//
//   for (const Difference& d : differences(before, after)) say(d.key, d.before, d.after);
//   // "log.level": "\"info\"" → "\"debug\"";  "broker": the names of all, when these differ
#pragma once
#include <string>
#include <vector>

#include "config/config.h"

namespace tributary::config {

struct Difference {
  std::string key;            // "log.level", "broker.local.outbox_max"
  std::string before, after;  // as TOML
};
std::vector<Difference> differences(const Gateway& before, const Gateway& after);

}  // namespace tributary::config
