// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/message.h"

#include <nlohmann/json.hpp>

#include "transports/wire/bytes.h"

namespace tributary::http {
namespace {

// Does the list of an If-None-Match hold the tag? Weak comparison (RFC 9110, 13.1.2).
bool lists(std::string_view field, std::string_view tag) {
  while (!field.empty()) {
    const std::size_t comma = field.find(',');
    std::string_view one = field.substr(0, comma);
    field = comma == std::string_view::npos ? std::string_view{} : field.substr(comma + 1);
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
    if (one == "*") return true;
    if (one.substr(0, 2) == "W/") one.remove_prefix(2);
    if (one == tag) return true;
  }
  return false;
}

}  // namespace

Response problem(unsigned status, std::string_view title, std::string_view detail) {
  const nlohmann::json body = {
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"detail", detail}};
  return {.status = status,
          .content_type = "application/problem+json",
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

Response conditional(Response r, std::string_view if_none_match) {
  if (r.status != 200) return r;
  const std::string tag = '"' + wire::to_hex(wire::sha256(r.body).view()).substr(0, 24) + '"';
  r.headers.emplace_back("ETag", tag);
  r.headers.emplace_back("Cache-Control", "no-cache");
  if (!lists(if_none_match, tag)) return r;
  r.status = 304;
  r.body.clear();
  return r;
}

}  // namespace tributary::http
