// SPDX-License-Identifier: Apache-2.0
// `tributary watch`: the live table.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "gateway/app/clock.h"
#include "gateway/app/signals.h"
#include "gateway/app/terminal.h"
#include "gateway/app/watcher.h"

namespace tributary::app {
namespace {

struct WatchArguments {
  Endpoint endpoint;
  std::string prefix;
  std::uint32_t interval_s = 5;
  std::uint32_t timeout_ms = 5'000;
  bool once = false;
  bool as_json = false;
};

// A value is published up to a second after it changed. Waited for in vain where a gateway
// publishes no views, or has more keys than topics.
constexpr std::uint64_t views_ms = 2'000;

bool all_heard(const Board& board) {
  for (const auto& [name, row] : board.gateways()) {
    if (row.state == "online" && row.digest.empty()) return false;
  }
  return !board.gateways().empty();
}

void print(const Watcher& watcher, const WatchArguments& a) {
  const Board& board = watcher.board();
  if (a.as_json) {
    std::puts(board.to_json(mono_now_ms()).c_str());
  } else {
    Screen screen = screen_now();
    screen.rows = 0;
    screen.prefix = a.prefix;
    std::fputs(board.render(screen, mono_now_ms()).c_str(), stdout);
  }
  std::fflush(stdout);
}

Exit once(const WatchArguments& a) {
  Watcher watcher(a.endpoint, a.timeout_ms);
  watcher.run_until(mono_now_ms() + a.timeout_ms, [&] { return all_heard(watcher.board()); });
  watcher.run_until(mono_now_ms() + views_ms, [&] { return watcher.board().all_shown(); });
  print(watcher, a);
  if (watcher.board().gateways().empty()) {
    throw Trouble(Exit::broker, "no gateway of fleet " + a.endpoint.fleet + " at " +
                                    a.endpoint.broker + "\n  start one with `tributary gateway`");
  }
  return watcher.board().in_step(mono_now_ms()) ? Exit::ok : Exit::negative;
}

Exit run_watch(const WatchArguments& a) {
  if (a.once) return once(a);
  Signals signals;
  Watcher watcher(a.endpoint, a.timeout_ms);
  const bool live = !a.as_json && is_terminal();
  std::uint64_t next_ms = mono_now_ms() + (live ? 0 : 1'000);
  std::optional<LiveScreen> screen;
  if (live) screen.emplace();
  while (!signals.stop_asked()) {
    watcher.run_until(std::min(next_ms, mono_now_ms() + 200));
    if (mono_now_ms() < next_ms) continue;
    if (live) {
      Screen size = screen_now();
      size.prefix = a.prefix;
      size.rows = size.rows > 2 ? size.rows - 2 : 1;
      screen->show("fleet " + a.endpoint.fleet + " at " + a.endpoint.broker +
                   (watcher.connected() ? "" : " (not connected)") + "   Ctrl-C ends\n\n" +
                   watcher.board().render(size, mono_now_ms()));
      next_ms = mono_now_ms() + 500;
    } else {
      print(watcher, a);
      next_ms = mono_now_ms() + a.interval_s * 1'000ULL;
    }
  }
  return Exit::ok;
}

}  // namespace

void add_watch(CLI::App& root, Commands& commands) {
  auto a = std::make_shared<WatchArguments>();
  CLI::App* app = root.add_subcommand("watch", "a live table of the fleet's values and gateways");
  add_endpoint_options(*app, a->endpoint);
  app->add_option("--prefix", a->prefix, "only keys that begin with this");
  app->add_option("--interval", a->interval_s, "seconds between two tables when not on a terminal")
      ->capture_default_str()
      ->check(CLI::Range(1U, 86'400U));
  app->add_option("--timeout-ms", a->timeout_ms, "how long to wait for the broker")
      ->capture_default_str()
      ->check(CLI::Range(1U, 3'600'000U));
  app->add_flag("--once", a->once, "one table; exit 1 when the gateways do not agree");
  app->add_flag("--json", a->as_json, "JSON instead of a table, one object a line");
  app->footer(examples({"tributary watch", "tributary watch --prefix plant-1/",
                        "tributary watch --once --json | jq .in_step"}));
  commands.push_back({app, [a] { return run_watch(*a); }});
}

}  // namespace tributary::app
