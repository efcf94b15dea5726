// SPDX-License-Identifier: Apache-2.0
// The parts of the MQTT session that need no broker.
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "transports/mqtt/inbox.h"
#include "transports/mqtt/outbox.h"
#include "transports/mqtt/patience.h"
#include "transports/mqtt/question.h"
#include "transports/mqtt/reason.h"
#include "transports/mqtt/session.h"

namespace tributary::transports::mqtt {
namespace {

using namespace std::chrono_literals;
using Put = Inbox::Put;

Event event(const std::string& payload) {
  return {Event::Kind::message, Message{.topic = "t", .payload = payload}, {}};
}

TEST(Patience, EndsWhenAnswersAreOwedAndNoneComes) {
  Patience patience(30s);
  Patience::Look look{.owed = true, .answers = 7, .bytes = 1'024};
  EXPECT_FALSE(patience.lost(look, 500ms));  // the first look
  for (int i = 0; i < 61; ++i) ASSERT_FALSE(patience.lost(look, 500ms)) << i;
  EXPECT_TRUE(patience.lost(look, 500ms)) << "30 s, and one for a kilobyte";
  patience.reset();
  EXPECT_FALSE(patience.lost(look, 500ms));
}

TEST(Patience, LastsAsLongAsAnswersComeOrNoneIsOwed) {
  Patience patience(30s);
  for (std::uint64_t i = 0; i < 100; ++i) {
    for (int k = 0; k < 29; ++k) ASSERT_FALSE(patience.lost({true, i, 0}, 1s));
  }
  for (int i = 0; i < 1'000; ++i) ASSERT_FALSE(patience.lost({false, 100, 0}, 1s));
  for (int i = 0; i < 29; ++i) ASSERT_FALSE(patience.lost({true, 100, 0}, 1s));
}

TEST(Patience, AMegabyteMayTakeAQuarterOfAnHourOnTheSlowestLink) {
  Patience patience(30s);
  patience.lost({true, 1, 1 << 20}, 1s);
  for (int i = 0; i < 1'024; ++i) ASSERT_FALSE(patience.lost({true, 1, 1 << 20}, 1s)) << i;
}

TEST(Patience, TimeInWhichThisProcessWasStoppedDoesNotCount) {
  Patience patience(30s);
  patience.lost({true, 1, 0}, 1s);
  for (int i = 0; i < 20; ++i) ASSERT_FALSE(patience.lost({true, 1, 0}, 10min));
}

TEST(Reason, InWords) {
  EXPECT_EQ(reason_words(149), "packet too large (149)");
  EXPECT_EQ(reason_words(135), "not authorised (135)");
  EXPECT_EQ(reason_words(250), "reason unknown to this client (250)");
}

TEST(Inbox, GivesInOrderAndWakesOncePerLook) {
  Inbox inbox({});
  int woken = 0;
  inbox.on_ready([&] { ++woken; });
  for (const char* p : {"1", "2", "3"}) EXPECT_EQ(inbox.put(event(p), 1), Put::taken);
  EXPECT_EQ(woken, 1);
  const auto two = inbox.take(2);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].message.payload, "1");
  EXPECT_EQ(inbox.take(10).size(), 1U);
  EXPECT_EQ(inbox.put(event("4"), 1), Put::taken);
  EXPECT_EQ(woken, 2);
}

TEST(Inbox, AFullOneMakesThePutterWaitUntilThereIsRoom) {
  Inbox inbox({.messages_max = 2, .patience = 60s});
  inbox.put(event("1"), 1);
  inbox.put(event("2"), 1);
  std::atomic<bool> done{false};
  std::thread putter([&] {
    EXPECT_EQ(inbox.put(event("3"), 1), Put::taken);
    done = true;
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(inbox.take(1).size(), 1U);
  putter.join();
  EXPECT_EQ(inbox.take(10).size(), 2U);
}

TEST(Inbox, BoundsBytesButLetsOneHugeMessageThrough) {
  Inbox inbox({.messages_max = 100, .bytes_max = 10, .patience = 1ms});
  EXPECT_EQ(inbox.put(event("huge"), 1000), Put::taken);
  EXPECT_EQ(inbox.put(event("small"), 1), Put::gave_up);
  EXPECT_EQ(inbox.take(1).size(), 1U);
  EXPECT_EQ(inbox.put(event("small"), 6), Put::taken);
  EXPECT_EQ(inbox.put(event("small"), 6), Put::gave_up);
}

TEST(Inbox, CloseReleasesThePutter) {
  Inbox inbox({.messages_max = 1, .patience = 60s});
  inbox.put(event("1"), 1);
  std::thread putter([&] { EXPECT_EQ(inbox.put(event("2"), 1), Put::closed); });
  inbox.close();
  putter.join();
  inbox.open();
  EXPECT_EQ(inbox.take(10).size(), 1U);
  EXPECT_EQ(inbox.put(event("3"), 1), Put::taken);
}

TEST(Inbox, AHurryLetsThePutterPass) {
  Inbox inbox({.messages_max = 1, .patience = 60s});
  inbox.put(event("1"), 1);
  std::thread putter([&] { EXPECT_EQ(inbox.put(event("2"), 1), Put::taken); });
  {
    const Inbox::Hurry hurry;
    putter.join();
  }
  EXPECT_EQ(inbox.take(10).size(), 2U);
}

TEST(Inbox, AsLongAsSomebodySendsItHoldsTwiceAsMuch) {
  Inbox inbox({.messages_max = 2, .bytes_max = 100, .patience = 1ms});
  Inbox::add_sender();
  for (const char* p : {"1", "2", "3", "4"}) EXPECT_EQ(inbox.put(event(p), 1), Put::taken);
  EXPECT_TRUE(inbox.full()) << "told at the limits: the reader must go on";
  EXPECT_EQ(inbox.put(event("5"), 1), Put::gave_up);
  Inbox::remove_sender();
  EXPECT_EQ(inbox.take(2).size(), 2U);
  EXPECT_EQ(inbox.put(event("5"), 1), Put::gave_up);
  EXPECT_EQ(inbox.take(1).size(), 1U);
  EXPECT_EQ(inbox.put(event("5"), 1), Put::taken);
}

// A reader that was woken and did not take anything, because of what it has to send.
TEST(Inbox, WakesAgainWhenItGetsFull) {
  Inbox inbox({.messages_max = 3, .patience = 1ms});
  int woken = 0;
  inbox.on_ready([&] { ++woken; });
  inbox.put(event("1"), 1);
  inbox.put(event("2"), 1);
  EXPECT_EQ(woken, 1);
  EXPECT_FALSE(inbox.full());
  inbox.put(event("3"), 1);
  EXPECT_EQ(woken, 2);
  EXPECT_TRUE(inbox.full());
  inbox.note({Event::Kind::refused, {}, "no"});
  EXPECT_EQ(woken, 2) << "once";
}

TEST(Inbox, HeldEventsShowWhenReleased) {
  Inbox inbox({});
  int woken = 0;
  inbox.on_ready([&] { ++woken; });
  inbox.hold(true);
  inbox.note({Event::Kind::connected, {}, {}});
  EXPECT_TRUE(inbox.take(10).empty());
  EXPECT_EQ(woken, 0);
  inbox.hold(false);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(inbox.take(10).size(), 1U);
}

TEST(Inbox, NotesNeverWaitAndRefusalsAreBounded) {
  Inbox inbox({.messages_max = 1, .patience = 60s});
  for (int i = 0; i < 10'000; ++i) inbox.note({Event::Kind::refused, {}, "no"});
  inbox.note({Event::Kind::disconnected, {}, "gone"});
  const auto events = inbox.take(100'000);
  EXPECT_LT(events.size(), 2'000U);
  EXPECT_EQ(events.back().reason, "gone");
}

bool push(Outbox& outbox, Message message) {
  return outbox.push(message);
}

std::vector<Message> next(Outbox& outbox, std::size_t window) {
  std::vector<Message> messages;
  outbox.next(window, messages);
  return messages;
}

TEST(Outbox, LeavesWhatItRefusesAsItWas) {
  Outbox outbox({.messages_max = 1});
  Message taken{.topic = "t", .payload = "a payload that is not kept in the string itself"};
  Message refused = taken;
  const Message before = taken;
  EXPECT_TRUE(outbox.push(taken));
  EXPECT_FALSE(outbox.push(refused));
  EXPECT_EQ(refused.topic, before.topic);
  EXPECT_EQ(refused.payload, before.payload);
}

TEST(Outbox, FillsTheWindowInOrderAndNoFurther) {
  Outbox outbox({});
  for (const char* p : {"1", "2", "3"}) EXPECT_TRUE(push(outbox, {.topic = "t", .payload = p}));
  const auto first = next(outbox, 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[1].payload, "2");
  EXPECT_TRUE(next(outbox, 2).empty());
  EXPECT_EQ(outbox.size(), 3U);
  outbox.answered(Qos::at_least_once);
  EXPECT_EQ(next(outbox, 2).at(0).payload, "3");
  EXPECT_EQ(outbox.queued(Qos::at_least_once), 0U);
  EXPECT_EQ(outbox.in_flight(), 2U);
}

TEST(Outbox, IsBoundedAndTellsOnceThatThereIsRoomAgain) {
  Outbox outbox({.messages_max = 4});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(push(outbox, {.topic = "t"}));
  next(outbox, 16);
  EXPECT_FALSE(push(outbox, {.topic = "t"}));
  EXPECT_FALSE(outbox.answered(Qos::at_least_once));  // three left: not yet half
  EXPECT_TRUE(outbox.answered(Qos::at_least_once));
  EXPECT_FALSE(outbox.answered(Qos::at_least_once));
  EXPECT_TRUE(push(outbox, {.topic = "t"}));
}

TEST(Outbox, QosZeroDoesNotWaitForAnswersToTheOthers) {
  Outbox outbox({.messages_max = 4, .qos0_messages_max = 2});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(push(outbox, {.topic = "state"}));
  EXPECT_EQ(next(outbox, 1).size(), 1U) << "the window is full";
  const Message ack{.topic = "ack", .qos = Qos::at_most_once};
  EXPECT_TRUE(push(outbox, ack));
  EXPECT_TRUE(outbox.may_send(1));
  EXPECT_TRUE(push(outbox, ack)) << "a queue of its own";
  EXPECT_FALSE(push(outbox, ack));
  const auto sent = next(outbox, 1);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[1].topic, "ack");
  EXPECT_FALSE(outbox.may_send(1));
  EXPECT_TRUE(outbox.answered(Qos::at_most_once));
  EXPECT_EQ(outbox.in_flight(Qos::at_most_once), 1U);
  EXPECT_EQ(outbox.in_flight(Qos::at_least_once), 1U);
}

// So that nothing overtakes: one thread gives what next() gives, another one what refill() does.
TEST(Outbox, OfQosZeroMoreIsGivenOnlyAtAnAnswerAndOnceHalfOfTheWindowIsFree) {
  constexpr std::size_t window = Outbox::qos0_window;
  Outbox outbox({});
  const auto refill = [&] {
    std::vector<Message> messages{{.topic = "of before"}};
    outbox.refill(messages);
    return messages;
  };
  std::size_t number = 0;
  for (std::size_t i = 0; i < 2 * window; ++i) {
    const Message ack{.topic = "t", .payload = std::to_string(i), .qos = Qos::at_most_once};
    EXPECT_TRUE(push(outbox, ack));
  }
  EXPECT_TRUE(outbox.may_send(1));
  for (const Message& m : next(outbox, 1)) EXPECT_EQ(m.payload, std::to_string(number++));
  EXPECT_EQ(number, window);
  while (outbox.in_flight() > window / 2) {
    EXPECT_TRUE(refill().empty());
    outbox.answered(Qos::at_most_once);
    EXPECT_FALSE(outbox.may_send(1));
    EXPECT_TRUE(next(outbox, 1).empty());
  }
  for (const Message& m : refill()) EXPECT_EQ(m.payload, std::to_string(number++));
  EXPECT_EQ(number, window + window / 2);
  while (outbox.in_flight() > 0) outbox.answered(Qos::at_most_once);
  EXPECT_TRUE(outbox.may_send(1));
  EXPECT_EQ(next(outbox, 1).size(), window / 2);
}

TEST(Outbox, BoundsBytesButTakesOneHugeMessage) {
  Outbox outbox({.messages_max = 100, .bytes_max = 1000});
  EXPECT_TRUE(push(outbox, {.topic = "t", .payload = std::string(5000, 'x')}));
  EXPECT_FALSE(push(outbox, {.topic = "t"}));
  outbox.clear();
  EXPECT_EQ(outbox.size(), 0U);
  EXPECT_TRUE(push(outbox, {.topic = "t", .payload = std::string(800, 'x')}));
  EXPECT_FALSE(push(outbox, {.topic = "t", .payload = std::string(800, 'x')}));
}

std::string complaint(Options options) {
  try {
    make_session(std::move(options));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return {};
}

TEST(MqttOptions, WrongOnesAreNamed) {
  EXPECT_EQ(complaint({.client_id = "ok"}), "");
  EXPECT_NE(complaint({}).find("client_id"), std::string::npos);
  EXPECT_NE(complaint({.uri = "http://x", .client_id = "c"}).find("uri"), std::string::npos);
  EXPECT_NE(complaint({.uri = "tcp://", .client_id = "c"}).find("host"), std::string::npos);
  EXPECT_NE(complaint({.client_id = "c", .will = Message{.topic = "a/#"}}).find("will"),
            std::string::npos);
  EXPECT_NE(complaint({.client_id = "c", .keepalive_s = 0}).find("keepalive_s"), std::string::npos);
  EXPECT_NE(complaint({.client_id = "c", .reconnect_min_ms = 2, .reconnect_max_ms = 1})
                .find("reconnect_min_ms"),
            std::string::npos);
  EXPECT_NE(complaint({.client_id = "c", .in_flight_max = 0}).find("in_flight_max"),
            std::string::npos);
}

// --- what MQTT 3.1.1 has no properties for ---

TEST(Question, ComesBackAsItWasPut) {
  const Message asked{.topic = "t",
                      .payload = std::string("{}\0x", 4),
                      .response_topic = "reply/me",
                      .correlation = std::string("\0r1", 3)};
  Message arrived{.topic = "t", .payload = with_question(asked)};
  take_question(arrived);
  EXPECT_EQ(arrived.payload, asked.payload);
  EXPECT_EQ(arrived.response_topic, asked.response_topic);
  EXPECT_EQ(arrived.correlation, asked.correlation);
}

TEST(Question, OfWhatAsksNothingThePayloadIsAlone) {
  EXPECT_EQ(with_question({.topic = "t", .payload = "plain"}), "plain");
}

TEST(Question, HalfAHeaderIsLeftAsItIs) {
  const std::string whole =
      with_question({.topic = "t", .response_topic = "reply/me", .correlation = "r1"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Message arrived{.topic = "t", .payload = whole.substr(0, size)};
    take_question(arrived);
    EXPECT_EQ(arrived.payload, whole.substr(0, size));
    EXPECT_EQ(arrived.response_topic + arrived.correlation, "");
  }
}

TEST(MqttSession, UnstartedItSaysNoAndEnds) {
  auto session = make_session({.client_id = "c"});
  EXPECT_FALSE(session->connected());
  EXPECT_FALSE(session->publish(Message{.topic = "t"}));
  session->subscribe("t", Qos::at_least_once);
  EXPECT_TRUE(session->poll(10).empty());
  session->stop(1000);
  session->start();
  session->stop(0);
  EXPECT_FALSE(session->connected());
}

}  // namespace
}  // namespace tributary::transports::mqtt
