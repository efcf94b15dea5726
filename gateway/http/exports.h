// SPDX-License-Identifier: Apache-2.0
// Values in the formats of others: JSON Lines, JSON, CSV (RFC 4180), GeoJSON (RFC 7946), JSON-LD
// with the terms of SOSA (W3C). Its promise: page by page, and what is kept between pages is
// bounded.
//
//   auto out = make_exporter(Format::csv);
//   std::string text = out->page(R"({"values":[…]})"_json…);  …  text += out->end();
//
// GeoJSON has a feature for each place: keys <place>/lat and <place>/lon (or latitude, longitude)
// with numbers; the other values of <place>/… are its properties.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tributary::http {

enum class Format : std::uint8_t { jsonl, json, csv, geojson, jsonld };
std::optional<Format> parse_format(std::string_view name);  // of the parameter: jsonl, json, csv
const char* content_type(Format);

class Exporter {
 public:
  virtual ~Exporter() = default;
  // The items of a page's list; nullopt: the answer holds none.
  virtual std::optional<std::string> page(const std::string& answer, std::string_view list) = 0;
  virtual std::string end() = 0;
};
std::unique_ptr<Exporter> make_exporter(Format format);

}  // namespace tributary::http
