// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "gateway/http/assets.h"
#include "gateway/http/uri.h"

namespace tributary::http {
namespace {

using nlohmann::json;
using Kind = Parameter::Kind;

constexpr Parameter page_parameters[] = {{"limit", "max", Kind::number},
                                         {"after", "after", Kind::json}};
constexpr Parameter value_parameters[] = {{"prefix", "prefix"},
                                          {"type", "type"},
                                          {"limit", "max", Kind::number},
                                          {"after", "after", Kind::json}};
constexpr Parameter get_parameters[] = {{"key", "key", Kind::text, true}, {"type", "type"}};
constexpr Parameter key_parameters[] = {{"key", "key", Kind::text, true},
                                        {"type", "type", Kind::text, true},
                                        {"limit", "max", Kind::number},
                                        {"after", "after", Kind::json}};
constexpr Parameter envelope_parameters[] = {
    {"limit", "max", Kind::number}, {"after", "after"}, {"device", "device"}};
constexpr Parameter event_parameters[] = {{"after", "after", Kind::number}};
constexpr Parameter seal_parameters[] = {{"before", "before", Kind::number}};
constexpr Parameter history_parameters[] = {{"key", "key", Kind::text, true},
                                            {"type", "type", Kind::text, true},
                                            {"from", "from", Kind::number},
                                            {"to", "to", Kind::number},
                                            {"points", "points", Kind::number}};
constexpr Parameter export_parameters[] = {
    {"prefix", "prefix"}, {"type", "type"}, {"format", "format"}};
constexpr Parameter refusal_parameters[] = {{"limit", "max", Kind::number}, {"after", "after"}};
constexpr Parameter note_parameters[] = {{"limit", "max", Kind::number},
                                         {"after", "after", Kind::number}};
constexpr Parameter drop_parameters[] = {{"ids", "ids", Kind::numbers}, {"all", "all", Kind::flag}};
constexpr Parameter prefix_parameters[] = {{"prefix", "prefix"}};

constexpr std::array table = {
    Route{"/api/v1/status", Route::Kind::ask, "status"},
    Route{"/api/v1/keys", Route::Kind::ask, "keys", "keys", value_parameters},
    Route{"/api/v1/values", Route::Kind::ask, "values", "values", value_parameters},
    Route{"/api/v1/value", Route::Kind::ask, "get", {}, get_parameters},
    Route{"/api/v1/contributions", Route::Kind::ask, "contributions", "contributions",
          key_parameters},
    Route{"/api/v1/devices", Route::Kind::ask, "devices", "devices", page_parameters},
    Route{"/api/v1/peers", Route::Kind::ask, "peers"},
    Route{"/api/v1/buckets", Route::Kind::ask, "buckets"},
    Route{"/api/v1/envelopes", Route::Kind::ask, "envelopes", "envelopes", envelope_parameters},
    Route{"/api/v1/evidence", Route::Kind::ask, "evidence", "evidence", page_parameters},
    Route{"/api/v1/history", Route::Kind::ask, "history", {}, history_parameters},
    Route{"/api/v1/alerts", Route::Kind::ask, "alerts"},
    Route{"/api/v1/seals", Route::Kind::ask, "seals", {}, seal_parameters},
    Route{"/api/v1/events", Route::Kind::ask, "events", {}, event_parameters},
    Route{"/api/v1/export/envelopes", Route::Kind::export_lines, "envelopes", "envelopes"},
    Route{"/api/v1/export/values", Route::Kind::export_lines, "values", "values",
          export_parameters},
    Route{"/api/v1/geojson", Route::Kind::export_lines, "values", "values", prefix_parameters,
          false, Format::geojson},
    Route{"/api/v1/jsonld", Route::Kind::export_lines, "values", "values", prefix_parameters, false,
          Format::jsonld},
    Route{"/api/v1/operations", Route::Kind::change, "operate"},
    Route{"/api/v1/import", Route::Kind::change, "import"},
    Route{"/api/v1/refusals", Route::Kind::ask, "refusals", "refusals", refusal_parameters},
    Route{"/api/v1/dead-letters", Route::Kind::ask, "dead-letters", "dead_letters",
          note_parameters},
    Route{"/api/v1/dead-letters", Route::Kind::remove, "drop-dead-letters", {}, drop_parameters},
    Route{"/api/v1/dead-letters/release", Route::Kind::change, "release-dead-letters"},
    Route{"/api/v1/quarantine", Route::Kind::ask, "quarantine", "quarantine", note_parameters},
    Route{"/api/v1/stream", Route::Kind::stream},
    Route{"/api/openapi.json", Route::Kind::document, {}, {}, {}, true},
    Route{"/metrics", Route::Kind::metrics, "metrics"},
    Route{"/healthz", Route::Kind::health, "events", {}, {}, true},
    Route{"/readyz", Route::Kind::ready, "ready", {}, {}, true},
};

bool changes(const Route& r) {
  return r.kind == Route::Kind::change || r.kind == Route::Kind::remove;
}

bool takes(const Route& r, std::string_view method) {
  if (r.kind == Route::Kind::change) return method == "POST";
  if (r.kind == Route::Kind::remove) return method == "DELETE";
  return method == "GET" || method == "HEAD";
}

// The route that takes this method, or else one of its path; and what its path takes.
struct Found {
  const Route* route = nullptr;
  std::string methods;
};
Found find_route(std::string_view path, std::string_view method) {
  Found out;
  for (const Route& r : table) {
    if (r.path != path) continue;
    if (out.route == nullptr || takes(r, method)) out.route = &r;
    out.methods += out.methods.empty() ? "" : ", ";
    out.methods += r.kind == Route::Kind::change   ? "POST"
                   : r.kind == Route::Kind::remove ? "DELETE"
                                                   : "GET, HEAD";
  }
  return out;
}

const Parameter* find_parameter(const Route& route, std::string_view name) {
  for (const Parameter& p : route.parameters) {
    if (p.name == name) return &p;
  }
  return nullptr;
}

std::string names_of(const Route& route) {
  std::string out;
  for (const Parameter& p : route.parameters)
    out += (out.empty() ? "" : ", ") + std::string(p.name);
  return out.empty() ? "none" : out;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "1,2,3"
std::optional<json> whole_numbers(std::string_view text) {
  json out = json::array();
  while (true) {
    const std::size_t comma = text.find(',');
    const auto number = whole_number(text.substr(0, comma));
    if (!number) return std::nullopt;
    out.push_back(*number);
    if (comma == std::string_view::npos) return out;
    text = text.substr(comma + 1);
  }
}

// Empty: assigned. Otherwise what is wrong.
std::string assign(json& arguments, const Parameter& p, const std::string& value) {
  if (p.kind == Kind::text) {
    arguments[std::string(p.argument)] = value;
    return "";
  }
  if (p.kind == Kind::number) {
    const auto number = whole_number(value);
    if (!number) return std::string(p.name) + " is not a whole number";
    arguments[std::string(p.argument)] = *number;
    return "";
  }
  if (p.kind == Kind::numbers) {
    auto numbers = whole_numbers(value);
    if (!numbers) return std::string(p.name) + " are not whole numbers with commas between";
    arguments[std::string(p.argument)] = std::move(*numbers);
    return "";
  }
  if (p.kind == Kind::flag) {
    if (value != "true") return std::string(p.name) + " is not true";
    arguments[std::string(p.argument)] = true;
    return "";
  }
  json parsed = json::parse(value, nullptr, false);
  if (parsed.is_discarded() || parsed.is_null()) {
    return std::string(p.name) + " is not a place in this list: follow the link to the next page";
  }
  arguments[std::string(p.argument)] = std::move(parsed);
  return "";
}

// Empty: `plan` has its arguments.
std::string read_query(const Target& target, Plan& plan) {
  json arguments = json::object();
  std::string kept;
  for (const auto& [name, value] : target.query) {
    const Parameter* p = find_parameter(*plan.route, name);
    if (p == nullptr) {
      return "no parameter \"" + name + "\" here; there are: " + names_of(*plan.route);
    }
    if (arguments.contains(std::string(p->argument))) return name + " is given twice";
    if (std::string wrong = assign(arguments, *p, value); !wrong.empty()) return wrong;
    if (name != "after") {
      kept += (kept.empty() ? "?" : "&") + name + "=" + percent_encode(value);
    }
  }
  for (const Parameter& p : plan.route->parameters) {
    if (p.required && !arguments.contains(std::string(p.argument))) {
      return std::string(p.name) + " is missing";
    }
  }
  plan.format = plan.route->format;
  if (const auto format = arguments.find("format"); format != arguments.end()) {
    const auto known = parse_format(format->get<std::string>());
    if (!known) return "format is none of jsonl, json, csv";
    plan.format = *known;
    arguments.erase(format);
  }
  plan.arguments = arguments.dump();
  plan.target = target.path + kept;
  return "";
}

Plan respond(Response r) {
  Plan plan;
  plan.response = std::move(r);
  return plan;
}

Response asset_response(const Asset& asset, const Request& request) {
  const bool gzip = request.header("accept-encoding").find("gzip") != std::string_view::npos;
  Response r{.status = 200,
             .content_type = std::string(asset.content_type),
             .body = std::string(gzip ? asset.gzipped : asset.plain)};
  r.headers.emplace_back("Vary", "Accept-Encoding");
  if (gzip) r.headers.emplace_back("Content-Encoding", "gzip");
  return conditional(std::move(r), request.header("if-none-match"));
}

}  // namespace

std::span<const Route> routes() {
  return table;
}

Plan Routes::change(const Route& route, const Request& request, const Target& target) const {
  if (auto refusal = guard_.refuse_change(request)) return respond(std::move(*refusal));
  Plan plan;
  plan.route = &route;
  plan.kind = Plan::Kind::ask;
  plan.command = route.command;
  if (route.kind == Route::Kind::remove) {
    if (std::string wrong = read_query(target, plan); !wrong.empty())
      return respond(problem(400, "bad request", wrong));
    return plan;
  }
  if (request.target.find('?') != std::string::npos)
    return respond(problem(400, "bad request", "no parameters here; the body says it all"));
  plan.arguments = request.body;
  return plan;
}

Plan Routes::plan(const Request& request) const {
  const auto target = parse_target(request.target);
  if (!target) return respond(problem(400, "bad request", "that is no path with a query"));
  const auto [route, methods] = find_route(target->path, request.method);
  const Asset* asset = find_asset(target->path);
  if (auto refusal = guard_.refuse(request, asset != nullptr || (route && route->open)))
    return respond(std::move(*refusal));
  if (route == nullptr && asset == nullptr) {
    return respond(problem(404, "no such page",
                           "see /api/openapi.json for what there is, / for the dashboard"));
  }
  if (route == nullptr ? !takes(Route{}, request.method) : !takes(*route, request.method)) {
    const std::string allowed = route == nullptr ? "GET, HEAD" : methods;
    Response r = problem(405, "method not allowed", "what this takes: " + allowed);
    r.headers.emplace_back("Allow", allowed);
    return respond(std::move(r));
  }
  if (route != nullptr && changes(*route)) return change(*route, request, *target);
  if (route == nullptr || route->kind == Route::Kind::document)
    return respond(asset_response(*asset, request));
  Plan plan;
  plan.route = route;
  if (std::string wrong = read_query(*target, plan); !wrong.empty())
    return respond(problem(400, "bad request", wrong));
  plan.kind = route->kind == Route::Kind::stream         ? Plan::Kind::stream
              : route->kind == Route::Kind::export_lines ? Plan::Kind::export_lines
                                                         : Plan::Kind::ask;
  plan.command = route->command;
  // Alive is who answers at all: a question that costs nothing.
  if (route->kind == Route::Kind::health) plan.arguments = R"({"after":18446744073709551615})";
  plan.if_none_match = request.header("if-none-match");
  plan.last_event_id = request.header("last-event-id");
  // Who has no token is told whether, not why.
  if (route->kind == Route::Kind::ready && !guard_.authorised(request)) plan.target.clear();
  return plan;
}

namespace {

Response readiness(const Plan& plan, json& answer) {
  const bool ready = answer.value("ready", false);
  if (plan.target.empty()) {
    for (json& check : answer["checks"]) check.erase("detail");
    answer.erase("gateway");
  }
  return {.status = ready ? 200U : 503U,
          .content_type = "application/json",
          .body = answer.dump() + "\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

std::string next_link(const Plan& plan, const json& next) {
  const std::string after = next.is_string() ? next.get<std::string>() : next.dump();
  return "<" + plan.target + (plan.target.find('?') == std::string::npos ? "?" : "&") +
         "after=" + percent_encode(after) + ">; rel=\"next\"";
}

}  // namespace

Response finished(const Plan& plan, Answer&& answer) {
  if (plan.route->kind == Route::Kind::metrics) {
    return {.status = 200,
            .content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = std::move(answer.body),
            .headers = {{"Cache-Control", "no-store"}}};
  }
  if (plan.route->kind == Route::Kind::health) {
    return {.status = 200,
            .content_type = "text/plain; charset=utf-8",
            .body = "ok\n",
            .headers = {{"Cache-Control", "no-store"}}};
  }
  json parsed = json::parse(answer.body, nullptr, false);
  if (!parsed.is_object()) return problem(500, "no answer", "the gateway answered no JSON");
  if (const auto error = parsed.find("error"); error != parsed.end()) {
    return problem(400, error->value("what", "bad request"), error->value("do", ""));
  }
  if (plan.route->kind == Route::Kind::ready) return readiness(plan, parsed);
  if (plan.command == "get" && parsed["values"].empty())
    return problem(404, "no such key", "nobody has contributed to it; see /api/v1/keys");
  if (plan.command == "history" && !parsed.value("known", true)) {
    return problem(404, "no history of it",
                   "numbers and sets that changed since history is kept have one; text has none");
  }
  Response r{.status = 200, .content_type = "application/json", .body = std::move(answer.body)};
  r.body += "\n";
  if (changes(*plan.route)) return r;
  r = conditional(std::move(r), plan.if_none_match);
  r.headers.emplace_back("Tributary-Sequence", std::to_string(answer.sequence));
  if (const auto next = parsed.find("next"); next != parsed.end() && !next->is_null())
    r.headers.emplace_back("Link", next_link(plan, *next));
  return r;
}

Lines lines_of(const Plan& plan, const Answer& answer, Exporter& exporter) {
  Lines out;
  auto text = exporter.page(answer.body, plan.route->list);
  if (!text) {
    out.failed = true;
    return out;
  }
  out.text = std::move(*text);
  const json page = json::parse(answer.body, nullptr, false);
  const auto next = page.find("next");
  if (next == page.end() || next->is_null()) {
    out.text += exporter.end();
    return out;
  }
  json arguments = json::parse(plan.arguments, nullptr, false);
  arguments["after"] = *next;
  out.next = arguments.dump();
  return out;
}

}  // namespace tributary::http
