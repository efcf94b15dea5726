// SPDX-License-Identifier: Apache-2.0
// `tributary policy grant|list|test`: who may do what to which keys. `withdraw` is in
// cmd_withdraw.cc.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/keyring_command.h"
#include "gateway/app/table.h"
#include "gateway/core/grants.h"
#include "gateway/keyring/keyring.h"
#include "transports/wire/pack.h"

namespace tributary::app {
namespace {

namespace kr = keyring;
using nlohmann::json;
using Record = wire::GrantRecord;

constexpr std::uint64_t hour_ms = 3'600'000;

struct PolicyArguments {
  std::string dir;
  bool as_json = false;
  std::string members, keys;
  std::vector<std::string> types, operations;
  std::uint64_t burst = Record::unbounded, per_hour = 0, bytes_max = Record::unbounded;
  // test
  std::string member, key, type, operation;
  std::uint64_t amount = 1;
  std::uint32_t in_hours = 0;
};

std::uint64_t now_ms() {
  return wall_now_ms();
}

const std::vector<std::pair<std::string, std::uint8_t>>& operation_names() {
  static const std::vector<std::pair<std::string, std::uint8_t>> names = {
      {"add", Record::add}, {"take", Record::take}, {"set", Record::set}, {"other", Record::other}};
  return names;
}

std::uint8_t operation_named(const std::string& name) {
  for (const auto& [known, bit] : operation_names()) {
    if (name == known) return bit;
  }
  throw Trouble(Exit::usage, "\"" + name + "\" is no operation\n  add, take, set or other");
}

std::uint8_t type_of(const std::string& name) {
  const auto type = wire::type_named(name);
  if (!type) {
    throw Trouble(Exit::usage, "\"" + name +
                                   "\" is no type\n  gcounter, pncounter, gset, orset, lww, or "
                                   "type-6 and so on");
  }
  return *type;
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& one : all) out += (out.empty() ? "" : ",") + one;
  return out;
}

std::vector<std::string> type_names(const Record& r) {
  std::vector<std::string> out;
  for (const std::uint8_t type : r.types) out.push_back(wire::type_name(type));
  return out;
}

std::vector<std::string> operation_list(const Record& r) {
  std::vector<std::string> out;
  for (const auto& [name, bit] : operation_names()) {
    if ((r.operations & bit) != 0) out.push_back(name);
  }
  return out;
}

Exit grant(const PolicyArguments& a) {
  Record r;
  r.members = a.members;
  r.keys = a.keys;
  if (!wire::valid_member_pattern(r.members)) {
    throw Trouble(Exit::usage, "--members \"" + a.members +
                                   "\" matches no id\n  1 to 64 of A-Z a-z 0-9 _ - * ?");
  }
  if (!wire::valid_key_pattern(r.keys)) {
    throw Trouble(Exit::usage, "--keys \"" + a.keys +
                                   "\" matches no key\n  a key with * and ?, {id} for the "
                                   "member's id; not $, + and #");
  }
  for (const std::string& name : a.types) r.types.push_back(type_of(name));
  std::sort(r.types.begin(), r.types.end());
  r.types.erase(std::unique(r.types.begin(), r.types.end()), r.types.end());
  for (const std::string& name : a.operations) r.operations |= operation_named(name);
  r.burst = a.burst;
  r.bytes_max = a.bytes_max;
  if (a.per_hour > 0) {
    if (r.burst == Record::unbounded) r.burst = 0;
    r.per_hour = a.per_hour;
    r.since_ms = now_ms();
  }
  kr::Keyring ring(a.dir);
  const bool fresh = ring.grant(r, static_cast<std::int64_t>(now_ms() / 1'000));
  ring.save(static_cast<std::int64_t>(now_ms() / 1'000));
  std::printf("%s; bring %s to a gateway, which reads it again by itself\n",
              fresh ? "granted" : "that grant is there already", ring.registry_file().c_str());
  return Exit::ok;
}

// Every entry of the registry, as gateways read them.
template <class F>
void each_entry(const PolicyArguments& a, F&& f) {
  const kr::Keyring ring(a.dir);
  const std::string file = kr::read_file(ring.registry_file());
  const auto pack = wire::decode_pack(file, wire::Limits{});
  if (!pack) throw Trouble(Exit::storage, ring.registry_file() + ": " + to_string(pack.error()));
  for (const std::string_view bytes : pack->envelopes) {
    const auto e = wire::decode_envelope(bytes, wire::Limits{});
    if (!e) throw Trouble(Exit::storage, ring.registry_file() + ": " + to_string(e.error()));
    if (e->delta.device != wire::admin_id) continue;  // carried, for a settlement
    for (const wire::Entry& entry : e->delta.entries) f(entry);
  }
}

std::string bound_text(const Record& r) {
  std::string out;
  if (r.burst != Record::unbounded) out += std::to_string(r.burst);
  if (r.per_hour > 0) out += " + " + std::to_string(r.per_hour) + " an hour";
  if (r.bytes_max != Record::unbounded)
    out += (out.empty() ? "" : "; ") + std::to_string(r.bytes_max) + " bytes";
  return out;
}

// All that the registry says of grants, as gateways heed it.
core::Grants all_grants(const PolicyArguments& a) {
  core::Grants out;
  each_entry(a, [&](const wire::Entry& entry) { out.take(entry); });
  return out;
}

std::string withdrawn_text(const core::Withdrawals& withdrawals, const wire::Hash& grant) {
  if (!withdrawals.withdrawn(grant)) return "";
  const std::size_t kept = withdrawals.exempt(grant);
  return kept == 0 ? "withdrawn" : "withdrawn, but for " + std::to_string(kept) + " envelopes";
}

Exit list(const PolicyArguments& a) {
  const core::Grants grants = all_grants(a);
  const core::Withdrawals& withdrawals = grants.withdrawals();
  json rows = json::array();
  Table table({{"NAME", Align::left},
               {"MEMBERS", Align::left},
               {"KEYS", Align::left},
               {"TYPES", Align::left},
               {"MAY", Align::left},
               {"AT MOST", Align::left},
               {"", Align::left}});
  each_entry(a, [&](const wire::Entry& entry) {
    const auto* set = std::get_if<wire::GSetPayload>(&entry.payload);
    if (entry.key != wire::grants_key || set == nullptr) return;
    for (const std::string_view element : set->elements) {
      const auto r = wire::decode_grant_record(element);
      if (!r) continue;
      const wire::Hash id = wire::sha256(element);
      const std::string name = wire::to_hex(id.view());
      constexpr std::size_t digits_shown = 16;
      table.row({name.substr(0, digits_shown), std::string(r->members), std::string(r->keys),
                 r->types.empty() ? "all" : joined(type_names(*r)), joined(operation_list(*r)),
                 bound_text(*r), Cell(withdrawn_text(withdrawals, id), Tone::warn)});
      json row = {{"name", name},
                  {"withdrawn", withdrawals.withdrawn(id)},
                  {"members", r->members},
                  {"keys", r->keys},
                  {"types", type_names(*r)},
                  {"operations", operation_list(*r)}};
      if (r->burst != Record::unbounded) row["burst"] = r->burst;
      if (r->per_hour > 0) row["per_hour"] = r->per_hour, row["since_ms"] = r->since_ms;
      if (r->bytes_max != Record::unbounded) row["bytes_max"] = r->bytes_max;
      if (withdrawals.withdrawn(id)) row["kept_envelopes"] = withdrawals.exempt(id);
      rows.push_back(std::move(row));
    }
  });
  if (a.as_json) {
    std::puts(rows.dump(2).c_str());
  } else if (rows.empty()) {
    std::puts("no grants: with security.permissions, nothing is allowed");
  } else {
    std::fputs(table.text(200, false).c_str(), stdout);
  }
  return Exit::ok;
}

// An operation as the delta that would tell of it.
wire::Payload payload_of(const PolicyArguments& a, std::uint8_t type, std::uint8_t operation) {
  const bool add = operation == Record::add, take = operation == Record::take;
  if (type == 1 && add) return wire::GCounterPayload{a.amount};
  if (type == 2 && add) return wire::PnCounterPayload{a.amount, 0};
  if (type == 2 && take) return wire::PnCounterPayload{0, a.amount};
  if (type == 3 && add) return wire::GSetPayload{{"element"}};
  if (type == 4 && add) return wire::OrSetPayload{{{1, "element"}}, {}, {}};
  if (type == 4 && take) return wire::OrSetPayload{{}, {1}, {}};
  if (type == 5 && operation == Record::set) return wire::LwwPayload{1, {}, "\xC0"};
  if (!wire::known(type) && operation == Record::other) return wire::UnknownPayload{"\xC0"};
  throw Trouble(Exit::usage, "a " + a.type + " has no operation \"" + a.operation +
                                 "\"\n  counters: add, take; sets: add, take; lww: set");
}

Exit test(const PolicyArguments& a) {
  if (!wire::valid_id(a.member)) throw Trouble(Exit::usage, "\"" + a.member + "\" is no id");
  if (!wire::valid_key(a.key)) throw Trouble(Exit::usage, "\"" + a.key + "\" is no key");
  const core::Grants grants = all_grants(a);
  const std::uint8_t type = type_of(a.type);
  wire::Entry entry;
  entry.key = a.key;
  entry.type = type;
  entry.hi = 1;
  entry.payload = payload_of(a, type, operation_named(a.operation));
  entry.bytes = wire::known(type) ? wire::encoded_size(entry) : 0;
  wire::Delta d;
  d.device = a.member;
  d.to = 1;
  d.hlc = crdt::Hlc::at(now_ms() + a.in_hours * hour_ms);
  const std::string why = grants.denied(d, entry);
  if (a.as_json) {
    json out = {{"allowed", why.empty()}};
    if (!why.empty()) out["why"] = why;
    std::puts(out.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  } else {
    std::puts(why.empty() ? "allowed" : ("denied: " + why).c_str());
  }
  return why.empty() ? Exit::ok : Exit::negative;
}

void add_dir(CLI::App& app, PolicyArguments& a) {
  app.add_option("--dir", a.dir, "the fleet's directory")
      ->envname("TRIBUTARY_CLI_FLEET_DIR")
      ->required()
      ->type_name("DIR");
}

void add_grant(CLI::App& parent, Commands& commands) {
  auto a = std::make_shared<PolicyArguments>();
  CLI::App* app = parent.add_subcommand(
      "grant", "allow members an operation; grants only add, until withdrawn");
  add_dir(*app, *a);
  app->add_option("--members", a->members, "whose: a pattern of ids with * and ?")->required();
  app->add_option("--keys", a->keys, "which keys: a pattern with * and ?, {id} for the member's id")
      ->required();
  app->add_option("--type", a->types, "of these types; repeat it; without it, all")
      ->allow_extra_args(false);
  app->add_option(
         "--allow", a->operations,
         "add (count up, add elements), take (count down, remove), set (registers), other; "
         "repeat it")
      ->required()
      ->allow_extra_args(false);
  app->add_option("--burst", a->burst, "a counter's sum is at most this, and what --per-hour adds");
  app->add_option("--per-hour", a->per_hour, "so much more for each hour from now on");
  app->add_option("--bytes", a->bytes_max, "of an entry of a set or register, encoded");
  app->footer(
      examples({"tributary policy grant --dir plant.fleet --members 'sensor-*' "
                "--keys 'sensors/{id}/*' --allow add --allow set",
                "tributary policy grant --dir plant.fleet --members 'meter-*' --keys 'energy/*' "
                "--type gcounter --allow add --burst 1000 --per-hour 500"}));
  commands.push_back({app, telling([a] { return grant(*a); })});
}

}  // namespace

void add_policy(CLI::App& root, Commands& commands) {
  CLI::App* app = root.add_subcommand("policy", "who may do what to which keys");
  app->require_subcommand(1);
  add_grant(*app, commands);
  add_withdraw(*app, commands);

  auto listed = std::make_shared<PolicyArguments>();
  CLI::App* list_app = app->add_subcommand("list", "all grants");
  add_dir(*list_app, *listed);
  list_app->add_flag("--json", listed->as_json, "as JSON");
  list_app->footer(examples({"tributary policy list --dir plant.fleet"}));
  commands.push_back({list_app, telling([listed] { return list(*listed); })});

  auto tested = std::make_shared<PolicyArguments>();
  CLI::App* test_app = app->add_subcommand("test", "what the grants say to an operation");
  test_app->add_option("member", tested->member, "a device's or gateway's id")->required();
  test_app->add_option("key", tested->key, "the key")->required();
  test_app->add_option("type", tested->type, "gcounter, pncounter, gset, orset, lww")->required();
  test_app->add_option("operation", tested->operation, "add, take, set, other")->required();
  test_app->add_option("--amount", tested->amount, "a counter's sum after it")
      ->capture_default_str();
  test_app->add_option("--in-hours", tested->in_hours, "not now, but so much later")
      ->capture_default_str();
  add_dir(*test_app, *tested);
  test_app->add_flag("--json", tested->as_json, "as JSON");
  test_app->footer(examples(
      {"tributary policy test sensor-7 sensors/sensor-7/load lww set --dir plant.fleet",
       "tributary policy test meter-1 energy/hall gcounter add --amount 5000 --dir plant.fleet"}));
  commands.push_back({test_app, telling([tested] { return test(*tested); })});
}

}  // namespace tributary::app
