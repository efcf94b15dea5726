// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/sharing.h"

namespace tributary::app {

std::function<bool(std::string_view)> heard_together(const std::string& root) {
  return [root](std::string_view filter) {
    if (filter.substr(0, root.size()) != root) return false;
    const std::string_view rest = filter.substr(root.size());
    return rest == "/up/+" || (rest.substr(0, 4) == "/gw/" && rest.ends_with("/delta"));
  };
}

}  // namespace tributary::app
