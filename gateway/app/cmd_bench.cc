// SPDX-License-Identifier: Apache-2.0
// `tributary bench`: the table.
#include <stdlib.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/bench.h"
#include "gateway/app/cli.h"
#include "gateway/app/settings.h"

namespace tributary::app {
namespace {

using nlohmann::json;

struct BenchArguments {
  std::string config;
  std::vector<std::string> sets;
  std::string directory, broker;
  std::uint32_t seconds = 5, devices = 256;
  bool disk_only = false, as_json = false;
};

// Made in `parent`, and gone with it.
class Scratch {
 public:
  explicit Scratch(const std::string& parent) {
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    std::string pattern = parent + "/tributary-bench-XXXXXX";
    if (error || ::mkdtemp(pattern.data()) == nullptr) {
      const std::string why = error ? error.message() : std::strerror(errno);
      throw Trouble(Exit::storage, parent + ": " + why +
                                       "\n  --dir names a directory that you may write to, on the "
                                       "disk that is meant");
    }
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void print(const std::vector<BenchRow>& rows) {
  std::printf("%-36s %10s %10s %10s %10s %10s\n", "WHAT", "PER SECOND", "P50 MS", "P95 MS",
              "P99 MS", "MOST MS");
  for (const BenchRow& r : rows) {
    std::printf("%-36s %10.0f %10.2f %10.2f %10.2f %10.2f\n", r.what.c_str(), r.per_second(),
                r.p50_ms, r.p95_ms, r.p99_ms, r.most_ms);
  }
}

json json_of(const BenchRow& r) {
  return {{"what", r.what},       {"count", r.count},
          {"seconds", r.seconds}, {"per_second", r.per_second()},
          {"p50_ms", r.p50_ms},   {"p95_ms", r.p95_ms},
          {"p99_ms", r.p99_ms},   {"most_ms", r.most_ms}};
}

Exit run_bench(const BenchArguments& a) {
  config::Inputs inputs = read_inputs(a.config, a.sets);
  auto loaded = config::load(inputs);
  if (loaded && !a.broker.empty()) {
    inputs.sets.push_back("broker." + loaded->gateway.brokers[0].name + ".uri=" + a.broker);
    loaded = config::load(inputs);
  }
  if (!loaded) throw Trouble(Exit::config, config::to_string(loaded.error()));
  const config::Gateway& g = loaded->gateway;
  if (!a.disk_only && loaded->derived.links[0].address.tls) {
    throw Trouble(Exit::config,
                  "broker " + g.brokers[0].name +
                      " knows its members by their certificates, and a scratch gateway has none\n  "
                      "--broker names another one on the same machine, --disk-only leaves it out");
  }
  const Scratch scratch(a.directory.empty() ? g.gateway.data_dir : a.directory);
  const bool full = g.commit.synchronous == config::Synchronous::full;
  std::vector<BenchRow> rows;
  for (const std::uint32_t envelopes : {1U, 100U}) {
    rows.push_back(bench_commits(
        scratch.path(), {.envelopes = envelopes, .seconds = a.seconds, .full_sync = full}));
  }
  if (!a.disk_only) {
    for (BenchRow& r :
         bench_path(inputs, scratch.path(), {.devices = a.devices, .seconds = a.seconds}))
      rows.push_back(std::move(r));
  }
  if (!a.as_json) {
    print(rows);
    return Exit::ok;
  }
  json all = json::array();
  for (const BenchRow& r : rows) all.push_back(json_of(r));
  std::puts(json{{"synchronous", full ? "full" : "normal"},
                 {"commit_timeout_ms", g.commit.timeout_ms},
                 {"rows", std::move(all)}}
                .dump(2)
                .c_str());
  return Exit::ok;
}

}  // namespace

void add_bench(CLI::App& root, Commands& commands) {
  auto a = std::make_shared<BenchArguments>();
  CLI::App* app = root.add_subcommand(
      "bench", "measure this disk and broker, with a scratch gateway of a fleet of its own");
  app->add_option("-c,--config", a->config, "the gateway's TOML file: its disk, broker and commits")
      ->type_name("FILE");
  app->add_option("--set", a->sets, "one key over the file")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app->add_option("--dir", a->directory,
                  "where the scratch database goes, and away again; gateway.data_dir when left out")
      ->type_name("DIR");
  app->add_option("--broker", a->broker, "another broker than the file's first")->type_name("URI");
  app->add_option("--seconds", a->seconds, "for each of the four rows")
      ->capture_default_str()
      ->check(CLI::Range(1, 300));
  app->add_option("--devices", a->devices, "that speak at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app->add_flag("--disk-only", a->disk_only, "without broker and gateway");
  app->add_flag("--json", a->as_json, "as JSON");
  app->footer(examples({"tributary bench --config /etc/tributary/gateway.toml",
                        "tributary bench --disk-only --dir /var/lib/tributary --json"}) +
              "Real keys are not touched. A gateway that runs meanwhile gets its share of the disk "
              "and the broker, and so do the figures.");
  commands.push_back({app, [a] { return run_bench(*a); }});
}

}  // namespace tributary::app
