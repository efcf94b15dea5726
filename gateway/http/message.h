// SPDX-License-Identifier: Apache-2.0
// A request and a response as plain values, free of the library that reads and writes them: what
// decides about them can be tested without a socket.
//
//   Response r = problem(404, "no such page", "…");
//   r.headers.emplace_back("Allow", "GET, HEAD");
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "GET"
  std::string target;  // as sent: "/api/v1/values?limit=10"
  Headers headers;     // names in lower case, as many as were sent
  std::string body = {};

  // The first of that name; empty when there is none.
  std::string_view header(std::string_view name) const {
    for (const auto& [n, value] : headers) {
      if (n == name) return value;
    }
    return {};
  }
  std::size_t count(std::string_view name) const {
    std::size_t n = 0;
    for (const auto& h : headers) n += h.first == name ? 1 : 0;
    return n;
  }
};

struct Response {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  Headers headers{};
};

// RFC 9457. `title` says what kind of trouble it is, `detail` what was wrong here and what to do.
Response problem(unsigned status, std::string_view title, std::string_view detail);

// Adds an ETag made of the body; when the client has that already (If-None-Match), 304 without a
// body. Only for status 200.
Response conditional(Response, std::string_view if_none_match);

}  // namespace tributary::http
