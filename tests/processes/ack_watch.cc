// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/ack_watch.h"

#include "transports/mqtt/session.h"
#include "transports/wire/ack.h"

namespace tributary::processes {

AckWatch::AckWatch(std::uint16_t port, const std::vector<std::string>& gateways) {
  for (const std::string& g : gateways) acks_[g] = 0;
  session_ = transports::mqtt::make_session({.uri = "tcp://127.0.0.1:" + std::to_string(port),
                                             .client_id = "ack-watch",
                                             .reconnect_min_ms = 50,
                                             .reconnect_max_ms = 500});
  session_->subscribe("tributary/v1/demo/ack/+", transports::Qos::at_most_once);
  session_->start();
}

AckWatch::~AckWatch() {
  session_->stop(0);
}

void AckWatch::step() {
  for (const transports::Event& e : session_->poll(1'000)) {
    if (e.kind != transports::Event::Kind::message) continue;
    const auto ack = wire::decode_ack(e.message.payload, wire::Limits{});
    if (!ack) continue;
    const auto it = acks_.find(std::string(ack->gateway));
    if (it == acks_.end()) continue;
    for (const wire::ActorAck& a : ack->actors) it->second += a.op > 0 ? 1 : 0;
  }
}

}  // namespace tributary::processes
