// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "gateway/http/assets.h"

namespace tributary::http {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const Routes all({.address = "127.0.0.1", .hosts = {"localhost"}});

Plan plan(const std::string& target, const std::string& method = "GET", Headers more = {}) {
  more.emplace_back("host", "localhost");
  return all.plan({method, target, std::move(more)});
}
std::string header(const Response& r, const std::string& name) {
  for (const auto& [n, value] : r.headers) {
    if (n == name) return value;
  }
  return {};
}
Response answered(const std::string& target, const std::string& body, Headers more = {}) {
  const Plan p = plan(target, "GET", std::move(more));
  EXPECT_EQ(p.kind, Plan::Kind::ask) << p.response.body;
  return finished(p, {body, 7});
}

json document() {
  return json::parse(find_asset("/api/openapi.json")->plain);
}

TEST(Routes, EveryPathServedIsDescribedWithItsParametersAndNothingElseIs) {
  const json paths = document()["paths"];
  std::set<std::string> served;
  for (const Route& r : routes()) {
    const bool change = r.kind == Route::Kind::change;
    const char* method = change ? "post" : r.kind == Route::Kind::remove ? "delete" : "get";
    served.insert(std::string(r.path) + " " + method);
    ASSERT_TRUE(paths.contains(std::string(r.path))) << r.path;
    ASSERT_TRUE(paths[std::string(r.path)].contains(method)) << r.path;
    const json& get = paths[std::string(r.path)][method];
    std::set<std::string> ours, described;
    for (const Parameter& p : r.parameters) ours.insert(std::string(p.name));
    for (const json& p : get.value("parameters", json::array())) {
      described.insert(p["name"].get<std::string>());
      for (const Parameter& q : r.parameters) {
        if (q.name == p["name"].get<std::string>()) {
          EXPECT_EQ(p.value("required", false), q.required) << r.path << " " << q.name;
        }
      }
    }
    EXPECT_EQ(ours, described) << r.path;
    const bool open = get.contains("security") && get["security"].empty();
    EXPECT_EQ(open, r.open) << r.path;
    EXPECT_EQ(get.contains("requestBody"), change) << r.path;
  }
  for (const auto& [path, item] : paths.items()) {
    for (const auto& [method, described] : item.items())
      EXPECT_TRUE(served.count(path + " " + method)) << path << " " << method;
  }
}

void find_references(const json& at, std::set<std::string>& out) {
  if (at.is_object() && at.contains("$ref")) out.insert(at["$ref"].get<std::string>());
  if (at.is_structured()) {
    for (const json& child : at) find_references(child, out);
  }
}

TEST(Routes, TheDocumentRefersToNothingThatIsNotThere) {
  const json doc = document();
  EXPECT_EQ(doc["openapi"], "3.1.0");
  std::set<std::string> references;
  find_references(doc, references);
  EXPECT_GT(references.size(), 5U);
  for (const std::string& r : references)
    EXPECT_TRUE(doc.contains(json::json_pointer(r.substr(1)))) << r;
}

TEST(Routes, AQueryBecomesTheArgumentsOfTheCommand) {
  const Plan p =
      plan("/api/v1/values?prefix=a%2Fb&type=gset&limit=5&after=%5B%22k%22%2C%22gset%22%5D");
  ASSERT_EQ(p.kind, Plan::Kind::ask);
  EXPECT_EQ(p.command, "values");
  EXPECT_EQ(json::parse(p.arguments),
            (json{{"prefix", "a/b"}, {"type", "gset"}, {"max", 5}, {"after", {"k", "gset"}}}));
}

TEST(Routes, WhatIsWrongWithAQueryIsSaid) {
  const std::pair<const char*, const char*> cases[] = {
      {"/api/v1/values?limt=5", "there are: prefix, type, limit, after"},
      {"/api/v1/values?limit=x", "limit is not a whole number"},
      {"/api/v1/values?limit=-1", "limit is not a whole number"},
      {"/api/v1/values?limit=1&limit=2", "limit is given twice"},
      {"/api/v1/values?after=x", "follow the link"},
      {"/api/v1/value", "key is missing"},
      {"/api/v1/contributions?key=a", "type is missing"},
      {"/api/v1/status?x=1", "there are: none"},
      {"/api/v1/values?prefix=%ff", "no path with a query"}};
  for (const auto& [target, says] : cases) {
    const Plan p = plan(target);
    ASSERT_EQ(p.kind, Plan::Kind::respond) << target;
    EXPECT_EQ(p.response.status, 400U) << target;
    EXPECT_EQ(p.response.content_type, "application/problem+json");
    EXPECT_THAT(json::parse(p.response.body)["detail"].get<std::string>(), HasSubstr(says));
  }
}

TEST(Routes, NoPathLeavesTheTable) {
  for (const char* target :
       {"/../etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd", "/app.js/", "/APP.JS",
        "/api/v1/", "/api/v1/values/", "/web/src/main.jsx", "/app.js%2f.."}) {
    EXPECT_EQ(plan(target).response.status, 404U) << target;
  }
  EXPECT_EQ(plan("/").response.status, 200U);
}

TEST(Routes, ItIsOnlyRead) {
  for (const char* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "NONSENSE"}) {
    for (const char* target : {"/", "/api/v1/values", "/metrics"}) {
      const Plan p = plan(target, method);
      EXPECT_EQ(p.response.status, 405U) << method;
      EXPECT_EQ(header(p.response, "Allow"), "GET, HEAD");
    }
  }
}

TEST(Routes, OnlyWhoHasTheTokenChangesAnything) {
  const Routes locked(
      {.address = "127.0.0.1", .token = std::make_shared<Token>("0123456789abcdef"), .hosts = {}});
  const Headers known = {{"host", "127.0.0.1"}, {"authorization", "Bearer 0123456789abcdef"}};
  const Headers bare = {{"host", "127.0.0.1"}};
  for (const char* target :
       {"/api/v1/operations", "/api/v1/import", "/api/v1/dead-letters/release"}) {
    EXPECT_EQ(plan(target, "POST").response.status, 403U) << "there is no token to have";
    EXPECT_EQ(locked.plan({"POST", target, bare, "{}"}).response.status, 401U);
    EXPECT_EQ(locked.plan({"GET", target, known}).response.status, 405U);
    EXPECT_EQ(header(locked.plan({"GET", target, known}).response, "Allow"), "POST");
    const Plan p = locked.plan({"POST", target, known, "what to do"});
    EXPECT_EQ(p.kind, Plan::Kind::ask);
    EXPECT_EQ(p.arguments, "what to do");
  }
}

TEST(Routes, LettersAreReadByAllAndDroppedByWhoHasTheToken) {
  const Routes locked(
      {.address = "127.0.0.1", .token = std::make_shared<Token>("0123456789abcdef"), .hosts = {}});
  const Headers known = {{"host", "127.0.0.1"}, {"authorization", "Bearer 0123456789abcdef"}};
  const auto drop = [&](const std::string& query) {
    return locked.plan({"DELETE", "/api/v1/dead-letters" + query, known});
  };
  EXPECT_EQ(plan("/api/v1/dead-letters", "DELETE").response.status, 403U);
  EXPECT_EQ(locked.plan({"DELETE", "/api/v1/dead-letters", {{"host", "a"}}}).response.status, 401U);
  const Plan some = drop("?ids=3,17");
  ASSERT_EQ(some.kind, Plan::Kind::ask);
  EXPECT_EQ(some.command, "drop-dead-letters");
  EXPECT_EQ(json::parse(some.arguments), (json{{"ids", {3, 17}}}));
  EXPECT_EQ(json::parse(drop("?all=true").arguments), (json{{"all", true}}));
  for (const char* bad : {"?ids=", "?ids=1,,2", "?ids=1,x", "?ids=-1", "?all=yes", "?id=1"})
    EXPECT_EQ(drop(bad).response.status, 400U) << bad;
  EXPECT_EQ(plan("/api/v1/dead-letters").command, "dead-letters");
  const Plan other = plan("/api/v1/dead-letters", "POST");
  EXPECT_EQ(other.response.status, 405U);
  EXPECT_EQ(header(other.response, "Allow"), "GET, HEAD, DELETE");
}

TEST(Routes, APageLinksToTheNextOne) {
  const Response r = answered("/api/v1/values?limit=2&prefix=a%26b",
                              R"({"values":[1,2],"next":["k/1","gset"],"gateway":"g"})");
  const std::string link = header(r, "Link");
  EXPECT_THAT(link, HasSubstr("rel=\"next\""));
  const Plan next = plan(link.substr(1, link.find('>') - 1));
  EXPECT_EQ(json::parse(next.arguments),
            (json{{"max", 2}, {"prefix", "a&b"}, {"after", {"k/1", "gset"}}}));
  EXPECT_EQ(header(answered("/api/v1/values", R"({"values":[],"next":null})"), "Link"), "");
}

TEST(Routes, WhatTheClientHasIsNotSentAgain) {
  const std::string body = R"({"values":[1],"next":null})";
  const std::string tag = header(answered("/api/v1/values", body), "ETag");
  ASSERT_FALSE(tag.empty());
  for (const std::string& held : {tag, "\"x\", " + tag, "W/" + tag, std::string("*")}) {
    const Response r = answered("/api/v1/values", body, {{"if-none-match", held}});
    EXPECT_EQ(r.status, 304U) << held;
    EXPECT_TRUE(r.body.empty());
  }
  EXPECT_EQ(answered("/api/v1/values", body + " ", {{"if-none-match", tag}}).status, 200U);
}

TEST(Routes, ErrorsOfTheGatewayAreProblems) {
  const Response r =
      answered("/api/v1/values", R"({"error":{"what":"no such type","do":"one of …"}})");
  EXPECT_EQ(r.status, 400U);
  EXPECT_EQ(json::parse(r.body)["title"], "no such type");
  EXPECT_EQ(answered("/api/v1/value?key=a", R"({"values":[]})").status, 404U);
  EXPECT_EQ(answered("/api/v1/values", "nonsense").status, 500U);
}

TEST(Routes, WhoHasNoTokenLearnsWhetherItIsReadyAndNotWhy) {
  const std::string body =
      R"({"ready":false,"gateway":"g","checks":[{"name":"broker","ok":false,"detail":"host x"}]})";
  const Routes locked(
      {.address = "0.0.0.0", .token = std::make_shared<Token>("0123456789abcdef"), .hosts = {}});
  const Headers bare = {{"host", "a"}};
  const Response r = finished(locked.plan({"GET", "/readyz", bare}), {body, 1});
  EXPECT_EQ(r.status, 503U);
  EXPECT_EQ(r.body.find("host x"), std::string::npos);
  const Headers known = {{"host", "a"}, {"authorization", "Bearer 0123456789abcdef"}};
  EXPECT_THAT(finished(locked.plan({"GET", "/readyz", known}), {body, 1}).body,
              HasSubstr("host x"));
  EXPECT_EQ(locked.plan({"GET", "/metrics", bare}).response.status, 401U);
  EXPECT_EQ(locked.plan({"GET", "/", bare}).response.status, 200U) << "the page asks for the token";
}

TEST(Assets, ThePageLoadsNothingFromElsewhereAndHasNothingInline) {
  const std::string page(find_asset("/")->plain);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_EQ(page.find("<style"), std::string::npos);
  EXPECT_EQ(page.find(" style="), std::string::npos);
  EXPECT_EQ(page.find("<script>"), std::string::npos);
  for (const char* part : {"/app.js", "/app.css", "/icon.svg"}) {
    EXPECT_THAT(page, HasSubstr(std::string("\"") + part + "\""));
    ASSERT_NE(find_asset(part), nullptr);
    EXPECT_GT(find_asset(part)->plain.size(), 100U) << part;
  }
  EXPECT_LT(find_asset("/app.js")->gzipped.size(), 100'000U) << "it is meant for phones";
}

}  // namespace
}  // namespace tributary::http
