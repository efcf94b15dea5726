// SPDX-License-Identifier: Apache-2.0
// `tributary config check|show`.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "config/config.h"
#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/settings.h"
#include "gateway/app/tls_check.h"
#include "gateway/app/trust_files.h"

namespace tributary::app {
namespace {

struct ConfigArguments {
  std::string file;
  std::vector<std::string> sets;
  bool json = false;
  bool defaults = false;
};

void add_inputs(CLI::App& app, ConfigArguments& arguments) {
  app.add_option("file,-c,--config", arguments.file, "the TOML file; without it, defaults")
      ->type_name("FILE");
  app.add_option("--set", arguments.sets, "one key over the file")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

Exit check(const ConfigArguments& arguments) {
  const config::Inputs inputs = read_inputs(arguments.file, arguments.sets);
  const auto loaded = config::load(inputs);
  if (!loaded) throw Trouble(Exit::config, config::to_string(loaded.error()));
  TlsFindings found = check_tls(*loaded, static_cast<std::int64_t>(wall_now_ms() / 1'000));
  found.broken.insert(found.broken.end(), found.of_time.begin(), found.of_time.end());
  if (!found.broken.empty()) throw Trouble(Exit::config, config::to_string(found.broken));
  check_trust(loaded->gateway);
  for (const std::string& text : found.warnings)
    std::fprintf(stderr, "warning: %s\n", text.c_str());
  std::puts(config::summary(*loaded, inputs).c_str());
  return Exit::ok;
}

Exit show(const ConfigArguments& arguments) {
  if (arguments.defaults) {
    std::fputs(config::reference().c_str(), stdout);
    return Exit::ok;
  }
  const auto loaded = config::load(read_inputs(arguments.file, arguments.sets));
  if (!loaded) throw Trouble(Exit::config, config::to_string(loaded.error()));
  std::puts((arguments.json ? config::show_json(*loaded) : config::show(*loaded)).c_str());
  return Exit::ok;
}

}  // namespace

void add_config(CLI::App& root, Commands& commands) {
  CLI::App* app = root.add_subcommand("config", "check or show a gateway's configuration");
  app->require_subcommand(1);
  auto checked = std::make_shared<ConfigArguments>();
  CLI::App* check_app = app->add_subcommand("check", "say whether a gateway would take it");
  add_inputs(*check_app, *checked);
  check_app->footer(examples({"tributary config check gateway.toml"}));
  commands.push_back({check_app, [checked] { return check(*checked); }});

  auto shown = std::make_shared<ConfigArguments>();
  CLI::App* show_app =
      app->add_subcommand("show", "print every key, its value and where that came from");
  add_inputs(*show_app, *shown);
  show_app->add_flag("--json", shown->json, "as JSON");
  show_app->add_flag("--defaults", shown->defaults, "a commented file with every default");
  show_app->footer(examples({"tributary config show gateway.toml --set commit.batch_max=10",
                             "tributary config show --defaults > gateway.toml"}));
  commands.push_back({show_app, [shown] { return show(*shown); }});
}

}  // namespace tributary::app
