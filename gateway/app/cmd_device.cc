// SPDX-License-Identifier: Apache-2.0
// `tributary device host|replay`: this machine, or a recording, as a device.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "firmware-sim/devices/host.h"
#include "firmware-sim/devices/replay.h"
#include "firmware-sim/sdk/mqtt/runner.h"
#include "gateway/app/broker.h"
#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/entropy.h"
#include "gateway/app/memory_file.h"
#include "gateway/app/signals.h"
#include "gateway/app/text.h"
#include "gateway/app/trust_files.h"
#include "gateway/app/value_keys.h"

namespace tributary::app {
namespace {

struct DeviceArguments {
  Endpoint endpoint;
  std::string id;
  std::string state_file;
  std::string place;
  std::string file;
  std::uint32_t interval_ms = 1'000;
  std::uint32_t seconds = 0;
  std::uint32_t drain_ms = 10'000;
  double speed = 1;
  std::vector<std::string> value_keys;
  bool as_json = false;
};

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  std::string out;
  for (const char c : std::string(name.data())) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += fits || c == '-' || c == '_' ? c : '-';
  }
  return out.empty() ? "host" : out.substr(0, 48);
}

// The device's snapshot and the sampler's baseline, kept together: one without the other would
// count an interval twice or not at all.
struct Memory {
  std::string snapshot, baseline;

  static Memory read(const std::string& bytes) {
    Memory memory;
    if (bytes.size() < 8) return memory;
    const auto size = parse_hex64(bytes.substr(0, 8));
    if (!size || *size > bytes.size() - 8) return memory;
    memory.snapshot = bytes.substr(8, static_cast<std::size_t>(*size));
    memory.baseline = bytes.substr(8 + static_cast<std::size_t>(*size));
    return memory;
  }
  std::string bytes() const { return hex64(snapshot.size()).substr(8) + snapshot + baseline; }
};

// The broker lets a device speak on its own topic only.
const DeviceArguments& own(const DeviceArguments& a) {
  const std::string name = identity_name(a.endpoint);
  if (name.empty() || name == a.id) return a;
  throw Trouble(Exit::usage, a.endpoint.identity + " is the identity of " + name + ", not of " +
                                 a.id + "\n  give --id " + name + ", or the folder of " + a.id);
}

sdk::Device open_device(const DeviceArguments& a, const std::string& saved,
                        std::function<bool(std::string_view)> save) {
  sdk::Options options;
  options.fleet = a.endpoint.fleet;
  options.device = a.id;
  options.random = random64;
  options.saved = saved;
  DeviceKeys keys = device_keys(own(a).endpoint.identity, a.endpoint.fleet, a.id);
  options.signer = std::move(keys.signer);
  options.members = std::move(keys.members);
  options.value_keys = ValueKeys(a.value_keys).for_device();
  if (!a.state_file.empty()) options.save = std::move(save);
  auto device = sdk::Device::open(options);
  if (!device && device.error().code == sdk::Error::Code::snapshot_corrupt) {
    std::fprintf(stderr, "tributary: %s: %s: it lost its memory and starts a fresh epoch\n",
                 a.state_file.c_str(), device.error().text.c_str());
    options.saved.clear();
    device = sdk::Device::open(options);
  }
  if (!device) {
    const bool option = device.error().code == sdk::Error::Code::bad_option;
    throw Trouble(
        option ? Exit::usage : Exit::storage,
        (option ? "" : a.state_file + ": ") + device.error().text +
            (option ? "\n  check --id and --fleet" : "\n  name another file with --state"));
  }
  return std::move(*device);
}

void report(const std::vector<sdk::Event>& events) {
  for (const sdk::Event& event : events) {
    if (event.kind == sdk::Event::Kind::acknowledged) continue;
    std::fprintf(stderr, "tributary: %s: %s %s\n", sdk::name(event.kind), event.gateway.c_str(),
                 event.text.c_str());
  }
}

// A device, its session and its runner, stepping until it is told to stop.
class Running {
 public:
  Running(const DeviceArguments& a, sdk::Device& device)
      : device_(device),
        session_(make_session(client_options(own(a).endpoint, "tributary-device-" + a.id))) {
    session_->on_ready(waker_.callback());
    runner_.emplace(device_, *session_, a.endpoint.topic_root);
    session_->start();
  }
  ~Running() { session_->stop(500); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void wake() { waker_.wake(); }
  void step_until(std::uint64_t mono_deadline_ms) {
    report(runner_->step(wall_now_ms()));
    const std::uint64_t now_ms = mono_now_ms();
    if (now_ms >= mono_deadline_ms) return;
    waker_.wait(std::min(mono_deadline_ms - now_ms, runner_->pause_ms(wall_now_ms())));
    report(runner_->step(wall_now_ms()));
  }
  // Everything acknowledged in time?
  bool drain(std::uint32_t timeout_ms) {
    const std::uint64_t deadline = mono_now_ms() + timeout_ms;
    while (device_.unacknowledged() > 0 && mono_now_ms() < deadline) step_until(deadline);
    return device_.unacknowledged() == 0;
  }

 private:
  sdk::Device& device_;
  sdk::mqtt::Waker waker_;
  std::unique_ptr<transports::Session> session_;
  std::optional<sdk::mqtt::Runner> runner_;
};

Exit finish(const DeviceArguments& a, const sdk::Device& device, std::uint64_t operations,
            bool drained) {
  if (a.as_json) {
    const nlohmann::json out = {{"device", a.id},
                                {"epoch", hex64(device.epoch())},
                                {"operations", operations},
                                {"safe", device.safe()},
                                {"unacknowledged", device.unacknowledged()}};
    std::puts(out.dump().c_str());
  } else {
    std::printf("%s: %llu operations, %llu not acknowledged\n", a.id.c_str(),
                static_cast<unsigned long long>(operations),
                static_cast<unsigned long long>(device.unacknowledged()));
  }
  return drained ? Exit::ok : Exit::negative;
}

Exit run_host(const DeviceArguments& a) {
  Signals signals;
  MemoryFile file(a.state_file);
  Memory memory = Memory::read(file.content());
  devices::HostSampler host({.place = a.place, .baseline = memory.baseline});
  sdk::Device device = open_device(a, memory.snapshot, [&](std::string_view snapshot) {
    memory.snapshot = std::string(snapshot);
    memory.baseline = host.baseline();
    return file.replace(memory.bytes());
  });
  Running running(a, device);
  signals.on_stop([&] { running.wake(); });
  const std::uint64_t end_ms = a.seconds == 0 ? UINT64_MAX : mono_now_ms() + a.seconds * 1'000ULL;
  std::uint64_t next_ms = mono_now_ms();
  std::uint64_t operations = 0;
  while (!signals.stop_asked() && mono_now_ms() < end_ms) {
    if (mono_now_ms() >= next_ms) {
      operations += host.sample(device, wall_now_ms());
      next_ms = std::max(next_ms + a.interval_ms, mono_now_ms());
    }
    running.step_until(std::min(next_ms, end_ms));
  }
  const bool drained = running.drain(a.drain_ms);
  signals.on_stop({});
  return finish(a, device, operations, drained);
}

Exit run_replay(const DeviceArguments& a) {
  Signals signals;
  auto replay = devices::Replay::open(a.file);
  if (!replay) throw Trouble(Exit::usage, replay.error());
  MemoryFile file(a.state_file);
  sdk::Device device = open_device(
      a, file.content(), [&](std::string_view snapshot) { return file.replace(snapshot); });
  Running running(a, device);
  signals.on_stop([&] { running.wake(); });
  const std::uint64_t start_ms = mono_now_ms();
  std::uint64_t operations = 0;
  while (const auto row = replay->next()) {
    const double offset_ms = a.speed <= 0 || row->at_ms <= replay->first_ms()
                                 ? 0
                                 : static_cast<double>(row->at_ms - replay->first_ms()) / a.speed;
    const std::uint64_t due_ms = start_ms + static_cast<std::uint64_t>(offset_ms);
    do {
      if (mono_now_ms() < due_ms || operations % 100 == 0) running.step_until(due_ms);
    } while (mono_now_ms() < due_ms && !signals.stop_asked());
    if (signals.stop_asked()) break;
    const sdk::Outcome outcome = devices::apply(device, row->operation, row->at_ms);
    operations += outcome == sdk::Outcome::applied ? 1 : 0;
    if (outcome != sdk::Outcome::applied && outcome != sdk::Outcome::unchanged) {
      throw Trouble(Exit::usage, a.file + ":" + std::to_string(row->line) + ": " +
                                     sdk::name(outcome) + "\n  correct that line");
    }
  }
  if (!replay->error().empty()) throw Trouble(Exit::usage, replay->error());
  const bool drained = running.drain(a.drain_ms);
  signals.on_stop({});
  return finish(a, device, operations, drained);
}

void add_common(CLI::App& app, DeviceArguments& a) {
  add_endpoint_options(app, a.endpoint);
  app.add_option("--id", a.id, "the device's id")->capture_default_str();
  app.add_option("--state", a.state_file,
                 "a file for its memory; without it, every start is a new epoch")
      ->type_name("FILE");
  app.add_option("--drain-ms", a.drain_ms, "at the end, how long to wait for acknowledgements")
      ->capture_default_str();
  add_value_key_option(app, a.value_keys);
  app.add_flag("--json", a.as_json, "the summary at the end as JSON");
}

}  // namespace

void add_device(CLI::App& root, Commands& commands) {
  CLI::App* app = root.add_subcommand("device", "run a real device: this machine, or a recording");
  app->require_subcommand(1);

  auto host = std::make_shared<DeviceArguments>();
  host->id = "host-" + host_name();
  host->place = "hosts/" + host_name();
  CLI::App* host_app =
      app->add_subcommand("host", "publish this machine's own counters, processes and sensors");
  add_common(*host_app, *host);
  host_app->add_option("--place", host->place, "keys begin with this")->capture_default_str();
  host_app->add_option("--interval-ms", host->interval_ms, "between two samples")
      ->capture_default_str()
      ->check(CLI::Range(10U, 3'600'000U));
  host_app->add_option("--seconds", host->seconds, "end by itself; 0: run until SIGTERM");
  host_app->footer(examples(
      {"tributary device host --state host.state", "tributary get " + host->place + "/load/1"}));
  commands.push_back({host_app, [host] { return run_host(*host); }});

  auto replay = std::make_shared<DeviceArguments>();
  replay->id = "replay-" + host_name();
  CLI::App* replay_app = app->add_subcommand(
      "replay", "publish recorded data (CSV: timestamp,key,type,operation,value)");
  add_common(*replay_app, *replay);
  replay_app->add_option("file", replay->file, "the recording")->required()->type_name("FILE");
  replay_app->add_option("--speed", replay->speed, "times as fast as recorded; 0: at once")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  replay_app->footer(examples({"tributary device replay day.csv --speed 60",
                               "tributary device replay day.csv --value-key hall/=hall.key"}));
  commands.push_back({replay_app, [replay] { return run_replay(*replay); }});
}

}  // namespace tributary::app
