// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/value_keys.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "gateway/app/cli.h"
#include "gateway/app/text.h"
#include "gateway/keyring/error.h"
#include "gateway/keyring/value_key.h"
#include "transports/wire/envelope.h"
#include "transports/wire/scalar.h"

namespace tributary::app {
namespace {

using nlohmann::json;

// The bytes that an element or a value stands for in JSON.
std::optional<std::string> bytes_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("base64") && value["base64"].is_string())
    return base64_decode(value["base64"].get<std::string>());
  return std::nullopt;
}

}  // namespace

ValueKeys::ValueKeys(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.rfind('=');
    if (equals == std::string::npos) {
      throw Trouble(Exit::usage, "--value-key " + argument +
                                     ": has no '='\n  give PREFIX=FILE; =FILE is for every key");
    }
    try {
      keys_.push_back(
          {argument.substr(0, equals), keyring::read_value_key(argument.substr(equals + 1))});
    } catch (const keyring::Error& e) {
      throw Trouble(e.kind == keyring::Error::Kind::storage ? Exit::storage : Exit::usage,
                    e.what());
    }
  }
}

void ValueKeys::open_one(json& value, std::string_view fleet, std::uint8_t type,
                         const std::string& key) const {
  const std::optional<std::string> bytes = bytes_of(value);
  if (!bytes) return;
  for (const sdk::ValueKey& v : keys_) {
    if (!key.starts_with(v.prefix)) continue;
    const auto plain = v.cipher.open({fleet, type, key}, *bytes);
    if (!plain) continue;
    const bool scalar = type == static_cast<std::uint8_t>(wire::Type::lww);
    value = json::parse(scalar ? wire::json_of_scalar(*plain) : wire::json_of_bytes(*plain));
    return;
  }
}

void ValueKeys::open(json& values, std::string_view fleet) const {
  if (keys_.empty()) return;
  for (json& item : values) {
    if (!item.contains("value") || !item.contains("key") || !item.contains("type")) continue;
    const auto type = parse_type(item["type"].get<std::string>());
    if (!type) continue;
    const std::string key = item["key"];
    json& value = item["value"];
    if (!value.is_array()) {
      open_one(value, fleet, *type, key);
      continue;
    }
    for (json& element : value) open_one(element, fleet, *type, key);
  }
}

void add_value_key_option(CLI::App& app, std::vector<std::string>& arguments) {
  app.add_option("--value-key", arguments,
                 "PREFIX=FILE: a key for the values of keys that begin with PREFIX; repeat it")
      ->allow_extra_args(false)
      ->type_name("PREFIX=FILE");
}

}  // namespace tributary::app
