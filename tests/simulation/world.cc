// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "transports/wire/evidence.h"
#include "transports/wire/record.h"

namespace tributary::simulation {

using transports::memory::Broker;

namespace {

constexpr std::uint64_t epoch_ms = 1'700'000'000'000;
constexpr std::uint64_t settle_ms = 45 * 60'000;
constexpr std::uint64_t look_ms = 65'000;
constexpr std::uint64_t turns_max = 100'000;  // at one moment

}  // namespace

World::World(const Plan& plan, bool print)
    : plan_(plan), random_(Random(~plan.seed).next()), now_ms_(epoch_ms), began_ms_(epoch_ms) {
  judge_.trace.print = print;
  judge_.trace.now_ms = now_ms_;
  // SQLite's own randomness, which salts its log.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(plan.seed % 2'000'000'000 + 1),
                       nullptr);
  build_brokers();
  if (plan_.signs) build_keys();
  build_gateways();
  build_devices();
}

void World::build_brokers() {
  for (std::size_t i = 0; i < (plan_.sites > 1 ? plan_.sites + 1 : 1); ++i) {
    transports::memory::Options o;
    o.seed = random_.next();
    o.faults = plan_.faults;
    o.queued_max = plan_.queued_max;
    o.in_flight_max = plan_.broker_in_flight_max;
    brokers_.push_back(std::make_unique<Broker>(o));
    brokers_.back()->advance(now_ms_);
  }
}

std::string World::device_id(std::size_t index) const {
  return "dev-" + std::to_string(index) + (index % 2 == 0 ? "-a" : "-b");
}

void World::build_keys() {
  std::vector<std::string> gateways, devices;
  for (std::size_t i = 0; i < plan_.gateways; ++i) gateways.push_back("g" + std::to_string(i + 1));
  for (std::size_t i = 0; i < plan_.devices; ++i) devices.push_back(device_id(i));
  Random random(random_.next());
  keys_.emplace(random, gateways, devices, plan_.traitors.size());
  if (plan_.withdraws) keys_->permit();
  const std::shared_ptr<Log> log =
      judge_.history.log({std::string(wire::admin_id), FleetKeys::admin_epoch}, 0);
  std::uint64_t op = 0;
  for (const std::string& record : keys_->grants())
    log->insert(++op, {std::string(wire::grants_key), 3}, record);
  for (const std::string& record : keys_->records())
    log->insert(++op, {std::string(wire::keys_key), 3}, record);
  later(now_ms_ + plan_.chaos_ms / 2, [this] { all_enrolled_ = true; });
  if (plan_.settle_at_ms > 0)
    later(now_ms_ + plan_.settle_at_ms, [this] { settle_device(Random(plan_.settle_at_ms)); });
  for (std::size_t i = 0; i < plan_.traitors.size(); ++i) {
    traitors_.push_back(std::make_unique<Traitor>(
        *brokers_.back(), *keys_,
        Traitor::Setup{FleetKeys::traitor(i), plan_.traitors[i], gateways, random.next()}));
  }
  if (traitors_.size() > gateways.size()) judge_.reached.note(Reached::outnumbered);
  if (traitors_.size() == 4 && gateways.size() == 1) judge_.reached.note(Reached::alone);
}

std::unique_ptr<GatewayNode> World::make_gateway(std::size_t index, bool ghost,
                                                 storage::Image image) {
  GatewayNode::Setup s;
  s.core.fleet = "demo";
  s.core.gateway = "g" + std::to_string(index + 1);
  s.core.state_part_bytes = plan_.state_part_bytes;
  s.core.view_topics_max = static_cast<std::uint32_t>(plan_.views_max());
  s.core.view_enabled = plan_.views;
  s.core.pending_envelopes_max = plan_.pending_envelopes_max;
  s.core.asks = index >= plan_.older;
  // What rests leaves memory at once, or when there is some of it, or never.
  const std::uint64_t rests = (plan_.seed + index) % 4;
  if (plan_.rests && rests < 2) s.core.warm_bytes_max = rests == 0 ? 0 : 20'000;
  const bool sites = plan_.sites > 1;
  core::LinkOptions local{"local", true, !sites, {"*"}};
  // Every device is heard by somebody: g1 hears all.
  if (plan_.some_deaf && !sites && index > 0) local.hears = {index % 2 == 1 ? "*-a" : "*-b"};
  s.wires.push_back({brokers_[index % plan_.sites].get(), local});
  if (sites) s.wires.push_back({brokers_.back().get(), {"shared", false, true, {"*"}}});
  if (keys_) {
    s.core.trust = keys_->trust(s.core.gateway);
    if (index == 0 || plan_.registry_everywhere)
      s.registry = [this] { return keys_->registry(all_enrolled_); };
  }
  s.checkpoint_pages = plan_.checkpoint_pages;
  s.commit_ms = plan_.commit_ms;
  s.seed = random_.next();
  s.ghost = ghost;
  s.threads = keys_ && (plan_.seed + index) % 2 == 0 ? 2 : 1;
  s.image = std::move(image);
  auto node = std::make_unique<GatewayNode>(std::move(s), judge_);
  const auto skew = static_cast<std::uint64_t>(plan_.skew_max_ms);
  node->clock =
      WallClock(static_cast<std::int64_t>(random_.below(2 * skew + 1)) - plan_.skew_max_ms,
                plan_.drift_max * (2 * random_.unit() - 1), began_ms_);
  return node;
}

void World::build_gateways() {
  for (std::size_t i = 0; i < plan_.gateways; ++i) {
    gateways_.push_back(make_gateway(i, false, {}));
    boot(*gateways_.back());
  }
  if (plan_.older > 0 && plan_.older < plan_.gateways) judge_.reached.note(Reached::older_peer);
}

DeviceNode::World World::device_world() {
  DeviceNode::World w;
  w.books = [this] { return books(); };
  w.woken = [this] { devices_due_ms_ = 0; };
  w.somebody_elses_add = [this](const Actor& self) -> std::optional<std::pair<KeyType, DotName>> {
    const Shadow& shadow = gateways_[random_.below(gateways_.size())]->book.shadow;
    std::vector<std::pair<KeyType, DotName>> adds;
    for (const auto& [key, parts] : shadow.keys()) {
      for (const auto& [actor, part] : parts) {
        if (actor == self || judge_.history.tainted(actor)) continue;
        for (const auto& [op, element] : part.live) {
          adds.push_back({key, {actor.first, actor.second, op}});
        }
      }
    }
    if (adds.empty()) return std::nullopt;
    return adds[random_.below(adds.size())];
  };
  w.seen_dead = [this](const DotName& dot, const KeyType& key) {
    return gateways_[random_.below(gateways_.size())]->book.shadow.dead(dot, key);
  };
  return w;
}

void World::build_devices() {
  for (std::size_t i = 0; i < plan_.devices; ++i) {
    DeviceNode::Setup s;
    s.id = device_id(i);
    s.client_id = s.id;
    s.memory_number = i + 1;
    s.broker = brokers_[i % plan_.sites].get();
    s.has_memory = !random_.chance(plan_.memoryless);
    s.always_saves = plan_.always_saves;
    s.foreign_removals = plan_.foreign_removals;
    s.keys = plan_.keys;
    s.element_bytes = plan_.element_bytes;
    s.register_bytes = plan_.register_bytes;
    s.one_register = plan_.one_register;
    s.ticks = plan_.ticks;
    if (plan_.ticks) s.sdk.batch_ms = 0;
    s.sdk.body_bytes_max = plan_.body_bytes_max;
    s.sdk.small_set_bytes = plan_.small_set_bytes;
    s.sdk.acks_needed = plan_.some_deaf || plan_.sites > 1 ? 1 : plan_.acks_needed;
    if (keys_) {
      s.sdk.signer = keys_->signer(s.id);
      s.sdk.members = keys_->members();
      s.lied_to = !plan_.traitors.empty();
    }
    s.seed = random_.next();
    s.world = device_world();
    devices_.push_back(std::make_unique<DeviceNode>(std::move(s), judge_));
    const auto skew = static_cast<std::uint64_t>(plan_.skew_max_ms);
    devices_.back()->clock =
        WallClock(static_cast<std::int64_t>(random_.below(2 * skew + 1)) - plan_.skew_max_ms,
                  plan_.drift_max * (2 * random_.unit() - 1), began_ms_);
    devices_.back()->boot(now_ms_);
    next_operation_ms_.push_back(now_ms_ + random_.pause(plan_.operation_every_ms));
  }
}

void World::boot(GatewayNode& node) {
  if (node.running()) return;
  if (node.boot(now_ms_)) {
    judge_.off.erase(node.id());
    return;
  }
  later(now_ms_ + 1'000, [this, &node] { boot(node); });
}

std::vector<Book*> World::books(bool with_ghosts) {
  std::vector<Book*> out;
  for (const auto& g : gateways_) out.push_back(&g->book);
  if (!with_ghosts) return out;
  for (const auto& g : ghosts_) out.push_back(&g->book);
  return out;
}

void World::later(std::uint64_t at_ms, std::function<void()> run) {
  later_.push_back({at_ms, ++order_, std::move(run)});
}

std::uint64_t World::next_ms() {
  std::uint64_t next = ~std::uint64_t{0};
  const auto heed = [&](std::optional<std::uint64_t> at) {
    if (at) next = std::min(next, *at);
  };
  for (const auto& b : brokers_) heed(b->next_ms());
  for (const auto& g : gateways_) heed(g->next_ms());
  for (const auto& g : ghosts_) heed(g->next_ms());
  if (devices_due_ms_ == 0) {
    devices_due_ms_ = ~std::uint64_t{0};
    for (auto* group : {&devices_, &copies_}) {
      for (const auto& d : *group)
        devices_due_ms_ = std::min(devices_due_ms_, d->next_ms().value_or(devices_due_ms_));
    }
  }
  heed(devices_due_ms_);
  for (const auto& t : traitors_) {
    if (t->woken()) heed(now_ms_);
  }
  for (const Later& l : later_) heed(l.at_ms);
  if (chaos_) {
    if (operations_due_ms_ == 0)
      operations_due_ms_ = *std::min_element(next_operation_ms_.begin(), next_operation_ms_.end());
    heed(operations_due_ms_);
    if (next_misfortune_ < plan_.misfortunes.size()) {
      heed(began_ms_ + plan_.misfortunes[next_misfortune_].at_ms);
    }
  }
  return next;
}

void World::turn_gateways() {
  for (auto* group : {&gateways_, &ghosts_}) {
    for (const auto& g : *group) {
      const auto due = g->next_ms();
      if (!due || *due > now_ms_) continue;
      for (std::uint64_t turns = 0; g->turn(now_ms_); ++turns) {
        want(turns < turns_max, [&] { return g->id() + " never rests"; });
      }
      if (g->died()) {
        judge_.off.insert(g->id());
        if (!g->setup().ghost)
          later(now_ms_ + random_.between(1, 3'000), [this, n = g.get()] { boot(*n); });
      }
    }
  }
}

void World::step() {
  ++events_;
  judge_.trace.now_ms = now_ms_ - began_ms_;
  for (const auto& b : brokers_) b->advance(now_ms_);
  while (chaos_ && next_misfortune_ < plan_.misfortunes.size() &&
         began_ms_ + plan_.misfortunes[next_misfortune_].at_ms <= now_ms_) {
    strike(plan_.misfortunes[next_misfortune_++]);
    devices_due_ms_ = 0;
  }
  for (std::size_t i = 0; i < later_.size();) {
    if (later_[i].at_ms > now_ms_) {
      ++i;
      continue;
    }
    const Later due = std::move(later_[i]);
    later_.erase(later_.begin() + static_cast<std::ptrdiff_t>(i));
    due.run();
    devices_due_ms_ = 0;
  }
  operate_devices();
  step_devices();
  for (const auto& t : traitors_) {
    if (t->woken()) t->step(now_ms_);
  }
  turn_gateways();
}

void World::operate_devices() {
  if (!chaos_ || operations_due_ms_ > now_ms_) return;
  operations_due_ms_ = devices_due_ms_ = 0;
  for (std::size_t i = 0; i < devices_.size(); ++i) {
    if (next_operation_ms_[i] > now_ms_) continue;
    // In bursts, as sensors do.
    for (std::uint64_t n = random_.chance(plan_.bursts) ? random_.between(2, plan_.burst_max) : 1;
         n > 0; --n) {
      devices_[i]->operate(now_ms_);
    }
    next_operation_ms_[i] = now_ms_ + random_.pause(plan_.operation_every_ms);
  }
}

void World::step_devices() {
  if (devices_due_ms_ > now_ms_) return;
  devices_due_ms_ = 0;
  for (auto* group : {&devices_, &copies_}) {
    for (const auto& d : *group) {
      if (const auto due = d->next_ms(); due && *due <= now_ms_) d->step(now_ms_);
    }
  }
}

void World::run_until(std::uint64_t ms) {
  std::uint64_t steps_here = 0;
  while (true) {
    const std::uint64_t next = std::max(now_ms_, next_ms());
    if (next > ms) break;
    steps_here = next == now_ms_ ? steps_here + 1 : 0;
    want(steps_here < turns_max, [] { return "time stands still"; });
    now_ms_ = next;
    step();
  }
  now_ms_ = ms;
}

void World::heal() {
  chaos_ = false;
  devices_due_ms_ = 0;
  judge_.trace.add("world", "heal");
  for (const Later& l : std::exchange(later_, {})) l.run();  // every misfortune ends now
  later_.clear();
  for (const auto& b : brokers_) {
    b->set_faults({});
    for (auto* group : {&gateways_, &ghosts_}) {
      for (const auto& g : *group) b->partition(g->client_id(), transports::memory::Cut::none);
    }
    for (auto* group : {&devices_, &copies_}) {
      for (const auto& d : *group) {
        b->partition(d->setup().client_id, transports::memory::Cut::none);
      }
    }
  }
  for (const auto& t : traitors_) t->be_quiet();
  for (const auto& g : ghosts_) g->kill();
  for (const auto& g : gateways_) {
    g->clock.set_right();
    g->box.disk().heal();
    g->box.slow_until_ms = 0;
    g->box.disarm();
    if (g->stopped()) g->freeze(now_ms_);
    if (!g->running()) boot(*g);
  }
  for (auto* group : {&devices_, &copies_}) {
    for (const auto& d : *group) {
      d->clock.set_right();
      d->save_fails = false;
      if (!d->running()) d->boot(now_ms_);
    }
  }
}

std::string World::unsettled() {
  std::vector<const core::Gateway*> all;
  for (const auto& g : gateways_) {
    if (!g->running()) return g->id() + " is off";
    if (!g->quiet()) return g->id() + " commits";
    all.push_back(&g->gateway());
  }
  for (auto* group : {&devices_, &copies_}) {
    for (const auto& d : *group) {
      if (d->unacknowledged() > 0) return d->setup().client_id + " waits for acknowledgements";
    }
  }
  std::string wrong = judge_.in_step(all);
  for (const auto& g : gateways_) {
    for (const GatewayNode::Wire& wire : g->wires()) {
      if (wrong.empty() && wire.options.peers)
        wrong = judge_.retained(g->gateway(), g->id(), wire.broker->retained());
    }
  }
  if (!wrong.empty()) return wrong;
  // What only a lost disk had acknowledged comes again by itself.
  try {
    judge_.exact(books(false), alive(), owed());
  } catch (const Violation& v) {
    return v.what();
  }
  wrong = disks_differ(Shadow::Compare::state);
  return wrong.empty() ? "" : "digests are equal, and disks differ: " + wrong;
}

std::string World::disks_differ(Shadow::Compare compare) const {
  const Shadow& first = gateways_.front()->book.shadow;
  for (const auto& g : gateways_) {
    const Shadow& other = g->book.shadow;
    std::string where = first.differs(other, compare);
    if (where.empty()) where = other.differs(first, compare);
    if (!where.empty()) return where;
  }
  return {};
}

// Since the heal, of the gateway that needed most.
Exchanges World::exchanges() const {
  Exchanges most;
  for (std::size_t i = 0; i < gateways_.size(); ++i) {
    const Exchanges now = gateways_[i]->exchanges();
    most.heads = std::max(most.heads, now.heads - healed_[i].heads);
    most.reads = std::max(most.reads, now.reads - healed_[i].reads);
  }
  return most;
}

void World::settle() {
  const std::uint64_t healed_ms = now_ms_, end_ms = now_ms_ + settle_ms;
  for (const auto& g : gateways_) healed_.push_back(g->exchanges());
  std::string why = "not looked at";
  for (std::uint64_t pause_ms = 500; now_ms_ < end_ms;
       pause_ms = std::min<std::uint64_t>(2 * pause_ms, 30'000)) {
    run_until(now_ms_ + pause_ms);
    why = unsettled();
    exchanges_ = exchanges();
    if (exchanges_.heads > exchanges_max.heads || exchanges_.reads > exchanges_max.reads) break;
    if (why.empty()) break;
  }
  const auto does_not = [&](const std::string& bound) {
    const std::string where = disks_differ(Shadow::Compare::everything);
    return "does not converge in " + bound + ": " + why +
           (where.empty() ? "" : "; disks: " + where);
  };
  want(exchanges_.heads <= exchanges_max.heads,
       [&] { return does_not(std::to_string(exchanges_max.heads) + " heads of a gateway"); });
  want(exchanges_.reads <= exchanges_max.reads,
       [&] { return does_not(std::to_string(exchanges_max.reads) + " reads of a gateway"); });
  want(why.empty(), [&] { return does_not("45 min"); });
  converged_ms_ = now_ms_ - healed_ms;
  // Every gateway has looked at its clock again, which somebody had set.
  run_until(now_ms_ + look_ms);
  for (int looks = 0; looks < 100 && !(why = unsettled()).empty(); ++looks) {
    run_until(now_ms_ + 700);
  }
  want(why.empty(), [&] { return "converges, and then no more: " + why; });
}

std::vector<Judge::Device> World::alive() {
  std::vector<Judge::Device> out;
  for (auto* group : {&devices_, &copies_}) {
    for (const auto& d : *group) {
      if (d->running()) out.push_back({d->actor(), d->log(), d->unacknowledged() == 0});
    }
  }
  return out;
}

std::map<Actor, std::uint64_t> World::owed() {
  std::map<Actor, std::uint64_t> out;
  for (auto* group : {&devices_, &copies_}) {
    for (const auto& d : *group) {
      for (const auto& [actor, heard] : d->closed()) {
        for (const auto& [op, promise] : heard) {
          if (promise.holds()) out[actor] = std::max(out[actor], op);
        }
      }
    }
  }
  return out;
}

// Of what was settled no gateway holds more than what stays.
void World::judge_settled() {
  if (settled_device_.empty()) return;
  for (const auto& g : gateways_) {
    const auto all = g->gateway().envelopes({}, 1'000'000, settled_device_);
    for (const auto& [hash, bytes] : *all) {
      if (wire::is_evidence(*bytes) || stay_.count(hash) != 0) continue;
      const std::uint64_t epoch = wire::decode_envelope(*bytes, wire::Limits{})->delta.epoch;
      want(!plan_.withdraws && settled_epochs_.count(epoch) == 0, [&] {
        return g->id() + " holds of " + settled_device_ + " what the admin has settled";
      });
    }
  }
}

void World::judge_end() {
  for (const auto& g : gateways_) {
    want(g->quiet(), [&] { return g->id() + " still commits"; });  // so kill() looks at it
    Judge::Topics most;
    for (const auto& b : brokers_) {
      const auto count = [&](const std::string& under) {
        return static_cast<std::size_t>(
            std::count_if(b->retained().begin(), b->retained().end(), [&](const auto& r) {
              return r.first.find(under + g->id() + '/') != std::string::npos;
            }));
      };
      most.of_gateway = std::max(most.of_gateway, count("/gw/"));
      most.of_views = std::max(most.of_views, count("/view/"));
    }
    // Where a queue is short, other traffic pushes the replay out: then no promise is made.
    most.views_max = plan_.queued_max < 500 ? ~std::size_t{0} : plan_.views_max();
    judge_.bounded(g->book, g->gateway(), alive(), most, g->file_bytes());
  }
  judge_settled();
  // A restart changes nothing.
  const std::string digest = gateways_.front()->gateway().summary().digest;
  for (const auto& g : gateways_) {
    g->kill();
    want(g->boot(now_ms_) && g->gateway().summary().digest == digest,
         [&] { return g->id() + " has another digest after a restart"; });
  }
}

Outcome World::run() {
  Outcome out;
  try {
    run_until(began_ms_ + plan_.chaos_ms);
    heal();
    settle();
    judge_end();
  } catch (const Violation& v) {
    out.wrong = v.what();
  }
  out.trace = judge_.trace.hash();
  out.simulated_ms = now_ms_ - began_ms_;
  out.converged_ms = converged_ms_;
  out.exchanges = exchanges_;
  out.operations = judge_.history.operations();
  out.misfortunes = next_misfortune_;
  out.events = events_;
  out.reached = judge_.reached;
  return out;
}

}  // namespace tributary::simulation
