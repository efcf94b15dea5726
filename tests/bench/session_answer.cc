// SPDX-License-Identifier: Apache-2.0
// The second limit that ingest is measured against: our MQTT session with nothing behind it, which
// answers each message at QoS 0 as an acknowledgement would, without decoding, joining or storing.
//
//   session_answer PORT
//
// Says "ready" on stdout, and ends with SIGTERM.
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "transports/mqtt/session.h"

namespace tributary::bench {
namespace {

using namespace transports;

constexpr std::size_t answer_bytes = 90;

int run(const std::string& port) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  mqtt::Options options{.uri = "tcp://127.0.0.1:" + port, .client_id = "answer"};
  options.inbound_max = 1'000'000;
  options.qos0_outbox_max = 1'000'000;
  options.batch_class = true;
  const auto session = mqtt::make_session(std::move(options));
  session->subscribe("tributary/v1/bench/up/+", Qos::at_most_once);
  const pthread_t self = pthread_self();
  session->on_ready([self] { pthread_kill(self, SIGUSR1); });
  session->start();
  const std::string prefix = "tributary/v1/bench/";
  std::string payload = "1 ";  // for one message
  payload.resize(answer_bytes, 'a');
  while (true) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGTERM) break;
    for (std::vector<Event> events = session->poll(256); !events.empty();
         events = session->poll(256)) {
      for (const Event& e : events) {
        if (e.kind == Event::Kind::connected) std::puts("ready"), std::fflush(stdout);
        if (e.kind != Event::Kind::message) continue;
        const std::string device = e.message.topic.substr(prefix.size() + 3);
        session->publish(
            {.topic = prefix + "ack/" + device, .payload = payload, .qos = Qos::at_most_once});
      }
    }
  }
  session->stop(1'000);
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  if (argc == 2) return tributary::bench::run(argv[1]);
  std::fprintf(stderr, "session_answer PORT\n");
  return 2;
}
