// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/outbox.h"

#include <gtest/gtest.h>

namespace tributary::app {
namespace {

using transports::Event;
using transports::Message;
using transports::Qos;

// Takes `room` messages, then none.
class FakeSession : public transports::Session {
 public:
  bool publish(Message message) override {
    if (taken.size() >= room) return false;
    taken.push_back(std::move(message));
    return true;
  }
  void subscribe(const std::string&, Qos, bool) override {}
  void unsubscribe(const std::string&) override {}
  std::vector<Event> poll(std::size_t) override { return {}; }
  bool connected() const override { return true; }
  std::size_t outbox_size() const override { return taken.size(); }
  void on_ready(std::function<void()>) override {}
  void start() override {}
  void stop(std::uint32_t) override {}

  std::size_t room = 1'000;
  std::vector<Message> taken;
};

Message message(const std::string& topic, const std::string& payload, bool retain) {
  Message m;
  m.topic = topic;
  m.payload = payload;
  m.retain = retain;
  return m;
}

std::string payloads(const FakeSession& session) {
  std::string out;
  for (const Message& m : session.taken) out += m.payload + " ";
  return out;
}

TEST(Outbox, OfARetainedTopicOnlyTheLatestIsSent) {
  Outbox outbox({});
  FakeSession session;
  outbox.push(message("head", "1", true));
  outbox.push(message("state", "a", true));
  outbox.push(message("head", "2", true));
  EXPECT_EQ(outbox.size(), 2U);
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "2 a ");
  EXPECT_EQ(outbox.size(), 0U);
}

TEST(Outbox, WhatWaitsIsReplacedInItsPlaceAfterOthersWent) {
  Outbox outbox({});
  FakeSession session;
  session.room = 1;
  for (const char* topic : {"a", "b", "c"}) outbox.push(message(topic, topic, true));
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "a ");
  for (const char* p : {"c2", "a2", "b2"}) outbox.push(message({p, 1}, p, true));
  EXPECT_EQ(outbox.size(), 3U);
  session.room = 10;
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "a b2 c2 a2 ");
}

TEST(Outbox, TheOthersGoInOrderAndNoneTwiceWhenTheSessionIsFull) {
  Outbox outbox({});
  FakeSession session;
  session.room = 2;
  for (const char* p : {"1", "2", "3", "4"}) outbox.push(message("ack", p, false));
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "1 2 ");
  session.room = 10;
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "1 2 3 4 ");
}

TEST(Outbox, WhatNeedNotWaitGoesAtOnceAndNothingOvertakes) {
  Outbox outbox({});
  FakeSession session;
  session.room = 2;
  for (const char* p : {"1", "2", "3"}) outbox.send(session, message("delta", p, false));
  EXPECT_EQ(payloads(session), "1 2 ");
  EXPECT_EQ(outbox.size(), 1U);
  session.room = 10;
  outbox.send(session, message("delta", "4", false));
  EXPECT_EQ(payloads(session), "1 2 ") << "it waits behind the third";
  outbox.send(session, message("head", "5", true));
  EXPECT_EQ(payloads(session), "1 2 5 ") << "of its lane nothing waits";
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "1 2 5 3 4 ");
  EXPECT_EQ(outbox.messages_out(), 5U);
}

TEST(Outbox, OfADevicesAcknowledgementsOnlyTheLatestIsSent) {
  Outbox outbox({.acks_max = 2});
  FakeSession session;
  for (const char* topic : {"a", "b", "a", "c", "c"}) {
    Message ack = message(topic, topic, false);
    ack.qos = Qos::at_most_once;
    outbox.push(std::move(ack));
  }
  EXPECT_EQ(outbox.size(), 2U);
  EXPECT_EQ(outbox.dropped(), 1U) << "the oldest is given up: its device asks again";
  EXPECT_TRUE(outbox.full());
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "b c ");
}

TEST(Outbox, NeitherKindStarvesTheOther) {
  Outbox outbox({});
  FakeSession session;
  for (int i = 0; i < 10; ++i) {
    outbox.push(message("ack", "q", false));
    outbox.push(message("state/" + std::to_string(i), "r", true));
  }
  session.room = 6;
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "q r q r q r ");
}

TEST(Outbox, ADisconnectDropsWhatIsNotRetained) {
  Outbox outbox({});
  FakeSession session;
  outbox.push(message("ack", "q", false));
  outbox.push(message("head", "r", true));
  outbox.disconnected();
  EXPECT_EQ(outbox.dropped(), 1U);
  outbox.flush(session);
  EXPECT_EQ(payloads(session), "r ");
}

TEST(Outbox, IsFullAtHalfAndNeverPassesItsBound) {
  Outbox outbox({.messages_max = 10, .bytes_max = 1'000});
  for (int i = 0; i < 4; ++i) outbox.push(message("ack", "x", false));
  EXPECT_FALSE(outbox.full());
  outbox.push(message("ack", "x", false));
  EXPECT_TRUE(outbox.full());
  for (int i = 0; i < 100; ++i) outbox.push(message("ack", std::to_string(i), false));
  EXPECT_EQ(outbox.size(), 10U);
  EXPECT_EQ(outbox.dropped(), 95U);
  FakeSession session;
  outbox.flush(session);
  EXPECT_EQ(session.taken.front().payload, "90") << "the oldest are given up";
}

TEST(Outbox, BytesAreBoundedToo) {
  Outbox outbox({.messages_max = 1'000, .bytes_max = 1'000});
  outbox.push(message("delta", std::string(600, 'x'), false));
  EXPECT_TRUE(outbox.full());
  outbox.push(message("delta", std::string(600, 'y'), false));
  EXPECT_EQ(outbox.size(), 1U);
  outbox.push(message("delta", std::string(5'000, 'z'), false));
  EXPECT_EQ(outbox.size(), 1U) << "one that is larger than the bound still goes, alone";
}

}  // namespace
}  // namespace tributary::app
