// SPDX-License-Identifier: Apache-2.0
// What is compiled in: the page, its script and style, and the API's description. A table, so that
// no path of a request ever meets a file system.
//
//   if (const Asset* a = find_asset("/app.js")) send(a->gzipped);
//
// Thread-safe; packed once, at the first use.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace tributary::http {

struct Asset {
  std::string_view path, content_type, plain;
  std::string gzipped{};
};

const Asset* find_asset(std::string_view path);  // nullptr: there is none
std::span<const Asset> assets();

}  // namespace tributary::http
