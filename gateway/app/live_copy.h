// SPDX-License-Identifier: Apache-2.0
// A copy of a database that a running gateway has open: the gateway is asked for one by a signal
// (SIGUSR1), makes it beside its database between its commits, and says so in a file. Needs no
// broker; the right to signal the gateway is the right to have the copy.
//
//   const std::string copy = live_copy("gateway.db", pid, 60'000);    // "gateway.db.snapshot"
//
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>

namespace tributary::app {

// Beside the database: the copy, and what went wrong instead.
std::string copy_path(const std::string& database);
std::string copy_error_path(const std::string& database);

// Where the copy is. Throws Trouble: not a gateway of ours, not allowed, not done in time, failed.
std::string live_copy(const std::string& database, pid_t holder, std::uint64_t timeout_ms);

}  // namespace tributary::app
