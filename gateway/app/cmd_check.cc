// SPDX-License-Identifier: Apache-2.0
// `tributary check`: one line a finding, and below each that is not ok what to do.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/check.h"
#include "gateway/app/cli.h"
#include "gateway/app/settings.h"

namespace tributary::app {
namespace {

struct CheckArguments {
  std::string file;
  std::vector<std::string> sets;
  CheckOptions options;
  bool no_broker = false;
  bool json = false;
};

Findings find_all(const CheckArguments& a) {
  const auto loaded = config::load(read_inputs(a.file, a.sets));
  if (loaded) return check_all(*loaded, a.options);
  Findings out;
  for (const config::Problem& p : loaded.error()) {
    out.push_back({"configuration", Finding::Grade::fail, p.where + ": " + p.message,
                   "mend it there; `tributary config show --defaults` explains every key"});
  }
  return out;
}

void print(const Findings& found) {
  std::size_t width = 0;
  for (const Finding& f : found) width = std::max(width, f.area.size());
  for (const Finding& f : found) {
    std::printf("%-4s  %-*s  %s\n", name(f.level), static_cast<int>(width), f.area.c_str(),
                f.what.c_str());
    if (!f.fix.empty()) {
      std::printf("      %-*s  -> %s\n", static_cast<int>(width), "", f.fix.c_str());
    }
  }
}

void print_json(const Findings& found) {
  nlohmann::json items = nlohmann::json::array();
  for (const Finding& f : found) {
    items.push_back({{"area", f.area}, {"level", name(f.level)}, {"what", f.what}, {"fix", f.fix}});
  }
  const nlohmann::json out = {{"verdict", name(worst(found))}, {"findings", std::move(items)}};
  std::puts(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

Exit run_check(CheckArguments a) {
  a.options.try_brokers = !a.no_broker;
  const Findings found = find_all(a);
  a.json ? print_json(found) : print(found);
  return worst(found) == Finding::Grade::fail ? Exit::negative : Exit::ok;
}

}  // namespace

void add_check(CLI::App& root, Commands& commands) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* app = root.add_subcommand(
      "check", "try what a gateway needs (brokers, clock, disk, database, TLS), each with its fix");
  app->add_option("file,-c,--config", arguments->file, "the TOML file; without it, defaults")
      ->type_name("FILE");
  app->add_option("--set", arguments->sets, "one key over the file")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app->add_flag("--no-broker", arguments->no_broker, "leave the brokers alone");
  app->add_flag("--disturb", arguments->options.disturb,
                "try a TLS broker although a running gateway loses its connection for a moment");
  app->add_option("--patience-ms", arguments->options.patience_ms, "how long to wait for a broker")
      ->capture_default_str()
      ->check(CLI::Range(100U, 600'000U));
  app->add_flag("--json", arguments->json, "as JSON");
  app->footer(
      examples({"tributary check --config /etc/tributary/gateway.toml", "tributary check --json"}) +
      "Exit status: 0 nothing fails (warnings are not failures), 1 something does.");
  commands.push_back({app, [arguments] { return run_check(*arguments); }});
}

}  // namespace tributary::app
