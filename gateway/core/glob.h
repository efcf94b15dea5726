// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace tributary::core {

// Does `text` match `pattern` ('*': any run of characters, '?': one)?
bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace tributary::core
