// SPDX-License-Identifier: Apache-2.0
// Signals as calls. SIGTERM and SIGINT ask for a clean stop; the second of them ends the process at
// once. SIGHUP reloads, where somebody reloads, and stops elsewhere. SIGUSR1 asks for a copy of the
// database, where there is one, and does nothing elsewhere.
//
//   Signals signals;                       // before any thread is started
//   signals.on_reload([&] { daemon.reload(); });
//   signals.on_stop([&] { daemon.stop(); });
#pragma once
#include <functional>
#include <mutex>
#include <thread>

namespace tributary::app {

class Signals {
 public:
  // Blocks them in this thread and all that it starts; its own thread waits for them.
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Called from the signals' thread; at once when the signal came before.
  void on_stop(std::function<void()> stop);
  // Called from the signals' thread, for every such signal.
  void on_reload(std::function<void()> reload);
  void on_copy(std::function<void()> copy);
  bool stop_asked() const;

  // What a child process must undo after fork(): the mask is inherited.
  static void unblock();

 private:
  void loop();
  void take(int signal);
  int signal_fd_ = -1;
  int end_fd_ = -1;
  mutable std::mutex mutex_;
  std::function<void()> stop_, reload_, copy_;  // guarded by mutex_
  bool asked_ = false;                          // guarded by mutex_
  std::thread thread_;
};

}  // namespace tributary::app
