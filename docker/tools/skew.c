// SPDX-License-Identifier: Apache-2.0
// Preloaded into a program: its calendar clock is CLOCK_OFF_MS milliseconds wrong, and nothing else is (libfaketime also takes hold of
// every timed wait). For the faults of docker/fleet.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long off_ms(void) {
  static long value, known;
  if (!known) {
    const char* text = getenv("CLOCK_OFF_MS");
    value = text ? atol(text) : 0;
    known = 1;
  }
  return value;
}

int clock_gettime(clockid_t clock, struct timespec* t) {
  const long failed = syscall(SYS_clock_gettime, clock, t);
  if (failed || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return (int)failed;
  long ns = t->tv_nsec + off_ms() % 1000 * 1000000L;
  t->tv_sec += off_ms() / 1000 + (ns >= 1000000000L) - (ns < 0);
  t->tv_nsec = (ns + 1000000000L) % 1000000000L;
  return 0;
}

int gettimeofday(struct timeval* t, void* zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  t->tv_sec = now.tv_sec;
  t->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* t) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}
