// SPDX-License-Identifier: Apache-2.0
// `tributary dead-letters`: what a gateway refused, in its database while it is stopped, or in a
// copy made for the purpose while it runs.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/cli.h"
#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/live_copy.h"
#include "gateway/app/text.h"
#include "gateway/store/workbench.h"

namespace tributary::app {
namespace {

using nlohmann::json;
using Letter = store::Workbench::DeadLetter;

constexpr std::size_t kept_bytes_max = 65'536;  // of one: what has as many was cut

struct LetterArguments {
  std::string database;
  std::vector<std::uint64_t> ids;
  std::size_t max = 100;
  bool all = false;
  bool json = false;
  Endpoint endpoint;
  std::uint32_t timeout_ms = 10'000;
};

std::unique_ptr<store::Workbench> open(const std::string& database) {
  auto bench = store::Workbench::open(database);
  if (!bench) throw Trouble(Exit::storage, bench.error().message);
  return std::move(*bench);
}

template <class T>
T or_throw(Result<T, store::Error> result) {
  if (!result) throw Trouble(Exit::storage, result.error().message);
  return std::move(*result);
}

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

Exit run_list(const LetterArguments& a) {
  std::string from = a.database;
  bool copied = false;
  if (const auto holder = store::holder_of(a.database)) {
    from = live_copy(a.database, *holder, 600'000);
    copied = true;
  }
  const std::vector<Letter> letters = or_throw(open(from)->dead_letters(0, a.max));
  std::error_code ignored;
  if (copied) std::filesystem::remove(from, ignored);
  if (a.json) {
    json out = json::array();
    for (const Letter& l : letters) {
      out.push_back({{"id", l.id},
                     {"at", utc_time(l.row.at_ms)},
                     {"topic", l.row.topic},
                     {"reason", l.row.reason},
                     {"bytes", base64_encode(l.row.bytes)}});
    }
    std::puts(out.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return Exit::ok;
  }
  std::printf("%8s  %-24s  %8s  %s\n", "ID", "AT", "BYTES", "TOPIC: REASON");
  for (const Letter& l : letters) {
    std::printf("%8llu  %-24s  %8zu  %s: %s\n", static_cast<unsigned long long>(l.id),
                utc_time(l.row.at_ms).c_str(), l.row.bytes.size(), printable(l.row.topic).c_str(),
                printable(l.row.reason).c_str());
  }
  return Exit::ok;
}

void require_ids(const LetterArguments& a) {
  if (a.all != a.ids.empty()) {
    throw Trouble(Exit::usage, "name ids, or --all\n  `tributary dead-letters list` shows them");
  }
}

Exit run_drop(const LetterArguments& a) {
  require_ids(a);
  auto bench = open(a.database);
  const std::uint64_t dropped =
      or_throw(a.all ? bench->drop_dead_letters() : bench->drop_dead_letters(a.ids));
  std::printf("dropped %llu\n", static_cast<unsigned long long>(dropped));
  if (!a.all && dropped < a.ids.size()) {
    throw Trouble(Exit::negative, std::to_string(a.ids.size() - dropped) +
                                      " of these ids are not there\n  `tributary dead-letters "
                                      "list` shows those that are");
  }
  return Exit::ok;
}

// Why it cannot be sent again; empty when it can.
std::string unfit(const Letter& letter, const std::string& uploads) {
  if (letter.row.topic.compare(0, uploads.size(), uploads) != 0) {
    return letter.row.topic + " is no device's topic below " + uploads +
           ": what peers sent comes again by itself";
  }
  if (letter.row.bytes.size() >= kept_bytes_max) {
    return "only its first " + std::to_string(kept_bytes_max) +
           " bytes were kept: the device sends it again by itself";
  }
  return {};
}

Exit run_release(const LetterArguments& a) {
  require_ids(a);
  auto bench = open(a.database);
  const std::vector<Letter> letters =
      or_throw(a.all ? bench->dead_letters(0, 1'000'000) : bench->dead_letters(a.ids));
  if (letters.empty()) {
    throw Trouble(Exit::negative,
                  "there is none of these\n  `tributary dead-letters list` shows "
                  "those that are");
  }
  Client client(a.endpoint, a.timeout_ms);
  std::vector<std::uint64_t> sent;
  for (const Letter& letter : letters) {
    const std::string why = unfit(letter, client.root() + "/up/");
    if (!why.empty()) {
      std::fprintf(stderr, "%llu stays: %s\n", static_cast<unsigned long long>(letter.id),
                   why.c_str());
      continue;
    }
    client.publish({.topic = letter.row.topic, .payload = letter.row.bytes}, a.timeout_ms);
    sent.push_back(letter.id);
  }
  client.settle(a.timeout_ms);
  or_throw(bench->drop_dead_letters(sent));
  std::printf("released %zu: sent to %s again, as if by their devices\n", sent.size(),
              a.endpoint.broker.c_str());
  return sent.size() == letters.size() ? Exit::ok : Exit::negative;
}

using Runner = Exit (*)(const LetterArguments&);

std::shared_ptr<LetterArguments> add(CLI::App& parent, Commands& commands, const char* name,
                                     const char* what, Runner runner, CLI::App*& app) {
  auto a = std::make_shared<LetterArguments>();
  app = parent.add_subcommand(name, what);
  app->add_option("database", a->database, "gateway.db in the gateway.data_dir")
      ->required()
      ->type_name("DB");
  commands.push_back({app, [a, runner] { return runner(*a); }});
  return a;
}

}  // namespace

void add_dead_letters(CLI::App& root, Commands& commands) {
  CLI::App* parent =
      root.add_subcommand("dead-letters", "what a gateway refused: list, release, drop");
  parent->require_subcommand(1);
  CLI::App* app = nullptr;
  auto list = add(*parent, commands, "list", "the newest refusals; also while the gateway runs",
                  run_list, app);
  app->add_option("--max", list->max, "how many")->capture_default_str();
  app->add_flag("--json", list->json, "as JSON, with their bytes in base64");
  app->footer(examples({"tributary dead-letters list /var/lib/tributary/gateway.db"}));

  auto release = add(*parent, commands, "release",
                     "send refusals to the broker again and drop them; the gateway is stopped",
                     run_release, app);
  app->add_option("ids", release->ids, "which")->type_name("ID");
  app->add_flag("--all", release->all, "all of them");
  add_endpoint_options(*app, release->endpoint);
  app->add_option("--timeout-ms", release->timeout_ms, "how long to wait for the broker")
      ->capture_default_str();
  app->footer(examples({"tributary dead-letters release /var/lib/tributary/gateway.db 17 18"}) +
              "The broker's access list must let you publish as these devices.");

  auto drop =
      add(*parent, commands, "drop", "forget refusals; the gateway is stopped", run_drop, app);
  app->add_option("ids", drop->ids, "which")->type_name("ID");
  app->add_flag("--all", drop->all, "all of them");
  app->footer(examples({"tributary dead-letters drop /var/lib/tributary/gateway.db --all"}));
}

}  // namespace tributary::app
