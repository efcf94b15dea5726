// SPDX-License-Identifier: Apache-2.0
// History on a thread of its own. Its promise: add() and ask() never wait, whatever the disk does;
// what there is no room for is let go and counted, and the totals know nothing of it.
//
//   Recorder recorder({.history = {.path = "data/history.db"}}, say);
//   recorder.add({{"plant/parts", "gcounter", 42}});        // the newest of a key counts
//   recorder.ask(question, [](Answer a) { … });             // called from the recorder's thread
//
// Thread-safety: all of it from any thread. `say` is called from the recorder's own.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/history/history.h"

namespace tributary::history {

class Recorder {
 public:
  struct Options {
    history::Options history;
    std::uint64_t interval_ms = 5'000;
    std::uint64_t retry_ms = 30'000;    // after something went wrong
    std::uint64_t keep_free_bytes = 0;  // of the disk: with less, history pauses
  };
  struct Stats {
    Size size;
    std::string wrong;          // why nothing is written; empty: all is well
    std::uint64_t dropped = 0;  // samples let go
    std::uint64_t failures = 0;
    std::uint64_t cpu_us = 0;  // that the thread has used
  };
  using Say = std::function<void(bool well, const std::string& text)>;
  static constexpr std::size_t bunches_max = 64;       // of samples, waiting
  static constexpr std::size_t questions_max = 16;     // waiting
  static constexpr std::size_t pending_max = 100'000;  // keys that changed since the last step

  Recorder(Options options, Say say);
  // Writes what waits.
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void add(std::vector<Sample> samples);
  // False: too many wait already.
  bool ask(Question question, std::function<void(Answer)> reply);
  Stats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::history
