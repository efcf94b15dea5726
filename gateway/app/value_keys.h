// SPDX-License-Identifier: Apache-2.0
// `--value-key PREFIX=FILE`: keys for values that gateways cannot read, for a device that seals
// them and for a person who reads them.
//
//   ValueKeys keys(arguments);                    // throws Trouble
//   keys.open(answer, "demo");                    // in what a gateway said
#pragma once
#include <CLI/CLI.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/sdk/device.h"

namespace tributary::app {

class ValueKeys {
 public:
  // Each PREFIX=FILE; an empty prefix is every key.
  explicit ValueKeys(const std::vector<std::string>& arguments);

  const std::vector<sdk::ValueKey>& for_device() const { return keys_; }
  // Puts plain values in place of those that one of the keys opens: "key", "type" and "value" of
  // each object in the array.
  void open(nlohmann::json& values, std::string_view fleet) const;

 private:
  void open_one(nlohmann::json& value, std::string_view fleet, std::uint8_t type,
                const std::string& key) const;

  std::vector<sdk::ValueKey> keys_;
};

void add_value_key_option(CLI::App& app, std::vector<std::string>& arguments);

}  // namespace tributary::app
