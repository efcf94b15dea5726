// SPDX-License-Identifier: Apache-2.0
// `tributary fleet`, as a person and as a script use it.
#include "tests/e2e/support/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"

namespace tributary::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class FleetCommand : public testing::Test {
 protected:
  std::string at(const std::string& name) const { return (temp.path() / name).string(); }
  Ran fleet(std::vector<std::string> words) {
    words.insert(words.begin(), "fleet");
    Ran ran = run(words);
    said += ran.out + ran.err;
    return ran;
  }
  void init() {
    const Ran ran = fleet({"init", at("f"), "--fleet", "plant", "--gateway", "g1", "--gateway",
                           "g2", "--device", "d1", "--operator", "op", "--host", "broker.plant"});
    ASSERT_EQ(ran.status, 0) << ran.err;
  }
  // No line of a file with a key in it was printed by any command.
  void expect_nothing_secret_was_said() const {
    unsigned lines = 0;
    for (const auto& entry : fs::recursive_directory_iterator(temp.path())) {
      if (entry.path().extension() != ".key") continue;
      std::istringstream text(read_file(entry.path()));
      for (std::string line; std::getline(text, line);) {
        const bool secret =
            line.size() >= 40 && line.rfind("-----", 0) != 0 && line.rfind("public ", 0) != 0;
        if (!secret) continue;
        ++lines;
        EXPECT_EQ(said.find(line.substr(line.find(' ') + 1)), std::string::npos) << entry.path();
      }
    }
    EXPECT_GE(lines, 8U);
  }

  test::TempDir temp;
  std::string said;
};

TEST_F(FleetCommand, MakesListsAndRenewsAndSaysNothingSecret) {
  init();
  const Ran listed = fleet({"keys", "--dir", at("f"), "--json"});
  const json rows = json::parse(listed.out);
  ASSERT_EQ(rows.size(), 7U);
  for (const json& row : rows) {
    if (row.at("role") == "admin") continue;
    EXPECT_GE(row.at("days_left").get<int>(), 364);
    EXPECT_EQ(row.at("certificate_sha256").get<std::string>().size(), 64U);
  }
  EXPECT_EQ(fleet({"enroll", "d2", "d3", "--dir", at("f")}).status, 0);
  EXPECT_EQ(fleet({"enroll", "g3", "--gateway", "--dir", at("f"), "--json"}).status, 0);
  EXPECT_EQ(fleet({"rotate", "g1", "broker", "--dir", at("f"), "--json"}).status, 0);
  EXPECT_THAT(fleet({"rotate", "--dir", at("f")}).out, HasSubstr("nothing ends within 60 days"));
  EXPECT_EQ(fleet({"revoke", "d3", "--dir", at("f")}).status, 0);
  EXPECT_THAT(fleet({"keys", "--dir", at("f")}).out, HasSubstr("gateway   g3"));
  expect_nothing_secret_was_said();
}

TEST_F(FleetCommand, ADeviceThatKeepsItsKeysIsEnrolledStepByStep) {
  init();
  EXPECT_EQ(fleet({"enroll", "s9", "--dir", at("f"), "--challenge", at("c")}).status, 0);
  EXPECT_EQ(fleet({"prove", at("c"), "--dir", at("device"), "-o", at("p")}).status, 0);
  EXPECT_TRUE(fs::exists(at("device/sign.key")) && fs::exists(at("device/tls.key")));
  const Ran done = fleet({"enroll", "s9", "--dir", at("f"), "--proof", at("p")});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_FALSE(fs::exists(at("f/devices/s9/tls.key")));
  const Ran again = fleet({"enroll", "s9", "--dir", at("f"), "--proof", at("p")});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("is enrolled already"));
  expect_nothing_secret_was_said();
}

TEST_F(FleetCommand, MistakesSayWhatToDo) {
  init();
  Ran ran = fleet({"init", at("f")});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("`tributary fleet enroll`"));
  ran = fleet({"enroll", "g1", "--dir", at("f")});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("g1: is enrolled already, as gateway"));
  ran = fleet({"keys", "--dir", at("nowhere")});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("`tributary fleet init` makes one"));
  ran = fleet({"init", at("no/such/parent")});
  EXPECT_EQ(ran.status, 5);
  EXPECT_EQ(fleet({"enroll", "x"}).status, 2);
  EXPECT_EQ(fleet({"enroll", "x", "y", "--dir", at("f"), "--challenge", at("c")}).status, 2);
}

}  // namespace
}  // namespace tributary::e2e
