// SPDX-License-Identifier: Apache-2.0
// The files of a fleet's folder that have to do with signatures, read for a gateway and for a
// device.
//
//   options.core.trust = trust_options(loaded.gateway);     // Throws Trouble(config)
//   options.registry = registry_reader(loaded.gateway.security.registry_file);
//   DeviceKeys keys = device_keys(folder, fleet, "sensor-7");
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "firmware-sim/sdk/device.h"
#include "gateway/core/types.h"

namespace tributary::app {

core::TrustOptions trust_options(const config::Gateway& gateway);
// All of it, the registry read as the gateway will. Throws Trouble(config).
void check_trust(const config::Gateway& gateway);

// Each call: the file's bytes when it has changed since the last one; nothing while it cannot be
// read.
std::function<std::optional<std::string>()> registry_reader(const std::string& file);

struct DeviceKeys {
  std::optional<signing::Signer> signer;  // sign.key
  std::vector<sdk::MemberKey> members;    // gateways.pub
};
// Of a folder without sign.key: none, and the device signs nothing. Throws Trouble(config) when a
// file is damaged or of another member.
DeviceKeys device_keys(const std::string& folder, const std::string& fleet,
                       const std::string& device);

}  // namespace tributary::app
