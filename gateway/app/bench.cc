// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/bench.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "firmware-sim/sdk/device.h"
#include "gateway/app/cli.h"
#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/daemon.h"
#include "gateway/app/entropy.h"
#include "gateway/app/settings.h"
#include "gateway/app/text.h"
#include "gateway/store/store.h"

namespace tributary::app {
namespace {

using transports::Event;
using transports::Qos;

constexpr std::size_t envelope_bytes = 180;  // of a counter's, as devices send them
constexpr std::uint32_t resend_ms = 2'000;
constexpr std::uint64_t rows_kept = 20'000;  // live at once: as many are superseded as come

std::uint64_t now_us() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count());
}

BenchRow row_of(std::string what, std::vector<std::uint64_t> took_us, std::uint64_t all_us) {
  std::sort(took_us.begin(), took_us.end());
  const auto at = [&](double share) {
    if (took_us.empty()) return 0.0;
    const auto index = static_cast<std::size_t>(share * static_cast<double>(took_us.size() - 1));
    return static_cast<double>(took_us[index]) / 1e3;
  };
  return {.what = std::move(what),
          .count = took_us.size(),
          .seconds = static_cast<double>(all_us) / 1e6,
          .p50_ms = at(0.5),
          .p95_ms = at(0.95),
          .p99_ms = at(0.99),
          .most_ms = at(1)};
}

// Many devices in one session; each has at most one envelope under way.
class Load {
 public:
  Load(const BrokerOptions& broker, std::string root, const std::string& fleet, std::uint32_t count)
      : root_(std::move(root)), session_(make_session(broker)) {
    for (std::uint32_t i = 0; i < count; ++i) {
      sdk::Options o;
      o.fleet = fleet;
      o.device = "bench-" + std::to_string(i);
      o.random = random64;
      o.batch_ops_max = 1;
      o.resend_min_ms = resend_ms;
      auto opened = sdk::Device::open(o);
      if (!opened) throw Trouble(Exit::usage, opened.error().text);
      index_.emplace(root_ + "/ack/" + o.device, devices_.size());
      devices_.push_back({std::move(*opened)});
    }
    session_->on_ready([this] {
      {
        const std::lock_guard lock(mutex_);
        woken_ = true;
      }
      ready_.notify_one();
    });
    session_->subscribe(root_ + "/ack/+", Qos::at_most_once);
    session_->start();
  }
  ~Load() { session_->stop(200); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // The first `count` devices for so long; what each acknowledgement took.
  std::vector<std::uint64_t> run(std::size_t count, std::uint64_t length_us) {
    took_us_.clear();
    const std::uint64_t end_us = now_us() + length_us;
    active_ = count;
    for (std::size_t i = 0; i < count; ++i) send(i);
    std::uint64_t next_look_us = now_us() + resend_ms * 1'000;
    while (now_us() < end_us) {
      step(std::min(end_us, next_look_us));
      if (now_us() < next_look_us) continue;
      next_look_us = now_us() + resend_ms * 1'000;
      for (std::size_t i = 0; i < count; ++i) send(i);  // those that are due again
    }
    active_ = 0;
    const std::uint64_t drain_us = now_us() + 2'000'000;
    while (under_way_ > 0 && now_us() < drain_us) step(drain_us);
    return took_us_;
  }
  bool connected() const { return session_->connected(); }
  std::string trouble() const { return trouble_; }
  void step(std::uint64_t until_us) {
    const std::vector<Event> events = session_->poll(512);
    for (const Event& e : events) take(e);
    if (!events.empty()) return;
    std::unique_lock lock(mutex_);
    const std::uint64_t now = now_us();
    const auto left = std::chrono::microseconds(until_us - std::min(until_us, now));
    ready_.wait_for(lock, left, [this] { return woken_; });
    woken_ = false;
  }

 private:
  struct One {
    sdk::Device device;
    std::uint64_t sent_us = 0;  // 0: nothing is under way
  };

  void send(std::size_t i) {
    One& one = devices_[i];
    if (one.sent_us == 0) {
      one.device.counter("bench/" + std::to_string(i % 16)).add(1);
      one.sent_us = now_us();
      ++under_way_;
    }
    for (sdk::Packet& p : one.device.poll(wall_now_ms())) {
      session_->publish({.topic = root_ + "/" + p.topic, .payload = std::move(p.payload)});
    }
  }
  void take(const Event& e) {
    if (e.kind == Event::Kind::disconnected || e.kind == Event::Kind::refused) trouble_ = e.reason;
    if (e.kind != Event::Kind::message) return;
    const auto at = index_.find(e.message.topic);
    if (at == index_.end()) return;
    One& one = devices_[at->second];
    one.device.receive(wall_now_ms(), e.message.payload);
    if (one.sent_us == 0 || one.device.unacknowledged() > 0) return;
    took_us_.push_back(now_us() - one.sent_us);
    one.sent_us = 0;
    --under_way_;
    if (at->second < active_) send(at->second);
  }

  const std::string root_;
  std::vector<One> devices_;
  std::unordered_map<std::string, std::size_t> index_;  // by topic
  std::vector<std::uint64_t> took_us_;
  std::size_t active_ = 0, under_way_ = 0;
  std::string trouble_;
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;                            // guarded by mutex_
  std::unique_ptr<transports::Session> session_;  // last: its threads call on_ready
};

// What the scratch gateway had retained is taken away again.
void clear(const config::Gateway& g, std::uint32_t patience_ms) {
  const config::Broker& broker = g.brokers[0];
  Client client(Endpoint{.broker = broker.uri,
                         .fleet = g.gateway.fleet,
                         .topic_root = g.gateway.topic_root,
                         .username = broker.username,
                         .password_file = broker.password_file,
                         .identity = {}},
                patience_ms);
  client.subscribe(client.root() + "/#");
  constexpr std::uint64_t quiet_ms = 300;
  while (const auto kept = client.next(mono_now_ms() + quiet_ms)) {
    if (!kept->retain || kept->payload.empty()) continue;
    client.publish({.topic = kept->topic, .payload = {}, .retain = true}, patience_ms);
  }
  client.settle(patience_ms);
}

config::Loaded scratch(config::Inputs inputs, const std::string& directory,
                       const std::string& name) {
  for (const std::string& set :
       {"gateway.id=" + name, "gateway.fleet=" + name, "gateway.data_dir=" + directory,
        std::string("http.listen="), std::string("history.enabled=false"),
        std::string("alerts.publish=false"), std::string("homeassistant.enabled=false"),
        std::string("security.signatures=off"), std::string("security.permissions=false")}) {
    inputs.sets.push_back(set);
  }
  auto loaded = config::load(inputs);
  if (!loaded) throw Trouble(Exit::config, config::to_string(loaded.error()));
  loaded->gateway.brokers.resize(1);
  loaded->gateway.brokers[0].hears = {"*"};
  loaded->gateway.brokers[0].devices = true;
  loaded->derived.links.resize(1);
  return std::move(*loaded);
}

}  // namespace

BenchRow bench_commits(const std::string& directory, const BenchCommits& options) {
  store::Options o;
  o.identity = {"bench", "bench"};
  o.full_sync = options.full_sync;
  o.random = random64;
  auto store =
      store::Store::open(directory + "/commits-" + std::to_string(options.envelopes) + ".db", o);
  if (!store) throw Trouble(Exit::storage, store.error().message);
  std::vector<std::uint64_t> took_us;
  std::uint64_t row = 0;
  const std::uint64_t began_us = now_us();
  const std::uint64_t end_us = began_us + options.seconds * std::uint64_t{1'000'000};
  while (now_us() < end_us) {
    core::Commit commit;
    for (std::uint32_t i = 0; i < options.envelopes; ++i) {
      ++row;
      std::string hash(32, '\0');
      for (std::size_t b = 0; b < 8; ++b) hash[b] = static_cast<char>(row >> (8 * b));
      commit.insert.push_back(
          {row, std::move(hash), "bench", 1, row - 1, row, std::string(envelope_bytes, 'x')});
      if (row > rows_kept) commit.erase.push_back(row - rows_kept);
    }
    commit.actors.push_back({1, "bench", 1, std::string(64, 'i'), wall_now_ms()});
    const std::uint64_t at_us = now_us();
    if (const auto done = (*store)->commit(commit); !done)
      throw Trouble(Exit::storage, done.error().message);
    took_us.push_back(now_us() - at_us);
  }
  const std::string many = std::to_string(options.envelopes);
  return row_of("commits of " + many + (options.envelopes == 1 ? " envelope" : " envelopes"),
                std::move(took_us), now_us() - began_us);
}

std::vector<BenchRow> bench_path(const config::Inputs& inputs, const std::string& directory,
                                 const BenchPath& options) {
  const std::string name = "bench-" + hex64(random64());
  const config::Loaded loaded = scratch(inputs, directory, name);
  BrokerOptions broker = broker_options(loaded.gateway.brokers[0], loaded.derived.links[0]);
  broker.client_id = name + "-load";
  const std::string root = loaded.derived.topic_prefix;
  Log::Options quiet = log_options(loaded.gateway);
  quiet.level = Level::error;
  Log log(quiet);
  auto daemon = Daemon::open(daemon_options(loaded), log);
  if (!daemon) throw Trouble(Exit::storage, daemon.error().message);
  std::vector<BenchRow> out;
  {
    std::thread owner([&] { (*daemon)->run(); });
    struct Joined {
      Daemon& daemon;
      std::thread& thread;
      ~Joined() {
        daemon.stop();
        thread.join();
      }
    } joined{**daemon, owner};
    Load load(broker, root, name, options.devices);
    const auto length_us = options.seconds * std::uint64_t{1'000'000};
    // The first one waits until broker and gateway are there.
    const std::uint64_t end_us = now_us() + options.patience_ms * std::uint64_t{1'000};
    std::vector<std::uint64_t> first;
    while (first.empty() && now_us() < end_us) {
      if (!load.connected()) {
        load.step(std::min(end_us, now_us() + 100'000));
        continue;
      }
      first = load.run(1, 300'000);
    }
    if (first.empty()) {
      throw Trouble(Exit::broker,
                    "nothing was acknowledged through " + loaded.gateway.brokers[0].uri +
                        (load.trouble().empty() ? "" : ": " + load.trouble()) +
                        "\n  is the broker up, and does it let anybody use topics of fleet " +
                        name + "? --broker names another one, --disk-only leaves it out");
    }
    std::uint64_t began_us = now_us();
    std::vector<std::uint64_t> took = load.run(1, length_us);
    out.push_back(row_of("envelopes acknowledged, 1 device", std::move(took), now_us() - began_us));
    began_us = now_us();
    took = load.run(options.devices, length_us);
    out.push_back(row_of("envelopes acknowledged, " + std::to_string(options.devices) + " devices",
                         std::move(took), now_us() - began_us));
  }
  daemon = Failure{store::Error{}};  // its last will goes before what it had retained
  clear(loaded.gateway, options.patience_ms);
  return out;
}

}  // namespace tributary::app
