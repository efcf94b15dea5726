// SPDX-License-Identifier: Apache-2.0
// Random worlds: devices on links that lose, repeat and reorder, reboots with and without memory,
// gateways that lose their disks, clones and restored copies. Every packet is held against the
// truth; at the end everything must add up.
//
// A failure prints flavour and seed; TRIBUTARY_SEED=<n> runs just that one, TRIBUTARY_WORLDS=<n>
// runs so many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <random>

#include "firmware-sim/sdk/device.h"
#include "tests/firmware-sim/sdk/naive_gateway.h"
#include "tests/firmware-sim/sdk/truth.h"
#include "tests/support/share.h"

namespace tributary::sdk {
namespace {

using testing::ActorId;
using testing::NaiveGateway;
using testing::Truth;

enum class Flavour : std::uint8_t { memory, churn, memoryless, disk_loss, muted, copies };

struct Unit {  // one piece of hardware
  std::string id;
  bool memory = true;
  std::string disk;
  std::vector<std::string> old_disks;
  std::optional<Device> device;
};

class World {
 public:
  World(Flavour flavour, std::uint64_t seed) : flavour_(flavour), random_(seed) {
    for (int i = 0; i < 3; ++i) {
      gateways_.push_back(std::make_unique<NaiveGateway>("demo", "g" + std::to_string(i), i + 1));
      if (flavour == Flavour::muted) gateways_.back()->forbid("z");
    }
    if (flavour == Flavour::muted) union_.forbid("z");
    for (int i = 0; i < 2; ++i) {
      units_.push_back(std::make_unique<Unit>());
      units_.back()->id = "d" + std::to_string(i);
      units_.back()->memory = flavour != Flavour::memoryless || i == 1;
      boot(*units_.back());
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
  }
  void settle();
  void judge();
  std::uint64_t twins() const { return twins_; }
  std::uint64_t muted() const { return muted_; }
  std::uint64_t packed() const { return packed_; }

 private:
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  void step();
  void boot(Unit& u);
  void reboot(Unit& u);
  void operate(Unit& u);
  void poll(Unit& u, unsigned loss_percent);
  void deliver(std::size_t gateway, const std::string& payload);
  void acknowledge(std::size_t gateway, const std::string& id, unsigned loss_percent);
  void hear(Unit& u, const std::string& payload);
  void check_never_more();

  const Flavour flavour_;
  std::mt19937_64 random_;
  std::uint64_t now_ = 1'700'000'000'000;
  std::vector<std::unique_ptr<NaiveGateway>> gateways_;
  NaiveGateway union_{"demo", "all", 99};  // took everything that any gateway took
  std::vector<std::string> history_;
  std::vector<std::unique_ptr<Unit>> units_;
  std::map<ActorId, Truth>
      truths_;  // of every epoch; two copies share one, which then means nothing
  std::map<ActorId, std::uint64_t> closed_;  // epoch that ended → safe when it did
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> issued_;  // by all, ever
  std::map<std::string, std::set<std::string>> added_;
  std::vector<std::pair<std::size_t, std::string>> net_;   // gateway, payload
  std::vector<std::pair<std::string, std::string>> acks_;  // device, payload
  std::uint64_t twins_ = 0, muted_ = 0, packed_ = 0;
};

void World::boot(Unit& u) {
  Options o;
  o.fleet = "demo";
  o.device = u.id;
  o.random = [this] { return random_(); };
  o.body_bytes_max = 256 + pick(3) * 150;  // small packets: much is cut
  o.small_set_bytes = pick(3) * 40;
  o.compress = chance(50);
  o.resend_max_ms = 8'000;
  if (u.memory) {
    o.saved = u.disk;
    o.save = [&u](std::string_view s) {
      u.disk = std::string(s);
      u.old_disks.push_back(u.disk);
      return true;
    };
  }
  auto d = Device::open(std::move(o));
  ASSERT_TRUE(d) << d.error().text;
  u.device.emplace(std::move(*d));
  u.device->time(now_);
}

void World::reboot(Unit& u) {
  const ActorId actor(u.id, u.device->epoch());
  const std::uint64_t safe = u.device->safe();
  if (u.memory && chance(30)) u.device->persist();
  u.device.reset();
  boot(u);
  if (u.device->epoch() != actor.second) {
    closed_[actor] = safe;
  } else if (flavour_ != Flavour::copies) {
    truths_[actor].forget_after(u.device->last_op());
  }
}

void World::operate(Unit& u) {
  Device& d = *u.device;
  d.time(now_);
  static const char* const keys[] = {"a", "b/c", "z"};
  Truth::Did did;
  did.key = keys[pick(3)];
  did.type = static_cast<wire::Type>(1 + pick(5));
  if (flavour_ == Flavour::churn) {  // one set, so much removed that old removals are forgotten
    did.key = keys[0];
    did.type = wire::Type::orset;
  }
  const std::string element = "element-" + std::to_string(pick(12));
  Outcome done = Outcome::unchanged;
  switch (did.type) {
    case wire::Type::gcounter:
      did.p = 1 + pick(9);
      done = d.counter(did.key).add(did.p);
      break;
    case wire::Type::pncounter:
      (chance(50) ? did.p : did.n) = 1 + pick(9);
      done = did.p > 0 ? d.up_down(did.key).add(did.p) : d.up_down(did.key).subtract(did.n);
      break;
    case wire::Type::gset:
      did.added = element;
      done = d.grow_set(did.key).insert(element);
      break;
    case wire::Type::orset:
      (chance(60) ? did.added : did.erased) = element;
      done = did.added ? d.set(did.key).insert(element) : d.set(did.key).erase(element);
      break;
    case wire::Type::lww: {
      const std::uint64_t value = pick(1'000);
      did.value = *wire::encode_scalar(wire::Scalar{value});
      done = d.reg(did.key).set(value);
      break;
    }
  }
  if (done != Outcome::applied) return;
  issued_[did.key].first += did.p;
  issued_[did.key].second += did.n;
  if (did.added) added_[did.key].insert(element);
  truths_[{u.id, d.epoch()}].did(d.last_op(), std::move(did));
}

void World::poll(Unit& u, unsigned loss_percent) {
  for (const Packet& p : u.device->poll(now_)) {
    ASSERT_EQ(p.topic, "up/" + u.id);
    wire::Pack storage;
    const auto envelopes = wire::split_upload(p.payload, {}, storage);
    ASSERT_TRUE(envelopes) << wire::to_string(envelopes.error());
    packed_ += envelopes->size() > 1;
    for (const std::string_view bytes : *envelopes) {
      const auto e = wire::decode_envelope(bytes, {});
      ASSERT_TRUE(e) << wire::to_string(e.error());
      if (flavour_ == Flavour::copies) continue;
      const std::string bad = truths_[{u.id, u.device->epoch()}].check(e->delta);
      ASSERT_EQ(bad, "") << u.id << " sent (" << e->delta.from << "," << e->delta.to << "] "
                         << e->delta.part << "/" << e->delta.parts;
    }
    for (std::size_t g = 0; g < gateways_.size(); ++g) {
      if (chance(loss_percent)) continue;
      net_.emplace_back(g, p.payload);
      if (loss_percent > 0 && chance(15)) net_.emplace_back(g, p.payload);
    }
  }
}

void World::deliver(std::size_t gateway, const std::string& payload) {
  const ActorId actor = gateways_[gateway]->take(payload);
  union_.take(payload);
  history_.push_back(payload);
  if (chance(70)) acknowledge(gateway, actor.first, 30);
}

void World::acknowledge(std::size_t gateway, const std::string& id, unsigned loss_percent) {
  if (!chance(loss_percent)) acks_.emplace_back(id, gateways_[gateway]->ack(id, now_));
}

void World::hear(Unit& u, const std::string& payload) {
  const ActorId actor(u.id, u.device->epoch());
  for (const Event& e : u.device->receive(now_, payload)) {
    ASSERT_NE(e.kind, Event::Kind::bad_ack) << e.text;
    if (e.kind == Event::Kind::twin) {
      ++twins_;
      ASSERT_EQ(flavour_, Flavour::copies) << "an honest device was told that it has a twin";
    }
    if (e.kind == Event::Kind::refused) {
      ++muted_;
      Truth::Did did;
      for (const KeyType& k : e.keys) did.mutes.emplace(k.key, k.type);
      truths_[actor].did(e.last_op, std::move(did));
    }
  }
  if (flavour_ != Flavour::copies) {
    ASSERT_LE(u.device->safe(), union_.contiguous({u.id, u.device->epoch()}));
  }
}

void World::step() {
  Unit& u = *units_[pick(units_.size())];
  const std::uint64_t what = pick(100);
  if (what < 35) {
    operate(u);
  } else if (what < 60) {
    now_ += chance(10) ? pick(9'000) : pick(120);
    poll(u, 40);
  } else if (what < 80 && !net_.empty()) {
    const std::size_t i = pick(net_.size());
    const auto [gateway, payload] = net_[i];
    deliver(gateway, payload);
    if (!chance(10)) net_.erase(net_.begin() + static_cast<std::ptrdiff_t>(i));
  } else if (what < 95 && !acks_.empty()) {
    const std::size_t i = pick(acks_.size());
    const std::pair<std::string, std::string> ack = acks_[i];
    if (!chance(10)) acks_.erase(acks_.begin() + static_cast<std::ptrdiff_t>(i));
    for (const auto& unit : units_) {
      if (unit->id == ack.first) hear(*unit, ack.second);
    }
  } else if (what < 97) {
    reboot(u);
  } else if (what == 97 && flavour_ == Flavour::disk_loss) {
    gateways_[pick(gateways_.size())]->lose_disk(random_());
  } else if (what >= 97 && flavour_ == Flavour::copies && !u.old_disks.empty()) {
    if (units_.size() < 4 && chance(40)) {
      auto copy = std::make_unique<Unit>();
      copy->id = u.id;
      copy->disk = u.old_disks[pick(u.old_disks.size())];
      boot(*copy);
      units_.push_back(std::move(copy));
    } else {
      u.disk = u.old_disks[pick(u.old_disks.size())];
      u.device.reset();
      boot(u);
    }
  }
  check_never_more();
}

void World::check_never_more() {
  for (const char* key : {"a", "b/c", "z"}) {
    ASSERT_LE(union_.total(key).first, issued_[key].first) << key;
    ASSERT_LE(union_.total(key).second, issued_[key].second) << key;
    for (const std::string& element : union_.elements(key)) {
      ASSERT_TRUE(added_[key].count(element) != 0) << key << " shows " << element;
    }
  }
}

// No more faults: everything arrives, every gateway answers. A fresh epoch knows no gateway yet and
// rests when one has answered: there the others hear it from their peers.
void World::settle() {
  for (int round = 0; round < 300 && !::testing::Test::HasFatalFailure(); ++round) {
    std::optional<std::uint64_t> next;
    for (const auto& u : units_) {
      const auto at = u->device->deadline();
      if (at) next = std::min(next.value_or(*at), *at);
    }
    if (!next && net_.empty() && acks_.empty()) break;
    now_ = std::max(now_ + 1, next.value_or(now_));
    for (const auto& u : units_) poll(*u, 0);
    for (const auto& [gateway, payload] : std::exchange(net_, {})) {
      gateways_[gateway]->take(payload);
      union_.take(payload);
      history_.push_back(payload);
    }
    for (std::size_t g = 0; g < gateways_.size(); ++g) {
      for (const char* id : {"d0", "d1"}) acknowledge(g, id, 0);
    }
    for (const auto& [id, payload] : std::exchange(acks_, {})) {
      for (const auto& u : units_) {
        if (u->id == id) hear(*u, payload);
      }
    }
    check_never_more();
  }
  if (flavour_ != Flavour::memoryless) return;
  for (const std::string& payload : history_) {
    for (const auto& g : gateways_) g->take(payload);
  }
}

void World::judge() {
  for (const auto& u : units_) EXPECT_EQ(u->device->unacknowledged(), 0u) << u->id;
  check_never_more();
  if (flavour_ == Flavour::copies) return;
  for (const auto& u : units_) {
    const ActorId actor(u->id, u->device->epoch());
    const Truth& truth = truths_[actor];
    for (std::size_t g = 0; g < gateways_.size(); ++g) {
      EXPECT_EQ(gateways_[g]->contiguous(actor), u->device->last_op()) << u->id << " at g" << g;
    }
    for (const char* key : {"a", "b/c", "z"}) {
      if (flavour_ == Flavour::muted && std::string(key) == "z") continue;
      const std::uint64_t last = u->device->last_op();
      for (const auto& g : gateways_) {
        const testing::Part* c = g->part(key, wire::Type::gcounter, actor);
        const testing::Part* pn = g->part(key, wire::Type::pncounter, actor);
        const auto want = truth.total(key, last);
        EXPECT_EQ((c ? c->p : 0) + (pn ? pn->p : 0), want.first) << key;
        EXPECT_EQ(pn ? pn->n : 0, want.second) << key;
        std::set<std::string> elements;
        if (const auto* s = g->part(key, wire::Type::gset, actor)) {
          elements.insert(s->elements.begin(), s->elements.end());
        }
        if (const auto* s = g->part(key, wire::Type::orset, actor)) {
          for (const auto& [op, element] : s->live) elements.insert(element);
        }
        EXPECT_EQ(elements, truth.elements(key, last)) << key;
      }
    }
  }
  for (const auto& [actor, safe] :
       closed_) {  // what was acknowledged before a memory was lost still counts
    for (const char* key : {"a", "b/c", "z"}) {
      const testing::Part* c = union_.part(key, wire::Type::gcounter, actor);
      const testing::Part* pn = union_.part(key, wire::Type::pncounter, actor);
      const auto least = truths_[actor].total(key, safe);
      EXPECT_GE((c ? c->p : 0) + (pn ? pn->p : 0), least.first);
      EXPECT_GE(pn ? pn->n : 0, least.second);
    }
  }
}

struct Reached {
  std::uint64_t worlds = 0, twins = 0, muted = 0, packed = 0;
};

Reached run_worlds(Flavour flavour) {
  std::uint64_t worlds = test::share<std::uint64_t>(150);
  const char* const only = std::getenv("TRIBUTARY_SEED");
  if (const char* const more = std::getenv("TRIBUTARY_WORLDS"))
    worlds = std::strtoull(more, nullptr, 10);
  const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
  const std::uint64_t last = only != nullptr ? first : worlds;
  Reached reached;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("replay with TRIBUTARY_SEED=" + std::to_string(seed));
    World w(flavour, seed);
    w.run(400);
    w.settle();
    w.judge();
    reached.worlds += 1;
    reached.twins += w.twins();
    reached.muted += w.muted();
    reached.packed += w.packed();
    if (::testing::Test::HasFailure()) break;
  }
  return reached;
}

TEST(SdkWorlds, RebootsWithMemory) {
  const Reached reached = run_worlds(Flavour::memory);
  EXPECT_GE(reached.packed, reached.worlds >= 150 ? 1u : 0u)
      << "of fewer worlds perhaps none packs";
}
TEST(SdkWorlds, ASetUnderChurn) {
  run_worlds(Flavour::churn);
}
TEST(SdkWorlds, RebootsWithoutMemory) {
  run_worlds(Flavour::memoryless);
}
TEST(SdkWorlds, GatewaysLoseTheirDisks) {
  run_worlds(Flavour::disk_loss);
}
TEST(SdkWorlds, RefusedKeys) {
  EXPECT_GT(run_worlds(Flavour::muted).muted, 0u);
}
TEST(SdkWorlds, ClonesAndRestoredCopies) {
  EXPECT_GT(run_worlds(Flavour::copies).twins, 0u);
}

}  // namespace
}  // namespace tributary::sdk
