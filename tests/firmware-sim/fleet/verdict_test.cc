// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/fleet/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary::fleet {
namespace {

using devices::Operation;
using What = Operation::What;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VerdictTest : public ::testing::Test {
 protected:
  void issue(const char* device, std::uint64_t op, Operation o, std::uint64_t hlc_ms = 1) {
    oracle_.issued({device, 1}, op, o, crdt::Hlc::at(hlc_ms));
  }
  static Operation counted(const char* key, std::uint64_t n) {
    return {key, wire::Type::gcounter, What::add, n};
  }
  static Operation element(const char* key, What what, const char* e) {
    Operation o{key, wire::Type::orset, what};
    o.element = e;
    return o;
  }
  static Operation reading(const char* key, double v) {
    Operation o{key, wire::Type::lww, What::set};
    o.value = v;
    return o;
  }
  static Shown shows(std::map<std::pair<std::string, std::string>, std::string> values,
                     std::string digest = "d") {
    return {"g1", std::move(values), std::move(digest)};
  }

  Oracle oracle_;
};

TEST_F(VerdictTest, ExactWhenEverythingIsThere) {
  issue("a", 1, counted("c", 3));
  issue("b", 1, counted("c", 4));
  issue("a", 2, {"u", wire::Type::pncounter, What::subtract, 5});
  issue("a", 3, element("s", What::insert, "x"));
  issue("a", 4, element("s", What::insert, "y"));
  issue("a", 5, element("s", What::erase, "x"));
  issue("a", 6, reading("r", 20), 10);
  issue("b", 2, reading("r", 21), 9);
  oracle_.promised({"a", 1}, 6);
  oracle_.promised({"b", 1}, 2);
  const Verdict v = judge(oracle_, {shows({{{"c", "gcounter"}, "7"},
                                           {{"u", "pncounter"}, "-5"},
                                           {{"s", "orset"}, "[\"y\"]"},
                                           {{"r", "lww"}, "20.0"},
                                           {{"other", "gcounter"}, "99"}})});
  EXPECT_TRUE(v.exact()) << v.text();
  EXPECT_EQ(v.issued, 8u);
  EXPECT_EQ(v.gateways[0].counted, 8u);
  EXPECT_THAT(v.text(), HasSubstr("EXACT"));
  EXPECT_THAT(v.json(), HasSubstr("\"exact\":true"));
}

TEST_F(VerdictTest, SaysWhatIsLostAndWhatIsDoubled) {
  issue("a", 1, counted("c", 7));
  issue("a", 2, counted("d", 7));
  issue("a", 3, element("s", What::insert, "x"));
  issue("a", 4, reading("r", 20));
  oracle_.promised({"a", 1}, 4);
  const Verdict v = judge(oracle_, {shows({{{"c", "gcounter"}, "5"},
                                           {{"d", "gcounter"}, "\"10\""},
                                           {{"s", "orset"}, "[\"ghost\"]"},
                                           {{"r", "lww"}, "19"}})});
  EXPECT_FALSE(v.exact());
  EXPECT_EQ(v.gateways[0].lost, 2u + 1 + 1);
  EXPECT_EQ(v.gateways[0].doubled, 3u + 1);
  EXPECT_EQ(v.gateways[0].wrong_keys, 4u);
  EXPECT_THAT(v.gateways[0].wrong[0], HasSubstr("c (gcounter): shows 5, issued 7"));
}

TEST_F(VerdictTest, NothingShownIsEverythingLost) {
  issue("a", 1, counted("c", 7));
  oracle_.promised({"a", 1}, 1);
  EXPECT_EQ(judge(oracle_, {shows({})}).gateways[0].lost, 7u);
  EXPECT_FALSE(judge(oracle_, {}).exact()) << "no gateway, no verdict";
}

TEST_F(VerdictTest, DigestsMustAgree) {
  EXPECT_TRUE(judge(oracle_, {shows({}), shows({})}).exact());
  EXPECT_FALSE(judge(oracle_, {shows({}), shows({}, "e")}).exact());
  EXPECT_FALSE(judge(oracle_, {shows({}, ""), shows({}, "")}).exact()) << "unknown is not equal";
}

// A memory was lost before any gateway had promised the last operations.
TEST_F(VerdictTest, WhatWasNotPromisedMayCountOrNot) {
  issue("a", 1, counted("c", 7));
  issue("a", 2, counted("c", 2));
  issue("a", 3, element("s", What::insert, "x"));
  issue("a", 4, element("s", What::insert, "y"));
  issue("a", 5, element("s", What::erase, "x"));
  issue("b", 1, reading("r", 20), 10);
  issue("a", 6, reading("r", 21), 11);
  issue("a", 7, reading("r", 22), 9);
  oracle_.promised({"a", 1}, 3);
  oracle_.promised({"b", 1}, 1);
  EXPECT_EQ(oracle_.unsure(), 4u);
  const auto judged = [&](const char* c, const char* s, const char* r) {
    return judge(oracle_, {shows({{{"c", "gcounter"}, c}, {{"s", "orset"}, s}, {{"r", "lww"}, r}})})
        .gateways[0];
  };
  EXPECT_EQ(judged("9", "[]", "21").lost, 0u);
  EXPECT_EQ(judged("9", "[\"x\",\"y\"]", "20").lost, 0u);
  EXPECT_EQ(judged("10", "[]", "20").doubled, 1u);
  EXPECT_EQ(judged("8", "[]", "22").lost, 1u + 1)
      << "c is still 2 short of one promise, 22 never wins";
}

TEST_F(VerdictTest, LargeTotals) {
  for (const char* device : {"a", "b", "c", "d"}) {
    issue(device, 1, counted("c", ~std::uint64_t{0}));
    oracle_.promised({device, 1}, 1);
  }
  EXPECT_TRUE(judge(oracle_, {shows({{{"c", "gcounter"}, "\"73786976294838206460\""}})}).exact());
}

}  // namespace
}  // namespace tributary::fleet
