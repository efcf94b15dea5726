// SPDX-License-Identifier: Apache-2.0
// `tributary bench`: what this disk and this broker can do, measured with the gateway's own parts.
// Its promise: bounded in time, and nothing of a real gateway or fleet is touched: a scratch
// database in a directory of its own, a fleet with a name of its own; both are taken away again.
//
//   BenchRow one = bench_commits(dir, {.envelopes = 1, .seconds = 3, .full_sync = true});
//   for (const BenchRow& row : bench_path(loaded, dir, options)) print(row);
//
// Throws Trouble. Not thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace tributary::app {

struct BenchRow {
  std::string what;
  std::uint64_t count = 0;
  double seconds = 0;
  double p50_ms = 0, p95_ms = 0, p99_ms = 0, most_ms = 0;
  double per_second() const { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }
};

struct BenchCommits {
  std::uint32_t envelopes = 1;  // in a transaction
  std::uint32_t seconds = 3;
  bool full_sync = true;
};
// Transactions one after the other; `count` is of transactions.
BenchRow bench_commits(const std::string& directory, const BenchCommits& options);

struct BenchPath {
  std::uint32_t devices = 256;
  std::uint32_t seconds = 5;
  std::uint32_t patience_ms = 10'000;  // until the broker and the gateway are there
};
// From the publish of a device to its acknowledgement, through the first broker of `loaded` and a
// gateway in this process with its commit settings: one device alone, then all at once, each with
// one envelope under way.
std::vector<BenchRow> bench_path(const config::Inputs& inputs, const std::string& directory,
                                 const BenchPath& options);

}  // namespace tributary::app
