// SPDX-License-Identifier: Apache-2.0
// A replica made of the shipping path: a device and the gateway it talks to. An operation goes
// through the device's handles, its packets to the gateway, and into the gateway's disk; what is
// shown is what the gateway answers. What is sent to another site is what the gateway holds then,
// its live envelopes, in batches as gateways exchange them: cut, ordered and repeated at random.
//
//   Site a(0, random, reached), b(1, random, reached);
//   a.add("x");  b.take(a.send());  b.remove("x");      // b's device removes the add of a's
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "tests/gateway/core/support/rig.h"

namespace tributary::oracles {

class Site {
 public:
  struct Message {
    std::string gateway;
    std::vector<std::string> envelopes;
  };

  // What happened is counted in `reached`, by its name.
  using Reached = std::map<std::string, int>;
  static inline const std::vector<std::string> must_reach = {
      "delta in parts", "add of another removed", "removal confirmed", "device rebooted",
      "gateway rebooted"};
  Site(std::size_t index, std::mt19937_64& random, Reached& reached);

  void add(const std::string& element);
  // Removes what the gateway shows of it: the device's own add, and by name those of others.
  void remove(const std::string& element);
  void count(bool up, std::uint64_t amount);

  Message send();
  void take(const Message& m);

  std::string counter() const;
  std::vector<std::string> elements() const;

 private:
  void open(std::string saved);
  // Until the gateway's disk has every operation of the device.
  void flush();
  void hear_acks();
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(random_) < p; }

  std::size_t index_;
  std::mt19937_64& random_;
  Reached& reached_;
  std::uint64_t drawn_ = 0;  // what the device takes for random: the epoch first
  std::string saved_;
  std::optional<sdk::Device> device_;
  std::unique_ptr<core::testing::Rig> rig_;
  std::uint64_t batches_ = 0;
};

}  // namespace tributary::oracles
