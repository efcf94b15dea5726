// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/core/support/world.h"

#include <algorithm>

namespace tributary::core::testing {

using transports::Event;
using transports::Message;
using transports::Qos;
using transports::memory::Broker;

namespace {

constexpr std::uint64_t step_ms = 5;
const std::string fleet = "demo";

Qos qos_of(bool at_least_once) {
  return at_least_once ? Qos::at_least_once : Qos::at_most_once;
}

std::map<std::string, std::uint64_t> sum(const std::vector<std::unique_ptr<Sensor>>& sensors,
                                         bool up) {
  std::map<std::string, std::uint64_t> out;
  for (const auto& s : sensors) {
    for (const auto& [key, n] : up ? s->up : s->down) out[key] += n;
  }
  return out;
}

std::string json_list(const std::set<std::string>& elements) {
  std::string out = "[";
  for (const std::string& e : elements) out += (out.size() > 1 ? ",\"" : "\"") + e + '"';
  return out + ']';
}

}  // namespace

void Disk::apply(const Commit& c) {
  for (const auto& row : c.insert) envelopes[row.row] = row;
  for (const std::uint64_t row : c.erase) envelopes.erase(row);
  for (const auto& row : c.actors) actors[row.row] = row;
  if (c.forget_values) values.clear();
  for (const auto& row : c.values) values[{row.key, row.type}] = row;
  for (const auto& row : c.dead_letters) dead_letters.push_back(row);
  for (const auto& row : c.quarantine) {
    quarantine.push_back(row);
    envelopes.erase(row.row);
  }
}

Node::Node(Options options, std::vector<Broker*> brokers, std::vector<LinkOptions> links,
           std::uint64_t seed)
    : options_(std::move(options)),
      brokers_(std::move(brokers)),
      link_options_(std::move(links)),
      random_(seed) {
  disk_.incarnation = random_();
}

void Node::boot(std::uint64_t now_ms) {
  gateway_ = std::make_unique<Gateway>(options_, disk_.incarnation, random_());
  for (const auto& [row, e] : disk_.envelopes) gateway_->restore(EnvelopeRow(e));
  for (const auto& [row, a] : disk_.actors) gateway_->restore(ActorRow(a));
  lines_.clear();
  for (std::size_t i = 0; i < brokers_.size(); ++i) {
    gateway_->attach(link_options_[i]);
    Line line;
    line.session = brokers_[i]->session(options_.gateway);
    lines_.push_back(std::move(line));
  }
  gateway_->start(instant(now_ms));
  perform(now_ms);
  for (Line& line : lines_) line.session->start();
}

void Node::crash() {
  gateway_.reset();
  lines_.clear();
  commit_.reset();
}

void Node::wipe() {
  crash();
  disk_ = {};
  disk_.incarnation = random_();
}

void Node::step(std::uint64_t now_ms) {
  if (!running()) return;
  for (LinkId l = 0; l < lines_.size(); ++l) {
    if (!gateway_->accepting()) break;
    for (Event& e : lines_[l].session->poll(256)) {
      if (e.kind == Event::Kind::connected) gateway_->connected(instant(now_ms), l);
      if (e.kind == Event::Kind::disconnected) {
        gateway_->disconnected(instant(now_ms), l);
        lines_[l].queue.clear();
        lines_[l].retained.clear();
      }
      if (e.kind == Event::Kind::message) {
        gateway_->receive(instant(now_ms),
                          {l, e.message.topic, e.message.payload, e.message.retain});
      }
    }
  }
  if (commit_ && now_ms >= commit_->first) {
    const CommitRequest request = std::move(commit_->second);
    commit_.reset();
    if (disk_.full) {
      gateway_->commit_failed(instant(now_ms), request.ticket, "disk full");
    } else {
      disk_.apply(*request.rows);
      gateway_->committed(instant(now_ms), request.ticket);
    }
  }
  const auto due = gateway_->deadline();
  if (due && *due <= now_ms) gateway_->tick(instant(now_ms));
  perform(now_ms);
}

void Node::perform(std::uint64_t now_ms) {
  Output out = gateway_->take_output();
  if (out.commit) commit_ = {now_ms + commit_delay_ms, std::move(*out.commit)};
  for (const Subscription& s : out.subscriptions) {
    if (s.subscribe) {
      lines_[s.link].session->subscribe(s.filter, qos_of(s.at_least_once), s.no_local);
    } else {
      lines_[s.link].session->unsubscribe(s.filter);
    }
  }
  for (Publish& p : out.publishes) {
    Message m{p.topic, std::move(p.payload), qos_of(p.at_least_once), p.retain, {}, {}};
    if (p.retain) {
      lines_[p.link].retained[p.topic] = std::move(m);
    } else {
      lines_[p.link].queue.push_back(std::move(m));
    }
  }
  for (Line& line : lines_) {
    for (auto at = line.retained.begin();
         at != line.retained.end() && line.session->publish(at->second);) {
      at = line.retained.erase(at);
    }
    std::size_t sent = 0;
    while (sent < line.queue.size() && line.session->publish(line.queue[sent])) ++sent;
    line.queue.erase(line.queue.begin(), line.queue.begin() + static_cast<std::ptrdiff_t>(sent));
  }
  for (Notice& n : out.notices) notices.push_back(std::move(n));
}

Sensor::Sensor(std::string fleet_name, std::string device_id, Broker& broker, std::uint64_t seed,
               bool memory)
    : id(std::move(device_id)),
      fleet_(std::move(fleet_name)),
      broker_(broker),
      random_(seed),
      memory_(memory) {}

void Sensor::boot(std::uint64_t now_ms) {
  sdk::Options o;
  o.fleet = fleet_;
  o.device = id;
  o.random = [this] { return random_(); };
  o.resend_min_ms = 300;
  o.resend_max_ms = 2'000;
  o.catch_up_ms = 1'500;
  if (memory_) {
    o.save = [this](std::string_view s) {
      saved_ = std::string(s);
      return true;
    };
    o.saved = saved_;
  }
  auto opened = sdk::Device::open(std::move(o));
  device_.emplace(std::move(*opened));
  device_->time(now_ms);
  session_ = broker_.session(id);
  session_->subscribe("tributary/v1/" + fleet_ + "/ack/" + id, Qos::at_least_once);
  session_->start();
  queue_.clear();
}

void Sensor::step(std::uint64_t now_ms) {
  if (!device_) return;
  device_->time(now_ms);
  for (Event& e : session_->poll(64)) {
    if (e.kind == Event::Kind::connected) device_->link_up(now_ms);
    if (e.kind != Event::Kind::message) continue;
    for (const sdk::Event& said : device_->receive(now_ms, e.message.payload)) {
      if (said.kind == sdk::Event::Kind::twin) ++twins;
    }
  }
  if (!session_->connected()) return;
  for (sdk::Packet& p : device_->poll(now_ms)) {
    session_->publish({"tributary/v1/" + fleet_ + '/' + p.topic,
                       std::move(p.payload),
                       Qos::at_least_once,
                       false,
                       {},
                       {}});
  }
}

void Sensor::act(std::uint64_t now_ms) {
  if (!device_) return;
  const std::string key =
      std::string(random_() % 2 ? "shared/" : id + '/') + "k" + std::to_string(random_() % 3);
  const std::string element = id + '-' + std::to_string(random_() % 12);
  const std::uint64_t amount = 1 + random_() % 1000;
  switch (random_() % 6) {
    case 0:
      device_->counter(key).add(amount), up["g:" + key] += amount;
      break;
    case 1:
      device_->up_down(key).add(amount), up["p:" + key] += amount;
      break;
    case 2:
      device_->up_down(key).subtract(amount), down["p:" + key] += amount;
      break;
    case 3:
      device_->grow_set(key).insert(element), grown[key].insert(element);
      break;
    case 4: {
      auto set = device_->set(key);
      if (set.contains(element)) {
        set.erase(element), members[key].erase(element);
      } else {
        set.insert(element), members[key].insert(element);
      }
      break;
    }
    default:
      device_->reg(id + "/reading").set_at(now_ms, amount);
      break;
  }
  if (memory_) device_->persist();  // the oracle counts it from here
}

World::World(const WorldOptions& options) : options_(options), random_(options.seed) {
  const bool sites = options_.sites > 1;
  for (std::size_t i = 0; i < (sites ? options_.sites + 1 : 1); ++i) {
    transports::memory::Options o;
    o.seed = random_();
    o.faults = options_.faults;
    o.keepalive_ms = 3'000;
    brokers.push_back(std::make_unique<Broker>(o));
    brokers.back()->advance(now_);
  }
  for (std::size_t i = 0; i < options_.gateways; ++i) {
    Options o;
    o.fleet = fleet;
    o.gateway = "g" + std::to_string(i + 1);
    o.state_interval_min_ms = 500;
    o.settle_ms = 400;
    o.sync_interval_max_ms = 5'000;
    o.fetch_timeout_ms = 3'000;
    o.listen_ms = 500;
    std::vector<Broker*> to{brokers[i % options_.sites].get()};
    std::vector<LinkOptions> links{{"local", true, !sites, {"*"}}};
    if (sites) {
      to.push_back(brokers.back().get());
      links.push_back({"shared", false, true, {"*"}});
    } else if (i > 0) {
      links[0].hears = {i == 1 ? "*-a" : "*-b"};  // g1 hears all, the others some
    }
    nodes.push_back(std::make_unique<Node>(o, to, links, random_()));
    nodes.back()->boot(now_);
  }
  for (std::size_t i = 0; i < options_.devices; ++i) {
    const std::string id = "dev-" + std::to_string(i) + (i % 2 ? "-a" : "-b");
    sensors.push_back(
        std::make_unique<Sensor>(fleet, id, *brokers[i % options_.sites], random_(), true));
    sensors.back()->boot(now_);
  }
}

void World::step(bool acting) {
  now_ += step_ms;
  for (auto& b : brokers) b->advance(now_);
  for (auto& s : sensors) {
    if (acting && random_() % 20 == 0) s->act(now_);
    s->step(now_);
  }
  for (auto& n : nodes) n->step(now_);
}

void World::run(std::uint64_t ms, bool acting) {
  for (std::uint64_t end = now_ + ms; now_ < end;) step(acting);
}

void World::misfortune() {
  Node& node = *nodes[random_() % nodes.size()];
  Sensor& sensor = *sensors[random_() % sensors.size()];
  switch (random_() % 8) {
    case 0:
    case 1:
      if (options_.gateways_crash && node.running()) {
        node.crash();
        down_.emplace_back(now_ + random_() % 3'000, &node);
      }
      break;
    case 2:
      if (options_.gateways_wiped && node.running()) {
        node.wipe();
        down_.emplace_back(now_ + random_() % 3'000, &node);
      }
      break;
    case 3:
      if (options_.devices_reboot) {
        sensor.crash();
        sensor.boot(now_);
      }
      break;
    case 4:
      if (options_.broker_dies && !broker_down_) {
        const std::size_t b = random_() % brokers.size();
        brokers[b]->kill();
        broker_down_ = {now_ + random_() % 2'000, b};
      }
      break;
    case 5:
      node.disk().full = !node.disk().full;
      break;
    case 6:
      brokers[random_() % brokers.size()]->disconnect("g" +
                                                      std::to_string(1 + random_() % nodes.size()));
      break;
    default:
      node.commit_delay_ms = static_cast<std::uint32_t>(random_() % 200);
      break;
  }
}

void World::chaos(std::uint64_t ms) {
  for (std::uint64_t end = now_ + ms; now_ < end;) {
    step(true);
    if (random_() % 200 == 0) misfortune();
    std::erase_if(down_, [&](const auto& d) {
      if (now_ < d.first) return false;
      d.second->boot(now_);
      return true;
    });
    if (broker_down_ && now_ >= broker_down_->first) {
      brokers[broker_down_->second]->restart(random_() % 2 ? transports::memory::Retained::forgotten
                                                           : transports::memory::Retained::kept);
      broker_down_.reset();
    }
  }
}

void World::heal() {
  for (auto& [at, node] : down_) node->boot(now_);
  down_.clear();
  if (broker_down_) brokers[broker_down_->second]->restart(transports::memory::Retained::forgotten);
  broker_down_.reset();
  for (auto& n : nodes) n->disk().full = false;
  for (auto& b : brokers) b->set_faults({});
}

std::string World::settle(std::uint64_t max_ms) {
  std::string wrong = "not run";
  for (const std::uint64_t end = now_ + max_ms; now_ < end;) {
    run(250, false);
    wrong = exact();
    if (wrong.empty()) return {};
  }
  return wrong;
}

std::string World::safe() {
  const auto up = sum(sensors, true);
  for (auto& n : nodes) {
    if (!n->running()) continue;
    for (const ValueView& v : n->gateway().values("", 0, 10'000)) {
      if (v.type != 1) continue;
      const auto at = up.find("g:" + v.key);
      if (at == up.end() || std::stoull(v.json) > at->second)
        return v.key + " shows " + v.json + ", more than was issued";
    }
  }
  return {};
}

std::string World::describe() {
  std::string out;
  for (const auto& s : sensors) {
    out += s->id + " epoch " + std::to_string(s->device().epoch()) + ": " +
           std::to_string(s->device().safe()) + " of " + std::to_string(s->device().last_op()) +
           " safe\n";
  }
  for (const auto& n : nodes) {
    if (!n->running()) continue;
    const Gateway& g = n->gateway();
    out += g.summary().digest.substr(0, 8) + " parts " + std::to_string(g.summary().parts) +
           " live " + std::to_string(g.summary().live_envelopes) + " fetches " +
           std::to_string(g.counters().fetches) + " incomplete " +
           std::to_string(g.counters().fetches_incomplete) + " heads in " +
           std::to_string(g.counters().heads_in) + '\n';
    for (const DeviceView& d : g.devices("", 0, 100)) {
      out += "   " + d.device + '/' + std::to_string(d.epoch) + " to " + std::to_string(d.op) +
             " live " + std::to_string(d.live_envelopes) + '\n';
    }
    for (const PeerView& p : g.peers()) {
      out += "   peer " + p.gateway + " link " + std::to_string(p.link) + " differs in " +
             std::to_string(p.buckets_differing) + " fetching " + std::to_string(p.fetching) + '\n';
    }
  }
  return out;
}

std::string World::exact() {
  const auto up = sum(sensors, true), down = sum(sensors, false);
  std::map<std::string, std::set<std::string>> grown, members;
  for (const auto& s : sensors) {
    for (const auto& [k, e] : s->grown) grown[k].insert(e.begin(), e.end());
    for (const auto& [k, e] : s->members) members[k].insert(e.begin(), e.end());
  }
  for (auto& n : nodes) {
    const std::string who =
        n->running() ? n->gateway().summary().digest.substr(0, 8) + ": " : "down: ";
    if (!n->running()) return who;
    const auto shows = [&](const std::string& key, std::uint8_t type) {
      const auto v = n->gateway().value(key, type);
      return v ? v->json : std::string("nothing");
    };
    for (const auto& [key, total] : up) {
      const auto at = down.find(key);
      const std::int64_t net = static_cast<std::int64_t>(total) -
                               static_cast<std::int64_t>(at == down.end() ? 0 : at->second);
      const bool grows = key[0] == 'g';
      const std::string want = grows ? std::to_string(total) : std::to_string(net);
      const std::string got = shows(key.substr(2), grows ? 1 : 2);
      if (got != want) return who + key + " is " + got + ", issued " + want;
    }
    for (const auto& [key, set] : grown) {
      if (shows(key, 3) != json_list(set))
        return who + key + " gset is " + shows(key, 3) + ", issued " + json_list(set);
    }
    for (const auto& [key, set] : members) {
      if (shows(key, 4) != json_list(set))
        return who + key + " orset is " + shows(key, 4) + ", issued " + json_list(set);
    }
    if (n->gateway().summary().digest != nodes[0]->gateway().summary().digest)
      return who + "digests differ";
  }
  for (const auto& s : sensors) {
    if (s->device().unacknowledged() != 0)
      return s->id + " has " + std::to_string(s->device().unacknowledged()) + " unacknowledged";
    if (s->twins != 0) return s->id + " was told it has a twin";
  }
  return {};
}

}  // namespace tributary::core::testing
