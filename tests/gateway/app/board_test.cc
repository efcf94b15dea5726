// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/board.h"

#include <gtest/gtest.h>

#include "gateway/app/table.h"

namespace tributary::app {
namespace {

const std::string root = "tributary/v1/demo";

void birth(Board& board, const std::string& gateway, const std::string& state, int at_ms = 1,
           const std::string& session = "a") {
  board.message(root + "/gw/" + gateway + "/status",
                R"({"gateway":")" + gateway + R"(","state":")" + state + R"(","session":")" +
                    session + R"(","at_ms":)" + std::to_string(at_ms) + "}",
                0);
}

void answer(Board& board, const std::string& gateway, const std::string& digest, int operations,
            std::uint64_t now_ms) {
  board.reply(gateway, "status",
              R"({"digest":")" + digest + R"(","reason":"","actors":2,"counters":{"operations":)" +
                  std::to_string(operations) + "}}",
              true, now_ms);
}

TEST(Board, ALateWillDoesNotOverrideANewerBirth) {
  Board board(root);
  birth(board, "g1", "online", 100, "old");
  birth(board, "g1", "online", 200, "new");
  birth(board, "g1", "offline", 100, "old");
  EXPECT_TRUE(board.online("g1"));
  birth(board, "g1", "offline", 200, "new");
  EXPECT_FALSE(board.online("g1"));
}

TEST(Board, InStepMeansEveryGatewayAnswersWithTheSameDigest) {
  Board board(root);
  birth(board, "g1", "online");
  birth(board, "g2", "online");
  EXPECT_FALSE(board.in_step(0));
  answer(board, "g1", "aa", 1, 1'000);
  answer(board, "g2", "bb", 1, 1'000);
  EXPECT_FALSE(board.in_step(1'000));
  answer(board, "g2", "aa", 1, 1'000);
  EXPECT_TRUE(board.in_step(1'000));
  EXPECT_FALSE(board.in_step(20'000)) << "silent";
  birth(board, "g2", "offline");
  EXPECT_FALSE(board.in_step(1'000));
}

TEST(Board, GatewaysThatTellTheSameDigestAreInStepBeforeTheirPeersKnow) {
  Board board(root);
  for (const char* gateway : {"g1", "g2"}) {
    birth(board, gateway, "online");
    answer(board, gateway, "aa", 1, 1'000);
    board.reply(gateway, "peers", R"({"peers":[{"online":true,"in_step":false}]})", true, 1'000);
  }
  EXPECT_NE(board.render({}, 1'000).find("yes"), std::string::npos) << board.render({}, 1'000);
  answer(board, "g2", "bb", 2, 1'000);
  EXPECT_EQ(board.render({}, 1'000).find("yes"), std::string::npos) << board.render({}, 1'000);
}

TEST(Board, KnowsWhetherEveryKeyHasBeenShown) {
  Board board(root);
  birth(board, "g1", "online");
  board.reply("g1", "status", R"({"digest":"aa","keys":1})", true, 1);
  EXPECT_FALSE(board.all_shown());
  const std::string topic = root + "/view/g1/gcounter/hall/people";
  board.message(topic, R"({"value":1})", 1);
  board.message(topic, R"({"value":2})", 1);
  EXPECT_TRUE(board.all_shown());
  board.message(topic, "", 1);
  board.message(topic, "", 1);
  EXPECT_FALSE(board.all_shown());
  birth(board, "g1", "offline", 2);
  EXPECT_TRUE(board.all_shown()) << "it is not waited for";
}

TEST(Board, RatesComeFromTheLastSeconds) {
  Board board(root);
  birth(board, "g1", "online");
  answer(board, "g1", "aa", 0, 1'000);
  answer(board, "g1", "aa", 300, 2'000);
  EXPECT_NE(board.render({}, 2'000).find(" 300 "), std::string::npos) << board.render({}, 2'000);
  EXPECT_NE(board.line(2'000).find("300/s"), std::string::npos) << board.line(2'000);
}

TEST(Board, SaysWhatIsNotAcknowledgedEverywhere) {
  Board board(root);
  birth(board, "g1", "online");
  birth(board, "g2", "online");
  board.reply(
      "g1", "devices",
      R"({"devices":[{"device":"d","epoch":"1","op":5},{"device":"e","epoch":"2","op":1}]})", true,
      1);
  board.reply("g2", "devices", R"({"devices":[{"device":"d","epoch":"1","op":4}]})", true, 1);
  EXPECT_EQ(board.devices(), 2U);
  EXPECT_EQ(board.behind("g1"), 0U);
  EXPECT_EQ(board.behind("g2"), 2U);
  board.reply("g2", "devices", R"({"devices":[{"device":"e","epoch":"2","op":1}]})", false, 1);
  EXPECT_EQ(board.behind("g2"), 1U) << "a further page adds to the first";
}

TEST(Board, ShowsValuesOfEveryGatewayBesideEachOther) {
  Board board(root);
  birth(board, "g1", "online");
  birth(board, "g2", "online");
  board.message(root + "/view/g1/gcounter/hall/people", R"({"value":1234567,"contributors":4})", 1);
  board.message(root + "/view/g2/gcounter/hall/people", R"({"value":1234567,"contributors":4})", 1);
  board.message(root + "/view/g1/orset/hall/alarms", R"({"value":["a","b"],"contributors":1})", 1);
  board.message(root + "/view/g1/orset/big", R"({"value":{"size":99000},"contributors":1})", 1);
  const std::string text = board.render({.columns = 200, .rows = 0}, 1);
  EXPECT_NE(text.find("1,234,567"), std::string::npos) << text;
  EXPECT_NE(text.find("{2} a, b"), std::string::npos) << text;
  EXPECT_NE(text.find("{99,000}"), std::string::npos) << text;
  EXPECT_NE(board.to_json(1).find("hall/people"), std::string::npos);
}

TEST(Board, NothingThatArrivesBreaksItOrTheTerminal) {
  Board board(root);
  birth(board, "g1", "online");
  for (const char* bad :
       {"", "[", "[]", "{}", "null", "{\"value\":1e999}", "\xff\xfe", "{\"counters\":3}",
        "{\"devices\":[1,{\"device\":3}]}", "{\"peers\":{\"a\":1}}", "{\"peers\":[1]}"}) {
    board.message(root + "/view/g1/lww/k", bad, 1);
    board.message(root + "/gw/x/status", bad, 1);
    board.message(root + "/view", bad, 1);
    board.message("other", bad, 1);
    for (const char* command : {"status", "peers", "devices"})
      board.reply("g1", command, bad, true, 1);
  }
  board.message(root + "/view/g1/lww/\x1b[2J", R"({"value":"\u001b[31m\u009b2J"})", 1);
  const std::string text = board.render({.columns = 80, .rows = 20}, 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos) << text;
}

TEST(Table, FitsTheScreenAndCutsWhatDoesNot) {
  Table table({{"KEY", Align::left}, {"N", Align::right}});
  table.row({"a-key-that-is-long", "12"});
  table.row({"\xc3\xa4\xc3\xb6", "3"});
  EXPECT_EQ(
      table.text(80, false),
      "KEY                  N\na-key-that-is-long  12\n\xc3\xa4\xc3\xb6                   3\n");
  for (std::size_t width = 1; width < 30; ++width) {
    const std::string text = table.text(width, false);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      EXPECT_LE(width_of(text.substr(begin, end - begin)), width);
      begin = end + 1;
    }
  }
}

}  // namespace
}  // namespace tributary::app
