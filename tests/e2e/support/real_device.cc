// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/support/real_device.h"

#include <algorithm>
#include <utility>

#include "transports/mqtt/session.h"

namespace tributary::e2e {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

RealDevice::RealDevice(const std::string& broker_uri, const std::string& id, std::uint64_t ahead_ms)
    : ahead_ms_(ahead_ms),
      device_(std::move(*sdk::Device::open(
          {.fleet = "demo",
           .device = id,
           .random = [this] { return std::uint64_t{entropy_()} << 32 | entropy_(); }}))),
      session_(transports::mqtt::make_session({.uri = broker_uri, .client_id = id})) {
  session_->on_ready(waker_.callback());
  runner_ = std::make_unique<sdk::mqtt::Runner>(device_, *session_, "tributary/v1");
  session_->start();
  device_.time(now_ms());
}

bool RealDevice::acknowledged(milliseconds limit) {
  const auto end = Clock::now() + limit;
  while (true) {
    runner_->step(now_ms());
    if (device_.unacknowledged() == 0) return true;
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    waker_.wait(std::min(static_cast<std::uint64_t>(left), runner_->pause_ms(now_ms())));
  }
}

std::uint64_t RealDevice::now_ms() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(now).count()) +
         ahead_ms_;
}

}  // namespace tributary::e2e
