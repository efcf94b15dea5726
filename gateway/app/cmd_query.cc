// SPDX-License-Identifier: Apache-2.0
// What a person asks a running gateway: get, keys, values, devices, peers, status, snapshot.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/pages.h"
#include "gateway/app/text.h"
#include "gateway/app/value_keys.h"

namespace tributary::app {
namespace {

using nlohmann::json;

struct QueryArguments {
  Endpoint endpoint;
  std::string gateway;
  std::string key;
  std::string type;
  std::string prefix;
  std::vector<std::string> value_keys;
  bool as_json = false;
  std::uint32_t timeout_ms = 5'000;
};

std::string dump(const json& object, int indent = -1) {
  return object.dump(indent, ' ', false, json::error_handler_t::replace);
}

// A value on one line: text as it is, everything else as JSON.
std::string plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : dump(value);
}

void print_json(const json& object) {
  std::puts(dump(object, 2).c_str());
}

struct Asked {
  explicit Asked(const QueryArguments& a)
      : client(a.endpoint, a.timeout_ms), gateway(client.choose_gateway(a.gateway)) {}
  Client client;
  std::string gateway;
};

Exit run_get(const QueryArguments& a) {
  const ValueKeys value_keys(a.value_keys);
  Asked asked(a);
  json question = {{"key", a.key}};
  if (!a.type.empty()) question["type"] = a.type;
  json reply =
      json::parse(asked.client.request(asked.gateway, "get", dump(question), a.timeout_ms));
  json& values = reply.at("values");
  value_keys.open(values, a.endpoint.fleet);
  if (values.empty()) {
    throw Trouble(Exit::negative, "gateway " + asked.gateway + " holds nothing at \"" + a.key +
                                      "\"\n  `tributary keys` lists what it holds");
  }
  if (a.as_json) {
    print_json(reply);
    return Exit::ok;
  }
  for (const json& value : values) {
    if (value.contains("too_large_bytes")) {
      throw Trouble(Exit::negative, "the value of \"" + a.key + "\" has " +
                                        dump(value["too_large_bytes"]) +
                                        " bytes, too many for one message\n"
                                        "  read it from the database: `tributary snapshot`");
    }
    if (value.value("unread", false)) {
      throw Trouble(Exit::negative, "the value of \"" + a.key +
                                        "\" is at rest in the gateway's database, which cannot "
                                        "be read now\n  its log says why (read-back)");
    }
    if (values.size() > 1) std::printf("%s ", plain(value.at("type")).c_str());
    std::puts(plain(value.at("value")).c_str());
  }
  return Exit::ok;
}

Exit run_values(const QueryArguments& a, bool with_values) {
  const ValueKeys value_keys(a.value_keys);
  Asked asked(a);
  const char* list = with_values ? "values" : "keys";
  json all = json::parse(all_pages(asked.client, asked.gateway, list, list,
                                   dump(json{{"prefix", a.prefix}}), a.timeout_ms));
  value_keys.open(all, a.endpoint.fleet);
  if (a.as_json) {
    print_json({{"gateway", asked.gateway}, {list, all}});
    return Exit::ok;
  }
  for (const json& item : all) {
    std::printf("%-9s %s", plain(item.at("type")).c_str(), plain(item.at("key")).c_str());
    if (with_values) std::printf("  %s", plain(item.at("value")).c_str());
    std::putchar('\n');
  }
  return Exit::ok;
}

// What is here of a device and not acknowledged, because something before it is missing.
std::string gap_of(const json& device) {
  const auto ms = device.value("unacknowledged_ms", std::uint64_t{0});
  if (ms == 0) return {};
  return "  up to " + dump(device.at("top")) + " held, what is between has not come for " +
         std::to_string(ms / 1'000) + " s";
}

Exit run_devices(const QueryArguments& a) {
  Asked asked(a);
  const json all =
      json::parse(all_pages(asked.client, asked.gateway, "devices", "devices", "{}", a.timeout_ms));
  if (a.as_json) {
    print_json({{"gateway", asked.gateway}, {"devices", all}});
    return Exit::ok;
  }
  std::printf("%-32s %-16s %12s %10s  %s\n", "DEVICE", "EPOCH", "ACKNOWLEDGED", "ENVELOPES",
              "LAST HEARD HERE");
  for (const json& d : all) {
    const std::uint64_t heard = d.at("heard_at").get<std::uint64_t>();
    std::printf("%-32s %-16s %12s %10s  %s%s\n", plain(d.at("device")).c_str(),
                plain(d.at("epoch")).c_str(), dump(d.at("op")).c_str(),
                dump(d.at("live_envelopes")).c_str(), heard == 0 ? "-" : utc_time(heard).c_str(),
                d.value("closed", false) ? "  closed" : gap_of(d).c_str());
  }
  return Exit::ok;
}

Exit run_peers(const QueryArguments& a) {
  Asked asked(a);
  const json reply = json::parse(asked.client.request(asked.gateway, "peers", "{}", a.timeout_ms));
  if (a.as_json) {
    print_json(reply);
    return Exit::ok;
  }
  std::printf("%-24s %-8s %-8s %10s %9s %10s\n", "PEER", "STATE", "IN STEP", "DIFFERING",
              "FETCHING", "SILENT");
  for (const json& p : reply.at("peers")) {
    const json& silent = p.at("silent_ms");
    std::printf("%-24s %-8s %-8s %10s %9s %10s\n", plain(p.at("gateway")).c_str(),
                p.at("online").get<bool>() ? "online" : "offline",
                p.at("in_step").get<bool>() ? "yes" : "no", dump(p.at("buckets_differing")).c_str(),
                dump(p.at("fetching")).c_str(),
                silent.is_null()
                    ? "-"
                    : (std::to_string(silent.get<std::uint64_t>() / 1000) + " s").c_str());
  }
  return Exit::ok;
}

json status_of(Client& client, const std::string& gateway, std::uint32_t timeout_ms) {
  try {
    return json::parse(client.request(gateway, "status", "{}", timeout_ms));
  } catch (const Trouble&) {
    return {{"gateway", gateway}, {"state", "silent"}};
  }
}

Exit run_status(const QueryArguments& a) {
  Client client(a.endpoint, a.timeout_ms);
  std::map<std::string, std::string> found;
  if (a.gateway.empty()) {
    found = client.gateways(2'000);
  } else {
    found[a.gateway] = "online";
  }
  if (found.empty()) client.choose_gateway("");  // says that there is none
  json all = json::array();
  bool fine = true;
  for (const auto& [gateway, state] : found) {
    json one = state == "online" ? status_of(client, gateway, a.timeout_ms)
                                 : json{{"gateway", gateway}, {"state", state}};
    fine = fine && one.at("state") == "online";
    all.push_back(std::move(one));
  }
  if (a.as_json) {
    print_json(all);
    return fine ? Exit::ok : Exit::negative;
  }
  std::printf("%-24s %-9s %8s %8s %10s %12s  %s\n", "GATEWAY", "STATE", "ACTORS", "KEYS",
              "ENVELOPES", "OPERATIONS", "DIGEST");
  for (const json& s : all) {
    if (!s.contains("digest")) {
      std::printf("%-24s %s\n", plain(s.at("gateway")).c_str(), plain(s.at("state")).c_str());
      continue;
    }
    std::printf("%-24s %-9s %8s %8s %10s %12s  %.16s\n", plain(s.at("gateway")).c_str(),
                plain(s.at("state")).c_str(), dump(s.at("actors")).c_str(),
                dump(s.at("keys")).c_str(), dump(s.at("live_envelopes")).c_str(),
                dump(s.at("counters").at("operations")).c_str(), plain(s.at("digest")).c_str());
    const std::string reason = plain(s.at("reason"));
    if (!reason.empty()) std::printf("  %s\n", reason.c_str());
  }
  return fine ? Exit::ok : Exit::negative;
}

Exit run_snapshot(const QueryArguments& a) {
  Asked asked(a);
  const json reply =
      json::parse(asked.client.request(asked.gateway, "snapshot", "{}", a.timeout_ms));
  if (a.as_json) {
    print_json(reply);
  } else {
    std::printf("%s\n", plain(reply.at("path")).c_str());
  }
  return Exit::ok;
}

using Runner = Exit (*)(const QueryArguments&);

CLI::App* add(CLI::App& root, Commands& commands, const char* name, const char* what,
              const std::shared_ptr<QueryArguments>& arguments, Runner runner,
              const std::vector<std::string>& lines) {
  CLI::App* app = root.add_subcommand(name, what);
  add_endpoint_options(*app, arguments->endpoint);
  app->add_option("-g,--gateway", arguments->gateway, "the gateway; without it, the first online")
      ->envname("TRIBUTARY_CLI_GATEWAY");
  app->add_option("--timeout-ms", arguments->timeout_ms, "how long to wait for an answer")
      ->capture_default_str()
      ->check(CLI::Range(1U, 3'600'000U));
  app->add_flag("--json", arguments->as_json, "as JSON");
  app->footer(examples(lines));
  commands.push_back({app, [arguments, runner] { return runner(*arguments); }});
  return app;
}

}  // namespace

void add_queries(CLI::App& root, Commands& commands) {
  auto status = std::make_shared<QueryArguments>();
  add(root, commands, "status", "how gateways are; exit 1 when one is not online", status,
      run_status, {"tributary status", "tributary status --gateway g1 --json"});

  auto get = std::make_shared<QueryArguments>();
  CLI::App* app =
      add(root, commands, "get", "print the value of a key", get, run_get,
          {"tributary get plant-1/line-3/parts", "tributary get hall/badges --type orset --json"});
  app->add_option("key", get->key, "the key")->required();
  app->add_option("--type", get->type, "gcounter, pncounter, gset, orset or lww; without it, all")
      ->check(CLI::IsMember({"gcounter", "pncounter", "gset", "orset", "lww"}));
  add_value_key_option(*app, get->value_keys);

  auto keys = std::make_shared<QueryArguments>();
  app = add(root, commands, "keys", "list keys", keys,
            [](const QueryArguments& a) { return run_values(a, false); },
            {"tributary keys", "tributary keys --prefix plant-1/"});
  app->add_option("--prefix", keys->prefix, "only keys that begin with this");

  auto values = std::make_shared<QueryArguments>();
  app = add(root, commands, "values", "list keys with their values", values,
            [](const QueryArguments& a) { return run_values(a, true); },
            {"tributary values --prefix plant-1/", "tributary values --json | jq ."});
  app->add_option("--prefix", values->prefix, "only keys that begin with this");
  add_value_key_option(*app, values->value_keys);

  add(root, commands, "devices", "list devices, and up to where each is acknowledged",
      std::make_shared<QueryArguments>(), run_devices, {"tributary devices --gateway g2"});
  add(root, commands, "peers", "list the other gateways, and whether they are in step",
      std::make_shared<QueryArguments>(), run_peers, {"tributary peers --gateway g1"});
  add(root, commands, "snapshot",
      "copy the database beside itself, for sqlite3; prints where, on the gateway's machine",
      std::make_shared<QueryArguments>(), run_snapshot,
      {"sqlite3 \"$(tributary snapshot)\" 'SELECT * FROM \"values\"'"});
}

}  // namespace tributary::app
