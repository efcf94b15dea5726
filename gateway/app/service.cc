// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/service.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <cstdlib>

namespace tributary::app {
namespace {

std::uint64_t monotonic_us() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(t.tv_nsec) / 1'000;
}

}  // namespace

Service::Service() : used_(std::getenv("NOTIFY_SOCKET") != nullptr) {
  std::uint64_t watchdog_us = 0;
  if (sd_watchdog_enabled(0, &watchdog_us) > 0) watchdog_ms_ = watchdog_us / 1'000;
}

void Service::ready() {
  sd_notify(0, "READY=1");
}

void Service::reloading() {
  const std::string text = "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_us());
  sd_notify(0, text.c_str());
}

void Service::stopping() {
  sd_notify(0, "STOPPING=1");
}

void Service::status(const std::string& text) {
  if (text == said_) return;
  said_ = text;
  sd_notify(0, ("STATUS=" + text).c_str());
}

bool Service::alive(std::uint64_t now_ms, std::optional<std::uint64_t> disk_owes_since_ms) {
  if (watchdog_ms_ == 0 || now_ms < next_ms_) return true;
  if (disk_owes_since_ms && now_ms > *disk_owes_since_ms + watchdog_ms_ / 2) return false;
  next_ms_ = now_ms + watchdog_ms_ / 4;
  sd_notify(0, "WATCHDOG=1");
  return true;
}

}  // namespace tributary::app
