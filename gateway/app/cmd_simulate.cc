// SPDX-License-Identifier: Apache-2.0
// `tributary simulate`: a fleet of simulated devices behind lossy links, and the verdict: does
// every gateway show exactly what was issued?
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "firmware-sim/fleet/fleet.h"
#include "firmware-sim/sdk/mqtt/runner.h"
#include "gateway/app/broker.h"
#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/entropy.h"
#include "gateway/app/pages.h"
#include "gateway/app/signals.h"
#include "gateway/app/text.h"
#include "gateway/app/trust_files.h"

namespace tributary::app {
namespace {

using nlohmann::json;

struct SimulateArguments {
  Endpoint endpoint;
  std::vector<std::string> gateways;
  std::vector<std::string> sites;  // their brokers
  std::string identities;          // a folder with one of each device
  fleet::Options fleet;
  std::uint32_t seconds = 0;
  std::uint32_t deadline_s = 60;
  std::uint32_t sessions = 4;
  std::uint64_t seed = 0;
  bool as_json = false;
  bool ids_only = false;
};

constexpr std::uint32_t ask_timeout_ms = 3'000;
constexpr std::uint64_t progress_interval_ms = 5'000;

// What a gateway shows, as text of JSON per key.
fleet::Shown shown_by(Client& client, const std::string& gateway) {
  fleet::Shown shown;
  shown.gateway = gateway;
  const json status = json::parse(client.request(gateway, "status", "{}", ask_timeout_ms));
  shown.digest = status.at("digest").get<std::string>();
  const json values = json::parse(all_values(client, gateway, "", ask_timeout_ms));
  for (const json& value : values) {
    shown.values[{value.at("key").get<std::string>(), value.at("type").get<std::string>()}] =
        value.at("value").dump();
  }
  return shown;
}

// The same digest on all of them?
bool agree(Client& client, const std::vector<std::string>& gateways) {
  std::string digest;
  for (const std::string& gateway : gateways) {
    const json status = json::parse(client.request(gateway, "status", "{}", ask_timeout_ms));
    const std::string mine = status.at("digest").get<std::string>();
    if (digest.empty()) digest = mine;
    if (mine != digest || status.at("pending").get<std::uint64_t>() > 0) return false;
  }
  return true;
}

class Simulation {
 public:
  explicit Simulation(const SimulateArguments& a) : a_(a) {}

  Exit run() {
    if (a_.ids_only) return print_ids();
    signals_.on_stop([this] { waker_.wake(); });
    find_gateways();
    start();
    issue();
    settle();
    const fleet::Verdict verdict = judge();
    signals_.on_stop({});
    for (auto& session : sessions_) session->stop(500);
    print(verdict);
    return verdict.exact() && settled_ ? Exit::ok : Exit::negative;
  }

 private:
  void find_gateways() {
    gateways_ = a_.gateways;
    if (!gateways_.empty()) return;
    Client client(a_.endpoint, 5'000);
    for (const auto& [gateway, state] : client.gateways(2'000)) {
      if (state == "online") gateways_.push_back(gateway);
    }
    if (gateways_.empty()) client.choose_gateway("");  // says that there is none
  }

  // Those of one site after the other's: the fleet takes session s for one of site s % sites. With
  // identities each device has a session of its own with each broker, as brokers want it.
  std::vector<transports::Session*> make_sessions(const fleet::Options& options) {
    const std::string id = "tributary-fleet-" + hex64(random64()).substr(8) + "-";
    Endpoint at = a_.endpoint;
    std::vector<transports::Session*> sessions;
    const std::size_t brokers = std::max<std::size_t>(a_.sites.size(), 1);
    if (!a_.identities.empty()) {
      for (std::size_t i = 0; i < options.devices * brokers; ++i) {
        const std::string device =
            fleet::device_id(options, static_cast<std::uint32_t>(i / brokers));
        if (!a_.sites.empty()) at.broker = a_.sites[i % brokers];
        at.identity = a_.identities + "/" + device;
        sessions.push_back(add_session(at, device));
      }
      return sessions;
    }
    const std::size_t count = a_.sessions * brokers;
    for (std::size_t i = 0; i < count; ++i) {
      if (!a_.sites.empty()) at.broker = a_.sites[i % a_.sites.size()];
      sessions.push_back(add_session(at, id + std::to_string(i)));
    }
    return sessions;
  }

  transports::Session* add_session(const Endpoint& at, const std::string& client_id) {
    sessions_.push_back(make_session(client_options(at, client_id)));
    sessions_.back()->on_ready(waker_.callback());
    return sessions_.back().get();
  }

  fleet::Options fleet_options() const {
    fleet::Options options = a_.fleet;
    options.fleet = a_.endpoint.fleet;
    options.topic_root = a_.endpoint.topic_root;
    options.gateways = static_cast<std::uint32_t>(gateways_.size());
    options.sites = static_cast<std::uint32_t>(a_.sites.size());
    options.seed = a_.seed != 0 ? a_.seed : random64();
    if (!a_.identities.empty()) {
      options.keys = [this, fleet = options.fleet](const std::string& device) {
        DeviceKeys keys = device_keys(a_.identities + "/" + device, fleet, device);
        return fleet::Keys{std::move(keys.signer), std::move(keys.members)};
      };
    }
    return options;
  }

  // For enrolment: ids are of the seed, the prefix and the number of gateways or sites alone.
  Exit print_ids() {
    gateways_ = a_.gateways;
    if (a_.seed == 0 || (gateways_.empty() && a_.sites.empty())) {
      throw Trouble(Exit::usage, "--ids needs --seed, and --gateways or --site");
    }
    const fleet::Options options = fleet_options();
    for (std::uint32_t i = 0; i < options.devices; ++i) {
      std::puts(fleet::device_id(options, i).c_str());
    }
    return Exit::ok;
  }

  void start() {
    const fleet::Options options = fleet_options();
    const std::vector<transports::Session*> sessions = make_sessions(options);
    try {
      fleet_ = std::make_unique<fleet::Fleet>(options, sessions, wall_now_ms());
    } catch (const std::runtime_error& e) {
      throw Trouble(Exit::storage, e.what());
    }
    seed_ = fleet_->seed();
    for (auto& session : sessions_) session->start();
    std::fprintf(stderr, "simulate: %u devices, %zu gateways, seed %llu\n", options.devices,
                 gateways_.size(), static_cast<unsigned long long>(seed_));
  }

  void step(std::uint64_t deadline_ms) {
    fleet_->step(wall_now_ms());
    const std::uint64_t now_ms = mono_now_ms();
    if (now_ms >= next_progress_ms_) {
      next_progress_ms_ = now_ms + progress_interval_ms;
      const fleet::Stats s = fleet_->stats();
      std::fprintf(stderr, "simulate: %llu operations, %llu not acknowledged, %llu packets lost\n",
                   static_cast<unsigned long long>(s.operations),
                   static_cast<unsigned long long>(s.unacknowledged),
                   static_cast<unsigned long long>(s.packets_lost));
    }
    if (now_ms < deadline_ms) {
      waker_.wait(std::min(deadline_ms - now_ms, fleet_->pause_ms(wall_now_ms())));
    }
  }

  void issue() {
    const std::uint64_t end_ms =
        a_.seconds == 0 ? UINT64_MAX : mono_now_ms() + a_.seconds * 1'000ULL;
    while (!signals_.stop_asked() && mono_now_ms() < end_ms) step(end_ms);
  }

  void settle() {
    quiet_since_ms_ = mono_now_ms();
    deadline_ms_ = quiet_since_ms_ + a_.deadline_s * 1'000ULL;
    fleet_->quiesce();
    std::fprintf(stderr, "simulate: no more operations\n");
    while (!fleet_->settled() && mono_now_ms() < deadline_ms_) step(deadline_ms_);
    settled_ = fleet_->settled();
    settled_after_ms_ = mono_now_ms() - quiet_since_ms_;
  }

  // Asks until everybody agrees and is exact, or until the deadline: then what they show then.
  fleet::Verdict judge() {
    Client client(a_.endpoint, Client::Patient{});
    while (true) {
      const bool last = mono_now_ms() >= deadline_ms_;
      try {
        if (last || agree(client, gateways_)) {
          fleet::Verdict verdict = judge_now(client);
          judged_after_ms_ = mono_now_ms() - quiet_since_ms_;
          if (last || verdict.exact()) return verdict;
        }
      } catch (const Trouble& trouble) {
        // A gateway or the broker that comes back in time is no failure.
        if (last) throw Trouble(Exit::broker, trouble.what());
      }
      const std::uint64_t pause_until = mono_now_ms() + 250;
      while (mono_now_ms() < pause_until) step(pause_until);
    }
  }

  fleet::Verdict judge_now(Client& client) {
    std::vector<fleet::Shown> shown;
    for (const std::string& gateway : gateways_) shown.push_back(shown_by(client, gateway));
    return fleet::judge(fleet_->oracle(), shown);
  }

  void print(const fleet::Verdict& verdict) const {
    const fleet::Stats s = fleet_->stats();
    if (a_.as_json) {
      json out = json::parse(verdict.json());
      out["seed"] = seed_;
      out["settled"] = settled_;
      out["acknowledged_after_ms"] = settled_after_ms_;  // since the last operation
      out["verdict_after_ms"] = judged_after_ms_;
      out["reconnects"] = s.reconnects;
      out["packets_up"] = s.packets_up;
      out["packets_down"] = s.packets_down;
      out["packets_lost"] = s.packets_lost;
      out["packets_duplicated"] = s.packets_duplicated;
      out["reboots"] = s.reboots;
      std::puts(out.dump(2).c_str());
      return;
    }
    std::printf("%u devices, seed %llu: %s packets up, %s down, %s lost on the air, %s reboots\n",
                a_.fleet.devices, static_cast<unsigned long long>(seed_),
                grouped(std::to_string(s.packets_up)).c_str(),
                grouped(std::to_string(s.packets_down)).c_str(),
                grouped(std::to_string(s.packets_lost)).c_str(),
                grouped(std::to_string(s.reboots)).c_str());
    if (!settled_) {
      std::printf("%s operations of %s devices were not acknowledged by the deadline\n",
                  grouped(std::to_string(s.unacknowledged)).c_str(),
                  grouped(std::to_string(s.devices_behind)).c_str());
    }
    std::fputs(verdict.text().c_str(), stdout);
    std::printf("after      %.1f s since the last operation; all acknowledged after %.1f s\n",
                static_cast<double>(judged_after_ms_) / 1'000,
                static_cast<double>(settled_after_ms_) / 1'000);
  }

  const SimulateArguments& a_;
  Signals signals_;
  sdk::mqtt::Waker waker_;
  std::vector<std::string> gateways_;
  std::vector<std::unique_ptr<transports::Session>> sessions_;
  std::unique_ptr<fleet::Fleet> fleet_;
  std::uint64_t seed_ = 0;
  std::uint64_t deadline_ms_ = 0, next_progress_ms_ = 0;
  std::uint64_t quiet_since_ms_ = 0;  // the last operation; what follows counts from it
  std::uint64_t settled_after_ms_ = 0, judged_after_ms_ = 0;
  bool settled_ = false;
};

void add_fleet_options(CLI::App& app, SimulateArguments& a) {
  app.add_option("--devices", a.fleet.devices, "how many")
      ->capture_default_str()
      ->check(CLI::Range(1U, 99'999U));
  app.add_option("--places", a.fleet.places, "devices of one place share keys")
      ->capture_default_str();
  app.add_option("--place", a.fleet.place, "keys are <place>-<n>/people and so on")
      ->capture_default_str();
  app.add_option("--prefix", a.fleet.prefix, "of the devices' ids")->capture_default_str();
  app.add_option("--rate", a.fleet.ops_per_s, "operations a second of each device")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--loss", a.fleet.faults.loss, "chance that a packet is lost, each way")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.99));
  app.add_option("--duplicate", a.fleet.faults.duplicate, "chance that a packet comes twice")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--reorder", a.fleet.faults.reorder, "chance that a packet is overtaken")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--reboot", a.fleet.reboots_per_s, "reboots a second of each device")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 10.0));
  app.add_option("--memoryless", a.fleet.memoryless, "share of devices that forget at a reboot")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--acks", a.fleet.acks_needed,
                 "a device takes an operation for safe when so many gateways hold it")
      ->capture_default_str()
      ->check(CLI::Range(1U, 16U));
  app.add_option("--batch-ms", a.fleet.batch_ms,
                 "an operation of a device waits so long for others to go with it")
      ->check(CLI::Range(0, 60'000))
      ->capture_default_str();
  app.add_option("--refresh-ms", a.fleet.refresh_ms,
                 "a device at rest asks so often whether gateways still know it; 0: never")
      ->capture_default_str();
  app.add_option("--state", a.fleet.state_dir,
                 "a directory that keeps the devices and what they issued: run again with it after "
                 "a kill -9, the fleet goes on and the verdict is about all its lives")
      ->type_name("DIR");
  app.add_option("--seed", a.seed, "the same seed, the same devices; 0: a new one")
      ->capture_default_str();
}

}  // namespace

void add_simulate(CLI::App& root, Commands& commands) {
  auto a = std::make_shared<SimulateArguments>();
  a->fleet.faults.duplicate = 0.05;
  a->fleet.faults.reorder = 0.05;
  a->fleet.resend_max_ms = 1'000;  // the unluckiest of many devices decides how long the end takes
  CLI::App* app = root.add_subcommand(
      "simulate", "run simulated devices on lossy links; ends with a verdict on every gateway");
  add_endpoint_options(*app, a->endpoint);
  app->add_option("--gateways", a->gateways,
                  "the gateways, in the order of earshot; without it, those online")
      ->delimiter(',');
  add_fleet_options(*app, *a);
  app->add_option("--seconds", a->seconds,
                  "how long to issue operations; 0: until SIGTERM or SIGINT")
      ->capture_default_str();
  app->add_option("--deadline", a->deadline_s, "seconds that gateways may take to agree at the end")
      ->capture_default_str()
      ->check(CLI::Range(1U, 86'400U));
  app->add_option("--site", a->sites,
                  "a broker for devices, mqtt://host[:port]; repeat it for each. Gateways are then "
                  "only asked at --broker")
      ->expected(1, 16);
  app->add_option("--identities", a->identities,
                  "the fleet's folder of devices: each speaks with its own certificate, over a "
                  "connection of its own; ids are of the seed")
      ->type_name("DIR");
  app->add_flag("--ids", a->ids_only, "print the devices' ids, to enrol them, and end");
  app->add_option("--sessions", a->sessions, "connections to the broker, to each site's")
      ->capture_default_str()
      ->check(CLI::Range(1U, 64U));
  app->add_flag("--json", a->as_json, "the verdict as JSON");
  app->footer(
      examples({"tributary simulate --seconds 30 --loss 0.3",
                "tributary simulate --devices 1000 --reboot 0.01 --seed 7 --json"}) +
      "A device's id ends in -h<mask>: gateway number i of --gateways hears it when bit i is\n"
      "set. Gateways are told by broker.hears in their configuration. With --site the bits stand\n"
      "for sites instead: a device speaks at the brokers of all sites in its mask.");
  commands.push_back({app, [a] { return Simulation(*a).run(); }});
}

}  // namespace tributary::app
