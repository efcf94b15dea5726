// SPDX-License-Identifier: Apache-2.0
// From the configuration that a person wrote to the options of the daemon. Pure, but for passwords,
// which are read from their files.
//
//   Daemon::Options options = daemon_options(loaded);
//   Log log(log_options(loaded.gateway));
#pragma once
#include <string>
#include <vector>

#include "config/config.h"
#include "gateway/app/broker.h"
#include "gateway/app/daemon.h"
#include "gateway/app/log.h"

namespace tributary::app {

Daemon::Options daemon_options(const config::Loaded& loaded);
// What http.token_file holds, or nothing. Also where HTTP is off: MQTT wants it, too. Throws
// Trouble(config).
std::string token_of(const config::Gateway& gateway);
// Of its core's, what a reload changes while it runs.
core::Limits core_limits(const config::Loaded& loaded);
// Of one link's session. What waits to be sent waits in the daemon's outbox, which knows what is
// superseded; the session gets only what keeps its window full.
BrokerOptions broker_options(const config::Broker& broker, const config::Derived::Link& link);
Log::Options log_options(const config::Gateway& gateway);

// The configuration as the command line names it: the file, the environment without the names that
// belong to the command line (TRIBUTARY_CLI_…), and --set. Throws Trouble(config) when there is no
// such file.
config::Inputs read_inputs(const std::string& file, std::vector<std::string> sets);

}  // namespace tributary::app
