// SPDX-License-Identifier: Apache-2.0
// SIGTERM and SIGINT as a call: the first asks for a clean stop, the second ends the process at
// once.
//
//   Signals signals;                       // before any thread is started
//   signals.on_stop([&] { daemon.stop(); });
#pragma once
#include <functional>
#include <mutex>
#include <thread>

namespace tributary::app {

class Signals {
 public:
  // Blocks both signals in this thread and all that it starts; its own thread waits for them.
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Called from the signals' thread; at once when the signal came before.
  void on_stop(std::function<void()> stop);
  bool stop_asked() const;

  // What a child process must undo after fork(): the mask is inherited.
  static void unblock();

 private:
  void loop();
  int signal_fd_ = -1;
  int end_fd_ = -1;
  mutable std::mutex mutex_;
  std::function<void()> stop_;  // guarded by mutex_
  bool asked_ = false;          // guarded by mutex_
  std::thread thread_;
};

}  // namespace tributary::app
