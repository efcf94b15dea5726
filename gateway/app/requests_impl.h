// SPDX-License-Identifier: Apache-2.0
// Shared by the files that answer requests: requests.cc (values, devices, envelopes) and
// requests_health.cc (how the gateway itself is doing). Private to them.
//
//   json peers(const Query& q) { … q.gateway.peers() … throw Mistake{"what", "what to do"}; }
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gateway/app/requests.h"

namespace tributary::app {

// What a request got wrong.
struct Mistake {
  std::string what, advice;
};

struct Query {
  const core::Gateway& gateway;
  const ProcessState& process;
  nlohmann::json arguments;
};

nlohmann::json status(const Query&);
nlohmann::json peers(const Query&);
nlohmann::json buckets(const Query&);
nlohmann::json events(const Query&);
nlohmann::json alerts(const Query&);
// {"ready":…, "checks":[{"name","ok","detail"}]}
nlohmann::json readiness(const Query&);
nlohmann::json events_json(const std::vector<Events::Item>&);
nlohmann::json values_json(const std::vector<core::ValueView>&);  // as on a page

}  // namespace tributary::app
