// SPDX-License-Identifier: Apache-2.0
// A small fleet with two gateways behind TLS, as programs, and its admin; g2 keeps the registry's
// file of the first day, and hears the rest from g1.
//
//   class MyTest : public TwoGateways { … };
//   ASSERT_EQ(count(3).status, 0);              // d1 counts
//   EXPECT_TRUE(shows("3"));                    // both gateways do
#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/support/program.h"
#include "tests/support/eventually.h"
#include "tests/tls/world.h"

namespace tributary::e2e {

class TwoGateways : public testing::Test {
 protected:
  // `security`: more lines of that section of their configuration.
  explicit TwoGateways(std::string security = "") : security_(std::move(security)) {}
  void SetUp() override {
    test::small_fleet(fleet);  // its directory is not held: the program changes it
    broker = std::make_unique<test::Mosquitto>(test::broker_lines(fleet));
    before_they_start();
    write_file(dir.path() / "registry-of-g2", read_file(fleet + "/gateways/g2/registry"));
    g1 = gateway("g1", fleet + "/gateways/g1/registry");
    g2 = gateway("g2", (dir.path() / "registry-of-g2").string());
  }
  virtual void before_they_start() {}
  std::string uri() const { return "mqtts://127.0.0.1:" + std::to_string(broker->port()); }
  std::unique_ptr<Program> gateway(const std::string& id, const std::string& registry) const {
    const std::string me = fleet + "/gateways/" + id;
    const std::string file = (dir.path() / (id + ".toml")).string();
    write_file(file, "[gateway]\nid = \"" + id + "\"\ndata_dir = \"" + (dir.path() / id).string() +
                         "\"\n[http]\nlisten = \"\"\n" + "[[broker]]\nuri = \"" + uri() +
                         "\"\nca_file = \"" + me + "/ca.crt\"\ncertificate_file = \"" + me +
                         "/tls.crt\"\nkey_file = \"" + me +
                         "/tls.key\"\n[security]\nsignatures = \"require\"\nadmin_key_file = \"" +
                         me + "/admin.pub\"\nsigning_key_file = \"" + me +
                         "/sign.key\"\nregistry_file = \"" + registry + "\"\n" + security_);
    return std::make_unique<Program>(std::vector<std::string>{"gateway", "--config", file},
                                     dir.path() / (id + ".log"));
  }
  Ran as(const std::string& who, std::vector<std::string> words) const {
    words.insert(words.end(), {"--broker", uri(), "--identity", fleet + "/" + who});
    return run(words);
  }
  Ran admin(std::vector<std::string> words) const {
    words.insert(words.begin(), "fleet");
    words.insert(words.end(), {"--dir", fleet});
    return run(words);
  }
  // Whoever has this folder counts so many more, in an epoch of its own.
  Ran count(int n, const std::string& key = "a/b") const {
    const std::string file = (dir.path() / "r.csv").string();
    write_file(file, "timestamp,key,type,operation,value\n1," + key + ",gcounter,add," +
                         std::to_string(n) + "\n");
    return as("devices/d1", {"device", "replay", file, "--id", "d1", "--speed", "0"});
  }
  bool shows(const std::string& value, const std::string& key = "a/b") const {
    return test::eventually(std::chrono::seconds(60), [&] {
      return as("operators/op", {"get", key, "--gateway", "g1"}).out == value + "\n" &&
             as("operators/op", {"get", key, "--gateway", "g2"}).out == value + "\n";
    });
  }

  test::TempDir dir;
  const std::string fleet = (dir.path() / "fleet").string();
  std::unique_ptr<test::Mosquitto> broker;
  std::unique_ptr<Program> g1, g2;

 private:
  const std::string security_;
};

}  // namespace tributary::e2e
