// SPDX-License-Identifier: Apache-2.0
// `tributary policy`, as a person uses it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/support/program.h"
#include "tests/support/temp_dir.h"

namespace tributary::e2e {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class PolicyCommand : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run({"fleet", "init", dir, "--gateway", "g1", "--device", "meter-1"}).status, 0);
  }
  Ran policy(std::vector<std::string> words) const {
    words.insert(words.begin(), "policy");
    words.insert(words.end(), {"--dir", dir});
    return run(words);
  }
  std::string says(std::vector<std::string> operation) const {
    operation.insert(operation.begin(), "test");
    const Ran ran = policy(operation);
    EXPECT_EQ(ran.status, ran.out == "allowed\n" ? 0 : 1) << ran.err;
    return ran.out;
  }

  test::TempDir temp;
  const std::string dir = (temp.path() / "f").string();
};

TEST_F(PolicyCommand, GrantsListsAndTells) {
  EXPECT_THAT(policy({"list"}).out, HasSubstr("nothing is allowed"));
  EXPECT_THAT(says({"meter-1", "energy/hall", "gcounter", "add"}), HasSubstr("denied: no grant"));
  const std::vector<std::string> grant = {"grant",  "--members",  "meter-*", "--keys", "energy/*",
                                          "--type", "gcounter",   "--allow", "add",    "--burst",
                                          "1000",   "--per-hour", "500"};
  EXPECT_THAT(policy(grant).out, HasSubstr("granted; bring " + dir + "/registry"));
  EXPECT_EQ(policy({"grant", "--members", "*", "--keys", "{id}/*", "--allow", "set"}).status, 0);
  EXPECT_THAT(policy({"grant", "--members", "*", "--keys", "{id}/*", "--allow", "set"}).out,
              HasSubstr("there already"));
  EXPECT_EQ(json::parse(policy({"list", "--json"}).out).size(), 2U);

  EXPECT_EQ(says({"meter-1", "energy/hall", "gcounter", "add", "--amount", "1000"}), "allowed\n");
  EXPECT_THAT(says({"meter-1", "energy/hall", "gcounter", "add", "--amount", "5000"}),
              HasSubstr("more than any grant"));
  EXPECT_EQ(
      says({"meter-1", "energy/hall", "gcounter", "add", "--amount", "5000", "--in-hours", "9"}),
      "allowed\n");
  EXPECT_EQ(says({"d9", "d9/load", "lww", "set"}), "allowed\n");
  EXPECT_THAT(says({"d9", "d8/load", "lww", "set"}), HasSubstr("denied"));
}

TEST_F(PolicyCommand, WithdrawsAndShowsIt) {
  const auto grant = [&](const std::string& members) {
    return policy({"grant", "--members", members, "--keys", "hall/*", "--allow", "add"});
  };
  ASSERT_EQ(grant("meter-*").status, 0);
  ASSERT_EQ(grant("operator-*").status, 0);
  const json before = json::parse(policy({"list", "--json"}).out);
  const bool first = before[0]["members"] == "meter-*";
  const std::string name = before[first ? 0 : 1]["name"];
  EXPECT_FALSE(before[0]["withdrawn"]);
  const std::string registry = read_file(dir + "/registry");
  const auto withdraw = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"withdraw", name.substr(0, 8), "--from", "/dev/null"});
    return policy(more);
  };
  EXPECT_THAT(withdraw({"--dry-run"}).out,
              HasSubstr("grant " + name.substr(0, 16) +
                        " of 'meter-*' for 'hall/*' is withdrawn, from meter-1; of 0 envelopes"));
  EXPECT_EQ(read_file(dir + "/registry"), registry) << "a dry run writes nothing";
  EXPECT_THAT(withdraw({}).err, HasSubstr("withdrawn; bring " + dir + "/registry"));
  EXPECT_THAT(withdraw({}).err, HasSubstr("all of that is withdrawn already"));
  EXPECT_EQ(says({"meter-1", "hall/a", "gcounter", "add"}),
            "denied: the grant that let 'meter-1' add to gcounter 'hall/a' was withdrawn\n");
  EXPECT_EQ(says({"operator-g1", "hall/a", "gcounter", "add"}), "allowed\n");
  for (const json& row : json::parse(policy({"list", "--json"}).out)) {
    EXPECT_EQ(row["withdrawn"], row["name"] == name);
    EXPECT_EQ(row.contains("kept_envelopes"), row["name"] == name);
  }
  EXPECT_THAT(policy({"list"}).out, HasSubstr(name.substr(0, 16)));
  EXPECT_THAT(policy({"list"}).out, HasSubstr("withdrawn"));
  // The same again is another.
  EXPECT_THAT(grant("meter-*").out, HasSubstr("granted; bring"));
  EXPECT_THAT(grant("meter-*").out, HasSubstr("there already"));
  EXPECT_EQ(says({"meter-1", "hall/a", "gcounter", "add"}), "allowed\n");
  EXPECT_EQ(json::parse(policy({"list", "--json"}).out).size(), 3U);

  Ran wrong = policy({"withdraw", "00000000", "--from", "/dev/null"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("no grant is named 00000000…"));
  for (const char* bad : {"abc", "ABCDEF00", "hall/everything"}) {
    wrong = policy({"withdraw", bad, "--from", "/dev/null"});
    EXPECT_EQ(wrong.status, 2) << bad;
    EXPECT_THAT(wrong.err, HasSubstr("names no grant"));
  }
}

TEST_F(PolicyCommand, SaysWhatIsWrongAndChangesNothing) {
  const std::string before = read_file(dir + "/registry");
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"grant", "--members", "a b", "--keys", "k", "--allow", "add"}, "matches no id"},
      {{"grant", "--members", "*", "--keys", "$fleet/keys", "--allow", "add"}, "matches no key"},
      {{"grant", "--members", "*", "--keys", "k", "--allow", "fly"}, "is no operation"},
      {{"grant", "--members", "*", "--keys", "k", "--allow", "add", "--type", "gauge"},
       "is no type"},
      {{"grant", "--members", "*", "--keys", "k"}, "--allow is required"},
      {{"test", "x y", "k", "lww", "set"}, "is no id"},
      {{"test", "x", "k", "lww", "add"}, "has no operation"},
      {{"test", "x", "k", "lww", "set", "--in-hours", "99999999999"}, "in-hours"}};
  for (const auto& [words, text] : wrong) {
    const Ran ran = policy(words);
    EXPECT_EQ(ran.status, 2) << text;
    EXPECT_THAT(ran.err, HasSubstr(text));
  }
  EXPECT_EQ(read_file(dir + "/registry"), before);
  EXPECT_THAT(run({"policy", "list", "--dir", dir + "/none"}).err, HasSubstr("fleet init"));
}

}  // namespace
}  // namespace tributary::e2e
