// SPDX-License-Identifier: Apache-2.0
// The scheduling class of threads that take much at a time rather than soon: SCHED_BATCH
// (sched(7)). Woken, such a thread does not interrupt who runs, and so finds more to do when its
// turn comes; its share of the processor is the same.
//
//   const BatchClass batch;  // this thread until it goes, and for good those that it starts
//   meanwhile
//
// Promise: a class that somebody chose (with chrt, or in a unit file) stays as it is, and where the
// kernel says no, nothing changes.
#pragma once

namespace tributary::transports {

class BatchClass {
 public:
  BatchClass();
  ~BatchClass();
  BatchClass(const BatchClass&) = delete;
  BatchClass& operator=(const BatchClass&) = delete;

 private:
  const bool changed_;
};

// The same, of the thread that calls it and to its end: for one that somebody else started.
inline void batch_class_from_here_on() {
  static thread_local const BatchClass batch;
}

}  // namespace tributary::transports
