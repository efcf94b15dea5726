// SPDX-License-Identifier: Apache-2.0
// The first device of README.md: ten lines that count.
#include <cstdio>
#include <ctime>
#include <random>

#include "firmware-sim/sdk/device.h"
#include "firmware-sim/sdk/mqtt/runner.h"
#include "transports/mqtt/session.h"

int main(int, char** argv) {
  using namespace tributary;
  const auto now_ms = [] { return static_cast<std::uint64_t>(std::time(nullptr)) * 1000; };
  std::random_device entropy;
  auto door = sdk::Device::open({.fleet = "demo", .device = "door-7", .random = [&] {
                                   return std::uint64_t{entropy()} << 32 | entropy();
                                 }});
  sdk::mqtt::Waker waker;  // before the session, whose thread wakes it
  auto session = transports::mqtt::make_session({.uri = argv[1], .client_id = "door-7"});
  session->on_ready(waker.callback());
  sdk::mqtt::Runner runner(*door, *session, "tributary/v1");
  session->start();
  door->counter("hall/visitors").add(3);
  while (door->unacknowledged() > 0) {  // until a gateway has it on its disk
    waker.wait(runner.pause_ms(now_ms()));
    runner.step(now_ms());
  }
  std::puts("counted, once, on every gateway");
}
