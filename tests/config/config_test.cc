// SPDX-License-Identifier: Apache-2.0
// What is in force, where it came from, and that config/gateway.toml tells the truth.
#include "config/config.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "config/schema.h"
#include "config/value.h"
#include "transports/wire/envelope.h"

namespace tributary::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string reference_path = TRIBUTARY_SOURCE_DIR "/config/gateway.toml";

std::string slurp(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

Loaded must_load(const Inputs& in) {
  auto loaded = load(in);
  EXPECT_TRUE(loaded) << (loaded ? "" : to_string(loaded.error()));
  if (!loaded) return {};
  return std::move(*loaded);
}

Loaded must_load(const std::string& text) {
  return must_load(Inputs{.file = "gateway.toml", .text = text});
}

// Every key as "section.key = value", brokers by position: equal texts are equal configurations.
std::string flat(Gateway gateway) {
  std::string out;
  for (const Key& key : schema()) {
    if (key.in_gateway)
      out += std::string(key.section) + "." + std::string(key.name) + " = " +
             format(key, key.in_gateway(gateway)) + "\n";
  }
  for (Broker& broker : gateway.brokers) {
    for (const Key& key : schema()) {
      if (key.in_broker)
        out +=
            "broker." + std::string(key.name) + " = " + format(key, key.in_broker(broker)) + "\n";
    }
  }
  return out;
}

TEST(Reference, TheFileIsWhatTheSchemaSays) {
  if (std::getenv("REWRITE")) std::ofstream(reference_path) << reference();
  EXPECT_EQ(slurp(reference_path), reference())
      << "run this test with REWRITE=1 and look at the difference";
}

TEST(Reference, TheFileParsesToExactlyTheDefaultsAndSetsEveryKey) {
  const Loaded loaded = must_load(slurp(reference_path));
  EXPECT_EQ(flat(loaded.gateway), flat(Gateway{}));
  for (const Key& key : schema()) {
    const std::string middle = key.in_broker ? ".local." : ".";
    const std::string path = std::string(key.section) + middle + std::string(key.name);
    EXPECT_TRUE(loaded.origins.contains(path)) << path;
    EXPECT_GE(key.doc.size(), 20u) << path;
  }
  EXPECT_EQ(loaded.origins.size(), schema().size());
}

TEST(Reference, LinesFitAScreen) {
  std::istringstream lines(reference());
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(line.size(), 102u) << line;  // "…" is three bytes
}

TEST(Schema, DefaultsAreInRangeAndNumbersHaveAUnit) {
  Gateway gateway;
  for (const Key& key : schema()) {
    const Slot slot = key.in_broker ? key.in_broker(gateway.brokers[0]) : key.in_gateway(gateway);
    const std::string path = std::string(key.section) + "." + std::string(key.name);
    if (const auto* number = std::get_if<std::uint32_t*>(&slot)) {
      EXPECT_FALSE(key.unit.empty()) << path;
      EXPECT_EQ(assign(key, slot, std::int64_t{**number}, path), "");
    }
    EXPECT_EQ(std::holds_alternative<std::uint8_t*>(slot), !key.choices.empty()) << path;
    EXPECT_NE(find_section(key.section), nullptr) << path;
  }
}

TEST(Schema, ByteLimitsStartAtTheProtocolsAndCannotExceedThem) {
  const wire::Limits protocol;
  const Gateway::Limits ours;
  EXPECT_EQ(ours.envelope_bytes_max, protocol.sealed_bytes_max);
  EXPECT_EQ(ours.body_bytes_max, protocol.body_bytes_max);
  EXPECT_EQ(ours.entries_max, protocol.entries_max);
  EXPECT_EQ(ours.key_bytes_max, protocol.key_bytes_max);
  EXPECT_EQ(ours.element_bytes_max, protocol.element_bytes_max);
  EXPECT_EQ(ours.register_bytes_max, protocol.scalar_bytes_max);
  for (const char* name : {"envelope_bytes_max", "body_bytes_max", "entries_max", "key_bytes_max",
                           "element_bytes_max", "register_bytes_max"}) {
    const Key* key = find_key("limits", name);
    EXPECT_EQ(std::to_string(key->max), default_of(*key)) << name;
  }
}

TEST(Load, NothingGivenIsTheDefaults) {
  const Loaded loaded = must_load(Inputs{});
  EXPECT_EQ(flat(loaded.gateway), flat(Gateway{}));
  EXPECT_TRUE(loaded.origins.empty());
  EXPECT_EQ(loaded.derived.database_path, "data/gateway.db");
  EXPECT_EQ(loaded.derived.topic_prefix, "tributary/v1/demo");
  ASSERT_EQ(loaded.derived.links.size(), 1u);
  EXPECT_EQ(loaded.derived.links[0].address.host, "127.0.0.1");
  EXPECT_EQ(loaded.derived.links[0].address.port, 1883);
  EXPECT_EQ(loaded.derived.links[0].client_id, "tributary-gateway-1-local");
  EXPECT_EQ(loaded.derived.memory.total_bytes, std::uint64_t{1024} << 20);
}

TEST(Load, ABrokerWithoutMqtt5IsToldByItsUri) {
  const Loaded loaded = must_load(
      "[[broker]]\nname = \"a\"\nuri = \"mqtt://rabbit?version=3.1.1\"\n"
      "[[broker]]\nname = \"b\"\nuri = \"mqtt://[::1]:2883?version=3.1.1\"\n");
  for (const auto& link : loaded.derived.links) EXPECT_TRUE(link.address.version_311);
  EXPECT_EQ(loaded.derived.links[0].address.host, "rabbit");
  EXPECT_EQ(loaded.derived.links[0].address.port, 1883);
  EXPECT_EQ(loaded.derived.links[1].address.host, "::1");
  EXPECT_EQ(loaded.derived.links[1].address.port, 2883);
}

constexpr const char* two_brokers = R"toml(
[gateway]
id = "g7"
data_dir = "/var/lib/tributary/"

[[broker]]
name = "field"
uri = "mqtt://[::1]:2883"
peers = false
hears = ["meter-*", "door-?"]

[[broker]]
name = "shared-1"
uri = "mqtt://broker.example"
devices = false
client_id = "g7-shared"
username = "g7"
password_file = "/run/secret"

[commit]
synchronous = "normal"
[sync]
compression = "gzip"
[log]
level = "warn"
format = "json"
[memory]
orset_max_mb = 4_096
total_max_mb = 8_192
)toml";

TEST(Load, ReadsAFile) {
  const Loaded loaded = must_load(two_brokers);
  const Gateway& g = loaded.gateway;
  ASSERT_EQ(g.brokers.size(), 2u);
  EXPECT_FALSE(g.brokers[0].peers);
  EXPECT_THAT(g.brokers[0].hears, ElementsAre("meter-*", "door-?"));
  EXPECT_THAT(g.brokers[1].hears, ElementsAre("*"));
  EXPECT_EQ(g.commit.synchronous, Synchronous::normal);
  EXPECT_EQ(g.sync.compression, Compression::gzip);
  EXPECT_EQ(g.log.level, LogLevel::warn);
  EXPECT_EQ(g.log.format, LogFormat::json);
  EXPECT_EQ(loaded.derived.links[0].address.host, "::1");
  EXPECT_EQ(loaded.derived.links[0].address.port, 2883);
  EXPECT_EQ(loaded.derived.links[0].client_id, "tributary-g7-field");
  EXPECT_EQ(loaded.derived.links[1].address.port, 1883);
  EXPECT_EQ(loaded.derived.links[1].client_id, "g7-shared");
  EXPECT_EQ(loaded.derived.database_path, "/var/lib/tributary/gateway.db");
  EXPECT_EQ(loaded.derived.memory.orset_bytes, std::uint64_t{4096} << 20);
  EXPECT_EQ(loaded.origins.at("gateway.id"), "gateway.toml:3:1");
  EXPECT_EQ(loaded.origins.at("broker.shared-1.devices"), "gateway.toml:15:1");
}

TEST(Load, TheEnvironmentOverridesTheFileAndFlagsOverrideBoth) {
  Inputs in{.file = "gateway.toml", .text = two_brokers};
  in.environment = {{"TRIBUTARY_GATEWAY_ID", "from-env"},
                    {"TRIBUTARY_COMMIT_BATCH_MAX", "7"},
                    {"TRIBUTARY_COMMIT_TIMEOUT_MS", "8"},
                    {"TRIBUTARY_BROKER_SHARED_1_URI", "mqtt://elsewhere:1"},
                    {"TRIBUTARY_BROKER_FIELD_HEARS", "a-*,b"},
                    {"TRIBUTARY_VIEW_ENABLED", "false"},
                    {"TRIBUTARY_HOME", "not ours"},
                    {"TRIBUTARY_GATEWAY_SERVICE_HOST", "injected"},
                    {"TRIBUTARY_GATEWAY_PORT_1883_TCP", "injected"},
                    {"COMMIT_BATCH_MAX", "not ours"}};
  in.sets = {"commit.batch_max=9", "broker.field.keepalive_s=11", "gateway.data_dir=/a=b"};
  const Loaded loaded = must_load(in);
  const Gateway& g = loaded.gateway;
  EXPECT_EQ(g.gateway.id, "from-env");
  EXPECT_EQ(g.commit.batch_max, 9u);
  EXPECT_EQ(g.commit.timeout_ms, 8u);
  EXPECT_EQ(g.brokers[1].uri, "mqtt://elsewhere:1");
  EXPECT_THAT(g.brokers[0].hears, ElementsAre("a-*", "b"));
  EXPECT_FALSE(g.view.enabled);
  EXPECT_EQ(g.brokers[0].keepalive_s, 11u);
  EXPECT_EQ(g.gateway.data_dir, "/a=b");
  EXPECT_EQ(loaded.origins.at("commit.batch_max"), "--set commit.batch_max");
  EXPECT_EQ(loaded.origins.at("commit.timeout_ms"), "environment TRIBUTARY_COMMIT_TIMEOUT_MS");
}

TEST(Load, TheOnlyBrokerNeedsNoName) {
  Inputs in;
  in.environment = {{"TRIBUTARY_BROKER_URI", "mqtt://broker:1"}};
  in.sets = {"broker.username=u"};
  const Loaded loaded = must_load(in);
  EXPECT_EQ(loaded.gateway.brokers[0].uri, "mqtt://broker:1");
  EXPECT_EQ(loaded.gateway.brokers[0].username, "u");
}

TEST(Show, WhatItPrintsLoadsToTheSame) {
  Inputs in{
      .file = "gateway.toml", .text = two_brokers, .sets = {"gateway.data_dir=/odd \"dir\"\\"}};
  const Loaded loaded = must_load(in);
  const std::string text = show(loaded);
  EXPECT_EQ(flat(must_load(text).gateway), flat(loaded.gateway)) << text;
  EXPECT_THAT(text, HasSubstr("id = \"g7\""));
  EXPECT_THAT(text, HasSubstr("# gateway.toml:3:1\n"));
  EXPECT_THAT(text, HasSubstr("# --set gateway.data_dir\n"));
  EXPECT_THAT(text, HasSubstr("# envelopes, default\n"));
}

TEST(Show, JsonHasEveryKeyWithItsOrigin) {
  const auto json = nlohmann::json::parse(show_json(must_load(two_brokers)));
  EXPECT_EQ(json["commit"]["batch_max"]["value"], 100);
  EXPECT_EQ(json["commit"]["batch_max"]["origin"], "default");
  EXPECT_EQ(json["commit"]["batch_max"]["unit"], "envelopes");
  EXPECT_EQ(json["broker"][1]["name"]["value"], "shared-1");
  EXPECT_EQ(json["broker"][0]["hears"]["value"][1], "door-?");
  for (const Key& key : schema()) {
    const std::string section(key.section), name(key.name);
    EXPECT_TRUE(key.in_broker ? json["broker"][0].contains(name) : json[section].contains(name))
        << name;
  }
}

TEST(Loopback, IsAnAddressOfThisMachineNotANameThatBeginsLikeOne) {
  for (const char* here : {"127.0.0.1", "127.8.9.10", "::1", "localhost"}) {
    EXPECT_TRUE(is_loopback(here)) << here;
  }
  for (const char* elsewhere : {"127.example.com", "10.0.0.1", "0.0.0.0", "::", "127.1", ""}) {
    EXPECT_FALSE(is_loopback(elsewhere)) << elsewhere;
  }
}

TEST(Show, TheSummaryIsOneLine) {
  const Inputs in{.file = "gateway.toml", .text = two_brokers};
  EXPECT_EQ(
      summary(must_load(in), in),
      "gateway.toml: ok: gateway 'g7' of fleet 'demo', 2 brokers (field, shared-1), 18 keys set");
}

}  // namespace
}  // namespace tributary::config
