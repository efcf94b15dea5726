// SPDX-License-Identifier: Apache-2.0
// Wakes Paho's sending thread.
//
//   client->publish(…); if (no answer after a millisecond) kick();
//
// Paho C 1.3.12 signals that thread through a condition variable without a predicate: a command
// that is queued just before it goes to sleep waits until the next command comes, or a second.
// (About one batch of publishes in 300.) A kick queues a command that never runs, for a client that
// never connects. It costs a microsecond, sends nothing, and keeps nothing.
//
// The hidden client lives as long as the process, which also spares the last session's stop() the
// second that Paho takes to end its threads.
#pragma once

namespace tributary::transports::mqtt {

// Thread-safe; may wait for Paho, so never from whoever drains an inbox.
void kick();

}  // namespace tributary::transports::mqtt
