// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/homeassistant.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace tributary::app {
namespace {

using nlohmann::json;

// By the end of the key's last level: "boiler/temperature", "meter/energy_kwh".
struct Unit {
  std::string_view ending;
  const char* unit;
  const char* device_class;  // nullptr: none
};
constexpr std::array units = {Unit{"temperature", "°C", "temperature"},
                              Unit{"temperature_c", "°C", "temperature"},
                              Unit{"humidity", "%", "humidity"},
                              Unit{"battery", "%", "battery"},
                              Unit{"_percent", "%", nullptr},
                              Unit{"pressure_hpa", "hPa", "pressure"},
                              Unit{"co2", "ppm", "carbon_dioxide"},
                              Unit{"co2_ppm", "ppm", "carbon_dioxide"},
                              Unit{"illuminance_lx", "lx", "illuminance"},
                              Unit{"_kwh", "kWh", "energy"},
                              Unit{"_wh", "Wh", "energy"},
                              Unit{"_kw", "kW", "power"},
                              Unit{"_w", "W", "power"},
                              Unit{"_v", "V", "voltage"},
                              Unit{"_a", "A", "current"},
                              Unit{"_m3", "m³", nullptr},
                              Unit{"_l", "L", nullptr},
                              Unit{"_s", "s", "duration"},
                              Unit{"_ms", "ms", "duration"},
                              Unit{"_kg", "kg", "weight"},
                              Unit{"_m", "m", "distance"}};

// The longest that fits.
const Unit* unit_of(std::string_view key) {
  const std::string_view last = key.substr(key.rfind('/') + 1);
  const Unit* best = nullptr;
  for (const Unit& u : units) {
    const bool fits =
        last.size() >= u.ending.size() && last.substr(last.size() - u.ending.size()) == u.ending;
    if (fits && (best == nullptr || u.ending.size() > best->ending.size())) best = &u;
  }
  return best;
}

// What ids may hold; two keys that differ only in what they may not still get ids of their own.
std::string id_of(std::string_view text) {
  std::string out;
  std::uint32_t hash = 2'166'136'261U;  // FNV-1a
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    out += plain ? c : '_';
    hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  }
  constexpr std::size_t shown = 48;
  if (out.size() > shown) out.resize(shown);
  constexpr char digits[] = "0123456789abcdef";
  out += '_';
  for (int shift = 28; shift >= 0; shift -= 4) out += digits[hash >> shift & 15];
  return out;
}

}  // namespace

void HomeAssistant::see(std::string_view key, std::string_view type, std::string_view value) {
  if (value.empty()) return;
  Kind kind = Kind::number;
  if (type == "gset" || type == "orset") {
    kind = Kind::set;
  } else if (type == "lww") {
    const char c = value.front();
    kind = c == 't' || c == 'f'                 ? Kind::boolean
           : c == '-' || (c >= '0' && c <= '9') ? Kind::number
                                                : Kind::text;
    if (c == 'n' || c == '{') return;  // nothing yet, or nothing that one can show
  }
  const std::pair<std::string, std::string> name{key, type};
  const auto known = kinds_.find(name);
  if (known == kinds_.end()) {
    if (full()) return;
    kinds_.emplace(name, kind);
    changed_ = true;
  } else if (known->second != kind) {
    known->second = kind;
    changed_ = true;
  }
}

std::string HomeAssistant::topic() const {
  return options_.prefix + "/device/tributary_" + options_.fleet + "_" + options_.gateway +
         "/config";
}

std::string HomeAssistant::config() {
  changed_ = false;
  const std::string device = "tributary_" + options_.fleet + "_" + options_.gateway;
  json components = json::object();
  for (const auto& [name, kind] : kinds_) {
    const auto& [key, type] = name;
    const std::string id = device + "_" + id_of(type + "/" + key);
    json c = {{"platform", kind == Kind::boolean ? "binary_sensor" : "sensor"},
              {"name", key},
              {"unique_id", id},
              {"state_topic", options_.root + "/view/" + options_.gateway + "/" + type + "/" + key},
              {"value_template", "{{ value_json.value }}"}};
    if (kind == Kind::boolean) c["value_template"] = "{{ 'ON' if value_json.value else 'OFF' }}";
    if (kind == Kind::set) {
      c["value_template"] =
          "{{ value_json.value.size if value_json.value is mapping else value_json.value | count "
          "}}";
      c["json_attributes_topic"] = c["state_topic"];
    }
    if (kind == Kind::number || kind == Kind::set) {
      const Unit* unit = kind == Kind::number ? unit_of(key) : nullptr;
      if (unit != nullptr) c["unit_of_measurement"] = unit->unit;
      if (unit != nullptr && unit->device_class != nullptr) c["device_class"] = unit->device_class;
      const bool meter = type == "gcounter";
      const bool energy = unit != nullptr &&
                          unit->device_class == std::string_view("energy");  // HA: never measured
      c["state_class"] = meter ? "total_increasing" : energy ? "total" : "measurement";
    }
    components[id] = std::move(c);
  }
  const json out = {
      {"device",
       {{"identifiers", json::array({device})},
        {"name", "Tributary " + options_.gateway},
        {"manufacturer", "Tributary"},
        {"model", "gateway of fleet " + options_.fleet},
        {"sw_version", options_.version}}},
      {"origin", {{"name", "tributary"}, {"sw_version", options_.version}}},
      {"components", std::move(components)},
      {"availability",
       json::array({json{{"topic", options_.root + "/gw/" + options_.gateway + "/status"},
                         {"value_template", "{{ value_json.state }}"},
                         {"payload_available", "online"},
                         {"payload_not_available", "offline"}}})},
      {"qos", 1}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace tributary::app
