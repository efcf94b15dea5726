// SPDX-License-Identifier: Apache-2.0
#include "transports/mqtt/reason.h"

#include <array>
#include <cstddef>

namespace tributary::transports::mqtt {
namespace {

const char* words(int code) {
  // From 128 on, MQTT 5 section 2.4.
  static constexpr std::array failures = {
      "unspecified error",
      "malformed packet",
      "protocol error",
      "implementation specific error",
      "the broker does not speak MQTT 5",
      "client id not valid",
      "bad user name or password",
      "not authorised",
      "server unavailable",
      "server busy",
      "banned",
      "server shutting down",
      "bad authentication method",
      "keepalive time-out",
      "session taken over by another client",
      "topic filter not valid",
      "topic not valid",
      "packet identifier in use",
      "packet identifier not found",
      "receive maximum exceeded",
      "topic alias not valid",
      "packet too large",
      "message rate too high",
      "quota exceeded",
      "administrative action",
      "payload format not valid",
      "retained messages not supported",
      "QoS not supported",
      "use another server",
      "server moved",
      "shared subscriptions not supported",
      "connection rate exceeded",
      "maximum connect time",
      "subscription identifiers not supported",
      "wildcard subscriptions not supported",
  };
  if (code == 0) return "normal";
  if (code == 4) return "disconnected, with will";
  const std::size_t at = static_cast<std::size_t>(code) - 128;  // far away when it is below
  return at < failures.size() ? failures[at] : "reason unknown to this client";
}

}  // namespace

std::string reason_words(int code) {
  return std::string(words(code)) + " (" + std::to_string(code) + ")";
}

}  // namespace tributary::transports::mqtt
