// SPDX-License-Identifier: Apache-2.0
// Jobs that take long, one after the other, on a thread of their own; what a job returns is done by
// the owner. Its promise: jobs are done in the order they were given, and at the end the one under
// way is finished, and no other begun.
//
//   worker.post([path]() -> Worker::Done { auto a = read(path); return [a] { show(a); }; });
//   worker.take_done();                                   // the owner, when it is woken
//
// post() from any thread; everything else from the owner.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tributary::app {

class Worker {
 public:
  using Done = std::function<void()>;  // empty: nothing is left to do
  using Job = std::function<Done()>;

  explicit Worker(std::function<void()> wake);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void post(Job job);
  // Does what jobs have returned. True: there was some.
  bool take_done();
  std::size_t waiting() const;
  // For a job: the owner wants to end. From any thread.
  bool ending() const;

 private:
  void loop();

  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;    // guarded by mutex_
  std::vector<Done> done_;  // guarded by mutex_
  bool ending_ = false;     // guarded by mutex_
  std::thread thread_;      // the last: it uses the others
};

}  // namespace tributary::app
