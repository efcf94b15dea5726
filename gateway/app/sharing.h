// SPDX-License-Identifier: Apache-2.0
// What several sessions of one link (transports/spread/spread.h) hear together: the uploads of
// devices, and each peer's batches. Promise: nothing of it is retained, and no order of it matters.
//
//   options.shared = heard_together("tributary/v1/demo");
//   options.shared("tributary/v1/demo/up/+") == true
//
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace tributary::app {

// `root`: of the fleet's topics. Of filters, as the core subscribes to them.
std::function<bool(std::string_view filter)> heard_together(const std::string& root);

}  // namespace tributary::app
