// SPDX-License-Identifier: Apache-2.0
#include "transports/batch_class.h"

#include <sched.h>

namespace tributary::transports {
namespace {

constexpr pid_t this_thread = 0;

bool change(int from, int to) {
  const sched_param none{};
  return sched_getscheduler(this_thread) == from && sched_setscheduler(this_thread, to, &none) == 0;
}

}  // namespace

BatchClass::BatchClass() : changed_(change(SCHED_OTHER, SCHED_BATCH)) {}

BatchClass::~BatchClass() {
  if (changed_) change(SCHED_BATCH, SCHED_OTHER);
}

}  // namespace tributary::transports
