// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/request_table.h"

#include <algorithm>
#include <array>

namespace tributary::app {
namespace {

using By = Request::By;

constexpr std::array table = {
    Request{"status"},
    Request{"get"},
    Request{"keys"},
    Request{"values"},
    Request{"contributions"},
    Request{"devices"},
    Request{"refusals"},
    Request{"peers"},
    Request{"buckets"},
    Request{"envelopes"},
    Request{"evidence"},
    Request{"seals", By::beside},
    Request{"events"},
    Request{"alerts"},
    Request{"ready"},
    Request{"history", By::beside},
    Request{"dead-letters", By::notes},
    Request{"quarantine", By::notes},
    Request{"snapshot", By::snapshot},
    Request{"operate", By::person, true},
    Request{"import", By::person, true},
    Request{"release-dead-letters", By::notes, true},
    Request{"drop-dead-letters", By::notes, true},
};

}  // namespace

std::span<const Request> request_table() {
  return table;
}

const Request* find_request(std::string_view name) {
  const auto at =
      std::find_if(table.begin(), table.end(), [&](const Request& r) { return r.name == name; });
  return at == table.end() ? nullptr : &*at;
}

std::string request_names() {
  std::string out;
  for (const Request& r : table) out += (out.empty() ? "" : " ") + std::string(r.name);
  return out;
}

}  // namespace tributary::app
