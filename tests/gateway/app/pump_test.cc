// SPDX-License-Identifier: Apache-2.0
// What the pump reads while its link takes nothing more.
#include "gateway/app/pump.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/gateway/app/support/pump_by_hand.h"

namespace tributary::app {
namespace {

TEST_F(PumpByHand, ALinkWithAFullOutboxIsNotReadUntilThereIsRoom) {
  fill_outbox();
  arrive("late");
  turn_until_idle();
  EXPECT_EQ(session_->arrives.size(), 1U);
  session_->room = 1'000;
  EXPECT_TRUE(turn()) << "nobody wakes us for what has arrived meanwhile";
  turn();
  EXPECT_TRUE(session_->arrives.empty());
}

// Paho's thread waited for the pump to read, and the pump for Paho to send, until the connection
// was given up.
TEST_F(PumpByHand, ASessionThatHoldsNoMoreIsReadWhateverIsToBeSent) {
  fill_outbox();
  session_->full = true;
  for (std::size_t i = 0; i < 2 * acks_max; ++i) {
    arrive("late" + std::to_string(i));
    turn();
  }
  turn_until_idle();
  EXPECT_TRUE(session_->arrives.empty());
  session_->room = 1'000;
  turn_until_idle();
  std::size_t acks = 0;
  for (const Message& m : session_->sent) acks += m.qos == Qos::at_most_once ? 1 : 0;
  EXPECT_EQ(acks, acks_max) << "the oldest were given up: their devices ask again";
}

TEST_F(PumpByHand, IsBusyWhileEachTurnReadsMany) {
  session_->room = 1'000;
  turn_until_idle();
  for (int i = 0; i < 7; ++i) arrive("few" + std::to_string(i));
  turn();
  EXPECT_FALSE(pump_->busy());
  turn_until_idle();
  for (int i = 0; i < 8; ++i) arrive("many" + std::to_string(i));
  turn();
  EXPECT_TRUE(pump_->busy());
  turn();
  EXPECT_FALSE(pump_->busy());
}

TEST_F(PumpByHand, SubscribesAsTheCoreSays) {
  ASSERT_EQ(session_->filters.count("tributary/v1/demo/up/+"), 1u);
  for (const auto& [filter, qos] : session_->filters) {
    const bool up = filter == "tributary/v1/demo/up/+";
    EXPECT_EQ(qos, up ? Qos::at_most_once : Qos::at_least_once) << filter;
  }
}

// What a device goes on with is answered while the rows are read; all else waits.
TEST_F(PumpByHand, AnswersWhoGoesOnBeforeItHasReadTheDatabase) {
  constexpr std::uint64_t devices = 200;  // several pages
  all_arrive(devices);
  pump_.reset();
  Pump::Options o = early();
  o.links[0].connect = [this](const Message&) {
    auto made = std::make_unique<ByHand>();
    session_ = made.get();
    made->room = 1'000'000;
    arrive("d7", core::testing::parts(1, 2, 9, "d7"));
    arrive("new");
    return made;
  };
  std::vector<std::string> before;
  o.disk = [&, make = o.disk](std::unique_ptr<store::Store> s) {
    for (const Message& m : session_->sent) before.push_back(m.topic);
    return make(std::move(s));
  };
  open(std::move(o));
  turn_until_idle();
  EXPECT_EQ(before, std::vector<std::string>{"tributary/v1/demo/ack/d7"});
  const auto said = [&](const std::string& topic) {
    return std::any_of(session_->sent.begin(), session_->sent.end(),
                       [&](const Message& m) { return m.topic == "tributary/v1/demo/" + topic; });
  };
  EXPECT_TRUE(said("ack/new"));
  EXPECT_TRUE(said("gw/g1/status")) << "that it is connected was heard, too";
  EXPECT_EQ(pump_->core().value("parts", 1)->json, std::to_string(5 * devices + 4 + 5));
}

// Through a real database: what rests leaves memory, comes back, and is there after a start.
TEST_F(PumpByHand, ReadsBackWhatLeftMemory) {
  Pump::Options o = options();
  o.core.warm_bytes_max = 0;
  pump_.reset();
  open(std::move(o));
  all_arrive(3);
  EXPECT_EQ(pump_->core().summary().cold_actors, 3u);
  arrive("d1", core::testing::parts(1, 2, 9, "d1"));
  turn_until_idle();
  EXPECT_EQ(pump_->core().counters().warmed, 1u);
  EXPECT_EQ(pump_->core().value("parts", 1)->json, "19");
  EXPECT_EQ(pump_->core().summary().cold_actors, 3u);
  ASSERT_EQ(pump_->core().envelopes("", 10)->size(), 3u);
  pump_.reset();
  open(options());
  turn_until_idle();
  EXPECT_EQ(pump_->core().value("parts", 1)->json, "19");
  EXPECT_EQ(pump_->core().summary().cold_actors, 0u);
}

// A row that was read in its turn, and then wanted once more because its device spoke, was taken
// for a second copy of itself, and erased.
TEST_F(PumpByHand, WhoSpeaksAfterItsRowsWereReadKeepsThem) {
  constexpr std::uint64_t devices = 600;
  all_arrive(devices);
  pump_.reset();
  class Late : public ByHand {
   public:
    std::vector<Event> poll(std::size_t max) override {
      if (++polls_ == 5) {
        Event e;
        e.message.topic = "tributary/v1/demo/up/d7";
        e.message.payload = core::testing::parts(0, 1, 5, "d7");
        arrives.push_back(e);
      }
      return ByHand::poll(max);
    }

   private:
    int polls_ = 0;
  };
  Pump::Options o = early();
  o.links[0].connect = [this](const Message&) {
    auto made = std::make_unique<Late>();
    session_ = made.get();
    made->room = 1'000'000;
    return made;
  };
  open(std::move(o));
  arrive("new");
  turn_until_idle();
  std::uint64_t rows = 0;
  ASSERT_TRUE(disk_->store().load({.envelope = [&](core::EnvelopeRow&&) { ++rows; }, .actor = {}}));
  EXPECT_EQ(rows, pump_->core().summary().live_envelopes);
  EXPECT_EQ(pump_->core().value("parts", 1)->json, std::to_string(5 * devices + 5));
}

// With much to leave behind, the goodbye had not gone out when the process ended: everybody took
// the gateway for online.
TEST_F(PumpByHand, HasSaidAllOnlyWithTheGoodbye) {
  session_->room = 1'000;
  turn_until_idle();
  session_->room = 0;
  arrive("d1");
  turn_until_idle();
  pump_->stop();
  turn_until_idle();
  EXPECT_TRUE(pump_->stopped());
  EXPECT_FALSE(pump_->all_said());
  session_->room = 1'000;
  session_->unanswered = 1;
  turn_until_idle();
  EXPECT_FALSE(pump_->all_said()) << "the broker has not acknowledged it";
  session_->unanswered = 0;
  EXPECT_TRUE(pump_->all_said());
  const auto goodbye = std::find_if(
      session_->sent.begin(), session_->sent.end(),
      [](const Message& m) { return m.payload.find("\"offline\"") != std::string::npos; });
  EXPECT_NE(goodbye, session_->sent.end());
}

}  // namespace
}  // namespace tributary::app
