// SPDX-License-Identifier: Apache-2.0
// `tributary operate`: one change by a person, made by a gateway's own actor.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/broker.h"
#include "gateway/app/cli.h"
#include "gateway/app/client.h"

namespace tributary::app {
namespace {

using nlohmann::json;

struct OperateArguments {
  Endpoint endpoint;
  std::string key, type, operation, value;
  std::string gateway;
  std::string token_file;
  bool as_json = false;
  std::uint32_t timeout_ms = 5'000;
};

// Elements of sets are text; what else reads as JSON is what it says, and text otherwise.
json value_of(const OperateArguments& a) {
  if (a.value.empty()) return nullptr;
  if (a.type == "gset" || a.type == "orset") return a.value;
  const json parsed = json::parse(a.value, nullptr, false);
  return parsed.is_discarded() || parsed.is_structured() ? json(a.value) : parsed;
}

Exit run_operate(const OperateArguments& a) {
  const json question = {{"token", read_secret(a.token_file, "token")},
                         {"key", a.key},
                         {"type", a.type},
                         {"operation", a.operation},
                         {"value", value_of(a)}};
  Client client(a.endpoint, a.timeout_ms);
  const std::string gateway = client.choose_gateway(a.gateway);
  const std::string said =
      client.request(gateway, "operate",
                     question.dump(-1, ' ', false, json::error_handler_t::replace), a.timeout_ms);
  if (a.as_json) {
    std::puts(said.c_str());
    return Exit::ok;
  }
  const json answer = json::parse(said);
  std::printf("%s: operation %s of %s, by gateway %s\n",
              answer.at("outcome").get<std::string>().c_str(), answer.at("op").dump().c_str(),
              answer.at("device").get<std::string>().c_str(), gateway.c_str());
  return Exit::ok;
}

}  // namespace

void add_operate(CLI::App& root, Commands& commands) {
  auto a = std::make_shared<OperateArguments>();
  CLI::App* app = root.add_subcommand("operate", "change one value, as the operator of a gateway");
  app->add_option("key", a->key, "which")->required();
  app->add_option("type", a->type, "gcounter, pncounter, gset, orset or lww")->required();
  app->add_option("operation", a->operation,
                  "increment, decrement (counters), add, remove (sets), set (lww)")
      ->required();
  app->add_option("value", a->value, "an amount (1), an element, or the register's new value");
  app->add_option("--gateway", a->gateway, "whose; the first one online when left out");
  app->add_option("--token-file", a->token_file,
                  "the file with the token of the gateway's http.token_file")
      ->required()
      ->type_name("FILE");
  add_endpoint_options(*app, a->endpoint);
  app->add_option("--timeout-ms", a->timeout_ms, "how long to wait")->capture_default_str();
  app->add_flag("--json", a->as_json, "the gateway's answer as it is");
  app->footer(examples({"tributary operate plant/parts gcounter increment 5 --token-file token",
                        "tributary operate hall/mode lww set night --token-file token",
                        "tributary operate hall/doors orset add north --token-file token"}));
  commands.push_back({app, [a] { return run_operate(*a); }});
}

}  // namespace tributary::app
