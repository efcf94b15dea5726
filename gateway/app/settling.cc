// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/settling.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "gateway/app/clock.h"
#include "gateway/app/exported.h"
#include "gateway/app/pages.h"
#include "gateway/app/table.h"
#include "gateway/app/text.h"
#include "gateway/core/gateway.h"
#include "gateway/core/glob.h"
#include "transports/signing/seal.h"
#include "transports/wire/scalar.h"

namespace tributary::app {

namespace kr = keyring;
using nlohmann::json;

Inquiry::Inquiry(const kr::Keyring& ring, const SettlingArguments& arguments, std::string whose,
                 Matters matters)
    : ring_(ring), arguments_(arguments), whose_(std::move(whose)), matters_(std::move(matters)) {
  if (!arguments.from.empty()) {
    said_by_ = [all = read_exported(arguments.from, ring.fleet())](const std::string&) {
      return all;
    };
    take(said_by_({}), held);
  } else {
    client_ = std::make_unique<Client>(arguments.endpoint, arguments.timeout_ms);
    said_by_ = [this, first = ask_gateways().front()](const std::string& device) {
      return held_by(first, device);
    };
  }
  if (arguments.keep != "found" && arguments.keep != "none")
    take(read_exported(arguments.keep, ring.fleet()), to_keep);
  if (left_out_.empty()) return;
  doubts.push_back(std::to_string(left_out_.size()) + " envelopes are not signed by a key of " +
                   (wire::valid_id(whose_) ? "it" : "their devices") + ", and will not count" +
                   (arguments.with_unsigned ? "" : ": --unsigned keeps those without a signature"));
}

void Inquiry::take(const std::vector<wire::Envelope>& all, Envelopes& out) {
  for (const wire::Envelope& e : all) {
    const std::string device(e.delta.device);
    if (e.delta.fleet != ring_.fleet() || device == wire::admin_id ||
        !core::glob_matches(whose_, device))
      continue;
    if (keys_.count(device) == 0) keys_[device] = ring_.registered_keys(device);
    const std::vector<kr::PublicBytes>& keys = keys_[device];
    const bool is_signed = !e.sealed.signature.empty();
    const bool good = std::any_of(keys.begin(), keys.end(), [&](const kr::PublicBytes& key) {
      return is_signed && signing::verifies(key, signing::Kind::delta, ring_.fleet(), e.sealed);
    });
    if (!good && (is_signed || !arguments_.with_unsigned)) {
      left_out_.insert(e.hash);
    } else {
      out.emplace(e.hash, e);
    }
  }
}

// What cannot be read is none: a gateway may be newer, or lie.
std::vector<wire::Envelope> Inquiry::held_by(const std::string& gateway,
                                             const std::string& device) const {
  const json question = device.empty() ? json::object() : json{{"device", device}};
  const json list = json::parse(all_pages(*client_, gateway, "envelopes", "envelopes",
                                          question.dump(), arguments_.timeout_ms));
  std::vector<wire::Envelope> out;
  for (const json& item : list) {
    const auto bytes = base64_decode(item.at("bytes").get<std::string>());
    auto e = wire::decode_envelope(std::string_view(bytes.value_or("")), wire::Limits{});
    if (e) out.push_back(std::move(*e));
  }
  return out;
}

// Whether they agree is a doubt. Returns whom it asked.
std::vector<std::string> Inquiry::ask_gateways() {
  constexpr std::uint32_t listen_ms = 1'000;
  std::vector<std::string> asked = arguments_.gateways;
  if (asked.empty()) {
    for (const auto& [id, state] : client_->gateways(listen_ms)) {
      if (state == "online") {
        asked.push_back(id);
      } else {
        doubts.push_back("gateway " + id + " is offline: what only it has will not count");
      }
    }
  }
  if (asked.empty()) throw Trouble(Exit::broker, "no gateway is online\n  give a file with --from");
  // Of one device only that is asked for.
  const std::string device = wire::valid_id(whose_) ? whose_ : "";
  std::map<std::string, std::set<wire::Hash>> by_gateway;
  for (const std::string& id : asked) {
    Envelopes of_one;
    take(held_by(id, device), of_one);
    for (const auto& [hash, e] : of_one) {
      if (!matters_ || matters_(e)) by_gateway[id].insert(hash);
    }
    held.merge(of_one);
  }
  for (const std::string& id : asked) {
    if (by_gateway[id] == by_gateway[asked.front()]) continue;
    doubts.push_back("gateways " + asked.front() + " and " + id + " do not hold the same of " +
                     (device.empty() ? "them" : "it") +
                     ": is it still sending, or are they not in step?");
  }
  return asked;
}

namespace {

// What these envelopes alone come to, by key.
std::map<KeyName, std::string> values_of(const Envelopes& all, const std::string& fleet) {
  core::Options options;
  options.fleet = fleet;
  options.gateway = "settle";
  core::Gateway gateway(options, 1, 1);
  std::uint64_t row = 0;
  for (const auto& [hash, e] : all) {
    gateway.restore(core::EnvelopeRow{++row, std::string(hash.view()), std::string(e.delta.device),
                                      e.delta.epoch, e.delta.from, e.delta.to, *e.bytes});
  }
  gateway.start({wall_now_ms(), wall_now_ms()});
  std::map<KeyName, std::string> out;
  constexpr std::size_t page = 1'000;
  KeyName after;
  for (bool more = true; more;) {
    const auto values = gateway.values(after.first, after.second, page);
    for (const core::ValueView& v : values) {
      after = {v.key, v.type};
      out[after] = v.json;
    }
    more = values.size() == page;
  }
  return out;
}

// An add of another actor, which a device had removed.
struct Target {
  std::string key, device;
  std::uint64_t epoch = 0, op = 0;
  friend auto operator<=>(const Target&, const Target&) = default;
};

std::set<Target> removals(const Envelopes& all) {
  std::set<Target> out;
  for (const auto& [hash, e] : all) {
    for (const wire::Entry& entry : e.delta.entries) {
      const auto* set = std::get_if<wire::OrSetPayload>(&entry.payload);
      if (set == nullptr || entry.key.front() == '$') continue;  // never counted there
      for (const auto& f : set->foreign)
        out.insert({std::string(entry.key), std::string(f.device), f.epoch, f.op});
    }
  }
  return out;
}

// The targets that were added in this envelope of their owner.
void elements_of(const std::set<Target>& targets, const wire::Envelope& e,
                 std::set<Returning>& out) {
  for (const wire::Entry& entry : e.delta.entries) {
    const auto* set = std::get_if<wire::OrSetPayload>(&entry.payload);
    if (set == nullptr) continue;
    for (const auto& add : set->adds) {
      const Target t{std::string(entry.key), std::string(e.delta.device), e.delta.epoch, add.op};
      if (targets.count(t) > 0)
        out.insert({t.key, t.device, t.epoch, t.op, std::string(add.element)});
    }
  }
}

}  // namespace

std::set<Returning> returning_elements(const Envelopes& before, const Envelopes& stay,
                                       const Inquiry& inquiry) {
  std::set<Target> lost = removals(before);
  for (const Target& target : removals(stay)) lost.erase(target);
  std::set<std::string> owners;
  for (const Target& target : lost) owners.insert(target.device);
  std::set<Returning> out;
  for (const std::string& owner : owners) {
    for (const wire::Envelope& e : inquiry.said_by(owner)) elements_of(lost, e, out);
  }
  return out;
}

bool keep_removed(kr::Keyring& ring, const SettlingArguments& arguments,
                  const std::set<Returning>& returning, std::int64_t now_s) {
  std::vector<wire::RemovalRecord> adds;
  if (!arguments.let_return) {
    for (const Returning& r : returning) adds.push_back(r.removal());
  }
  return ring.remove(adds, now_s);
}

void show(const std::string& fleet, const SettlingArguments& arguments, const Change& change,
          const Doubts& doubts) {
  const auto now = values_of(change.before, fleet);
  const auto then = values_of(change.stay, fleet);
  std::set<KeyName> names = change.names;
  if (names.empty()) {
    for (const auto* values : {&now, &then}) {
      for (const auto& [name, text] : *values) names.insert(name);
    }
  }
  const auto of = [](const auto& values, const auto& name) {
    const auto at = values.find(name);
    return at == values.end() ? std::string("–") : at->second;
  };
  if (arguments.as_json) {
    json keys = json::array();
    for (const auto& name : names) {
      keys.push_back({{"key", name.first},
                      {"type", wire::type_name(name.second)},
                      {"before", of(now, name)},
                      {"stays", of(then, name)}});
    }
    json out = change.about;
    out["values"] = std::move(keys);
    out["removed"] = json::array();
    for (const Returning& r : change.returning) {
      out["removed"].push_back({{"key", r.key},
                                {"element", json::parse(wire::json_of_bytes(r.element))},
                                {"device", r.device},
                                {"returns", arguments.let_return}});
    }
    out["doubts"] = doubts;
    std::puts(out.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return;
  }
  std::puts(change.headline.c_str());
  Table table({{"KEY", Align::left},
               {"TYPE", Align::left},
               {"NOW", Align::right},
               {"STAYS", Align::right}});
  constexpr std::size_t rows_max = 50;
  std::size_t rows = 0;
  for (const auto& name : names) {
    const std::string before = of(now, name), stays = of(then, name);
    if (++rows > rows_max) continue;
    table.row({name.first, wire::type_name(name.second), before,
               Cell(stays, before == stays ? Tone::plain : Tone::warn)});
  }
  if (!names.empty()) std::fputs(table.text(160, false).c_str(), stdout);
  if (rows > rows_max) std::printf("… and %zu more: --json has all\n", rows - rows_max);
  for (const Returning& r : change.returning) {
    std::printf("it had removed %s from %s, %s\n", wire::json_of_bytes(r.element).c_str(),
                r.key.c_str(),
                arguments.let_return ? "which appears again"
                                     : "which the admin removes from now on (--return: no)");
  }
  for (const std::string& doubt : doubts) std::printf("but: %s\n", doubt.c_str());
}

bool may_write(const SettlingArguments& arguments, const Doubts& doubts) {
  if (arguments.dry_run) return false;
  if (doubts.empty() || arguments.force) return true;
  throw Trouble(Exit::negative, "nothing was written\n  --force goes on all the same");
}

void add_settling_options(CLI::App& app, SettlingArguments& a) {
  app.add_option("--dir", a.dir, "the fleet's directory")
      ->envname("TRIBUTARY_CLI_FLEET_DIR")
      ->required()
      ->type_name("DIR");
  app.add_option("--keep", a.keep,
                 "what stays valid: `found` (all that gateways hold), `none`, or a file of "
                 "`tributary export --envelopes`")
      ->capture_default_str()
      ->type_name("found|none|FILE");
  app.add_option("--from", a.from, "what gateways hold, from a file as above: asks nobody")
      ->type_name("FILE");
  app.add_option("--gateway", a.gateways, "ask only this one; repeat it")->allow_extra_args(false);
  app.add_flag("--unsigned", a.with_unsigned, "what is not signed may stay valid, too");
  app.add_flag("--return", a.let_return,
               "what had been removed, and would appear again, does: else the admin removes it");
  app.add_flag("--dry-run", a.dry_run, "show what would change, and write nothing");
  app.add_flag("--force", a.force, "go on although there are doubts");
  app.add_flag("--json", a.as_json, "as JSON");
  add_endpoint_options(app, a.endpoint);
  app.add_option("--timeout-ms", a.timeout_ms, "how long to wait for each answer")
      ->capture_default_str();
}

}  // namespace tributary::app
