// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/exports.h"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/http/uri.h"

namespace tributary::http {
namespace {

using nlohmann::json;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_of(const json& item, const char* name) {
  const auto it = item.find(name);
  return it != item.end() && it->is_string() ? it->get<std::string>() : std::string();
}

// Milliseconds since 1970 as 2024-05-01T12:34:56.789Z.
std::string time_of(const json& item) {
  const auto it = item.find("at");
  const std::uint64_t ms =
      it != item.end() && it->is_number_unsigned() ? it->get<std::uint64_t>() : 0;
  const auto seconds = static_cast<std::time_t>(ms / 1'000);
  std::tm t{};
  if (gmtime_r(&seconds, &t) == nullptr) return "";
  char out[48];
  const std::size_t n = std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &t);
  std::snprintf(out + n, sizeof out - n, ".%03uZ", static_cast<unsigned>(ms % 1'000));
  return out;
}

// What all have in common: reads a page, hands on its items.
class ByItem : public Exporter {
 public:
  std::optional<std::string> page(const std::string& answer, std::string_view list) override {
    const json parsed = json::parse(answer, nullptr, false);
    const auto items = parsed.is_object() ? parsed.find(list) : parsed.end();
    if (!parsed.is_object() || items == parsed.end() || !items->is_array()) return std::nullopt;
    gateway_ = text_of(parsed, "gateway");
    std::string out = std::exchange(begun_, true) ? "" : header();
    for (const json& one : *items) out += item(one);
    return out;
  }
  std::string end() override { return {}; }

 protected:
  virtual std::string header() { return {}; }
  virtual std::string item(const json& one) = 0;
  // Between items.
  std::string comma() { return std::exchange(some_, true) ? ",\n" : ""; }
  const std::string& gateway() const { return gateway_; }

 private:
  bool begun_ = false, some_ = false;
  std::string gateway_;
};

class JsonLines final : public ByItem {
  std::string item(const json& one) override { return dump(one) + "\n"; }
};

class Json final : public ByItem {
  std::string header() override { return "[\n"; }
  std::string item(const json& one) override { return comma() + dump(one); }
  std::string end() override { return "\n]\n"; }
};

class Csv final : public ByItem {
  std::string header() override { return "key,type,value,contributors,at\r\n"; }
  std::string item(const json& one) override {
    const json value = one.value("value", json(nullptr));
    return cell(text_of(one, "key")) + "," + text_of(one, "type") + "," +
           cell(value.is_string() ? value.get<std::string>()
                : value.is_null() ? ""
                                  : dump(value)) +
           "," + dump(one.value("contributors", json(0))) + "," + time_of(one) + "\r\n";
  }
  static std::string cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + "\"";
  }
};

class GeoJson final : public ByItem {
  static constexpr std::size_t properties_max = 32;   // of one place
  static constexpr std::size_t places_max = 100'000;  // looked at
  struct Place {
    std::optional<double> lat, lon;
    json properties = json::object();
  };
  std::string item(const json& one) override {
    const std::string key = text_of(one, "key");
    const std::size_t slash = key.rfind('/');
    const std::string name = slash == std::string::npos ? "" : key.substr(0, slash);
    const std::string last = slash == std::string::npos ? key : key.substr(slash + 1);
    if (places_.size() >= places_max && places_.count(name) == 0) return {};
    const json value = one.value("value", json(nullptr));
    const bool number = text_of(one, "type") == "lww" && value.is_number();
    Place& place = places_[name];
    if (number && (last == "lat" || last == "latitude")) {
      place.lat = value.get<double>();
    } else if (number && (last == "lon" || last == "longitude")) {
      place.lon = value.get<double>();
    } else if (place.properties.size() < properties_max) {
      place.properties[last] = value;
    }
    return {};
  }
  std::string end() override {
    json features = json::array();
    for (auto& [name, place] : places_) {
      if (!place.lat || !place.lon || std::abs(*place.lat) > 90 || std::abs(*place.lon) > 180)
        continue;
      // Longitude first: RFC 7946, 3.1.1.
      features.push_back(
          {{"type", "Feature"},
           {"id", name},
           {"geometry", {{"type", "Point"}, {"coordinates", {*place.lon, *place.lat}}}},
           {"properties", std::move(place.properties)}});
    }
    return dump({{"type", "FeatureCollection"}, {"features", std::move(features)}}) + "\n";
  }
  std::map<std::string, Place> places_;
};

// Each value is an observation: https://www.w3.org/TR/vocab-ssn/
class JsonLd final : public ByItem {
  std::string header() override {
    const json context = {
        {"sosa", "http://www.w3.org/ns/sosa/"},
        {"ssn", "http://www.w3.org/ns/ssn/"},
        {"xsd", "http://www.w3.org/2001/XMLSchema#"},
        {"schema", "https://schema.org/"},
        {"Observation", "sosa:Observation"},
        {"observedProperty", {{"@id", "sosa:observedProperty"}, {"@type", "@id"}}},
        {"madeBySensor", {{"@id", "sosa:madeBySensor"}, {"@type", "@id"}}},
        {"result", {{"@id", "sosa:hasSimpleResult"}, {"@type", "@json"}}},
        {"resultTime", {{"@id", "sosa:resultTime"}, {"@type", "xsd:dateTime"}}},
        {"name", "schema:name"},
        {"procedure", {{"@id", "sosa:usedProcedure"}, {"@type", "@id"}}}};
    return "{\"@context\":" + dump(context) + ",\"@graph\":[\n";
  }
  std::string item(const json& one) override {
    const std::string name =
        percent_encode(text_of(one, "type")) + ":" + percent_encode(text_of(one, "key"));
    const json out = {{"@id", "urn:tributary:value:" + name},
                      {"@type", "Observation"},
                      {"name", text_of(one, "key")},
                      {"observedProperty", "urn:tributary:property:" + name},
                      {"madeBySensor", "urn:tributary:gateway:" + percent_encode(gateway())},
                      {"procedure", "urn:tributary:merge:" + text_of(one, "type")},
                      {"result", one.value("value", json(nullptr))},
                      {"resultTime", time_of(one)}};
    return comma() + dump(out);
  }
  std::string end() override { return "\n]}\n"; }
};

}  // namespace

std::optional<Format> parse_format(std::string_view name) {
  if (name == "jsonl") return Format::jsonl;
  if (name == "json") return Format::json;
  if (name == "csv") return Format::csv;
  return std::nullopt;
}

const char* content_type(Format format) {
  switch (format) {
    case Format::jsonl:
      return "application/jsonl";
    case Format::json:
      return "application/json";
    case Format::csv:
      return "text/csv; charset=utf-8; header=present";
    case Format::geojson:
      return "application/geo+json";
    case Format::jsonld:
      return "application/ld+json";
  }
  return "application/octet-stream";
}

std::unique_ptr<Exporter> make_exporter(Format format) {
  switch (format) {
    case Format::jsonl:
      return std::make_unique<JsonLines>();
    case Format::json:
      return std::make_unique<Json>();
    case Format::csv:
      return std::make_unique<Csv>();
    case Format::geojson:
      return std::make_unique<GeoJson>();
    case Format::jsonld:
      return std::make_unique<JsonLd>();
  }
  return nullptr;
}

}  // namespace tributary::http
