// SPDX-License-Identifier: Apache-2.0
// One simulated device: a model, the SDK, a lossy link each way, and reboots.
//
//   device.heard(now_ms, ack_payload);                      // what the broker delivered, into the
//   air for (sdk::Packet& p : device.step(now_ms, oracle)) …    // what came through the air, for
//   the broker
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "firmware-sim/devices/models.h"
#include "firmware-sim/fleet/fleet.h"

namespace tributary::fleet {

class Fleet::SimDevice {
 public:
  SimDevice(const Options& options, std::uint32_t index, std::uint64_t now_ms, Keeper* keeper);
  // What the life before this one had not saved never left the device; what it had is promised.
  void resume(Oracle& oracle);

  const std::string& id() const { return id_; }
  void heard(std::uint64_t now_ms, const std::string& payload) {
    down_.send(now_ms, payload, random_);
  }
  std::vector<std::string> step(std::uint64_t now_ms, Oracle& oracle);
  std::uint64_t next_ms() const;
  void link_up(std::uint64_t now_ms);
  void quiesce();

  // Operations that are not acknowledged; while it is down, those of when it went down.
  std::uint64_t unacknowledged() const;
  bool idle() const { return device_ && unacknowledged() == 0; }
  void add_to(Stats& stats) const;

 private:
  void boot(std::uint64_t now_ms);
  void reboot(std::uint64_t now_ms);
  void operate(std::uint64_t now_ms, Oracle& oracle);
  void take(const std::vector<sdk::Event>& events, Oracle& oracle);
  void issued(const crdt::Actor& actor, std::uint64_t op, const devices::Operation& operation,
              Oracle& oracle);
  void promised(const crdt::Actor& actor, std::uint64_t upto, Oracle& oracle);
  std::uint64_t after(std::uint64_t now_ms, double per_s);  // exponential

  const Options& options_;
  Keeper* const keeper_;  // nullptr: nothing is kept
  std::mt19937_64 random_;
  const std::string id_;
  const bool memory_;
  const std::unique_ptr<devices::Model> model_;
  std::string saved_;
  std::optional<sdk::Device> device_;  // nothing while it is down
  LossyLink up_, down_;
  std::uint64_t next_op_ms_ = 0, next_reboot_ms_ = 0, boot_ms_ = 0;
  std::uint64_t unacknowledged_when_down_ = 0;
  bool quiet_ = false;  // no new operations, no more reboots
  Stats counts_;
};

}  // namespace tributary::fleet
