// SPDX-License-Identifier: Apache-2.0
// What the pump reads while its link takes nothing more.
#include "gateway/app/pump.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tributary::app
