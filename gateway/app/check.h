// SPDX-License-Identifier: Apache-2.0
// `tributary check`: will this gateway do what it must, on this machine, with these brokers? Its
// promise: nothing is changed for others. What it tries it takes away again, a gateway that runs is
// not disturbed, and each finding that is not ok says what to do.
//
//   Findings found = check_all(loaded, {.try_brokers = true});
//   for (const Finding& f : found) print(f);      // "warn  disk  …", and below it what to do
//   return worst(found) == Finding::Grade::fail ? 1 : 0;
//
// Reads files, writes small ones into gateway.data_dir, and speaks to brokers. Not thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace tributary::app {

struct Finding {
  enum class Grade : std::uint8_t { ok, warn, fail };
  std::string area;  // configuration, disk, database, clock, tls, broker, http
  Grade level = Grade::ok;
  std::string what;
  std::string fix;  // empty when ok
};
using Findings = std::vector<Finding>;

const char* name(Finding::Grade level);
Finding::Grade worst(const Findings& findings);

struct CheckOptions {
  bool try_brokers = true;  // else brokers are left alone
  bool disturb = false;     // also where a running gateway would lose its connection by it
  std::uint32_t patience_ms = 10'000;  // of a broker
};

// In the order in which a person would mend them.
Findings check_all(const config::Loaded& loaded, const CheckOptions& options);

// The parts, each adding to `out`.
void check_configuration(const config::Loaded& loaded, Findings& out);
void check_disk(const config::Loaded& loaded, Findings& out);
void check_database(const config::Loaded& loaded, Findings& out);
void check_clock(std::uint64_t wall_ms, Findings& out);
void check_links_tls(const config::Loaded& loaded, std::uint64_t wall_ms, Findings& out);
void check_http(const config::Loaded& loaded, Findings& out);
void check_broker(const config::Loaded& loaded, std::size_t link, const CheckOptions& options,
                  Findings& out);
// The gateway that has this database open, if one has.
bool gateway_runs(const config::Loaded& loaded);

}  // namespace tributary::app
