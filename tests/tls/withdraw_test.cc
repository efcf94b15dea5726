// SPDX-License-Identifier: Apache-2.0
// `tributary policy withdraw` with two gateways behind TLS: what a device may no more it says in
// vain, in whatever epoch, what it had counted stays as the admin chose, and the rest goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tls/two_gateways.h"

namespace tributary::e2e {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using namespace std::chrono_literals;

class Withdraw : public TwoGateways {
 protected:
  Withdraw() : TwoGateways("permissions = true\n") {}
  // d1 may count below a/ and below c/.
  void before_they_start() override {
    grant("d1", "a/*");
    grant("d?", "c/*");
  }
  void grant(const std::string& members, const std::string& keys) const {
    ASSERT_EQ(policy({"grant", "--members", members, "--keys", keys, "--allow", "add"}).status, 0);
  }
  Ran policy(std::vector<std::string> words) const {
    words.insert(words.begin(), "policy");
    words.insert(words.end(), {"--dir", fleet});
    return run(words);
  }
  // The grant of these members for these keys that is in force.
  std::string name_of(const std::string& keys) const {
    for (const json& row : json::parse(policy({"list", "--json"}).out)) {
      if (row["keys"] == keys && !row["withdrawn"]) return row["name"];
    }
    return "none";
  }
  Ran withdraw(const std::string& grant, std::vector<std::string> words) const {
    words.insert(words.begin(),
                 {"withdraw", grant, "--broker", uri(), "--identity", fleet + "/operators/op"});
    return policy(words);
  }
};

TEST_F(Withdraw, WhatItAllowedStaysAsChosenAndNothingMoreComes) {
  ASSERT_EQ(count(3).status, 0) << g1->log();
  ASSERT_EQ(count(7, "c/d").status, 0);
  ASSERT_TRUE(shows("3") && shows("7", "c/d")) << g1->log() << g2->log();
  const std::string monday = (dir.path() / "monday.jsonl").string();
  ASSERT_EQ(as("operators/op", {"export", "--envelopes", "--output", monday}).status, 0);
  ASSERT_EQ(count(1'000).status, 0);
  ASSERT_TRUE(shows("1003"));

  const std::string of_a = name_of("a/*"), registry = read_file(fleet + "/registry");
  Ran ran = withdraw(of_a, {"--keep", monday, "--dry-run"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("withdrawn, from d1; of 2 envelopes that need it 1 stay "
                                       "valid"),
                             HasSubstr("1003"), HasSubstr("a/b")));
  EXPECT_THAT(ran.out, testing::Not(HasSubstr("c/d"))) << "no other grant's";
  EXPECT_EQ(read_file(fleet + "/registry"), registry) << "a dry run writes nothing";
  ran = withdraw(of_a.substr(0, 8), {"--keep", monday});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_TRUE(shows("3")) << g1->log() << g2->log();
  EXPECT_THAT(g1->log(), HasSubstr("settled: 1 envelopes are no longer valid"));
  EXPECT_THAT(g2->log(), HasSubstr("settled: 1 envelopes are no longer valid"));
  EXPECT_THAT(policy({"list"}).out, HasSubstr("withdrawn, but for 1 envelopes"));

  // In a fresh epoch it may no more either, and hears why; the rest it may.
  ran = count(500);
  EXPECT_THAT(ran.err, HasSubstr("the grant that let 'd1' add to gcounter 'a/b' was withdrawn"));
  ASSERT_EQ(count(1, "c/d").status, 0);
  EXPECT_TRUE(shows("8", "c/d"));
  EXPECT_TRUE(shows("3"));

  // Whoever reads the registry's file reads over what it carries; nothing is kept twice.
  EXPECT_EQ(admin({"keys"}).status, 0);
  EXPECT_EQ(run({"config", "check", (dir.path() / "g1.toml").string()}).status, 0);
  ran = withdraw(of_a, {});
  EXPECT_THAT(ran.err, HasSubstr("all of that is withdrawn already"));
  ran = withdraw(of_a, {"--keep", "none"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("but: 1 envelopes were kept before"));

  // Over restarts, too; and the same grant can be made anew.
  EXPECT_EQ(g1->end(SIGTERM), 0);
  EXPECT_EQ(g2->end(SIGTERM), 0);
  g1->start();
  g2->start();
  EXPECT_TRUE(shows("3")) << g1->log();
  grant("d1", "a/*");
  EXPECT_TRUE(test::eventually(60s, [&] { return count(10).err.empty(); })) << g1->log();
  EXPECT_TRUE(test::eventually(60s, [&] {
    const Ran one = as("operators/op", {"get", "a/b", "--gateway", "g1"});
    const Ran other = as("operators/op", {"get", "a/b", "--gateway", "g2"});
    return one.out == other.out && one.out >= "13";
  }));
}

TEST_F(Withdraw, WhatAnotherGrantAllowsNeedsNothing) {
  ASSERT_EQ(count(3).status, 0) << g1->log();
  ASSERT_TRUE(shows("3"));
  const std::string of_a = name_of("a/*");
  grant("d*", "a/b");
  Ran ran = withdraw(of_a, {"--keep", "none", "--json"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(json::parse(ran.out)["envelopes"], 0);
  EXPECT_THAT(ran.err, HasSubstr("withdrawn; bring "));
  ASSERT_EQ(count(2).status, 0);
  EXPECT_TRUE(shows("5")) << g1->log() << g2->log();
  // Doubts are said, and nothing is written until forced.
  EXPECT_EQ(g2->end(SIGTERM), 0);
  const std::string registry = read_file(fleet + "/registry");
  ran = withdraw(name_of("a/b"), {"--keep", "none"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.out, HasSubstr("but: gateway g2 is offline"));
  EXPECT_THAT(ran.err, HasSubstr("nothing was written"));
  EXPECT_EQ(read_file(fleet + "/registry"), registry);
  EXPECT_EQ(withdraw(name_of("a/b"), {"--keep", "none", "--force"}).status, 0);
  g2->start();
  EXPECT_TRUE(
      test::eventually(60s,
                       [&] {
                         return as("operators/op", {"get", "a/b", "--gateway", "g1"}).status == 1 &&
                                as("operators/op", {"get", "a/b", "--gateway", "g2"}).status == 1;
                       }))
      << g1->log() << g2->log();
}

}  // namespace
}  // namespace tributary::e2e
