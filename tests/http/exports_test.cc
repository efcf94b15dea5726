// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/exports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace tributary::http {
namespace {

using nlohmann::json;

// Of two pages, as the server asks for them.
std::string of(Format format, const std::vector<json>& first,
               const std::vector<json>& second = {}) {
  const auto out = make_exporter(format);
  std::string text;
  for (const std::vector<json>& values : {first, second}) {
    const auto page = out->page(json{{"gateway", "g1"}, {"values", values}}.dump(), "values");
    EXPECT_TRUE(page);
    text += page.value_or("");
  }
  return text + out->end();
}
json value(const std::string& key, const std::string& type, const json& v) {
  return {
      {"key", key}, {"type", type}, {"value", v}, {"contributors", 2}, {"at", 1'714'567'890'123}};
}

TEST(Exports, NothingIsStillADocumentOfItsFormat) {
  const std::vector<json> none;
  EXPECT_EQ(of(Format::jsonl, none), "");
  EXPECT_EQ(json::parse(of(Format::json, none)), json::array());
  EXPECT_EQ(of(Format::csv, none), "key,type,value,contributors,at\r\n");
  EXPECT_EQ(json::parse(of(Format::geojson, none))["features"], json::array());
  EXPECT_EQ(json::parse(of(Format::jsonld, none))["@graph"], json::array());
}

TEST(Exports, PagesBecomeOneDocument) {
  const json a = value("a", "gcounter", 1), b = value("b", "lww", "x");
  EXPECT_EQ(json::parse(of(Format::json, {a}, {b})), (json{a, b}));
  EXPECT_EQ(of(Format::jsonl, {a}, {b}), a.dump() + "\n" + b.dump() + "\n");
  EXPECT_EQ(json::parse(of(Format::jsonld, {a}, {b}))["@graph"].size(), 2U);
}

TEST(Exports, CsvQuotesWhatItMust) {
  EXPECT_EQ(of(Format::csv, {value("a,b", "lww", "say \"hi\"\r\nbye")},
               {value("n", "gset", {"x", "y"}), value("z", "lww", nullptr)}),
            "key,type,value,contributors,at\r\n"
            "\"a,b\",lww,\"say \"\"hi\"\"\r\nbye\",2,2024-05-01T12:51:30.123Z\r\n"
            "n,gset,\"[\"\"x\"\",\"\"y\"\"]\",2,2024-05-01T12:51:30.123Z\r\n"
            "z,lww,,2,2024-05-01T12:51:30.123Z\r\n");
}

TEST(Exports, APlaceNeedsBothAndALongitudeComesFirst) {
  const json doc = json::parse(
      of(Format::geojson,
         {value("a/lat", "lww", 52.5), value("a/name", "lww", "gate"), value("b/lat", "lww", 1),
          value("c/lat", "lww", 91), value("c/lon", "lww", 1), value("d/lat", "gcounter", 5)},
         {value("a/lon", "lww", 13.25), value("d/lon", "lww", 5), value("e/latitude", "lww", -10),
          value("e/longitude", "lww", -20), value("f/lat", "lww", "north"),
          value("f/lon", "lww", 3)}));
  EXPECT_EQ(doc["type"], "FeatureCollection");
  ASSERT_EQ(doc["features"].size(), 2U) << doc.dump(1);
  EXPECT_EQ(doc["features"][0]["id"], "a");
  EXPECT_EQ(doc["features"][0]["geometry"]["coordinates"], (json{13.25, 52.5}));
  EXPECT_EQ(doc["features"][0]["properties"], (json{{"name", "gate"}}));
  EXPECT_EQ(doc["features"][1]["geometry"]["coordinates"], (json{-20, -10}));
}

TEST(Exports, AnObservationSaysWhatWhenAndByWhom) {
  const json one = json::parse(of(Format::jsonld, {value("a b/c", "gcounter", 7)}))["@graph"][0];
  EXPECT_EQ(one["@type"], "Observation");
  EXPECT_EQ(one["result"], 7);
  EXPECT_EQ(one["resultTime"], "2024-05-01T12:51:30.123Z");
  EXPECT_EQ(one["madeBySensor"], "urn:tributary:gateway:g1");
  EXPECT_EQ(one["@id"].get<std::string>().find(' '), std::string::npos) << "an IRI has no spaces";
}

TEST(Exports, AnErrorIsNoPage) {
  for (const char* answer : {"", "[]", "{}", R"({"error":{"what":"x"}})", R"({"values":3})"}) {
    for (const Format f : {Format::jsonl, Format::csv, Format::geojson})
      EXPECT_FALSE(make_exporter(f)->page(answer, "values")) << answer;
  }
  EXPECT_EQ(parse_format("xml"), std::nullopt);
}

}  // namespace
}  // namespace tributary::http
