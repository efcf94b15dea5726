// SPDX-License-Identifier: Apache-2.0
// Home Assistant's MQTT discovery: one device for the gateway, one sensor for each value, of the
// topics under view/. Its promise: at most so many entities, one retained topic, said again when
// Home Assistant is born or something about it changed.
//
//   HomeAssistant ha({.prefix = "homeassistant", …});
//   ha.see(row);                                   // of all that changed
//   if (ha.changed()) publish(ha.topic(), ha.config());
//
// https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. Pure; not thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace tributary::app {

class HomeAssistant {
 public:
  struct Options {
    std::string prefix = "homeassistant";
    std::string root, fleet, gateway, version;
    std::size_t entities_max = 200;
  };
  explicit HomeAssistant(Options options) : options_(std::move(options)) {}

  // A value as rows and pages show it: its JSON tells numbers from texts.
  void see(std::string_view key, std::string_view type, std::string_view json);
  bool full() const { return kinds_.size() >= options_.entities_max; }
  bool changed() const { return changed_; }

  std::string topic() const;
  std::string birth_topic() const { return options_.prefix + "/status"; }
  // The payload; afterwards nothing is changed.
  std::string config();

 private:
  enum class Kind : std::uint8_t { number, boolean, text, set };
  const Options options_;
  std::map<std::pair<std::string, std::string>, Kind> kinds_;  // by key and type
  bool changed_ = true;
};

}  // namespace tributary::app
