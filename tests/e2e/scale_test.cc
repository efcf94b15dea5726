// SPDX-License-Identifier: Apache-2.0
// A hundred thousand parts through real processes.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;

constexpr int devices = 10;
constexpr int keys_each = 10'000;

std::string rows_of(int device) {
  std::string rows;
  for (int i = 0; i < keys_each; ++i) {
    rows += std::to_string(1700000000000 + i) + ",d" + std::to_string(device) + "/k" +
            std::to_string(i) + ",gcounter,add," + std::to_string(i + 1) + "\n";
  }
  return rows;
}

bool published(Site& site, const std::string& gateway) {
  const auto all = nlohmann::json::parse(site.ask({"status", "--json", "-g", gateway}).out);
  return all[0].value("keys", 0) == devices * keys_each && all[0].value("pending", 1) == 0;
}

TEST(Scale, AnEmptyGatewayShowsAHundredThousandPartsOfGatewaysThatAreOff) {
  Site site;
  site.gateway("g1");
  for (int device = 0; device < devices; ++device) {
    site.replay("dev-" + std::to_string(device), rows_of(device));
  }
  ASSERT_TRUE(eventually(30s, [&] { return published(site, "g1"); }));
  const std::string digest = site.digest("g1");
  // A peer that reads only what is retained says when all of it is there.
  site.gateway("witness", {"nobody"});
  ASSERT_TRUE(eventually(60s, [&] { return site.digest("witness") == digest; }));
  site.forget_gateway("g1");
  site.forget_gateway("witness");
  const auto began = std::chrono::steady_clock::now();
  site.gateway("g4", {"nobody"});
  ASSERT_TRUE(eventually(60s, [&] { return site.digest("g4") == digest; }));
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty(
      "bootstrap_ms",
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  EXPECT_LT(took, 20s) << "5 s on a machine that does nothing else";
  EXPECT_EQ(site.get("g4", "d9/k9999"), "10000");
}

}  // namespace
}  // namespace tributary::e2e
