// SPDX-License-Identifier: Apache-2.0
// The limit that ingest is measured against: a Paho C++ subscriber that only counts.
//
//   paho_noop PORT MESSAGES [FILTER [QOS]]
//
// FILTER: what it subscribes to, else the devices' topics; QOS: 0 or 1, else 1.
// Says "ready" on stdout, and "x" on bench/done after every MESSAGES that arrived, until SIGTERM.
#include <mqtt/async_client.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

class Counter : public virtual mqtt::callback {
 public:
  Counter(mqtt::async_client& client, std::size_t want) : client_(client), want_(want) {}
  void message_arrived(mqtt::const_message_ptr) override {
    if (++count_ % want_ == 0) client_.publish("bench/done", "x", 1, 1, false);
  }

 private:
  mqtt::async_client& client_;
  std::size_t want_;
  std::size_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "paho_noop PORT MESSAGES [FILTER [QOS]]\n");
    return 2;
  }
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigaddset(&end, SIGINT);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  try {
    mqtt::async_client client(std::string("tcp://127.0.0.1:") + argv[1], "noop");
    Counter counter(client, std::strtoul(argv[2], nullptr, 10));
    client.set_callback(counter);
    client.connect(mqtt::connect_options_builder().clean_session(true).finalize())->wait();
    const int qos = argc > 4 && std::string_view(argv[4]) == "0" ? 0 : 1;
    client.subscribe(argc > 3 ? argv[3] : "tributary/v1/bench/up/+", qos)->wait();
    std::puts("ready");
    std::fflush(stdout);
    int signal = 0;
    sigwait(&end, &signal);
    client.disconnect()->wait();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "paho_noop: %s\n", e.what());
    return 1;
  }
  return 0;
}
