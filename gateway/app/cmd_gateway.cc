// SPDX-License-Identifier: Apache-2.0
// `tributary gateway`: the daemon.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/daemon.h"
#include "gateway/app/settings.h"
#include "gateway/app/signals.h"
#include "gateway/app/tls_check.h"

namespace tributary::app {
namespace {

struct GatewayArguments {
  std::string config;
  std::vector<std::string> sets;
};

config::Loaded load_or_throw(const GatewayArguments& arguments) {
  auto loaded = config::load(read_inputs(arguments.config, arguments.sets));
  if (!loaded) throw Trouble(Exit::config, config::to_string(loaded.error()));
  // What only a clock makes wrong may be right in a moment: logged, and tried again.
  const auto now_s = static_cast<std::int64_t>(wall_now_ms() / 1'000);
  if (const TlsFindings found = check_tls(*loaded, now_s); !found.broken.empty()) {
    throw Trouble(Exit::config, config::to_string(found.broken));
  }
  return std::move(*loaded);
}

void make_data_dir(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw Trouble(Exit::storage, path + ": cannot be made: " + error.message() +
                                     "\n  set gateway.data_dir to a directory you may write to");
  }
}

// From open() to the end, once.
Daemon::End run_once(const GatewayArguments& arguments, const config::Loaded& loaded,
                     Signals& signals, Log& log) {
  const auto now_s = [] { return static_cast<std::int64_t>(wall_now_ms() / 1'000); };
  TlsWatch watch(loaded, log);
  watch.tick(now_s());
  Daemon::Options options = daemon_options(loaded);
  options.tick = [&] { watch.tick(now_s()); };
  for (std::size_t i = 0; i < options.links.size(); ++i) {
    options.links[i].certificate_ends_s = [&watch, i] { return watch.ends_s(i); };
  }
  Reload reload(loaded, options.token,
                [&] { return read_inputs(arguments.config, arguments.sets); });
  options.reload = [&] { return reload.again(); };
  auto daemon = Daemon::open(std::move(options), log);
  if (!daemon) throw Trouble(Exit::storage, daemon.error().message);
  signals.on_stop([&] { (*daemon)->stop(); });
  signals.on_reload([&] { (*daemon)->reload(); });
  signals.on_copy([&] { (*daemon)->copy(); });
  const Daemon::End end = (*daemon)->run();
  signals.on_stop({});
  signals.on_reload({});
  signals.on_copy({});
  return end;
}

// A file that has become a bad one is not taken, as at a reload.
config::Loaded load_again(const GatewayArguments& arguments, config::Loaded before, Log& log) {
  try {
    return load_or_throw(arguments);
  } catch (const Trouble& trouble) {
    log.write(Level::error, "reload-refused",
              std::string(trouble.what()) + "; what was in force stays so");
    return before;
  }
}

Exit run_gateway(const GatewayArguments& arguments) {
  config::Loaded loaded = load_or_throw(arguments);
  Signals signals;
  Log log(log_options(loaded.gateway));
  make_data_dir(loaded.gateway.gateway.data_dir);
  log.write(Level::info, "starting",
            "gateway " + loaded.gateway.gateway.id + " of fleet " + loaded.gateway.gateway.fleet +
                ", version " + version());
  for (;;) {
    switch (run_once(arguments, loaded, signals, log)) {
      case Daemon::End::stopped:
        return Exit::ok;
      case Daemon::End::settled:
        loaded = load_again(arguments, std::move(loaded), log);
        break;
      case Daemon::End::storage_lost:
        throw Trouble(Exit::storage,
                      loaded.derived.database_path +
                          ": damaged while running\n  start the gateway again: it moves the "
                          "file aside and fetches its state from peers and devices");
    }
  }
}

}  // namespace

void add_gateway(CLI::App& root, Commands& commands) {
  auto arguments = std::make_shared<GatewayArguments>();
  CLI::App* app = root.add_subcommand("gateway", "run a gateway, until SIGTERM or SIGINT");
  app->add_option("-c,--config", arguments->config, "the TOML file; without it, defaults")
      ->type_name("FILE");
  app->add_option("--set", arguments->sets,
                  "one key over the file, for example commit.batch_max=10")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app->footer(examples({"tributary gateway --config gateway.toml",
                        "tributary gateway --set gateway.id=g1 --set gateway.data_dir=data/g1"}));
  commands.push_back({app, [arguments] { return run_gateway(*arguments); }});
}

}  // namespace tributary::app
