// SPDX-License-Identifier: Apache-2.0
// `tributary dead-letters`: what a gateway refused, asked of it over MQTT while it runs, or in its
// database.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/broker.h"
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
  std::vector<std::string> words;  // with a gateway: ids; else the database, then ids
  std::string gateway;
  std::string token_file;
  // Of the words:
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

void show(const std::vector<Letter>& letters, bool as_json) {
  if (as_json) {
    json out = json::array();
    for (const Letter& l : letters) {
      out.push_back({{"id", l.id},
                     {"at", utc_time(l.row.at_ms)},
                     {"topic", l.row.topic},
                     {"reason", l.row.reason},
                     {"bytes", base64_encode(l.row.bytes)}});
    }
    std::puts(out.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%8s  %-24s  %8s  %s\n", "ID", "AT", "BYTES", "TOPIC: REASON");
  for (const Letter& l : letters) {
    std::printf("%8llu  %-24s  %8zu  %s: %s\n", static_cast<unsigned long long>(l.id),
                utc_time(l.row.at_ms).c_str(), l.row.bytes.size(), printable(l.row.topic).c_str(),
                printable(l.row.reason).c_str());
  }
}

// --- asked of a gateway that runs

json question(const LetterArguments& a) {
  json out = {{"token", a.token_file.empty() ? "" : read_secret(a.token_file, "token")}};
  if (a.all) out["all"] = true;
  if (!a.all) out["ids"] = a.ids;
  return out;
}

Exit ask_list(const LetterArguments& a) {
  Client client(a.endpoint, a.timeout_ms);
  std::vector<Letter> letters;
  json next = nullptr;
  do {
    json q = {{"max", std::min<std::size_t>(a.max - letters.size(), 1'000)}};
    if (!next.is_null()) q["after"] = next;
    const json page =
        json::parse(client.request(a.gateway, "dead-letters", q.dump(), a.timeout_ms));
    for (const json& l : page.at("dead_letters")) {
      letters.push_back(
          {.id = l.at("id").get<std::uint64_t>(),
           .row = {.at_ms = l.at("at").get<std::uint64_t>(),
                   .topic = l.at("topic").get<std::string>(),
                   .reason = l.at("reason").get<std::string>(),
                   .bytes = base64_decode(l.at("bytes").get<std::string>()).value_or("")}});
    }
    next = page.at("next");
  } while (!next.is_null() && letters.size() < a.max);
  show(letters, a.json);
  return Exit::ok;
}

Exit ask_drop(const LetterArguments& a) {
  Client client(a.endpoint, a.timeout_ms);
  const json said =
      json::parse(client.request(a.gateway, "drop-dead-letters", question(a).dump(), a.timeout_ms));
  const auto dropped = said.at("dropped").get<std::uint64_t>();
  std::printf("dropped %llu\n", static_cast<unsigned long long>(dropped));
  return a.all || dropped == a.ids.size() ? Exit::ok : Exit::negative;
}

Exit ask_release(const LetterArguments& a) {
  Client client(a.endpoint, a.timeout_ms);
  std::uint64_t released = 0;
  std::size_t stayed = 0;
  json q = question(a);
  do {
    const json said =
        json::parse(client.request(a.gateway, "release-dead-letters", q.dump(), a.timeout_ms));
    released += said.at("released").get<std::uint64_t>();
    for (const json& one : said.at("stayed")) {
      ++stayed;
      std::fprintf(stderr, "%s stays: %s\n", one.at("id").dump().c_str(),
                   printable(one.at("why").get<std::string>()).c_str());
    }
    q["before"] = said.at("next");
  } while (!q["before"].is_null());
  if (released == 0) {
    std::puts("released none");
  } else {
    std::printf("released %llu: gateway %s took them in as if their devices had just sent them\n",
                static_cast<unsigned long long>(released), a.gateway.c_str());
  }
  return stayed == 0 ? Exit::ok : Exit::negative;
}

// --- in the database

Exit run_list(const LetterArguments& a) {
  if (!a.gateway.empty()) return ask_list(a);
  std::string from = a.database;
  bool copied = false;
  if (const auto holder = store::holder_of(a.database)) {
    from = live_copy(a.database, *holder, 600'000);
    copied = true;
  }
  const std::vector<Letter> letters = or_throw(open(from)->dead_letters(0, a.max));
  std::error_code ignored;
  if (copied) std::filesystem::remove(from, ignored);
  show(letters, a.json);
  return Exit::ok;
}

void require_ids(const LetterArguments& a) {
  if (a.all != a.ids.empty()) {
    throw Trouble(Exit::usage, "name ids, or --all\n  `tributary dead-letters list` shows them");
  }
}

Exit run_drop(const LetterArguments& a) {
  require_ids(a);
  if (!a.gateway.empty()) return ask_drop(a);
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
  if (!a.gateway.empty()) return ask_release(a);
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

void read_words(LetterArguments& a) {
  std::vector<std::string> ids = a.words;
  if (a.gateway.empty()) {
    if (ids.empty()) {
      throw Trouble(Exit::usage,
                    "name the gateway with --gateway, or its database\n  tributary dead-letters "
                    "list --gateway g1");
    }
    a.database = ids.front();
    ids.erase(ids.begin());
  }
  for (const std::string& id : ids) {
    std::uint64_t number = 0;
    const auto [end, failed] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (failed != std::errc{} || end != id.data() + id.size()) {
      throw Trouble(Exit::usage, id + " is no id\n  `tributary dead-letters list` shows them");
    }
    a.ids.push_back(number);
  }
}

std::shared_ptr<LetterArguments> add(CLI::App& parent, Commands& commands, const char* name,
                                     const char* what, Runner runner, CLI::App*& app) {
  auto a = std::make_shared<LetterArguments>();
  app = parent.add_subcommand(name, what);
  app->add_option("words", a->words,
                  "with --gateway: ids; else gateway.db in the gateway.data_dir, then ids")
      ->type_name("[DB] [ID]...");
  app->add_option("--gateway", a->gateway, "asks this one over MQTT, while it runs");
  add_endpoint_options(*app, a->endpoint);
  app->add_option("--timeout-ms", a->timeout_ms, "how long to wait for broker and gateway")
      ->capture_default_str();
  commands.push_back({app, [a, runner] {
                        read_words(*a);
                        return runner(*a);
                      }});
  return a;
}

void add_choice(CLI::App& app, LetterArguments& a) {
  app.add_flag("--all", a.all, "all of them");
  app.add_option("--token-file", a.token_file,
                 "with --gateway: the file with the token of its http.token_file")
      ->type_name("FILE");
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
  app->footer(examples({"tributary dead-letters list --gateway g1",
                        "tributary dead-letters list /var/lib/tributary/gateway.db"}));

  auto release =
      add(*parent, commands, "release",
          "have refusals heard again; those that are taken now are dropped", run_release, app);
  add_choice(*app, *release);
  app->footer(examples({"tributary dead-letters release --gateway g1 --token-file token 17 18",
                        "tributary dead-letters release /var/lib/tributary/gateway.db 17 18"}) +
              "With a database, its gateway is stopped; they are sent to the broker, whose access "
              "list must let you publish as these devices.");

  auto drop = add(*parent, commands, "drop", "forget refusals", run_drop, app);
  add_choice(*app, *drop);
  app->footer(examples({"tributary dead-letters drop --gateway g1 --token-file token --all",
                        "tributary dead-letters drop /var/lib/tributary/gateway.db --all"}) +
              "With a database, its gateway is stopped.");
}

}  // namespace tributary::app
