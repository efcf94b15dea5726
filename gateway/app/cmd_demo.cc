// SPDX-License-Identifier: Apache-2.0
// `tributary demo`: a broker, gateways, a fleet and this machine as a device, supervised, with a
// live table, and a verdict at the end. What dies is started again, so that it can be killed by
// hand.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <memory>

#include "firmware-sim/fleet/fleet.h"
#include "gateway/app/clock.h"
#include "gateway/app/demo_files.h"
#include "gateway/app/entropy.h"
#include "gateway/app/signals.h"
#include "gateway/app/supervisor.h"
#include "gateway/app/terminal.h"
#include "gateway/app/watcher.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/keyring.h"

namespace tributary::app {
namespace {

namespace fs = std::filesystem;

struct DemoArguments {
  std::string dir = ".run";
  std::string broker_profile;
  std::uint32_t seconds = 0;
  std::uint32_t devices = 200;
  std::uint32_t gateways = 3;
  std::uint32_t loss_percent = 30;
  std::uint32_t verdict_s = 120;
  std::uint64_t seed = 0;
  std::uint16_t port = 0;
  double rate = 2;
  bool keep = false;
  bool secure = false;
  bool no_host = false;
  bool plain = false;
};

constexpr std::uint64_t line_interval_ms = 2'000;
constexpr std::uint64_t table_interval_ms = 10'000;
constexpr std::size_t news_shown = 4;
constexpr std::uint16_t dashboard_port = 8080;  // the first gateway's, when it is free

class Demo {
 public:
  explicit Demo(const DemoArguments& a) : a_(a), seed_(a.seed), live_(!a.plain && is_terminal()) {}
  Exit run();

 private:
  void prepare();
  void make_fleet();
  std::string identity(const char* role, const std::string& id) const;
  void start_broker();
  void start_gateways();
  void start_devices();
  void print_places();
  std::string dashboards() const;
  void turn(const std::string& what);
  void show(const std::string& what);
  void tell(const std::string& news);
  Exit verdict();
  void clean_up(bool exact);
  std::string gateway_name(std::uint32_t i) const { return "g" + std::to_string(i + 1); }
  std::string log_of(const std::string& name) const { return a_.dir + "/" + name + ".log"; }

  const DemoArguments& a_;
  std::uint64_t seed_;
  const bool live_;
  Signals signals_;  // first: what is started after it inherits its mask
  Supervisor supervisor_;
  Endpoint endpoint_;
  std::uint16_t port_ = 0;
  std::vector<std::uint16_t> http_ports_;  // of the gateways, in order
  std::string broker_access_;              // lines for its configuration; empty: no TLS
  std::string self_;
  std::unique_ptr<Watcher> watcher_;
  std::optional<LiveScreen> screen_;
  std::deque<std::string> news_;
  std::uint64_t began_ms_ = 0, next_show_ms_ = 0, next_table_ms_ = 0;
};

void Demo::prepare() {
  self_ = fs::read_symlink("/proc/self/exe").string();
  port_ = free_port(a_.port);
  endpoint_.broker =
      (a_.secure ? "mqtts://127.0.0.1:" : "mqtt://127.0.0.1:") + std::to_string(port_);
  // Only what earlier runs made; nobody else's files.
  std::error_code ignored;
  for (const char* name :
       {"broker", "identities", "broker.log", "fleet.log", "fleet.out", "host.log", "host.state"}) {
    fs::remove_all(a_.dir + "/" + name, ignored);
  }
  for (std::uint32_t i = 0; i < 7; ++i) {
    fs::remove_all(a_.dir + "/" + gateway_name(i), ignored);
    fs::remove(log_of(gateway_name(i)), ignored);
  }
  if (a_.secure) make_fleet();
}

constexpr const char* host_id = "host-this-machine";

std::string Demo::identity(const char* role, const std::string& id) const {
  return a_.secure ? fs::absolute(a_.dir + "/identities/" + role + "/" + id).string()
                   : std::string();
}

// A CA of its own for this run, and a certificate for everybody who takes part. One for each who
// looks on, too: the broker knows its clients by their certificates.
void Demo::make_fleet() {
  while (seed_ == 0) seed_ = random64();
  const auto now_s = static_cast<std::int64_t>(wall_now_ms() / 1'000);
  fleet::Options devices;
  devices.devices = a_.devices;
  devices.gateways = a_.gateways;
  devices.seed = seed_;
  std::error_code ignored;
  fs::create_directories(a_.dir, ignored);
  try {
    keyring::InitOptions options;
    options.dir = a_.dir + "/identities";
    options.fleet = endpoint_.fleet;
    options.listen = std::to_string(port_) + " 127.0.0.1";
    keyring::Keyring ring = keyring::Keyring::init(options, now_s);
    for (std::uint32_t i = 0; i < a_.gateways; ++i) {
      ring.enroll(keyring::Role::gateway, gateway_name(i), now_s);
    }
    for (std::uint32_t i = 0; i < a_.devices; ++i) {
      ring.enroll(keyring::Role::device, fleet::device_id(devices, i), now_s);
    }
    ring.enroll(keyring::Role::device, host_id, now_s);
    for (const char* name : {"screen", "judge", "you"}) {
      ring.enroll(keyring::Role::viewer, name, now_s);
    }
    ring.save(now_s);
    broker_access_ = keyring::tls_lines({ring.broker_folder(), options.listen});
  } catch (const keyring::Error& e) {
    throw Trouble(Exit::storage, e.what());
  }
  endpoint_.identity = identity("operators", "screen");
}

void Demo::start_broker() {
  const std::string file = write_broker_files(a_.dir, port_, a_.broker_profile, broker_access_);
  supervisor_.start({.name = "broker",
                     .argv = {find_program("mosquitto"), "-c", file},
                     .log = log_of("broker"),
                     .out = {},
                     .restart = true,
                     .before_restart = [this](std::uint32_t failures) {
                       // A damaged database stops it from starting; it is a cache, nothing more.
                       if (failures > 1) forget_broker_database(a_.dir);
                     }});
}

void Demo::start_gateways() {
  for (std::uint32_t i = 0; i < a_.gateways; ++i) {
    DemoGateway gateway{.id = gateway_name(i),
                        .fleet = endpoint_.fleet,
                        .port = port_,
                        .http_port = 0,
                        .hears = {},
                        .identity = identity("gateways", gateway_name(i))};
    gateway.http_port = free_port_from(dashboard_port, http_ports_);
    http_ports_.push_back(gateway.http_port);
    gateway.hears = fleet::earshot_patterns(i, a_.gateways);
    gateway.hears.push_back("host-*");
    supervisor_.start({.name = gateway.id,
                       .argv = {self_, "gateway", "--config", write_gateway_files(a_.dir, gateway)},
                       .log = log_of(gateway.id),
                       .out = {},
                       .restart = true,
                       .before_restart = {}});
  }
}

void Demo::start_devices() {
  std::string gateways;
  for (std::uint32_t i = 0; i < a_.gateways; ++i) gateways += (i > 0 ? "," : "") + gateway_name(i);
  std::vector<std::string> fleet = {self_,        "simulate",
                                    "--broker",   endpoint_.broker,
                                    "--fleet",    endpoint_.fleet,
                                    "--devices",  std::to_string(a_.devices),
                                    "--gateways", gateways,
                                    "--loss",     std::to_string(a_.loss_percent / 100.0),
                                    "--rate",     std::to_string(a_.rate),
                                    "--deadline", std::to_string(a_.verdict_s)};
  if (seed_ != 0) {
    fleet.emplace_back("--seed");
    fleet.push_back(std::to_string(seed_));
  }
  if (a_.secure) {
    fleet.insert(fleet.end(), {"--identities", identity("devices", ""), "--identity",
                               identity("operators", "judge")});
  }
  supervisor_.start({.name = "fleet",
                     .argv = std::move(fleet),
                     .log = log_of("fleet"),
                     .out = a_.dir + "/fleet.out",
                     .restart = false,
                     .before_restart = {}});
  if (a_.no_host) return;
  std::vector<std::string> host = {self_,           "device",         "host",
                                   "--broker",      endpoint_.broker, "--fleet",
                                   endpoint_.fleet, "--state",        a_.dir + "/host.state",
                                   "--place",       "this-machine"};
  if (a_.secure) {
    host.insert(host.end(), {"--id", host_id, "--identity", identity("devices", host_id)});
  }
  supervisor_.start({.name = "host",
                     .argv = std::move(host),
                     .log = log_of("host"),
                     .out = {},
                     .restart = true,
                     .before_restart = {}});
}

void Demo::print_places() {
  auto place = [&](const std::string& name, const std::string& what) {
    std::printf("  %-7s pid %-8d %-28s log %s\n", name.c_str(), supervisor_.pid(name), what.c_str(),
                log_of(name).c_str());
  };
  std::printf("tributary demo: everything runs on this machine, in %s\n", a_.dir.c_str());
  place("broker", endpoint_.broker);
  for (std::uint32_t i = 0; i < a_.gateways; ++i) {
    place(gateway_name(i), "db " + a_.dir + "/" + gateway_name(i) + "/gateway.db");
  }
  place("fleet",
        std::to_string(a_.devices) + " devices, " + std::to_string(a_.loss_percent) + " % loss");
  if (!a_.no_host) place("host", "this machine's own counters");
  std::printf("%s\n", dashboards().c_str());
  if (a_.secure) {
    std::printf(
        "mutual TLS 1.3 everywhere, one certificate each, the access list in force; for\n"
        "another terminal: tributary get KEY --broker %s --identity %s\n",
        endpoint_.broker.c_str(), identity("operators", "you").c_str());
  }
  std::printf("Kill any gateway or the broker (kill -9 PID): it is started again. Ctrl-C ends%s.\n",
              a_.seconds == 0 ? " with the verdict" : "");
  std::fflush(stdout);
}

std::string Demo::dashboards() const {
  std::string out = "dashboard";
  for (const std::uint16_t port : http_ports_) out += " http://127.0.0.1:" + std::to_string(port);
  return out;
}

void Demo::tell(const std::string& news) {
  if (live_) {
    news_.push_back(news);
    if (news_.size() > news_shown) news_.pop_front();
  } else {
    std::printf("%s\n", news.c_str());
    std::fflush(stdout);
  }
}

void Demo::show(const std::string& what) {
  const std::uint64_t now_ms = mono_now_ms();
  if (now_ms < next_show_ms_) return;
  next_show_ms_ = now_ms + (live_ ? 500 : line_interval_ms);
  const std::string clock = std::to_string((now_ms - began_ms_) / 1000) + " s";
  if (!live_) {
    std::printf("%6s  %s\n", clock.c_str(), watcher_->board().line(now_ms).c_str());
    if (now_ms >= next_table_ms_) {
      next_table_ms_ = now_ms + table_interval_ms;
      std::printf("\n%s\n", watcher_->board().render(screen_now(), now_ms).c_str());
    }
    std::fflush(stdout);
    return;
  }
  std::string text = "tributary demo   " + clock + "   " + what + "\n";
  text += "broker " + endpoint_.broker + " pid " + std::to_string(supervisor_.pid("broker"));
  for (std::uint32_t i = 0; i < a_.gateways; ++i) {
    const std::string name = gateway_name(i);
    text += "   " + name + " pid " + std::to_string(supervisor_.pid(name));
  }
  text += "   logs in " + a_.dir + "\n" + dashboards() + "\n";
  for (const std::string& news : news_) text += "  " + news + "\n";
  Screen size = screen_now();
  const std::size_t used = 5 + news_.size();
  size.rows = size.rows > used ? size.rows - used : 1;
  screen_->show(text + "\n" + watcher_->board().render(size, now_ms));
}

void Demo::turn(const std::string& what) {
  watcher_->run_until(mono_now_ms() + 100);
  for (const std::string& news : supervisor_.check(mono_now_ms())) tell(news);
  show(what);
}

Exit Demo::verdict() {
  const std::uint64_t deadline = mono_now_ms() + (a_.verdict_s + 30) * 1'000ULL;
  tell("stopping the devices; then every gateway must show what was issued");
  // The host's last operations are on their way before the fleet compares digests.
  if (!a_.no_host) {
    supervisor_.ask_to_end("host");
    while (supervisor_.running("host") && mono_now_ms() < deadline)
      turn("stopping the host device");
  }
  supervisor_.ask_to_end("fleet");
  while (supervisor_.running("fleet") && mono_now_ms() < deadline) turn("waiting for the verdict");
  screen_.reset();
  const std::optional<int> status = supervisor_.exit_status("fleet");
  std::fputs(read_text(a_.dir + "/fleet.out").c_str(), stdout);
  if (!status) {
    throw Trouble(Exit::negative, "the fleet did not end in time\n  see " + log_of("fleet"));
  }
  if (*status != 0) std::fputs(read_text(log_of("fleet")).c_str(), stderr);
  std::uint32_t restarts = supervisor_.restarts("broker");
  for (std::uint32_t i = 0; i < a_.gateways; ++i) restarts += supervisor_.restarts(gateway_name(i));
  if (restarts > 0) {
    std::printf("restarted in this run: broker %u", supervisor_.restarts("broker"));
    for (std::uint32_t i = 0; i < a_.gateways; ++i) {
      std::printf(", %s %u", gateway_name(i).c_str(), supervisor_.restarts(gateway_name(i)));
    }
    std::printf("\n");
  }
  std::fflush(stdout);
  return *status == 0 ? Exit::ok : Exit::negative;
}

void Demo::clean_up(bool exact) {
  for (std::uint32_t i = 0; i < a_.gateways; ++i) supervisor_.ask_to_end(gateway_name(i));
  for (std::uint32_t i = 0; i < a_.gateways; ++i) supervisor_.stop(gateway_name(i), 6'000);
  supervisor_.stop("broker", 3'000);
  if (a_.keep || !exact) {
    std::printf("databases and logs are in %s\n", a_.dir.c_str());
    return;
  }
  std::error_code ignored;
  fs::remove_all(a_.dir + "/broker", ignored);
  fs::remove_all(a_.dir + "/identities", ignored);
  for (std::uint32_t i = 0; i < a_.gateways; ++i) {
    fs::remove_all(a_.dir + "/" + gateway_name(i), ignored);
  }
}

Exit Demo::run() {
  prepare();
  start_broker();
  start_gateways();
  start_devices();
  print_places();
  watcher_ = std::make_unique<Watcher>(endpoint_, 0);
  began_ms_ = mono_now_ms();
  next_table_ms_ = began_ms_ + 3'000;
  if (live_) screen_.emplace();
  const std::uint64_t end_ms = a_.seconds == 0 ? UINT64_MAX : began_ms_ + a_.seconds * 1'000ULL;
  while (!signals_.stop_asked() && mono_now_ms() < end_ms && supervisor_.running("fleet")) {
    turn(a_.seconds == 0 ? "Ctrl-C ends with the verdict"
                         : "of " + std::to_string(a_.seconds) + " s");
  }
  Exit result = Exit::negative;
  try {
    result = verdict();
  } catch (const Trouble& trouble) {
    screen_.reset();
    std::fprintf(stderr, "tributary: %s\n", trouble.what());
  }
  clean_up(result == Exit::ok);
  return result;
}

}  // namespace

void add_demo(CLI::App& root, Commands& commands) {
  auto a = std::make_shared<DemoArguments>();
  CLI::App* app = root.add_subcommand(
      "demo", "broker, gateways, fleet and live table on this machine; ends with a verdict");
  app->add_option("--seconds", a->seconds, "end by itself; 0: run until Ctrl-C")
      ->capture_default_str()
      ->check(CLI::Range(0U, 31'536'000U));
  app->add_option("--devices", a->devices, "devices of the fleet")
      ->capture_default_str()
      ->check(CLI::Range(1U, 100'000U));
  app->add_option("--gateways", a->gateways, "how many")
      ->capture_default_str()
      ->check(CLI::Range(1U, 7U));
  app->add_option("--loss", a->loss_percent, "percent of packets lost, each way")
      ->capture_default_str()
      ->check(CLI::Range(0U, 95U));
  app->add_option("--rate", a->rate, "operations a second of each device")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app->add_option("--seed", a->seed, "of the fleet; 0: a new one")->capture_default_str();
  app->add_option("--port", a->port, "the broker's; 0: a free one")->capture_default_str();
  app->add_option("--dir", a->dir, "where files and logs go")->capture_default_str();
  app->add_option("--broker-conf", a->broker_profile, "a Mosquitto configuration to take over")
      ->type_name("FILE");
  app->add_option("--verdict-s", a->verdict_s, "how long gateways may take to agree at the end")
      ->capture_default_str()
      ->check(CLI::Range(1U, 3'600U));
  app->add_flag("--secure", a->secure,
                "mutual TLS 1.3 with a certificate for each, and the broker's access list");
  app->add_flag("--keep", a->keep, "keep databases and logs after an exact run");
  app->add_flag("--no-host", a->no_host, "without this machine as a device");
  app->add_flag("--plain", a->plain, "lines instead of a live table");
  app->footer(examples({"tributary demo --seconds 30", "tributary demo --secure --seconds 30",
                        "tributary demo --devices 1000 --loss 50"}));
  commands.push_back({app, [a] { return Demo(*a).run(); }});
}

}  // namespace tributary::app
