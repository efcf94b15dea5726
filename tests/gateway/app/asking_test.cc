// SPDX-License-Identifier: Apache-2.0
// What operators ask a gateway over MQTT: every command of the table, who may change something, and
// dead letters: listed, released, dropped.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "gateway/app/request_table.h"
#include "gateway/app/text.h"
#include "tests/gateway/app/support/pump_by_hand.h"

namespace tributary::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Knows one token, and remembers what it was to do.
class OneToken : public Beside {
 public:
  void committing(const core::Commit&) override {}
  void changed(const std::vector<core::ValueRow>&) override {}
  void message(std::size_t, const Message&) override {}
  bool request(std::string_view, std::string_view,
               std::function<void(std::string)> reply) override {
    reply(R"({"history":[]})");
    return true;
  }
  const Aside& aside() const override { return aside_; }
  void publishing(std::string_view, std::string_view) override {}
  std::string refuse_change(std::string_view token) const override {
    return token == "correct-horse-battery" ? "" : "not that one";
  }
  std::optional<std::string> operate(Pump&, std::string_view command,
                                     std::string_view arguments) override {
    done += std::string(command) + " " + std::string(arguments) + ";";
    return R"({"outcome":"applied"})";
  }
  std::string done;

 private:
  Aside aside_;
};

class Asking : public OneToken, public PumpByHand {
 protected:
  Asking() : PumpByHand(this) { session_->room = 100'000; }

  void send(const std::string& command, const std::string& arguments,
            const std::string& reply_to = "answers/here", const std::string& correlation = "c") {
    Event e;
    e.message.topic = "tributary/v1/demo/req/g1/" + command;
    e.message.payload = arguments;
    e.message.response_topic = reply_to;
    e.message.correlation = correlation;
    session_->arrives.push_back(std::move(e));
  }
  json ask(const std::string& command, const std::string& arguments = "{}") {
    const std::string number = std::to_string(++asked_);
    send(command, arguments, "answers/here", number);
    turn_until_idle();
    return answer_to(number);
  }
  json answer_to(const std::string& correlation) {
    for (const Message& m : session_->sent) {
      if (m.topic == "answers/here" && m.correlation == correlation)
        return json::parse(m.payload, nullptr, false);
    }
    return "no answer";
  }
  json change(const std::string& command, json arguments) {
    arguments["token"] = "correct-horse-battery";
    return ask(command, arguments.dump());
  }
  std::string wrong(const json& answer) {
    return answer.is_object() && answer.contains("error")
               ? answer["error"]["what"].get<std::string>()
               : "";
  }
  json asked() { return ask("status")["requests"]; }

  // Dead letters as an earlier version of this gateway, or of its limits, had filed them.
  void file(const std::vector<std::pair<std::string, std::string>>& letters) {
    core::Commit rows;
    for (const auto& [topic, bytes] : letters) {
      rows.dead_letters.push_back({5, "tributary/v1/demo/" + topic, "memory: full", bytes});
    }
    ASSERT_TRUE(disk_->store().commit(rows));
  }
  std::vector<std::uint64_t> listed() {
    std::vector<std::uint64_t> out;
    const json page = ask("dead-letters");
    for (const json& l : page["dead_letters"]) out.push_back(l["id"].get<std::uint64_t>());
    return out;
  }

 private:
  std::uint64_t asked_ = 0;
};

TEST_F(Asking, EveryCommandOfTheTableIsAnsweredAndOthersAreNot) {
  for (const Request& r : request_table()) {
    if (r.by == Request::By::snapshot) continue;  // this disk makes none
    const json got =
        ask(std::string(r.name), r.changes ? R"({"token":"correct-horse-battery"})" : "{}");
    EXPECT_TRUE(got.is_object()) << r.name << got;
    EXPECT_THAT(wrong(got), testing::Not(HasSubstr("no such command"))) << r.name;
  }
  const json got = ask("nonsense");
  EXPECT_THAT(wrong(got), HasSubstr("no such command: nonsense"));
  EXPECT_EQ(got["error"]["do"], "one of " + request_names());
}

TEST_F(Asking, WithoutAPlaceToAnswerItIsCountedAndNothingIsDone) {
  send("drop-dead-letters", R"({"token":"correct-horse-battery","all":true})", "");
  send("status", "{}", "tributary/v1/demo/up/d1");
  send("status", "{}", "a/+/b");
  file({{"up/a", "x"}});
  turn_until_idle();
  EXPECT_EQ(asked()["no_reply"], 3);
  EXPECT_EQ(listed().size(), 1U);
}

TEST_F(Asking, OnlyTheTokenChangesSomething) {
  const char* operation = R"("key":"a","type":"gcounter","operation":"add")";
  EXPECT_EQ(wrong(ask("operate", "{" + std::string(operation) + "}")), "not that one");
  EXPECT_EQ(wrong(ask("operate", R"({"token":"wrong",)" + std::string(operation) + "}")),
            "not that one");
  EXPECT_EQ(wrong(ask("operate", R"({"token":["correct-horse-battery"]})")), "not that one");
  EXPECT_THAT(wrong(ask("operate", "nonsense")), HasSubstr("not a JSON object"));
  EXPECT_THAT(wrong(ask("import", R"({"token":"correct-horse-battery"})")), HasSubstr("no lines"));
  for (const char* command : {"release-dead-letters", "drop-dead-letters"}) {
    EXPECT_EQ(wrong(ask(command, R"({"all":true})")), "not that one");
  }
  EXPECT_EQ(done, "");
  EXPECT_EQ(asked()["denied"], 5);
  EXPECT_EQ(change("operate", {{"key", "a"}})["outcome"], "applied");
  EXPECT_EQ(change("import", {{"lines", "{}\n{}"}})["outcome"], "applied");
  EXPECT_EQ(done, "operate {\"key\":\"a\"};import {}\n{};") << "the token goes no further";
}

TEST_F(Asking, TooManyInASecondAreToldSoAndTheNextSecondIsAnother) {
  for (int i = 0; i < 1'100; ++i) send("ready", "{}");
  turn_until_idle();
  const std::uint64_t limited = asked()["limited"];
  EXPECT_GE(limited, 1U);
  EXPECT_LE(limited, 100U);
  now_ms_ += 1'000;
  EXPECT_EQ(wrong(ask("ready")), "");
  for (int i = 0; i < 150; ++i) send("operate", R"({"token":"correct-horse-battery"})");
  turn_until_idle();
  EXPECT_GT(asked()["limited"].get<std::uint64_t>(), limited)
      << "changes have a bound of their own";
}

TEST_F(Asking, DeadLettersComeInPagesNewestFirst) {
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 10; ++i) many.emplace_back("up/d" + std::to_string(i), "bytes");
  file(many);
  json page = ask("dead-letters", R"({"max":4})");
  ASSERT_EQ(page["dead_letters"].size(), 4U);
  EXPECT_EQ(page["dead_letters"][0]["topic"], "tributary/v1/demo/up/d9");
  EXPECT_EQ(page["dead_letters"][0]["bytes"], base64_encode("bytes"));
  EXPECT_EQ(page["dead_letters"][0]["cut"], false);
  std::size_t seen = 4;
  while (!page["next"].is_null()) {
    page = ask("dead-letters", json{{"max", 4}, {"after", page["next"]}}.dump());
    seen += page["dead_letters"].size();
    ASSERT_LE(seen, 10U);
  }
  EXPECT_EQ(seen, 10U);
  EXPECT_THAT(wrong(ask("dead-letters", R"({"after":"x"})")), HasSubstr("after is not a number"));
}

TEST_F(Asking, LargeLettersMakeSmallPages) {
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 6; ++i) {  // the same twice is kept once
    many.emplace_back("up/d" + std::to_string(i), std::string(65'536, 'x'));
  }
  file(many);
  std::size_t seen = 0, pages = 0;
  json next = nullptr;
  do {
    json question = json::object();
    if (!next.is_null()) question["after"] = next;
    const json page = ask("dead-letters", question.dump());
    EXPECT_LE(page.dump().size(), page_bytes_max);
    seen += page["dead_letters"].size();
    EXPECT_EQ(page["dead_letters"][0]["cut"], true);
    next = page["next"];
  } while (!next.is_null() && ++pages < 10);
  EXPECT_EQ(seen, 6U);
}

TEST_F(Asking, QuarantineIsListed) {
  core::Commit rows;
  rows.quarantine.push_back({7, 1, std::string(32, '\x01'), "hash", "damaged"});
  ASSERT_TRUE(disk_->store().commit(rows));
  const json page = ask("quarantine");
  ASSERT_EQ(page["quarantine"].size(), 1U);
  EXPECT_EQ(page["quarantine"][0]["reason"], "hash");
  EXPECT_EQ(page["quarantine"][0]["hash"],
            "01010101010101010101010101010101"
            "01010101010101010101010101010101");
  EXPECT_EQ(page["next"], nullptr);
}

TEST_F(Asking, AReleasedLetterCountsAndIsDroppedOnlyOnceItIsDurable) {
  file({{"up/d1", core::testing::parts(0, 1, 5, "d1")}});
  disk_->silent = true;
  send("release-dead-letters", R"({"token":"correct-horse-battery","ids":[1]})");
  turn_until_idle();
  EXPECT_EQ(listed(), std::vector<std::uint64_t>{1}) << "its commit is not answered yet";
  disk_->silent = false;
  turn_until_idle();
  EXPECT_TRUE(listed().empty());
  EXPECT_EQ(ask("get", R"({"key":"parts"})")["values"][0]["value"], 5);
  EXPECT_EQ(answer_to("c")["released"], 1);
}

// SQLite gives the highest number again once its row is gone.
TEST_F(Asking, ALetterThatTookTheNumberOfAReleasedOneStays) {
  file({{"up/d1", core::testing::parts(0, 1, 5, "d1")}});
  disk_->silent = true;
  send("release-dead-letters", R"({"token":"correct-horse-battery","ids":[1]})");
  turn_until_idle();
  ASSERT_TRUE(disk_->store().drop_dead_letters());
  file({{"up/d2", "another"}});
  ASSERT_EQ(listed(), std::vector<std::uint64_t>{1});
  disk_->silent = false;
  turn_until_idle();
  EXPECT_EQ(answer_to("c")["released"], 1);
  EXPECT_EQ(listed(), std::vector<std::uint64_t>{1});
}

TEST_F(Asking, WhatIsRefusedAgainStaysAndWhy) {
  file({{"up/d1", core::testing::parts(0, 1, 5, "d1")},
        {"up/d2", core::testing::parts(0, 1, 5, "d1")},  // speaks for another device
        {"up/d3", "no envelope"},
        {"up/d4", std::string(65'536, 'x')},
        {"gw/g2/delta", "of a peer"}});
  const json said = change("release-dead-letters", {{"ids", {1, 2, 3, 4, 5, 99}}});
  EXPECT_EQ(said["released"], 1);
  std::map<std::uint64_t, std::string> why;
  for (const json& s : said["stayed"])
    why[s["id"].get<std::uint64_t>()] = s["why"].get<std::string>();
  EXPECT_THAT(why[2], HasSubstr("wrong-device"));
  EXPECT_THAT(why[3], HasSubstr("malformed"));
  EXPECT_THAT(why[4], HasSubstr("only its beginning"));
  EXPECT_THAT(why[5], HasSubstr("no device sent it"));
  EXPECT_THAT(why[99], HasSubstr("no such letter"));
  EXPECT_EQ(listed(), (std::vector<std::uint64_t>{5, 4, 3, 2})) << "and none was filed again";
}

TEST_F(Asking, AllAreReleasedAHundredAtATime) {
  std::vector<std::pair<std::string, std::string>> many;
  for (int i = 0; i < 150; ++i) {
    const std::string device = "d" + std::to_string(i);
    many.emplace_back("up/" + device, i % 50 == 0 ? "bad" : core::testing::parts(0, 1, 1, device));
  }
  file(many);
  json question = {{"all", true}};
  std::uint64_t released = 0, stayed = 0;
  for (int i = 0; i < 3; ++i) {
    const json said = change("release-dead-letters", question);
    released += said["released"].get<std::uint64_t>();
    stayed += said["stayed"].size();
    question["before"] = said["next"];
    if (said["next"].is_null()) break;
  }
  EXPECT_EQ(stayed, 3U + (147U - released)) << "a full queue says so, and loses nothing";
  EXPECT_EQ(listed().size(), stayed);
}

TEST_F(Asking, DroppedIsDropped) {
  file({{"up/a", "x"}, {"up/b", "y"}, {"up/c", "z"}});
  EXPECT_EQ(change("drop-dead-letters", {{"ids", {2, 77}}})["dropped"], 1);
  EXPECT_EQ(listed(), (std::vector<std::uint64_t>{3, 1}));
  for (const json& bad :
       {json{{"ids", json::array()}}, json{{"ids", {"1"}}}, json::object(), json{{"ids", {0}}},
        json{{"ids", {1}}, {"all", true}}, json{{"ids", std::vector<int>(101, 1)}}}) {
    EXPECT_THAT(wrong(change("drop-dead-letters", bad)), HasSubstr("names no letters")) << bad;
  }
  EXPECT_EQ(change("drop-dead-letters", {{"all", true}})["dropped"], 2);
  EXPECT_TRUE(listed().empty());
}

}  // namespace
}  // namespace tributary::app
