// SPDX-License-Identifier: Apache-2.0
// `tributary seal`: which windows are sealed, as a gateway knows; and the check of a seal by
// anybody, with nothing but the file, the keys, and the state if there is one.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "gateway/app/client.h"
#include "gateway/app/registry_keys.h"
#include "gateway/app/seal_state.h"
#include "gateway/app/seals.h"
#include "gateway/app/text.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/safe_file.h"
#include "transports/signing/seal.h"

namespace tributary::app {
namespace {

using nlohmann::json;
namespace kr = keyring;

struct SealArguments {
  Endpoint endpoint;
  std::string gateway;
  bool as_json = false;
  std::uint32_t timeout_ms = 5'000;
  std::string file, state, output;
  std::string closes;
  bool values = false;
  std::vector<std::string> members;
  KeyFiles keys;
};

std::string dump(const json& object, int indent = -1) {
  return object.dump(indent, ' ', false, json::error_handler_t::replace);
}

std::string joined(const json& list) {
  std::string out;
  for (const json& one : list) out += (out.empty() ? "" : ", ") + one.get<std::string>();
  return out;
}

// Newest first, all pages of them; and the proofs, of the first.
json ask_all(const SealArguments& a, std::string& gateway) {
  Client client(a.endpoint, a.timeout_ms);
  gateway = client.choose_gateway(a.gateway);
  json all;
  std::string question = "{}";
  while (true) {
    json page = json::parse(client.request(gateway, "seals", question, a.timeout_ms));
    const bool more = page.contains("next");
    if (more) question = dump({{"before", page["next"]}});
    if (all.is_null()) {
      all = std::move(page);
    } else {
      for (json& one : page["seals"]) all["seals"].push_back(std::move(one));
    }
    if (!more) break;
  }
  all.erase("next");
  return all;
}

Exit run_list(const SealArguments& a) {
  std::string gateway;
  const json all = ask_all(a, gateway);
  if (a.as_json) {
    std::puts(dump(all, 2).c_str());
    return Exit::ok;
  }
  if (all["seals"].empty()) std::puts("none: no window is sealed yet");
  for (const json& s : all["seals"]) {
    std::printf("%s  digest %.16s  %llu envelopes  by %s\n",
                Seals::stamp(s["closes"].get<std::uint64_t>()).c_str(),
                s["digest"].get<std::string>().c_str(),
                static_cast<unsigned long long>(s["envelopes"].get<std::uint64_t>()),
                joined(s["cosigned"]).c_str());
  }
  for (const json& p : all["proofs"]) {
    std::printf("PROOF: %s has cosigned two states for the window that closed at %s\n",
                p["gateway"].get<std::string>().c_str(),
                Seals::stamp(p["closes"].get<std::uint64_t>()).c_str());
  }
  return Exit::ok;
}

Exit run_export(const SealArguments& a) {
  std::string gateway;
  const json all = ask_all(a, gateway);
  for (const json& s : all["seals"]) {
    if (!a.closes.empty() && Seals::stamp(s["closes"].get<std::uint64_t>()) != a.closes) continue;
    const auto bytes = base64_decode(s["bytes"].get<std::string>());
    if (!bytes) break;
    kr::write_file(a.output, *bytes, kr::Access::visible);
    return Exit::ok;
  }
  throw Trouble(Exit::negative, gateway + " has no such seal\n  see `tributary seal list`");
}

// What is wrong with the seal, for people; empty: nothing.
std::string wrong_with(const wire::WindowSeal& seal, const Keys& keys,
                       std::vector<std::string> members) {
  const auto& s = seal.statement;
  if (!members.empty()) {
    std::sort(members.begin(), members.end());
    if (!std::equal(members.begin(), members.end(), s.members.begin(), s.members.end()))
      return "it is of other members: " + joined(json(s.members));
  }
  for (const wire::WindowSeal::By& by : seal.cosigned) {
    const auto [begin, end] = keys.equal_range(by.gateway);
    if (begin == end)
      return "no key of '" + std::string(by.gateway) + "' is given, who has cosigned it";
    const wire::Sealed sealed{seal.body, by.key_id, by.signature};
    const bool good = std::any_of(begin, end, [&](const auto& key) {
      return signing::verifies(key.second, signing::Kind::seal, s.fleet, sealed);
    });
    if (!good) return "the cosignature of '" + std::string(by.gateway) + "' is wrong";
  }
  const std::size_t needed = wire::seal_quorum(s.members.size());
  if (seal.cosigned.size() >= needed) return "";
  return "only " + std::to_string(seal.cosigned.size()) + " of " +
         std::to_string(s.members.size()) + " members have cosigned it, " + std::to_string(needed) +
         " make a seal";
}

core::Options judge_options(const SealArguments& a, const wire::SealStatement& s) {
  core::Options o;
  o.fleet = std::string(s.fleet);
  o.gateway = "verifier";
  o.root = "verify";
  o.actors_max = o.keys_max = ~std::uint32_t{0};
  if (!a.keys.admin.empty()) {
    o.trust.signatures = core::Signatures::accept;
    o.trust.admin_key = admin_key_of(a.keys.admin);
  }
  return o;
}

void print_values(const std::vector<core::ValueView>& values) {
  for (const core::ValueView& v : values) {
    if (v.key.starts_with("$")) continue;
    std::puts(("{\"key\":" + dump(json(v.key)) + ",\"type\":\"" + wire::type_name(v.type) +
               "\",\"value\":" + v.json + "}")
                  .c_str());
  }
}

Exit run_verify(const SealArguments& a) {
  const std::string bytes = kr::read_file(a.file);
  const auto seal = wire::decode_window_seal(bytes, wire::Limits{});
  if (!seal) {
    throw Trouble(Exit::negative, a.file + ": is no seal: " + to_string(seal.error()) +
                                      "\n  give what `tributary seal export` wrote, or a file of a "
                                      "gateway's folder `sealed`");
  }
  const auto& s = seal->statement;
  std::string wrong = wrong_with(*seal, keys_of(a.keys, "gateway"), a.members);
  if (wrong.empty() && !a.state.empty()) {
    const core::Options options = judge_options(a, s);
    const Items items = read_state(a.state, wire::Limits{});
    wrong = judge(options, s, items, Items{});
    if (!wrong.empty()) wrong = a.state + ": it is not the state that was sealed: " + wrong;
    if (wrong.empty() && a.values) print_values(values_of(options, items));
  }
  std::vector<std::string> by;
  for (const auto& one : seal->cosigned) by.emplace_back(one.gateway);
  if (a.as_json) {
    std::puts(dump({{"sealed", wrong.empty()},
                    {"wrong", wrong},
                    {"fleet", s.fleet},
                    {"opens", s.opens_ms},
                    {"closes", s.closes_ms},
                    {"digest", wire::to_hex(s.digest.view())},
                    {"content", wire::to_hex(s.content.view())},
                    {"envelopes", s.envelopes},
                    {"members", s.members},
                    {"cosigned", by},
                    {"state_checked", !a.state.empty()}},
                   2)
                  .c_str());
    return wrong.empty() ? Exit::ok : Exit::negative;
  }
  if (!wrong.empty()) {
    std::fprintf(stderr, "NOT SEALED: %s\n", wrong.c_str());
    return Exit::negative;
  }
  std::fprintf(stderr, "sealed: fleet %s, the window from %s to %s, digest %s, by %s of %s%s\n",
               std::string(s.fleet).c_str(), Seals::stamp(s.opens_ms).c_str(),
               Seals::stamp(s.closes_ms).c_str(), wire::to_hex(s.digest.view()).c_str(),
               joined(json(by)).c_str(), joined(json(s.members)).c_str(),
               a.state.empty() ? "" : "; the state is the one that was sealed");
  return Exit::ok;
}

template <class Run>
std::function<Exit()> telling(Run run) {
  return [run] {
    try {
      return run();
    } catch (const kr::Error& e) {
      throw Trouble(Exit::storage, e.what());
    }
  };
}

}  // namespace

void add_seal(CLI::App& root, Commands& commands) {
  CLI::App* app = root.add_subcommand("seal", "sealed windows: which there are, and their check");
  app->require_subcommand(1);
  auto a = std::make_shared<SealArguments>();
  const auto asks = [&](CLI::App* command) {
    add_endpoint_options(*command, a->endpoint);
    command->add_option("--gateway", a->gateway, "ask this one; without it, any that is online");
    command->add_option("--timeout-ms", a->timeout_ms, "how long to wait")->capture_default_str();
  };

  CLI::App* list = app->add_subcommand("list", "those that a gateway keeps, newest first");
  asks(list);
  list->add_flag("--json", a->as_json, "as JSON, with the seals themselves");
  list->footer(examples({"tributary seal list", "tributary seal list --json > seals.json"}));
  commands.push_back({list, telling([a] { return run_list(*a); })});

  CLI::App* take = app->add_subcommand("export", "write one to a file");
  asks(take);
  take->add_option("--closes", a->closes, "when its window closed, as `list` shows it; the newest");
  take->add_option("-o,--output", a->output, "where to")->required()->type_name("FILE");
  take->footer(examples({"tributary seal export -o newest.seal",
                         "tributary seal export --closes 2026-02-01T00-00-00Z -o january.seal"}));
  commands.push_back({take, telling([a] { return run_export(*a); })});

  CLI::App* verify =
      app->add_subcommand("verify", "check one, without any gateway; exit 1 when it is not sealed");
  verify->add_option("file", a->file, "a seal")->required()->type_name("FILE");
  verify->add_option("--registry", a->keys.registry, "the fleet's registry, with all keys");
  verify->add_option("--admin", a->keys.admin, "the admin's public key, admin.pub, for --registry");
  verify->add_option("--key", a->keys.keys, "a gateway's public key, sign.pub; repeat it")
      ->allow_extra_args(false);
  verify->add_option("--members", a->members, "who must be its members: g1,g2,g3,g4")
      ->delimiter(',');
  CLI::Option* state = verify->add_option(
      "--state", a->state, "the state that it seals: a .jsonl of a gateway's folder `sealed`");
  CLI::Option* values =
      verify->add_flag("--values", a->values, "print the values of --state, a JSON object a line")
          ->needs(state);
  verify->add_flag("--json", a->as_json, "the verdict as JSON")->excludes(values);
  verify->footer(examples(
      {"tributary seal verify day.seal --registry plant.fleet/registry --admin "
       "plant.fleet/admin/sign.pub",
       "tributary seal verify day.seal --registry registry --admin admin.pub --members g1,g2,g3,g4 "
       "--state day.jsonl --values"}));
  commands.push_back({verify, telling([a] { return run_verify(*a); })});
}

}  // namespace tributary::app
