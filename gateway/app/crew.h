// SPDX-License-Identifier: Apache-2.0
// A few threads that do one piece of work together, one piece after the other, and sleep in
// between.
//
//   Crew crew(4);                                                    // the caller is one of them
//   crew.share(frames.size(), [&](std::size_t i) { good[i] = verifies(frames[i]); });
//
// share() returns when all is done; the caller works with the others and waits for nobody who has
// not begun. Threads are made when there is first something to share, and where none can be had the
// caller does it all. One owner thread calls.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tributary::app {

class Crew {
 public:
  // work(i) is called by several threads at once, for different i. It throws nothing.
  using Work = std::function<void(std::size_t i)>;

  explicit Crew(unsigned threads) : threads_(threads) {}
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // work(i) for every i below `count`, in no order.
  void share(std::size_t count, const Work& work);

 private:
  void hire();
  void help();
  void take_turns();

  unsigned threads_;
  std::vector<std::thread> helpers_;

  std::mutex mutex_;
  std::condition_variable begun_, left_;
  const Work* work_ = nullptr;  // what is shared now
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::uint64_t round_ = 0;
  std::size_t busy_ = 0;  // helpers that have begun
  bool ending_ = false;
};

}  // namespace tributary::app
