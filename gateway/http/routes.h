// SPDX-License-Identifier: Apache-2.0
// Which paths there are, and what a request to one comes to: a response at once, a question for the
// gateway, a stream or an export. Its promise: a pure function of the request; and every path of
// the table stands in openapi.json with its parameters, and nothing else does (a test compares).
//
//   Plan plan = routes.plan(request);
//   if (plan.kind == Plan::Kind::ask) backend.ask(plan.command, plan.arguments, …);
//   … Response r = finished(plan, std::move(answer));
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/http/backend.h"
#include "gateway/http/exports.h"
#include "gateway/http/guard.h"
#include "gateway/http/message.h"
#include "gateway/http/uri.h"

namespace tributary::http {

struct Parameter {
  std::string_view name;      // in the query
  std::string_view argument;  // of the command
  // `numbers`: "1,2,3", of the command a list.
  enum class Kind : std::uint8_t { text, number, json, numbers, flag } kind = Kind::text;
  bool required = false;
};

struct Route {
  enum class Kind : std::uint8_t {
    ask,
    metrics,
    health,
    ready,
    stream,
    export_lines,
    document,
    change,  // POST, and only where a token is set: the body is the argument
    remove,  // DELETE, the same, but the query is
  };
  std::string_view path;
  Kind kind = Kind::ask;
  std::string_view command = {};
  std::string_view list = {};  // the member that holds the items of a page, or of an export
  std::span<const Parameter> parameters = {};
  bool open = false;              // needs no token
  Format format = Format::jsonl;  // of an export
};

// A path may be there twice: to be read, and to be removed from.
std::span<const Route> routes();

struct Plan {
  enum class Kind : std::uint8_t { respond, ask, stream, export_lines };
  Kind kind = Kind::respond;
  Response response{};
  const Route* route = nullptr;
  std::string command{}, arguments{};
  Format format = Format::jsonl;
  std::string target{};  // without "after": what the link to the next page is made of
  std::string if_none_match{};
  std::string last_event_id{};
};

class Routes {
 public:
  explicit Routes(Policy policy) : guard_(std::move(policy)) {}
  std::uint64_t token_number() const { return guard_.token_number(); }  // see Guard
  Plan plan(const Request&) const;

 private:
  Plan change(const Route&, const Request&, const Target&) const;
  Guard guard_;
};

// The response to a question, once it is answered.
Response finished(const Plan&, Answer&&);

// One page of an export, and the arguments for the next one (empty: it was the last). `failed`: the
// answer was an error.
struct Lines {
  std::string text, next;
  bool failed = false;
};
Lines lines_of(const Plan&, const Answer&, Exporter&);

}  // namespace tributary::http
