// SPDX-License-Identifier: Apache-2.0
// A gateway gone bad, with a key that is enrolled. It hears what the others say and answers with
// everything that somebody without the devices' keys can make: altered and inflated deltas under
// the signature of the true one, unsigned ones, ones by its own key, torn signatures, records that
// the admin never wrote, heads of others, acknowledgements of what was never sent, and removals
// that nobody made. Its promise to the tests: nothing it says is true.
//
//   Forger forger(broker, keys, seed);
//   forger.step();     // when woken
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tests/simulation/fleet_keys.h"
#include "tests/simulation/random.h"
#include "transports/memory/broker.h"
#include "transports/wire/envelope.h"

namespace tributary::simulation {

class Forger {
 public:
  Forger(transports::memory::Broker& broker, const FleetKeys& keys, std::uint64_t seed);
  void step();
  bool woken() const { return woken_; }
  void be_quiet() { quiet_ = true; }
  std::uint64_t forged() const { return forged_; }

 private:
  void heard(const transports::Message&);
  void answer(const wire::Envelope& truth);
  std::string altered(const wire::Delta& truth, bool is_signed, std::string& body);
  std::string forgery(const wire::Envelope& truth);
  std::string forged_record();
  void send_batch(const std::string& envelope, std::size_t times);
  void send_ack(const wire::Delta& truth, const std::string& envelope);
  void send_head();
  void publish(const std::string& topic, std::string payload, bool retain);

  const FleetKeys& keys_;
  Random random_;
  std::unique_ptr<transports::Session> session_;
  std::uint64_t number_ = 0, forged_ = 0;
  bool woken_ = true, quiet_ = false;
};

}  // namespace tributary::simulation
