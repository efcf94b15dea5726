// SPDX-License-Identifier: Apache-2.0
// Everything that is counted, in Prometheus' text format (version 0.0.4). Its promise: names by
// Prometheus' conventions, base units, and labels whose values are bounded: types, reasons, links,
// peers (at most 64), directions.
//
//   metrics_text(gateway, process)       // "# HELP tributary_operations_total …"
//
// Why not prometheus-cpp, which Debian has: its registry would keep each number a second time,
// behind locks, for a core that has no threads, no libraries and its counts already; what is left
// of it is this file's writer. `promtool check metrics` reads what comes out (tests/http).
#pragma once
#include <string>

#include "gateway/app/requests.h"

namespace tributary::app {

std::string metrics_text(const core::Gateway& gateway, const ProcessState& process);

}  // namespace tributary::app
