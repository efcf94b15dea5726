// SPDX-License-Identifier: Apache-2.0
// `tributary evidence`: which devices told two stories, as a gateway knows; and the check of that
// by anybody, with nothing but the pairs and the keys.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "gateway/app/client.h"
#include "gateway/app/pages.h"
#include "gateway/app/registry_keys.h"
#include "gateway/app/text.h"
#include "gateway/core/contradiction.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/safe_file.h"
#include "transports/signing/seal.h"
#include "transports/wire/evidence.h"

namespace tributary::app {
namespace {

using nlohmann::json;
namespace kr = keyring;

struct EvidenceArguments {
  Endpoint endpoint;
  std::string gateway;
  bool as_json = false;
  std::uint32_t timeout_ms = 5'000;
  std::string file, registry, admin;
  std::vector<std::string> keys;
};

std::string dump(const json& object, int indent = -1) {
  return object.dump(indent, ' ', false, json::error_handler_t::replace);
}

Exit run_list(const EvidenceArguments& a) {
  Client client(a.endpoint, a.timeout_ms);
  const std::string gateway = client.choose_gateway(a.gateway);
  const json all =
      json::parse(all_pages(client, gateway, "evidence", "evidence", "{}", a.timeout_ms));
  if (a.as_json) {
    std::puts(dump({{"gateway", gateway}, {"evidence", all}}, 2).c_str());
    return Exit::ok;
  }
  if (all.empty()) std::puts("none: no device is known to tell two stories");
  for (const json& e : all) {
    std::printf(
        "%s, epoch %s: of %s/%s %s; %s%s\n", e.at("device").get<std::string>().c_str(),
        e.at("epoch").get<std::string>().c_str(), e.at("key").get<std::string>().c_str(),
        e.at("type").get<std::string>().c_str(), e.at("what").get<std::string>().c_str(),
        e.at("proof").get<bool>() ? "both are signed" : "not signed: nobody can say by whom",
        e.at("excluded").get<bool>() ? "; not shown in values" : "");
  }
  return Exit::ok;
}

struct Finding {
  std::string who, what;
  bool contradicts = false, proved = false;
};

Finding judge(std::string_view bytes, const Keys& keys) {
  const auto pair = wire::decode_evidence(bytes, wire::Limits{});
  if (!pair) return {"?", "cannot be read: " + to_string(pair.error()), false, false};
  const wire::Delta& d = pair->first.delta;
  Finding out;
  out.who = std::string(d.device) + ", epoch " + hex64(d.epoch);
  const auto found = core::contradiction(d, pair->second.delta);
  if (!found) {
    out.what = "the two go together: this shows nothing";
    return out;
  }
  out.contradicts = true;
  out.what = "of " + found->key + "/" + wire::type_name(found->type) + " " + found->what;
  const auto by_device = [&](const wire::Envelope& e) {
    const auto [begin, end] = keys.equal_range(e.delta.device);
    return std::any_of(begin, end, [&](const auto& key) {
      return !e.sealed.signature.empty() &&
             signing::verifies(key.second, signing::Kind::delta, d.fleet, e.sealed);
    });
  };
  out.proved = by_device(pair->first) && by_device(pair->second);
  return out;
}

Exit run_verify(const EvidenceArguments& a) {
  const Keys keys = keys_of({.registry = a.registry, .admin = a.admin, .keys = a.keys}, {});
  const json parsed = json::parse(kr::read_file(a.file), nullptr, false);
  const json list = parsed.is_object() ? parsed.value("evidence", json()) : parsed;
  if (!list.is_array())
    throw Trouble(Exit::usage, a.file +
                                   ": is not what `tributary evidence list --json` writes\n"
                                   "  write it again, or name another file");
  bool all = !list.empty();
  for (const json& item : list) {
    const bool has = item.is_object() && item.contains("bytes") && item["bytes"].is_string();
    const auto bytes = has ? base64_decode(item["bytes"].get<std::string>()) : std::nullopt;
    const Finding f = judge(bytes.value_or(""), keys);
    all &= f.proved;
    const char* verdict = f.proved        ? "proved"
                          : f.contradicts ? "contradicts itself; not signed by a key given"
                                          : "no evidence";
    std::printf("%s: %s: %s\n", f.who.c_str(), verdict, f.what.c_str());
  }
  if (list.empty()) std::puts("there is none in it");
  return all ? Exit::ok : Exit::negative;
}

}  // namespace

void add_evidence(CLI::App& root, Commands& commands) {
  CLI::App* app = root.add_subcommand("evidence", "devices that told two stories, and the proofs");
  app->require_subcommand(1);
  auto a = std::make_shared<EvidenceArguments>();

  CLI::App* list = app->add_subcommand("list", "what a gateway knows");
  add_endpoint_options(*list, a->endpoint);
  list->add_option("--gateway", a->gateway, "ask this one; without it, any that is online");
  list->add_flag("--json", a->as_json, "as JSON, with the envelopes themselves");
  list->add_option("--timeout-ms", a->timeout_ms, "how long to wait")->capture_default_str();
  list->footer(
      examples({"tributary evidence list", "tributary evidence list --json > found.json"}));
  commands.push_back({list, [a] { return run_list(*a); }});

  CLI::App* verify = app->add_subcommand(
      "verify", "check them, without any gateway; exit 1 when one is not proved");
  verify->add_option("file", a->file, "what `evidence list --json` wrote")->required();
  verify->add_option("--key", a->keys, "a device's public key, sign.pub; repeat it")
      ->allow_extra_args(false);
  verify->add_option("--registry", a->registry, "the fleet's registry, with all keys");
  verify->add_option("--admin", a->admin, "the admin's public key, admin.pub, for --registry");
  verify->footer(examples({"tributary evidence verify found.json --key devices/sensor-7/sign.pub",
                           "tributary evidence verify found.json --registry plant.fleet/registry "
                           "--admin plant.fleet/admin/sign.pub"}));
  commands.push_back({verify, [a] {
                        try {
                          return run_verify(*a);
                        } catch (const kr::Error& e) {
                          throw Trouble(Exit::storage, e.what());
                        }
                      }});
}

}  // namespace tributary::app
