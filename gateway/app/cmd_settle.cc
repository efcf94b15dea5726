// SPDX-License-Identifier: Apache-2.0
// `tributary fleet settle`: closes what a device says, but for what stays valid (docs/security.md).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/exported.h"
#include "gateway/app/keyring_command.h"
#include "gateway/app/pages.h"
#include "gateway/app/table.h"
#include "gateway/app/text.h"
#include "gateway/core/gateway.h"
#include "gateway/keyring/keyring.h"
#include "gateway/keyring/signing_key.h"
#include "transports/signing/seal.h"
#include "transports/wire/record.h"
#include "transports/wire/scalar.h"

namespace tributary::app {
namespace {

namespace kr = keyring;
using nlohmann::json;

struct SettleArguments {
  Endpoint endpoint;
  std::string dir, device, from;
  std::string keep = "found";
  std::vector<std::string> gateways, epochs;
  bool close_keys = false, with_unsigned = false, dry_run = false, force = false, as_json = false;
  std::uint32_t timeout_ms = 5'000;
};

// A device's envelopes, once each, by the hash of their body.
using Envelopes = std::map<wire::Hash, wire::Envelope>;

// What makes it unwise to go on; --force goes on.
using Doubts = std::vector<std::string>;

// Of the device, and by a key of its: others may not be kept. A gateway may lie, and so may a file.
class Sieve {
 public:
  Sieve(const kr::Keyring& ring, const SettleArguments& a)
      : fleet_(ring.fleet()), arguments_(a), keys_(ring.registered_keys(a.device)) {}

  void take(const std::vector<wire::Envelope>& all, Envelopes& out) {
    for (const wire::Envelope& e : all) take(e, out);
  }
  std::size_t left_out() const { return left_out_.size(); }

 private:
  void take(const wire::Envelope& e, Envelopes& out) {
    if (e.delta.device != arguments_.device || e.delta.fleet != fleet_) return;
    const bool is_signed = !e.sealed.signature.empty();
    const bool good = std::any_of(keys_.begin(), keys_.end(), [&](const kr::PublicBytes& key) {
      return is_signed && signing::verifies(key, signing::Kind::delta, fleet_, e.sealed);
    });
    if (!good && (is_signed || !arguments_.with_unsigned)) {
      left_out_.insert(e.hash);
      return;
    }
    out.emplace(e.hash, e);
  }

  std::string fleet_;
  const SettleArguments& arguments_;
  std::vector<kr::PublicBytes> keys_;
  std::set<wire::Hash> left_out_;
};

// All that a gateway holds of a device. What cannot be read is none: a gateway may be newer, or
// lie.
std::vector<wire::Envelope> held_by(Client& client, const std::string& gateway,
                                    const std::string& device, std::uint32_t timeout_ms) {
  const json question = {{"device", device}};
  const json list = json::parse(
      all_pages(client, gateway, "envelopes", "envelopes", question.dump(), timeout_ms));
  std::vector<wire::Envelope> out;
  for (const json& item : list) {
    const auto bytes = base64_decode(item.at("bytes").get<std::string>());
    auto e = wire::decode_envelope(std::string_view(bytes.value_or("")), wire::Limits{});
    if (e) out.push_back(std::move(*e));
  }
  return out;
}

// What all gateways hold of it, together; and whether they agree. Returns whom it asked.
std::vector<std::string> ask_gateways(Client& client, const SettleArguments& a, Sieve& sieve,
                                      Envelopes& out, Doubts& doubts) {
  constexpr std::uint32_t listen_ms = 1'000;
  std::vector<std::string> asked = a.gateways;
  if (asked.empty()) {
    for (const auto& [id, state] : client.gateways(listen_ms)) {
      if (state == "online") {
        asked.push_back(id);
      } else {
        doubts.push_back("gateway " + id + " is offline: what only it has will not count");
      }
    }
  }
  if (asked.empty()) throw Trouble(Exit::broker, "no gateway is online\n  give a file with --from");
  std::map<std::string, std::set<wire::Hash>> held;
  for (const std::string& id : asked) {
    Envelopes of_one;
    sieve.take(held_by(client, id, a.device, a.timeout_ms), of_one);
    for (const auto& [hash, e] : of_one) held[id].insert(hash);
    out.merge(of_one);
  }
  for (const std::string& id : asked) {
    if (held[id] == held[asked.front()]) continue;
    doubts.push_back("gateways " + asked.front() + " and " + id +
                     " do not hold the same of it: is it still sending, or are they not in step?");
  }
  return asked;
}

// What these envelopes alone come to, by (key, type).
std::map<std::pair<std::string, std::uint8_t>, std::string> values_of(const Envelopes& all,
                                                                      const std::string& fleet) {
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
  std::map<std::pair<std::string, std::uint8_t>, std::string> out;
  constexpr std::size_t page = 1'000;
  std::pair<std::string, std::uint8_t> after;
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

struct Plan {
  std::vector<std::string> epochs;  // for people
  std::vector<wire::ClosingRecord> closings;
  std::vector<kr::PublicBytes> keys;  // what the closings point into
  Envelopes before, stay;
  std::size_t settled_before = 0;  // that stay valid because an earlier settlement says so
};

// All that somebody holds of a device: a gateway, or a file.
using Held = std::function<std::vector<wire::Envelope>(const std::string& device)>;

// An add of another actor, which the device had removed.
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
      if (set == nullptr) continue;
      for (const auto& f : set->foreign)
        out.insert({std::string(entry.key), std::string(f.device), f.epoch, f.op});
    }
  }
  return out;
}

// Elements, by key, that were added by one of the targets in these envelopes of their owner.
void elements_of(const std::set<Target>& targets, const wire::Envelope& e,
                 std::set<std::pair<std::string, std::string>>& out) {
  for (const wire::Entry& entry : e.delta.entries) {
    const auto* set = std::get_if<wire::OrSetPayload>(&entry.payload);
    if (set == nullptr) continue;
    for (const auto& add : set->adds) {
      const Target name{std::string(entry.key), std::string(e.delta.device), e.delta.epoch, add.op};
      if (targets.count(name) > 0) out.emplace(entry.key, add.element);
    }
  }
}

// What the device had removed and what would be there again.
void doubt_removals(const Plan& plan, const Held& held, Doubts& doubts) {
  std::set<Target> lost = removals(plan.before);
  for (const Target& target : removals(plan.stay)) lost.erase(target);
  std::set<std::string> owners;
  for (const Target& target : lost) owners.insert(target.device);
  std::set<std::pair<std::string, std::string>> again;
  for (const std::string& owner : owners) {
    for (const wire::Envelope& e : held(owner)) elements_of(lost, e, again);
  }
  for (const auto& [key, element] : again) {
    doubts.push_back("it had removed " + wire::json_of_bytes(element) + " from " + key +
                     ", which appears again");
  }
}

// The keys to close: all that the registry has of it, but for the one that it is a member with.
std::vector<kr::PublicBytes> keys_to_close(const kr::Keyring& ring, const SettleArguments& a) {
  std::vector<kr::PublicBytes> keys = ring.registered_keys(a.device);
  if (keys.empty()) {
    throw Trouble(Exit::negative,
                  a.device +
                      ": the registry has no key of it\n  `tributary fleet keys` lists "
                      "the members");
  }
  for (const kr::Member& member : ring.members()) {
    if (member.id != a.device || member.role == kr::Role::viewer) continue;
    const std::string file = ring.folder(member.role, member.id) + "/sign.pub";
    std::erase(keys, kr::PublicKey::parse(kr::read_file(file)).bytes);
    if (keys.empty()) {
      throw Trouble(Exit::negative,
                    a.device + ": is a member with its only key\n  first `tributary fleet revoke " +
                        a.device + "`; afterwards it can be enrolled anew, with another");
    }
  }
  return keys;
}

Plan plan_of(const kr::Keyring& ring, const SettleArguments& a, Envelopes before, Envelopes file) {
  Plan out;
  if (a.close_keys) out.keys = keys_to_close(ring, a);
  std::set<std::uint64_t> epochs;
  for (const std::string& text : a.epochs) {
    const auto epoch = parse_hex64(text);
    if (!epoch) {
      throw Trouble(Exit::usage, "\"" + text +
                                     "\" is no epoch\n  as `tributary devices` shows them: "
                                     "16 hexadecimal digits");
    }
    epochs.insert(*epoch);
  }
  if (epochs.empty()) {
    for (const Envelopes* some : {&before, &file}) {
      for (const auto& [hash, e] : *some) epochs.insert(e.delta.epoch);
    }
  }
  if (epochs.empty() && !a.close_keys) {
    throw Trouble(Exit::negative, a.device +
                                      ": nothing is known of it\n  its epochs, by --epoch, can "
                                      "be closed all the same, and its keys by --close-keys");
  }
  // What the closings are about: of a closed key it is in whatever epoch.
  const auto closed = [&](const wire::Envelope& e) {
    return epochs.count(e.delta.epoch) > 0 ||
           std::any_of(out.keys.begin(), out.keys.end(), [&](const kr::PublicBytes& key) {
             return signing::key_id(key) == e.sealed.key_id;
           });
  };
  std::erase_if(before, [&](const auto& item) { return !closed(item.second); });
  std::erase_if(file, [&](const auto& item) { return !closed(item.second); });
  out.before = std::move(before);
  out.stay = a.keep == "found" ? out.before : std::move(file);  // `none`: there is no file
  for (const auto& [hash, e] : out.before) {
    if (ring.settled(hash) && out.stay.emplace(hash, e).second) ++out.settled_before;
  }
  for (const std::uint64_t epoch : epochs) {
    out.epochs.push_back(hex64(epoch));
    out.closings.push_back({a.device, epoch, {}});
  }
  for (const kr::PublicBytes& key : out.keys)
    out.closings.push_back({a.device, std::nullopt, signing::view(key)});
  return out;
}

void show(const kr::Keyring& ring, const SettleArguments& a, const Plan& plan,
          const Doubts& doubts) {
  const auto now = values_of(plan.before, ring.fleet());
  const auto then = values_of(plan.stay, ring.fleet());
  std::set<std::pair<std::string, std::uint8_t>> names;
  for (const auto* values : {&now, &then}) {
    for (const auto& [name, text] : *values) names.insert(name);
  }
  const auto of = [](const auto& values, const auto& name) {
    const auto at = values.find(name);
    return at == values.end() ? std::string("–") : at->second;
  };
  if (a.as_json) {
    json keys = json::array();
    for (const auto& name : names) {
      keys.push_back({{"key", name.first},
                      {"type", wire::type_name(name.second)},
                      {"before", of(now, name)},
                      {"stays", of(then, name)}});
    }
    const json out = {{"device", a.device},
                      {"epochs", plan.epochs},
                      {"keys_closed", plan.keys.size()},
                      {"envelopes", plan.before.size()},
                      {"stay", plan.stay.size()},
                      {"values", keys},
                      {"doubts", doubts}};
    std::puts(out.dump(2, ' ', false, json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s: %zu epochs and %zu keys are closed; of %zu envelopes %zu stay valid\n",
              a.device.c_str(), plan.epochs.size(), plan.keys.size(), plan.before.size(),
              plan.stay.size());
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
  for (const std::string& doubt : doubts) std::printf("but: %s\n", doubt.c_str());
}

Exit settle(const SettleArguments& a) {
  kr::Keyring ring(a.dir);
  Sieve sieve(ring, a);
  Envelopes before, file;
  Doubts doubts;
  std::unique_ptr<Client> client;
  Held held;
  if (!a.from.empty()) {
    held = [all = read_exported(a.from, ring.fleet())](const std::string&) { return all; };
    sieve.take(held(a.device), before);
  } else {
    client = std::make_unique<Client>(a.endpoint, a.timeout_ms);
    const std::string first = ask_gateways(*client, a, sieve, before, doubts).front();
    held = [&, first](const std::string& device) {
      return held_by(*client, first, device, a.timeout_ms);
    };
  }
  if (a.keep != "found" && a.keep != "none") sieve.take(read_exported(a.keep, ring.fleet()), file);
  if (sieve.left_out() > 0) {
    doubts.push_back(std::to_string(sieve.left_out()) +
                     " envelopes are not signed by a key of it, and will not count" +
                     (a.with_unsigned ? "" : ": --unsigned keeps those without a signature"));
  }
  const Plan plan = plan_of(ring, a, std::move(before), std::move(file));
  if (plan.settled_before > 0) {
    doubts.push_back(std::to_string(plan.settled_before) +
                     " envelopes were settled before, and what was settled stays valid for good");
  }
  doubt_removals(plan, held, doubts);
  show(ring, a, plan, doubts);
  if (a.dry_run) return Exit::ok;
  if (!doubts.empty() && !a.force) {
    throw Trouble(Exit::negative, "nothing was written\n  --force settles all the same");
  }
  std::vector<wire::Envelope> stay;
  for (const auto& [hash, e] : plan.stay) stay.push_back(e);
  const auto now_s = static_cast<std::int64_t>(wall_now_ms() / 1'000);
  if (!ring.settle(a.device, plan.closings, stay, now_s)) {
    std::fprintf(stderr, "tributary: all of that is settled already; nothing was written\n");
    return Exit::ok;
  }
  ring.save(now_s);
  std::fprintf(stderr,
               "tributary: settled; bring %s to a gateway, which reads it by itself and starts "
               "again without what counts no more\n",
               ring.registry_file().c_str());
  return Exit::ok;
}

}  // namespace

void add_settle(CLI::App& fleet, Commands& commands) {
  auto a = std::make_shared<SettleArguments>();
  CLI::App* app = fleet.add_subcommand(
      "settle", "close what a device says, but for what stays valid: a stolen key, an end");
  app->add_option("device", a->device, "whose")->required();
  app->add_option("--dir", a->dir, "the fleet's directory")
      ->envname("TRIBUTARY_CLI_FLEET_DIR")
      ->required()
      ->type_name("DIR");
  app->add_option("--keep", a->keep,
                  "what stays valid: `found` (all that gateways hold), `none`, or a file of "
                  "`tributary export --envelopes`")
      ->capture_default_str()
      ->type_name("found|none|FILE");
  app->add_option("--epoch", a->epochs, "close this epoch only; repeat it")
      ->allow_extra_args(false);
  app->add_flag("--close-keys", a->close_keys,
                "close its signing keys, too: whatever they sign in any epoch; not the one that it "
                "is a member with");
  app->add_option("--from", a->from, "what gateways hold, from a file as above: asks nobody")
      ->type_name("FILE");
  app->add_option("--gateway", a->gateways, "ask only this one; repeat it")
      ->allow_extra_args(false);
  app->add_flag("--unsigned", a->with_unsigned, "what is not signed may stay valid, too");
  app->add_flag("--dry-run", a->dry_run, "show what would change, and write nothing");
  app->add_flag("--force", a->force, "settle although there are doubts");
  app->add_flag("--json", a->as_json, "as JSON");
  add_endpoint_options(*app, a->endpoint);
  app->add_option("--timeout-ms", a->timeout_ms, "how long to wait for each answer")
      ->capture_default_str();
  app->footer(examples({"tributary fleet settle sensor-7 --dir plant.fleet --dry-run",
                        "tributary fleet revoke sensor-7 --dir plant.fleet",
                        "tributary fleet settle sensor-7 --dir plant.fleet --close-keys",
                        "tributary fleet settle sensor-7 --dir plant.fleet --keep monday.jsonl",
                        "tributary fleet settle sensor-7 --dir plant.fleet --keep none"}));
  commands.push_back({app, telling([a] { return settle(*a); })});
}

}  // namespace tributary::app
