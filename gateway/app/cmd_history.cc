// SPDX-License-Identifier: Apache-2.0
// `tributary history KEY`: how a value went, from a gateway's history.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/text.h"

namespace tributary::app {
namespace {

using nlohmann::json;

struct HistoryArguments {
  Endpoint endpoint;
  std::string gateway, key, type;
  std::string since = "1h";
  std::uint32_t points = 60;
  bool as_json = false, as_csv = false;
  std::uint32_t timeout_ms = 5'000;
};

std::uint64_t duration_ms(const std::string& text) {
  std::size_t used = 0;
  unsigned long number = 0;
  try {
    number = std::stoul(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = used == 0 ? "" : text.substr(used);
  const std::uint64_t ms = unit == "m"   ? 60'000
                           : unit == "h" ? 3'600'000
                           : unit == "d" ? 86'400'000
                                         : 0;
  if (ms == 0 || number == 0 || number > 100'000) {
    throw Trouble(Exit::usage, "--since " + text + ": no such time\n  for example 30m, 6h, 7d");
  }
  return number * ms;
}

// The types under which the key has a value.
std::vector<std::string> types_of(Client& client, const std::string& gateway,
                                  const HistoryArguments& a) {
  if (!a.type.empty()) return {a.type};
  std::vector<std::string> out;
  const std::string question = json{{"key", a.key}}.dump();
  const json got = json::parse(client.request(gateway, "get", question, a.timeout_ms));
  for (const json& v : got.at("values")) out.push_back(v.at("type").get<std::string>());
  if (out.empty()) {
    throw Trouble(Exit::negative, "gateway " + gateway + " holds nothing at \"" + a.key +
                                      "\"\n  `tributary keys` lists what it holds");
  }
  return out;
}

void print(const json& h, const HistoryArguments& a) {
  if (a.as_csv) std::puts("time,last,lowest,highest");
  const char* line = a.as_csv ? "%s,%s,%s,%s\n" : "%s  %12s  %12s  %12s\n";
  if (!a.as_csv) {
    std::printf(
        "%s %s, %s\n", h.at("type").get<std::string>().c_str(), a.key.c_str(),
        h.at("step_ms") == 0
            ? "each step"
            : ("points of " + std::to_string(h.at("step_ms").get<std::uint64_t>() / 1000) + " s")
                  .c_str());
    std::printf("%-24s  %12s  %12s  %12s\n", "TIME", "LAST", "LOWEST", "HIGHEST");
  }
  const auto row = [&](const json& p) {
    std::printf(line, utc_time(p[0].get<std::uint64_t>()).c_str(), p[1].dump().c_str(),
                p[2].dump().c_str(), p[3].dump().c_str());
  };
  if (!h.at("before").is_null() && !a.as_csv && h.at("points").empty()) row(h.at("before"));
  for (const json& p : h.at("points")) row(p);
}

Exit run_history(const HistoryArguments& a) {
  const std::uint64_t to_ms = wall_now_ms(), width_ms = duration_ms(a.since);
  Client client(a.endpoint, a.timeout_ms);
  const std::string gateway = client.choose_gateway(a.gateway);
  bool any = false;
  json all = json::array();
  for (const std::string& type : types_of(client, gateway, a)) {
    const json question = {{"key", a.key},
                           {"type", type},
                           {"from", to_ms > width_ms ? to_ms - width_ms : 0},
                           {"to", to_ms},
                           {"points", a.points}};
    json got = json::parse(client.request(gateway, "history", question.dump(), a.timeout_ms));
    if (!got.at("known").get<bool>()) continue;
    any = true;
    if (!a.as_json) print(got, a);
    all.push_back(std::move(got));
  }
  if (a.as_json) std::puts(all.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  if (any) return Exit::ok;
  throw Trouble(
      Exit::negative,
      "gateway " + gateway + " has no history of \"" + a.key +
          "\"\n  numbers and sets that changed have one, some seconds later; text has none");
}

}  // namespace

void add_history(CLI::App& root, Commands& commands) {
  auto a = std::make_shared<HistoryArguments>();
  CLI::App* app = root.add_subcommand("history", "how a value went, as a gateway remembers it");
  add_endpoint_options(*app, a->endpoint);
  app->add_option("key", a->key, "the key")->required();
  app->add_option("-g,--gateway", a->gateway, "the gateway; without it, the first online")
      ->envname("TRIBUTARY_CLI_GATEWAY");
  app->add_option("--type", a->type, "gcounter, pncounter, gset, orset or lww; without it, all")
      ->check(CLI::IsMember({"gcounter", "pncounter", "gset", "orset", "lww"}));
  app->add_option("--since", a->since, "how far back: 30m, 6h, 7d")->capture_default_str();
  app->add_option("--points", a->points, "at most about so many points")
      ->capture_default_str()
      ->check(CLI::Range(1U, 5'000U));
  app->add_option("--timeout-ms", a->timeout_ms, "how long to wait for an answer")
      ->capture_default_str()
      ->check(CLI::Range(1U, 3'600'000U));
  app->add_flag("--json", a->as_json, "as JSON");
  app->add_flag("--csv", a->as_csv, "as CSV");
  app->footer(examples({"tributary history plant-1/parts --since 6h",
                        "tributary history hall/temperature --since 7d --csv > week.csv"}));
  commands.push_back({app, [a] { return run_history(*a); }});
}

}  // namespace tributary::app
