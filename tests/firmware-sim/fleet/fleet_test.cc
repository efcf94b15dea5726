// SPDX-License-Identifier: Apache-2.0
// A whole fleet on bad links, three plain gateways on the in-process broker, and the verdict. Time
// is simulated.
#include "firmware-sim/fleet/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "tests/firmware-sim/sdk/naive_gateway.h"
#include "tests/support/temp_dir.h"
#include "transports/memory/broker.h"

namespace tributary::fleet {
namespace {

using sdk::testing::NaiveGateway;
using transports::Qos;
namespace memory = transports::memory;

struct World {
  static constexpr std::uint64_t start_ms = 1'700'000'000'000;

  void start(Options options) {
    advance();
    sites_ = options.sites;
    for (std::uint32_t i = 0; i < options.gateways; ++i) {
      gateways_.push_back(std::make_unique<NaiveGateway>("demo", "g" + std::to_string(i), i + 1));
      sides_.push_back(broker_of(i).session("g" + std::to_string(i)));
      sides_.back()->subscribe("tributary/v1/demo/up/+", Qos::at_least_once);
      sides_.back()->start();
    }
    std::vector<transports::Session*> sessions;
    for (std::uint32_t i = 0; i < 4; ++i) {
      fleet_sides_.push_back(broker_of(i).session("fleet-" + std::to_string(i)));
      sessions.push_back(fleet_sides_.back().get());
    }
    fleet_ = std::make_unique<Fleet>(std::move(options), sessions, now_);
    for (transports::Session* s : sessions) s->start();
  }
  // With sites, the sessions of one after the other's.
  memory::Broker& broker_of(std::uint32_t i) {
    return sites_ > 1 && i % sites_ == 1 ? second_broker_ : broker_;
  }
  void advance() {
    broker_.advance(now_);
    second_broker_.advance(now_);
  }
  // As kill -9 and a new start of its process.
  void kill_fleet(Options options) {
    fleet_.reset();
    for (auto& s : fleet_sides_) s->stop(0);
    fleet_sides_.clear();
    std::vector<transports::Session*> sessions;
    for (int i = 0; i < 2; ++i) {
      fleet_sides_.push_back(broker_.session("fleet-" + std::to_string(i)));
      sessions.push_back(fleet_sides_.back().get());
    }
    fleet_ = std::make_unique<Fleet>(std::move(options), sessions, now_);
    for (transports::Session* s : sessions) s->start();
  }
  // What a gateway hears it relays to all others, as peers do.
  void serve(std::size_t i) {
    const std::string up = "tributary/v1/demo/up/";
    for (const transports::Event& e : sides_[i]->poll(10'000)) {
      if (e.kind != transports::Event::Kind::message) continue;
      const std::string device = e.message.topic.substr(up.size());
      if (sites_ == 0 && (earshot(device) >> i & 1) == 0) continue;
      heard_[i].insert(device);
      for (const auto& g : gateways_) g->take(e.message.payload);
      transports::Message ack;
      ack.topic = "tributary/v1/demo/ack/" + device;
      ack.payload = gateways_[i]->ack(device, now_);
      sides_[i]->publish(std::move(ack));
    }
  }
  void step(std::uint64_t ms) {
    now_ += ms;
    advance();
    for (std::size_t i = 0; i < sides_.size(); ++i) serve(i);
    advance();
    fleet_->step(now_);
  }
  void run(int seconds) {
    for (int i = 0; i < seconds * 50; ++i) step(20);
  }
  bool settle() {
    fleet_->quiesce();
    for (int i = 0; i < 60 * 50 && !fleet_->settled(); ++i) step(20);
    return fleet_->settled();
  }
  Shown shown(std::size_t i) {
    Shown s{"g" + std::to_string(i), {}, "same"};
    for (const auto& [name, part] : gateways_[i]->parts()) {
      const auto& [key, type, actor] = name;
      const auto t = static_cast<wire::Type>(type);
      std::string& value = s.values[{key, wire::type_name(type)}];
      if (t == wire::Type::lww) {
        value = wire::json_of_scalar(gateways_[i]->value(key));
      } else if (t == wire::Type::gset || t == wire::Type::orset) {
        value = "[";
        for (const std::string& e : gateways_[i]->elements(key)) {
          value += (value.size() > 1 ? "," : "") + wire::json_of_bytes(e);
        }
        value += "]";
      } else {
        const auto [p, n] = gateways_[i]->total(key);
        value = std::to_string(static_cast<std::int64_t>(p - n));
      }
    }
    return s;
  }
  Verdict verdict() {
    std::vector<Shown> all;
    for (std::size_t i = 0; i < gateways_.size(); ++i) all.push_back(shown(i));
    return judge(fleet_->oracle(), all);
  }

  memory::Broker broker_, second_broker_;
  std::uint32_t sites_ = 0;
  std::map<std::size_t, std::set<std::string>> heard_;  // by each gateway
  std::uint64_t now_ = start_ms;
  std::vector<std::unique_ptr<NaiveGateway>> gateways_;
  std::vector<std::unique_ptr<transports::Session>> sides_, fleet_sides_;
  std::unique_ptr<Fleet> fleet_;
};

class FleetTest : public ::testing::Test, protected World {};

Options bad_links() {
  Options o;
  o.devices = 60;
  o.places = 3;
  o.faults = {.loss = 0.3, .duplicate = 0.2, .reorder = 0.3, .delay_max_ms = 500};
  return o;
}

TEST_F(FleetTest, AKilledFleetGoesOnWithItsMemoryAndItsOracle) {
  const test::TempDir dir;
  Options o = bad_links();
  o.reboots_per_s = 0.1;
  o.memoryless = 0.3;
  o.state_dir = (dir.path() / "state").string();
  start(o);
  const std::vector<std::string> ids = fleet_->device_ids();
  for (int life = 0; life < 4; ++life) {
    run(3);
    const std::uint64_t issued = fleet_->oracle().operations();
    if (life == 2) {  // the kill tore the record that was being written
      std::ofstream(dir.path() / "state/journal", std::ios::app | std::ios::binary)
          << std::string("\x50\0\0\0torn", 8);
    }
    o.seed += 1;  // its first one counts
    kill_fleet(o);
    EXPECT_EQ(fleet_->device_ids(), ids);
    EXPECT_EQ(fleet_->oracle().operations(), issued);
  }
  run(3);
  ASSERT_TRUE(settle());
  const Verdict v = verdict();
  EXPECT_TRUE(v.exact()) << v.text();
  EXPECT_GT(v.issued, 1'000u);
  EXPECT_GT(v.unsure, 0u);
}

TEST_F(FleetTest, ADeviceThatWasDownComesBackQuiet) {
  Options o = bad_links();
  o.reboots_per_s = 5;
  start(o);
  run(5);
  ASSERT_TRUE(settle());
  const std::uint64_t reboots = fleet_->stats().reboots;
  run(5);
  EXPECT_EQ(fleet_->stats().reboots, reboots);
}

TEST_F(FleetTest, ExactOnBadLinksWithReboots) {
  Options o = bad_links();
  o.reboots_per_s = 0.2;
  start(o);
  run(20);
  ASSERT_TRUE(settle());
  const Verdict v = verdict();
  EXPECT_TRUE(v.exact()) << v.text();
  EXPECT_EQ(v.unsure, 0u);
  EXPECT_GT(v.issued, 1'000u);
  EXPECT_EQ(v.gateways[2].counted, v.issued);
  const Stats s = fleet_->stats();
  EXPECT_EQ(s.operations, v.issued);
  EXPECT_GT(s.reboots, 100u);
  EXPECT_GT(s.packets_lost, 0u);
  EXPECT_GT(s.packets_duplicated, 0u);
  EXPECT_EQ(s.twins + s.refused + s.bad_acks, 0u);
  EXPECT_EQ(s.unacknowledged, 0u);
}

TEST_F(FleetTest, WithoutMemoryWithinWhatWasPromised) {
  Options o = bad_links();
  o.reboots_per_s = 0.3;
  o.memoryless = 1;
  start(o);
  run(20);
  ASSERT_TRUE(settle());
  const Verdict v = verdict();
  EXPECT_TRUE(v.exact()) << v.text();
  EXPECT_GT(v.unsure, 0u);
}

TEST_F(FleetTest, TheBrokerDiesInTheMiddle) {
  start(bad_links());
  run(5);
  broker_.kill();
  run(3);
  broker_.restart();
  run(5);
  EXPECT_EQ(fleet_->stats().reconnects, fleet_sides_.size());
  ASSERT_TRUE(settle());
  EXPECT_TRUE(verdict().exact()) << verdict().text();
}

TEST_F(FleetTest, WithSitesADeviceSpeaksAtThoseOfItsMask) {
  Options o = bad_links();
  o.gateways = 2;
  o.sites = 2;
  start(o);
  run(10);
  ASSERT_TRUE(settle());
  EXPECT_TRUE(verdict().exact()) << verdict().text();
  EXPECT_EQ(fleet_->stats().reconnects, 0u);
  std::map<std::uint32_t, int> of_mask;
  for (const std::string& id : fleet_->device_ids()) {
    of_mask[earshot(id)] += 1;
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(heard_[i].count(id), earshot(id) >> i & 1) << id << " by gateway " << i;
    }
  }
  EXPECT_EQ(of_mask.size(), 3u) << "some at one site, some at the other, some at both";
  EXPECT_EQ(of_mask.rbegin()->first, 3u);
}

TEST_F(FleetTest, NobodyRebootsAfterTheEnd) {
  Options o = bad_links();
  o.reboots_per_s = 1;
  o.down_max_ms = 5'000;  // many are down when it ends
  start(o);
  run(10);
  ASSERT_TRUE(settle());
  run(5);
  const std::uint64_t reboots = fleet_->stats().reboots;
  run(20);
  EXPECT_EQ(fleet_->stats().reboots, reboots);
}

TEST_F(FleetTest, ALossIsSeen) {
  start(bad_links());
  run(5);
  ASSERT_TRUE(settle());
  gateways_[1]->lose_disk(9);
  const Verdict v = verdict();
  EXPECT_FALSE(v.exact());
  EXPECT_GT(v.gateways[1].lost, 0u);
  EXPECT_EQ(v.gateways[0].lost, 0u);
}

TEST(FleetRuns, SameSeedSameRun) {
  const auto run_once = [](std::uint64_t seed) {
    World w;
    Options o = bad_links();
    o.seed = seed;
    w.start(o);
    w.run(5);
    const Stats s = w.fleet_->stats();
    return std::tuple(s.operations, s.packets_up, s.packets_down, s.packets_lost);
  };
  EXPECT_EQ(run_once(1), run_once(1));
  EXPECT_NE(run_once(1), run_once(2));
}

TEST(Earshot, IsInTheId) {
  EXPECT_EQ(earshot("sim-00042-h5"), 5u);
  EXPECT_EQ(earshot("host"), ~std::uint32_t{0});
  EXPECT_EQ(earshot("a-hx"), ~std::uint32_t{0});
  EXPECT_EQ(earshot("a-h0"), ~std::uint32_t{0});
  EXPECT_THAT(earshot_patterns(0, 3), ::testing::ElementsAre("*-h1", "*-h3", "*-h5", "*-h7"));
  EXPECT_THAT(earshot_patterns(2, 3), ::testing::ElementsAre("*-h4", "*-h5", "*-h6", "*-h7"));
}

}  // namespace
}  // namespace tributary::fleet
