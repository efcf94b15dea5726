// SPDX-License-Identifier: Apache-2.0
// A broker and gateways as real processes, with short names for what tests ask of them.
//
//   Site site;
//   Program& g1 = site.gateway("g1");
//   Program& g2 = site.gateway("g2", {"nobody"});   // hears no device itself
//   site.replay("dev-1", "1,a/b,gcounter,add,3\n");
//   EXPECT_EQ(site.get("g2", "a/b"), "3");
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/support/program.h"
#include "tests/support/mosquitto.h"
#include "tests/support/temp_dir.h"

namespace tributary::e2e {

class Site {
 public:
  Site();

  Program& gateway(const std::string& id, const std::vector<std::string>& hears = {"*"},
                   const std::string& more_toml = {});
  void forget_gateway(const std::string& id);  // its process only

  // The options that every client command needs.
  std::vector<std::string> at() const;
  // `tributary COMMAND ARGUMENTS… --broker …`.
  Ran ask(std::vector<std::string> arguments,
          std::chrono::seconds timeout = std::chrono::seconds(60));
  // Rows of "timestamp,key,type,operation,value" as a device; fails the test when not acknowledged.
  void replay(const std::string& device, const std::string& rows);
  // What that gateway shows, without the newline; empty when it shows nothing or does not answer.
  std::string get(const std::string& gateway, const std::string& key);
  // The gateway's digest; empty when it does not answer.
  std::string digest(const std::string& gateway);
  std::string database(const std::string& gateway) const;

  test::TempDir dir;
  test::Mosquitto broker;
  std::uint32_t reconnect_max_ms = 1'000;  // of gateways made from now on

 private:
  std::map<std::string, std::unique_ptr<Program>> gateways_;
};

}  // namespace tributary::e2e
