// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/support/fleet.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tributary::e2e {

Site::Site() : broker("max_queued_messages 100000\nmessage_size_limit 1048576\n") {}

Program& Site::gateway(const std::string& id, const std::vector<std::string>& hears,
                       const std::string& more_toml) {
  const std::filesystem::path place = dir.path() / id;
  std::filesystem::create_directories(place);
  std::string patterns;
  for (const std::string& pattern : hears) {
    patterns += (patterns.empty() ? "\"" : ", \"") + pattern + "\"";
  }
  write_file(
      place / "gateway.toml",
      "[gateway]\nid = \"" + id + "\"\ndata_dir = \"" + place.string() + "\"\n" + more_toml +
          // The default's port is one for all.
          (more_toml.find("[http]") == std::string::npos ? "\n[http]\nlisten = \"\"\n" : "") +
          "\n[[broker]]\nname = \"local\"\nuri = \"mqtt://127.0.0.1:" +
          std::to_string(broker.port()) + "\"\nhears = [" + patterns +
          "]\nreconnect_min_ms = " + std::to_string(reconnect_max_ms / 4) +
          "\nreconnect_max_ms = " + std::to_string(reconnect_max_ms) + "\n");
  auto& slot = gateways_[id];
  slot = std::make_unique<Program>(
      std::vector<std::string>{"gateway", "--config", (place / "gateway.toml").string()},
      place / "log");
  return *slot;
}

void Site::forget_gateway(const std::string& id) {
  gateways_.erase(id);
}

std::vector<std::string> Site::at() const {
  return {"--broker", "mqtt://127.0.0.1:" + std::to_string(broker.port())};
}

Ran Site::ask(std::vector<std::string> arguments, std::chrono::seconds timeout) {
  for (const std::string& word : at()) arguments.push_back(word);
  return run(arguments, timeout);
}

void Site::replay(const std::string& device, const std::string& rows) {
  const std::filesystem::path file = dir.path() / (device + ".csv");
  write_file(file, "timestamp,key,type,operation,value\n" + rows);
  const Ran ran = ask(
      {"device", "replay", file.string(), "--id", device, "--speed", "0", "--drain-ms", "30000"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
}

std::string Site::get(const std::string& gateway, const std::string& key) {
  Ran ran = ask({"get", key, "--gateway", gateway, "--timeout-ms", "2000"});
  if (ran.status != 0) return {};
  if (!ran.out.empty() && ran.out.back() == '\n') ran.out.pop_back();
  return ran.out;
}

std::string Site::digest(const std::string& gateway) {
  const Ran ran = ask({"status", "--json", "--gateway", gateway, "--timeout-ms", "2000"});
  const auto all = nlohmann::json::parse(ran.out, nullptr, false);
  if (!all.is_array() || all.empty()) return {};
  return all[0].value("digest", "");
}

std::string Site::database(const std::string& gateway) const {
  return (dir.path() / gateway / "gateway.db").string();
}

}  // namespace tributary::e2e
