// SPDX-License-Identifier: Apache-2.0
// Lists that come in pages (requests.h), read to their end.
//
//   std::string all = all_pages(client, "g1", "values", "values", R"({"prefix":"p/"})", 5'000);
#pragma once
#include <cstdint>
#include <string>

#include "gateway/app/client.h"

namespace tributary::app {

// Every item of `list` as one JSON array. The list may change between two pages: an item that stays
// is listed once, one that comes or goes meanwhile may or may not be.
std::string all_pages(Client& client, const std::string& gateway, const std::string& command,
                      const std::string& list, const std::string& arguments,
                      std::uint32_t timeout_ms);

// Every value of keys with that prefix as one JSON array; those too large for a page are asked for
// one by one. One too large for a message stays null, with its "too_large_bytes".
std::string all_values(Client& client, const std::string& gateway, const std::string& prefix,
                       std::uint32_t timeout_ms);

}  // namespace tributary::app
