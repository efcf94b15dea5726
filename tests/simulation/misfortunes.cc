// SPDX-License-Identifier: Apache-2.0
// What can go wrong, done to the world. Every misfortune has its own luck, so leaving one out
// changes no other.
#include <algorithm>
#include <set>
#include <utility>

#include "tests/simulation/world.h"
#include "transports/wire/record.h"

namespace tributary::simulation {

using Kind = Misfortune::Kind;
using storage::Disk;
using transports::memory::Broker;
using transports::memory::Cut;
using transports::memory::Retained;

namespace {

const std::string database = "/data/gateway.db";
constexpr std::int64_t in_2100_ms = 4'118'083'200'000;  // the first of July, midnight UTC

}  // namespace

void World::down_for(GatewayNode& node, std::uint64_t ms) {
  judge_.off.insert(node.id());
  later(now_ms_ + ms, [this, &node] { boot(node); });
}

void World::strike(const Misfortune& m) {
  judge_.trace.add("world", name(m.kind), std::to_string(m.for_ms));
  Random random(m.luck);
  if (random.chance(0.3)) {  // something to go back to, later
    GatewayNode& g = *gateways_[random.below(gateways_.size())];
    old_disks_[&g] = g.box.disk().image();
    DeviceNode& d = *devices_[random.below(devices_.size())];
    if (!d.saved().bytes.empty()) old_memories_[&d] = d.saved();
    brokers_[random.below(brokers_.size())]->take_snapshot();
  }
  if (m.kind <= Kind::gateway_stopped) {
    strike_gateway(m, random, *gateways_[random.below(gateways_.size())]);
  } else if (m.kind <= Kind::database_cut_off) {
    strike_disk(m, random, *gateways_[random.below(gateways_.size())]);
  } else if (m.kind <= Kind::save_fails) {
    strike_device(m, random);
  } else if (m.kind <= Kind::device_in_2100) {
    strike_clock(m, random);
  } else {
    strike_network(m, random);
  }
}

void World::strike_gateway(const Misfortune& m, Random& random, GatewayNode& g) {
  const std::uint64_t off_ms = std::min<std::uint64_t>(m.for_ms, 600'000);
  switch (m.kind) {
    case Kind::gateway_killed:
      if (!g.running()) return;
      g.kill();
      return down_for(g, off_ms);
    case Kind::gateway_killed_in_commit:
      if (g.running() && g.quiet()) g.box.arm(Hardware::Crash::killed, random.between(1, 2));
      return;
    case Kind::power_cut_in_commit:
      if (g.running() && g.quiet()) g.box.arm(Hardware::Crash::power_cut, random.between(1, 3));
      return;
    case Kind::gateway_terminated:
      g.terminate(now_ms_);
      return;
    case Kind::gateway_wiped:
      g.kill();
      judge_.damaged(g.book);
      g.box.replace({});
      return down_for(g, off_ms);
    case Kind::gateway_set_back: {
      const auto old = old_disks_.find(&g);
      if (old == old_disks_.end()) return;
      g.kill();
      judge_.damaged(g.book);
      g.box.replace(old->second);
      judge_.reached.note(Reached::old_copy_ran);
      return down_for(g, off_ms);
    }
    case Kind::gateway_cloned: {
      if (!g.quiet()) return;
      const auto index =
          static_cast<std::size_t>(std::find_if(gateways_.begin(), gateways_.end(),
                                                [&](const auto& x) { return x.get() == &g; }) -
                                   gateways_.begin());
      ghosts_.push_back(make_gateway(index, true, g.box.disk().image()));
      GatewayNode& ghost = *ghosts_.back();
      // What it acknowledges comes and goes with it, and neither copy is to be relied on.
      judge_.damaged(g.book);
      if (ghost.boot(now_ms_)) judge_.reached.note(Reached::clone_ran);
      later(now_ms_ + random.between(500, 20'000), [this, &ghost, &g] {
        ghost.kill();
        judge_.damaged(g.book);
      });
      return;
    }
    default:
      if (g.running()) g.freeze(now_ms_ + std::min<std::uint64_t>(m.for_ms, 60'000));
      return;
  }
}

void World::damage(GatewayNode& g, Random& random, Kind kind) {
  g.kill();
  storage::Image image = g.box.disk().image();
  if (image.empty()) return;
  auto file = image.begin();
  std::advance(file, random.below(image.size()));
  if (random.chance(0.7)) file = image.find(database);
  if (file == image.end() || file->second.empty()) return;
  if (kind == Kind::database_cut_off) {
    file->second.resize(random.below(file->second.size()));
    if (random.chance(0.2)) image.erase(file);
  } else {
    const bool in_envelopes = random.chance(0.7);  // each has the fleet's name near its head
    for (std::uint64_t flips = random.between(1, in_envelopes ? 20 : 3); flips > 0; --flips) {
      std::size_t at = random.below(file->second.size());
      if (const std::size_t near = file->second.find("demo", at);
          in_envelopes && near != std::string::npos) {
        at = std::min(near + random.below(60), file->second.size() - 1);
      }
      char& byte = file->second[at];
      byte = static_cast<char>(byte ^ (1 << random.below(8)));
    }
  }
  judge_.damaged(g.book);
  g.box.replace(std::move(image));
}

void World::strike_disk(const Misfortune& m, Random& random, GatewayNode& g) {
  Disk& disk = g.box.disk();
  const auto heals = [this, &g](std::uint64_t ms) {
    later(now_ms_ + ms, [&g] { g.box.disk().heal(); });
  };
  const std::uint64_t for_ms = std::min<std::uint64_t>(m.for_ms, 900'000);
  switch (m.kind) {
    case Kind::disk_full:
      disk.fill_after(random.between(1, 30));
      return heals(for_ms);
    case Kind::disk_slow:
      g.box.slow_until_ms = now_ms_ + for_ms;
      return;
    case Kind::sync_fails:
      disk.fail({Disk::Call::sync, random.between(1, 4),
                 random.chance(0.7) ? random.between(1, 3) : Disk::for_ever});
      return heals(for_ms);
    case Kind::write_fails: {
      constexpr Disk::Call calls[] = {Disk::Call::write, Disk::Call::read, Disk::Call::truncate,
                                      Disk::Call::open, Disk::Call::file};
      disk.fail({calls[random.below(5)], random.between(1, 20), random.between(1, 5)});
      return heals(for_ms);
    }
    case Kind::sync_fails_then_power_cut:
      if (!g.quiet()) return;
      g.box.arm(Hardware::Crash::power_cut, random.between(2, 5));
      disk.fail({Disk::Call::sync, random.between(1, 4), 1});
      return heals(for_ms);
    default:
      damage(g, random, m.kind);
      return down_for(g, std::min<std::uint64_t>(for_ms, 10'000));
  }
}

void World::strike_device(const Misfortune& m, Random& random) {
  DeviceNode& d = *devices_[random.below(devices_.size())];
  const std::uint64_t off_ms = std::min<std::uint64_t>(m.for_ms, 600'000);
  const auto off = [this, &d](std::uint64_t ms) {
    later(now_ms_ + ms, [this, &d] {
      if (!d.running()) d.boot(now_ms_);
    });
  };
  switch (m.kind) {
    case Kind::device_rebooted:
      if (d.running() && !d.setup().has_memory) judge_.reached.note(Reached::memoryless_reboot);
      d.crash();
      return off(off_ms);
    case Kind::device_forgets:
      d.crash();
      d.forget();
      return off(off_ms);
    case Kind::device_cloned:
      if (d.saved().bytes.empty() || copies_.size() > 2) return;
      copies_.push_back(d.copy(++memories_, random.next()));
      copies_.back()->boot(now_ms_);
      for (std::uint64_t n = random.below(6); n > 0; --n) copies_.back()->operate(now_ms_);
      judge_.reached.note(Reached::clone_ran);
      return;
    case Kind::device_rolled_back: {
      const auto old = old_memories_.find(&d);
      if (old == old_memories_.end()) return;
      d.crash();
      d.put_back(old->second, ++memories_);
      judge_.reached.note(Reached::old_copy_ran);
      return off(std::min<std::uint64_t>(off_ms, 30'000));
    }
    default:
      d.save_fails = true;
      later(now_ms_ + off_ms, [&d] { d.save_fails = false; });
      return;
  }
}

// The admin closes all that a device has said, but for what one gateway holds of it at that moment;
// the device begins anew. Or he withdraws its grant, and the device goes on: it is refused in
// whatever epoch. What it said is promised to nobody any more, but for this: that all gateways
// agree, and hold of it nothing else.
void World::settle_device(Random random) {
  DeviceNode& d = *devices_[random.below(devices_.size())];
  const GatewayNode& g = *gateways_[random.below(gateways_.size())];
  const std::string& id = d.setup().id;
  const bool copied = std::any_of(copies_.begin(), copies_.end(),
                                  [&](const auto& copy) { return copy->setup().id == id; });
  if (!d.running() || !g.running() || copied) return;
  std::set<std::uint64_t> epochs{d.actor().second};
  std::vector<std::string> stay;
  const auto all = g.gateway().envelopes({}, 1'000'000, id);
  for (const auto& [hash, bytes] : *all) {
    epochs.insert(wire::decode_envelope(*bytes, wire::Limits{})->delta.epoch);
    stay.push_back(*bytes);
    stay_.insert(hash);
  }
  settled_device_ = id;
  settled_epochs_ = epochs;
  for (const std::uint64_t epoch : epochs) judge_.history.taint({id, epoch});
  if (plan_.withdraws) judge_.history.taint_device(id);
  const std::shared_ptr<Log> log =
      judge_.history.log({std::string(wire::admin_id), FleetKeys::admin_epoch}, 0);
  std::uint64_t op = keys_->grants().size() + keys_->records().size();
  for (const std::string& record :
       plan_.withdraws ? keys_->withdraw(id, stay) : keys_->settle(id, epochs, stay))
    log->insert(++op, {std::string(wire::settlements_key), 3}, record);
  if (plan_.withdraws) return;
  old_memories_.erase(&d);
  d.crash();
  d.forget();
  d.boot(now_ms_);
}

void World::strike_clock(const Misfortune& m, Random& random) {
  const auto by =
      static_cast<std::int64_t>(random.log_between(100, 3'600'000)) * (random.chance(0.5) ? 1 : -1);
  if (m.kind == Kind::gateway_clock_steps) {
    GatewayNode& g = *gateways_[random.below(gateways_.size())];
    return g.clock.step(by);
  }
  DeviceNode& d = *devices_[random.below(devices_.size())];
  if (m.kind == Kind::device_clock_steps) return d.clock.step(by);
  const std::int64_t away_ms = in_2100_ms - static_cast<std::int64_t>(began_ms_);
  d.clock.step(away_ms);
  for (std::uint64_t n = random.below(4); n > 0; --n) d.operate(now_ms_);
  later(now_ms_ + m.for_ms, [&d, away_ms] { d.clock.step(-away_ms); });
}

void World::flap(Broker& broker, const std::string& client, std::uint64_t until_ms, Random random) {
  if (now_ms_ >= until_ms || !chaos_) return broker.partition(client, Cut::none);
  broker.partition(client, random.chance(0.5) ? Cut::both : Cut::none);
  later(now_ms_ + random.between(50, 20'000),
        [this, &broker, client, until_ms, random] { flap(broker, client, until_ms, random); });
}

void World::strike_network(const Misfortune& m, Random& random) {
  // A client with its broker.
  Broker* broker = nullptr;
  std::string client;
  if (random.chance(0.6)) {
    const GatewayNode& g = *gateways_[random.below(gateways_.size())];
    broker = g.wires()[random.below(g.wires().size())].broker;
    client = g.client_id();
  } else {
    const DeviceNode& d = *devices_[random.below(devices_.size())];
    broker = d.setup().broker;
    client = d.setup().client_id;
  }
  switch (m.kind) {
    case Kind::partition: {
      constexpr Cut cuts[] = {Cut::both, Cut::to_broker, Cut::to_client};
      const Cut cut = cuts[random.below(3)];
      if (cut != Cut::both) judge_.reached.note(Reached::one_way_partition);
      broker->partition(client, cut);
      later(now_ms_ + m.for_ms, [broker, client] { broker->partition(client, Cut::none); });
      return;
    }
    case Kind::flapping:
      return flap(*broker, client, now_ms_ + std::min<std::uint64_t>(m.for_ms, 300'000),
                  random.fork());
    case Kind::disconnect:
      broker->disconnect(client);
      return;
    default: {
      constexpr Retained after[] = {Retained::forgotten, Retained::kept, Retained::snapshot};
      const Retained retained = after[random.below(3)];
      broker->kill();
      if (retained == Retained::forgotten) judge_.reached.note(Reached::broker_forgot);
      if (retained == Retained::snapshot) judge_.reached.note(Reached::broker_rolled_back);
      later(now_ms_ + std::min<std::uint64_t>(m.for_ms, 120'000),
            [broker, retained] { broker->restart(retained); });
      return;
    }
  }
}

}  // namespace tributary::simulation
