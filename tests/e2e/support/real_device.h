// SPDX-License-Identifier: Apache-2.0
// A device as firmware has it: the device library and its MQTT runner, with a clock that may be
// wrong.
//
//   RealDevice door(site.broker.uri(), "door-7", clock_of_2100);
//   door->counter("hall/visitors").add();
//   EXPECT_TRUE(door.acknowledged(10s));    // runs it until a gateway has everything on its disk
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "firmware-sim/sdk/device.h"
#include "firmware-sim/sdk/mqtt/runner.h"
#include "transports/session.h"

namespace tributary::e2e {

class RealDevice {
 public:
  // `ahead_ms`: its clock less ours.
  RealDevice(const std::string& broker_uri, const std::string& id, std::uint64_t ahead_ms = 0);
  ~RealDevice() { session_->stop(0); }
  RealDevice(const RealDevice&) = delete;
  RealDevice& operator=(const RealDevice&) = delete;

  sdk::Device* operator->() { return &device_; }
  bool acknowledged(std::chrono::milliseconds limit);

 private:
  std::uint64_t now_ms() const;

  const std::uint64_t ahead_ms_;
  std::random_device entropy_;
  sdk::mqtt::Waker waker_;
  sdk::Device device_;
  std::unique_ptr<transports::Session> session_;
  std::unique_ptr<sdk::mqtt::Runner> runner_;
};

}  // namespace tributary::e2e
