// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/guard.h"

#include <algorithm>

namespace tributary::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// "Authorization: Bearer …" → …
std::string_view bearer(const Request& request) {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view field = request.header("authorization");
  if (field.size() < scheme.size() || lower(field.substr(0, scheme.size())) != scheme) return {};
  return field.substr(scheme.size());
}

Response token_needed() {
  Response r = problem(401, "a token is needed",
                       "send Authorization: Bearer <the token in the gateway's http.token_file>");
  r.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tributary\"");
  return r;
}

// "Name:8080" → "name", "[::1]:8080" → "::1".
std::string host_of(std::string_view field) {
  if (!field.empty() && field.front() == '[') {
    return lower(field.substr(1, field.find(']') - 1));
  }
  return lower(field.substr(0, field.find(':')));
}

}  // namespace

bool Guard::host_known(std::string_view field) const {
  const std::string host = host_of(field);
  if (host == policy_.address || host == "127.0.0.1" || host == "::1") return true;
  return std::any_of(policy_.hosts.begin(), policy_.hosts.end(),
                     [&](const std::string& name) { return lower(name) == host; });
}

bool Guard::authorised(const Request& request) const {
  return !policy_.token->wanted() || policy_.token->is(bearer(request));
}

std::optional<Response> Guard::refuse(const Request& request, bool open) const {
  if (request.count("host") != 1) {
    return problem(400, "bad request", "a request has one Host header");
  }
  if (!policy_.token->wanted() && !host_known(request.header("host"))) {
    return problem(421, "not our name",
                   "this gateway does not answer to that Host: use its address, or add the name to "
                   "http.hosts in its configuration");
  }
  if (request.header("sec-fetch-site") == "cross-site" &&
      request.header("sec-fetch-mode") != "navigate") {
    return problem(403, "another site's page", "only this gateway's own page may read from it");
  }
  if (open || authorised(request)) return std::nullopt;
  return token_needed();
}

// Asked for by a person or a program that has the token; a page of another site has not.
std::optional<Response> Guard::refuse_change(const Request& request) const {
  if (policy_.token->is(bearer(request))) return std::nullopt;
  if (policy_.token->wanted()) return token_needed();
  return problem(403, "nothing can be changed here",
                 "whoever changes something needs a token: set http.token_file");
}

}  // namespace tributary::http
