// SPDX-License-Identifier: Apache-2.0
// What a broker said of itself in its CONNACK (MQTT 5, section 3.2.2.3). Its promise: what the
// broker did not say has the standard's default.
//
//   Options options;
//   options.on_limits = [&](const BrokerLimits& said) { retains = said.retain; };
//
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tributary::transports::mqtt {

struct BrokerLimits {
  std::uint32_t receive_maximum = 65'535;              // QoS 1 messages that we may have in flight
  std::optional<std::uint32_t> packet_bytes_max = {};  // nothing: as large as MQTT has them
  std::uint32_t qos_max = 2;
  bool retain = true;
  bool wildcards = true;
  std::optional<std::uint32_t> keepalive_s = {};  // the broker's will, over ours
  std::optional<std::uint32_t> session_expiry_s = {};
};

}  // namespace tributary::transports::mqtt
