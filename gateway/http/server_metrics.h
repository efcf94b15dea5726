// SPDX-License-Identifier: Apache-2.0
// The server's own counts, in Prometheus' text format: appended to what the gateway says of itself.
//
//   answer.body += metrics_text(server.stats());
#pragma once
#include <string>

#include "gateway/http/server.h"

namespace tributary::http {

std::string metrics_text(const Server::Stats&);

}  // namespace tributary::http
