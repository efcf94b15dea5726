// SPDX-License-Identifier: Apache-2.0
// Counts what each gateway acknowledges, as devices hear it.
//
//   AckWatch watch(broker.port());
//   watch.step();                       // again and again, on one thread
//   if (watch.acks("g1") > before) …    // on any
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "transports/session.h"

namespace tributary::processes {

class AckWatch {
 public:
  AckWatch(std::uint16_t port, const std::vector<std::string>& gateways);
  ~AckWatch();
  AckWatch(const AckWatch&) = delete;
  AckWatch& operator=(const AckWatch&) = delete;

  void step();
  std::uint64_t acks(const std::string& gateway) const { return acks_.at(gateway); }

 private:
  std::map<std::string, std::atomic<std::uint64_t>> acks_;
  std::unique_ptr<transports::Session> session_;
};

}  // namespace tributary::processes
