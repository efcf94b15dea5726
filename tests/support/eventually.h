// SPDX-License-Identifier: Apache-2.0
// Waiting in tests: for a condition, with a deadline, never for a time.
//
//   ASSERT_TRUE(eventually(5s, [&] { return session->connected(); }));
//
// Promise: returns as soon as the condition holds (looked at every few milliseconds), and at the
// deadline at the latest. Deadlines are what a machine that does nothing else never needs; one that
// runs other tests besides has `patience` times that. They only cost when the test fails.
#pragma once
#include <algorithm>
#include <chrono>
#include <thread>

namespace tributary::test {

using namespace std::chrono_literals;

constexpr int patience = 3;

template <typename Condition>
bool eventually(std::chrono::milliseconds deadline, Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + patience * deadline;
  for (auto pause = 1ms;; pause = std::min(pause * 2, 10ms)) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() >= end) return condition();
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace tributary::test
