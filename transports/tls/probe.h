// SPDX-License-Identifier: Apache-2.0
// Why a TLS connection cannot be made, in words. Paho tells only that it failed; so after a failure
// one handshake is made beside it, looked at closely, and hung up: nothing of MQTT is sent.
//
//   std::string why = tls::why_not({"broker.site", 8883, files}, 10s, [&] { return stopping; });
//   // "the broker's certificate is for localhost, 127.0.0.1, not for broker.site: …"
//
// Promise: returns soon after `patience` or once `cancelled`, but for the resolver's time. Empty
// when the handshake works, and the broker took our certificate.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "transports/tls/files.h"

namespace tributary::transports::tls {

struct Peer {
  std::string host;  // a name or an address, without brackets: what the certificate must be for
  std::uint16_t port = 8883;
  Files files;
};

std::string why_not(const Peer& peer, std::chrono::milliseconds patience,
                    const std::function<bool()>& cancelled);

}  // namespace tributary::transports::tls
