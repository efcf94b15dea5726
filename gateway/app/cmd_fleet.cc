// SPDX-License-Identifier: Apache-2.0
// `tributary fleet init|enroll|prove|rotate|revoke|value-key|keys`: certificates, keys and broker
// files. `settle` is in cmd_settle.cc.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/cli.h"
#include "gateway/app/clock.h"
#include "gateway/app/keyring_command.h"
#include "gateway/app/table.h"
#include "gateway/app/terminal.h"
#include "gateway/keyring/enrolment.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/keyring.h"
#include "gateway/keyring/signing_key.h"
#include "gateway/keyring/value_key.h"
#include "transports/tls/files.h"
#include "transports/wire/bytes.h"

namespace tributary::app {
namespace {

namespace kr = keyring;
using nlohmann::json;
using transports::tls::date_text;

struct FleetArguments {
  kr::InitOptions init;
  std::string dir;
  std::vector<std::string> ids, gateways, devices, operators;
  bool as_gateway = false, as_operator = false, as_json = false;
  std::string challenge_file, proof_file, out;
  std::int64_t within_days = 60;
};

std::int64_t now_s() {
  return static_cast<std::int64_t>(wall_now_ms() / 1'000);
}

json row_json(const kr::KeyRow& row) {
  json out = {
      {"role", row.role}, {"id", row.id}, {"folder", row.place}, {"keys_here", row.keys_here}};
  if (row.ends_s != 0) {
    out["certificate_sha256"] = row.tls_fingerprint;
    out["ends"] = date_text(row.ends_s);
    out["days_left"] = (row.ends_s - now_s()) / transports::tls::day_s;
  }
  if (!row.signing_fingerprint.empty()) out["signing_key_sha256"] = row.signing_fingerprint;
  return out;
}

void print_json(const json& out) {
  std::puts(out.dump(2, ' ', false, json::error_handler_t::replace).c_str());
}

// What was done to whom, with the folders to carry there.
void report(const kr::Keyring& ring, const std::vector<std::string>& ids, const char* done,
            bool as_json) {
  json list = json::array();
  for (const kr::KeyRow& row : ring.keys()) {
    if (std::find(ids.begin(), ids.end(), row.id) == ids.end()) continue;
    if (as_json) {
      list.push_back(row_json(row));
      continue;
    }
    std::printf("%s %s %s, until %s: %s\n", done, row.role.c_str(), row.id.c_str(),
                date_text(row.ends_s).c_str(), row.place.c_str());
  }
  if (as_json) print_json(list);
}

void note_broker(const kr::Keyring& ring) {
  std::fprintf(stderr,
               "tributary: bring %s to the broker, and have it read its files again: kill -HUP its "
               "process\n",
               ring.broker_folder().c_str());
}

Exit init(const FleetArguments& a) {
  kr::Keyring ring = kr::Keyring::init(a.init, now_s());
  std::vector<std::string> ids = {"broker"};
  const auto enroll = [&](kr::Role role, const std::vector<std::string>& all) {
    for (const std::string& id : all) {
      ring.enroll(role, id, now_s());
      ids.push_back(id);
    }
  };
  enroll(kr::Role::gateway, a.gateways);
  enroll(kr::Role::device, a.devices);
  enroll(kr::Role::viewer, a.operators);
  ring.save(now_s());
  report(ring, ids, "made", a.as_json);
  if (a.as_json) return Exit::ok;
  std::printf(
      "fleet %s is in %s: the folders of ca and admin stay here, with a copy in a safe place;\n"
      "%s goes to the broker, and each other folder to its machine\n",
      ring.fleet().c_str(), a.init.dir.c_str(), ring.broker_folder().c_str());
  return Exit::ok;
}

Exit enroll(const FleetArguments& a) {
  const kr::Role role = a.as_gateway    ? kr::Role::gateway
                        : a.as_operator ? kr::Role::viewer
                                        : kr::Role::device;
  kr::Keyring ring(a.dir);
  const bool own_keys = !a.challenge_file.empty() || !a.proof_file.empty();
  if (own_keys && a.ids.size() != 1) {
    throw Trouble(Exit::usage, "a challenge or a proof is of one device\n  name one id");
  }
  if (!a.challenge_file.empty()) {
    kr::write_file(a.challenge_file, ring.challenge(role, a.ids[0]), kr::Access::visible);
    std::fprintf(stderr,
                 "tributary: bring %s to %s, run `tributary fleet prove` there, and come back with "
                 "its answer: `tributary fleet enroll %s --proof FILE`\n",
                 a.challenge_file.c_str(), a.ids[0].c_str(), a.ids[0].c_str());
    return Exit::ok;
  }
  if (!a.proof_file.empty()) {
    ring.enroll_proven(role, a.ids[0], kr::read_file(a.proof_file), now_s());
  } else {
    for (const std::string& id : a.ids) ring.enroll(role, id, now_s());
  }
  ring.save(now_s());
  report(ring, a.ids, "enrolled", a.as_json);
  note_broker(ring);
  return Exit::ok;
}

// On the device: makes what is not there, and answers.
Exit prove(const FleetArguments& a) {
  const kr::Challenge challenge = kr::Challenge::parse(kr::read_file(a.challenge_file));
  kr::make_dir(a.dir);
  const std::string signing = a.dir + "/sign.key";
  const std::string tls = a.dir + "/tls.key";
  if (!kr::exists(signing)) {
    const kr::SigningKey made = kr::SigningKey::make(challenge.owner);
    kr::write_file(signing, made.secret_text(), kr::Access::secret);
    kr::write_file(a.dir + "/sign.pub", made.public_text(), kr::Access::visible);
  }
  if (!kr::exists(tls)) kr::write_file(tls, kr::make_key(), kr::Access::secret);
  const kr::SigningKey key = kr::SigningKey::parse(kr::read_file(signing));
  const std::string proof = kr::prove(challenge, key, kr::read_file(tls));
  if (a.out.empty()) {
    std::fputs(proof.c_str(), stdout);
  } else {
    kr::write_file(a.out, proof, kr::Access::visible);
  }
  return Exit::ok;
}

Exit rotate(const FleetArguments& a) {
  kr::Keyring ring(a.dir);
  const std::vector<std::string> renewed = ring.rotate(a.ids, a.within_days, now_s());
  ring.save(now_s());
  report(ring, renewed, "renewed", a.as_json);
  if (!a.as_json && renewed.empty()) {
    std::printf("nothing ends within %lld days\n", static_cast<long long>(a.within_days));
  }
  return Exit::ok;
}

Exit revoke(const FleetArguments& a) {
  kr::Keyring ring(a.dir);
  for (const std::string& id : a.ids) ring.revoke(id);
  ring.save(now_s());
  if (a.as_json) print_json({{"revoked", a.ids}});
  note_broker(ring);
  return Exit::ok;
}

Exit keys(const FleetArguments& a) {
  const kr::Keyring ring(a.dir);
  if (a.as_json) {
    json list = json::array();
    for (const kr::KeyRow& row : ring.keys()) list.push_back(row_json(row));
    print_json(list);
    return Exit::ok;
  }
  Table table({{"ROLE", Align::left},
               {"ID", Align::left},
               {"ENDS", Align::left},
               {"DAYS", Align::right},
               {"CERTIFICATE", Align::left},
               {"SIGNING KEY", Align::left},
               {"KEYS", Align::left}});
  for (const kr::KeyRow& row : ring.keys()) {
    const std::int64_t days = (row.ends_s - now_s()) / transports::tls::day_s;
    const bool ends = row.ends_s != 0;
    const Tone tone = days < 0                            ? Tone::bad
                      : days < transports::tls::warn_days ? Tone::warn
                                                          : Tone::plain;
    table.row({row.role, row.id, ends ? date_text(row.ends_s).substr(0, 10) : "",
               ends ? Cell(std::to_string(days), tone) : Cell(""),
               row.tls_fingerprint.substr(0, 16), row.signing_fingerprint.substr(0, 16),
               row.keys_here ? "here" : "its own"});
  }
  std::fputs(table.text(200, false).c_str(), stdout);
  return Exit::ok;
}

void add_dir(CLI::App& app, FleetArguments& a) {
  app.add_option("--dir", a.dir, "the fleet's directory")
      ->envname("TRIBUTARY_CLI_FLEET_DIR")
      ->required()
      ->type_name("DIR");
  app.add_flag("--json", a.as_json, "as JSON");
}

void add_init(CLI::App& parent, Commands& commands) {
  auto a = std::make_shared<FleetArguments>();
  CLI::App* app = parent.add_subcommand("init", "make a fleet's directory, with all in it");
  kr::InitOptions& o = a->init;
  app->add_option("dir", o.dir, "a directory that is not there yet")->required()->type_name("DIR");
  app->add_option("--fleet", o.fleet, "the fleet's name")->capture_default_str();
  app->add_option("--topic-root", o.topic_root, "topics begin with <topic-root>/<fleet>")
      ->capture_default_str();
  app->add_option("--host", o.hosts, "the broker's name or address, as clients call it; repeat it")
      ->allow_extra_args(false);
  app->add_option("--gateway", a->gateways, "a gateway's id; repeat it")->allow_extra_args(false);
  app->add_option("--device", a->devices, "a device's id; repeat it")->allow_extra_args(false);
  app->add_option("--operator", a->operators, "a person or screen; repeat it")
      ->allow_extra_args(false);
  app->add_option("--days", o.days, "how long certificates are valid")->capture_default_str();
  app->add_option("--ca-days", o.ca_days, "how long the CA is")->capture_default_str();
  app->add_option("--listen", o.listen, "the broker's `listener`: PORT or \"PORT ADDRESS\"")
      ->capture_default_str();
  app->add_option("--broker-place", o.broker_place,
                  "where the broker will have its folder; without it, <dir>/broker");
  app->add_flag("--json", a->as_json, "as JSON");
  app->footer(
      examples({"tributary fleet init plant.fleet --fleet plant --host broker.plant "
                "--gateway g1 --gateway g2 --operator alice "
                "--broker-place /etc/mosquitto/plant"}));
  commands.push_back({app, telling([a] { return init(*a); })});
}

void add_enroll(CLI::App& parent, Commands& commands) {
  auto a = std::make_shared<FleetArguments>();
  CLI::App* app = parent.add_subcommand("enroll", "add devices, gateways or operators");
  app->add_option("id", a->ids, "their ids")->required();
  add_dir(*app, *a);
  auto* gateway = app->add_flag("--gateway", a->as_gateway, "they are gateways");
  app->add_flag("--operator", a->as_operator, "they are people or screens")->excludes(gateway);
  auto* challenge = app->add_option("--challenge", a->challenge_file,
                                    "it has its own keys: write what it must answer to this file");
  app->add_option("--proof", a->proof_file, "its answer")->excludes(challenge);
  app->footer(
      examples({"tributary fleet enroll sensor-7 sensor-8 --dir plant.fleet",
                "tributary fleet enroll g3 --gateway --dir plant.fleet",
                "tributary fleet enroll sensor-9 --dir plant.fleet --challenge s9.challenge",
                "tributary fleet enroll sensor-9 --dir plant.fleet --proof s9.proof"}));
  commands.push_back({app, telling([a] { return enroll(*a); })});
}

void add_prove(CLI::App& parent, Commands& commands) {
  auto a = std::make_shared<FleetArguments>();
  CLI::App* app = parent.add_subcommand(
      "prove", "on a device: make its keys there, and answer a challenge with them");
  app->add_option("challenge", a->challenge_file, "the challenge")->required()->type_name("FILE");
  app->add_option("--dir", a->dir, "where the device's keys are or will be")
      ->required()
      ->type_name("DIR");
  app->add_option("-o,--output", a->out, "the proof; without it, standard output")
      ->type_name("FILE");
  app->footer(examples({"tributary fleet prove s9.challenge --dir /var/lib/sensor -o s9.proof"}));
  commands.push_back({app, telling([a] { return prove(*a); })});
}

}  // namespace

void add_fleet(CLI::App& root, Commands& commands) {
  CLI::App* app = root.add_subcommand("fleet", "certificates, keys and broker files of a fleet");
  app->require_subcommand(1);
  add_init(*app, commands);
  add_enroll(*app, commands);
  add_prove(*app, commands);

  auto renewed = std::make_shared<FleetArguments>();
  CLI::App* rotate_app = app->add_subcommand("rotate", "renew certificates");
  rotate_app->add_option("id", renewed->ids, "whose (`broker` too); without it, all that end soon");
  add_dir(*rotate_app, *renewed);
  rotate_app->add_option("--within", renewed->within_days, "how many days are soon")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  rotate_app->footer(examples({"tributary fleet rotate --dir plant.fleet",
                               "tributary fleet rotate broker g1 --dir plant.fleet"}));
  commands.push_back({rotate_app, telling([renewed] { return rotate(*renewed); })});

  auto revoked = std::make_shared<FleetArguments>();
  CLI::App* revoke_app = app->add_subcommand("revoke", "take a member's rights at the broker");
  revoke_app->add_option("id", revoked->ids, "whose")->required();
  add_dir(*revoke_app, *revoked);
  revoke_app->footer(examples({"tributary fleet revoke sensor-7 --dir plant.fleet"}));
  commands.push_back({revoke_app, telling([revoked] { return revoke(*revoked); })});
  add_settle(*app, commands);

  auto made = std::make_shared<FleetArguments>();
  CLI::App* value_app =
      app->add_subcommand("value-key", "make a key for values that gateways cannot read");
  value_app->add_option("file", made->out, "a file that is not there yet")
      ->required()
      ->type_name("FILE");
  value_app->footer(examples({"tributary fleet value-key hall.key",
                              "tributary get hall/badges --value-key hall/=hall.key"}));
  commands.push_back({value_app, telling([made] {
                        const auto cipher = keyring::make_value_key(made->out);
                        std::printf("%s: value key %s\n", made->out.c_str(),
                                    wire::to_hex(cipher.id()).c_str());
                        return Exit::ok;
                      })});

  auto listed = std::make_shared<FleetArguments>();
  CLI::App* keys_app = app->add_subcommand("keys", "list members, fingerprints and dates");
  add_dir(*keys_app, *listed);
  keys_app->footer(examples({"tributary fleet keys --dir plant.fleet"}));
  commands.push_back({keys_app, telling([listed] { return keys(*listed); })});
}

}  // namespace tributary::app
