// SPDX-License-Identifier: Apache-2.0
// One device with a memory, two plain gateways, and a clock that the test turns.
#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "tests/firmware-sim/sdk/naive_gateway.h"

namespace tributary::sdk::testing {

constexpr std::uint64_t start_ms = 1'700'000'000'000;

class DeviceTest : public ::testing::Test {
 protected:
  Options options() {
    Options o;
    o.fleet = "demo";
    o.device = "d1";
    o.random = [this] { return random_(); };
    o.save = [this](std::string_view s) {
      if (!save_works_) return false;
      ++saves_;
      saved_ = std::string(s);
      return true;
    };
    o.saved = saved_;
    o.compress = false;  // a packet is one envelope; packed_test.cc has the others
    o.refresh_ms = 0;    // a device at rest has no deadline; tests of the refresh set it
    return o;
  }
  static Device opened(Options o) {
    Result<Device, Error> d = Device::open(std::move(o));
    EXPECT_TRUE(d) << d.error().text;
    return std::move(*d);
  }
  // Everything due now, delivered to `g`; its ack, back. Returns the events.
  std::vector<Event> exchange(Device& d, NaiveGateway& g) {
    now_ += 60;
    std::vector<Packet> packets = d.poll(now_);
    for (const Packet& p : packets) g.take(p.payload);
    return d.receive(now_, g.ack("d1", now_));
  }
  static wire::Envelope decoded(const Packet& p) {
    auto e = wire::decode_envelope(p.payload, {});
    EXPECT_TRUE(e) << wire::to_string(e.error());
    return *e;
  }

  std::mt19937_64 random_{7};
  std::string saved_;
  bool save_works_ = true;
  int saves_ = 0;
  std::uint64_t now_ = start_ms;
  NaiveGateway g_{"demo", "g1", 11}, h_{"demo", "g2", 12};
};

}  // namespace tributary::sdk::testing
