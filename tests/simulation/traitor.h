// SPDX-License-Identifier: Apache-2.0
// A gateway gone bad, with a key and a certificate like any other. It hears what the others say and
// answers with its vices, drawn for each: see Vice. Its promise to the tests: nothing it says is
// needed, and nothing of it is true that is not somebody's own signed envelope.
//
//   Traitor traitor(broker, keys, {"evil", vices, {"g1", "g2"}, seed});
//   traitor.step(now_ms);     // when woken
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/fleet_keys.h"
#include "tests/simulation/forgery.h"
#include "tests/simulation/random.h"
#include "transports/memory/broker.h"
#include "transports/wire/ack.h"
#include "transports/wire/envelope.h"

namespace tributary::simulation {

enum class Vice : std::uint8_t {
  forge,            // envelopes, records, acknowledgements of what was never sent
  replay,           // what others said, word for word, later
  equivocate,       // one number, two batches; one number, two heads
  withhold,         // batches counted and never sent
  flood,            // bytes that are no frames, on every topic that is its own or a device's
  lie_about_state,  // heads of buckets that it does not hold; retained parts that are not
  lie_about_time,   // status and acknowledgements from 2100
  roll_back,        // an older incarnation again, smaller numbers
  lie_in_answers,   // says that it answers asks; answers anything; asks anything
  lie_in_acks,      // acknowledges what it throws away: only k acknowledgements help
  count_
};

class Traitor {
 public:
  struct Setup {
    std::string id;
    std::uint32_t vices = 1;  // a bit for each
    std::vector<std::string> gateways;
    std::uint64_t seed = 0;
  };
  Traitor(transports::memory::Broker& broker, const FleetKeys& keys, Setup setup);
  void step(std::uint64_t now_ms);
  bool woken() const { return woken_; }
  void be_quiet() { quiet_ = true; }

 private:
  bool has(Vice v) const { return (setup_.vices >> static_cast<unsigned>(v) & 1U) != 0; }
  // It has the vice, and gives in to it now.
  bool gives_in(Vice v, double chance) { return has(v) && random_.chance(chance); }

  bool too_soon();  // to heed one more message
  void heard(const transports::Message&);
  void heard_envelopes(const transports::Message&);
  void forge(const wire::Envelope& truth);
  void replay();
  void equivocate();
  void withhold();
  void flood();
  void lie_about_state();
  void lie_about_time();
  void roll_back();
  void answer(const transports::Message& ask);
  void ask();
  void acknowledge(const wire::Delta& thrown_away, std::string_view body);

  const std::string& some_gateway() {
    return setup_.gateways[random_.below(setup_.gateways.size())];
  }
  std::string some_envelope();  // one that it heard, or a forgery of one
  std::string garbage();
  wire::Head head();
  void send(const wire::Head&);
  void send_batch(const std::string& envelope, std::size_t times, std::uint64_t number);
  void send_ack(std::string_view device, wire::ActorAck actor, crdt::Hlc hlc = {});
  void send_false_ack(const wire::Delta& truth, const std::string& envelope);
  void send_status(bool answers, std::uint64_t incarnation, std::uint64_t at_ms);
  void send_state(std::uint32_t bucket, std::uint32_t parts);
  void publish(const std::string& topic, std::string payload, bool retain = false);

  const FleetKeys& keys_;
  Setup setup_;
  Random random_;
  Forgery forgery_;
  std::unique_ptr<transports::Session> session_;
  std::uint64_t now_ms_ = 0, number_ = 0;
  std::uint64_t window_from_ms_ = 0;
  int heeded_ = 0;                        // in this window
  std::deque<transports::Message> said_;  // by others, the newest
  std::deque<std::string> envelopes_;     // true ones, the newest
  bool woken_ = true, quiet_ = false;
};

}  // namespace tributary::simulation
