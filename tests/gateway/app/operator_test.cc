// SPDX-License-Identifier: Apache-2.0
// The gateway's own actor by itself: whose numbers it may go on with.
#include "gateway/app/operator.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Ne;
using testing::Pair;

class OwnActor : public testing::Test {
 protected:
  Operator make() {
    return Operator({.fleet = "demo",
                     .gateway = "g1",
                     .memory_path = (dir.path() / "operator.state").string(),
                     .random = [this] { return ++epoch; },
                     .warn = [this](const std::string& text) { warned += text; }});
  }
  void add_two_and_end() {
    Operator op = make();
    EXPECT_EQ(add(op), 1u);
    EXPECT_EQ(add(op), 2u);
  }
  // The number of the operation; `sent` is what it says then: epoch and number of each envelope.
  std::uint64_t add(Operator& op) {
    const std::string answer =
        op.operate(R"({"key":"a","type":"gcounter","operation":"add","value":3})",
                   [this](const std::string& id, std::uint64_t of) {
                     EXPECT_EQ(id, "operator-g1");
                     return of == held_epoch ? held : 0;
                   },
                   now);
    sent.clear();
    for (const sdk::Packet& p : op.poll(now)) {
      const auto envelope = wire::decode_envelope(p.payload, wire::Limits{});
      if (envelope) sent.emplace_back(envelope->delta.epoch, envelope->delta.to);
    }
    const json said = json::parse(answer, nullptr, false);
    return said.value("op", std::uint64_t{0});
  }

  test::TempDir dir;
  std::uint64_t epoch = 100, now = 1'700'000'000'000, held_epoch = 0, held = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> sent;
  std::string warned;
};

TEST_F(OwnActor, GoesOnWithItsNumbersAfterARestart) {
  add_two_and_end();
  held_epoch = 101, held = 2;
  Operator again = make();
  EXPECT_EQ(add(again), 3u);
  EXPECT_THAT(sent, ElementsAre(Pair(101u, 3u)));
  EXPECT_EQ(warned, "");
}

// A memory put back from a copy: number 3 is another operation's.
TEST_F(OwnActor, LeavesAMemoryThatIsBehindWhatItsGatewayHolds) {
  add_two_and_end();
  held_epoch = 101, held = 3;
  Operator again = make();
  EXPECT_EQ(add(again), 1u);
  EXPECT_THAT(sent, ElementsAre(Pair(Ne(101u), 1u)));
  EXPECT_THAT(warned, HasSubstr("a new epoch; its operations 1 to 2 of before may or may not"));
  EXPECT_EQ(add(again), 2u) << "the new epoch goes on";
}

TEST_F(OwnActor, LeavesItAlsoWhileItRuns) {
  Operator op = make();
  EXPECT_EQ(add(op), 1u);
  held_epoch = 101, held = 2;  // a peer brought it
  EXPECT_EQ(add(op), 1u);
  EXPECT_THAT(sent, ElementsAre(Pair(Ne(101u), 1u)));
}

}  // namespace
}  // namespace tributary::app
