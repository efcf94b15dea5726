// SPDX-License-Identifier: Apache-2.0
// What the MQTT session costs: messages a second through a real Mosquitto, and the CPU time of this
// process for each. Inbound comes from a bare socket, so that only the session is measured.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/loopback.h"
#include "tests/transports/mqtt/harness.h"

namespace tributary::transports::mqtt {
namespace {

constexpr int messages_per_run = 100'000;
constexpr const char* roomy =
    "max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages 200\n";

double cpu_us(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

void report(benchmark::State& state, double cpu_before) {
  const auto messages = static_cast<double>(state.iterations()) * messages_per_run;
  state.SetItemsProcessed(static_cast<std::int64_t>(messages));
  state.counters["cpu_us_per_message"] = (cpu_us(RUSAGE_SELF) - cpu_before) / messages;
}

// A bare MQTT 3.1.1 publisher of 64-byte messages on "x", QoS 1, at most 1,000 unacknowledged.
class BarePublisher {
 public:
  explicit BarePublisher(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const sockaddr_in address = test::loopback(port);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      std::abort();
    using namespace std::string_view_literals;
    write_all(
        "\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04"
        "bare"sv);
    char connack[4];
    if (::read(fd_, connack, sizeof connack) != 4) std::abort();
  }
  ~BarePublisher() { ::close(fd_); }
  BarePublisher(const BarePublisher&) = delete;
  BarePublisher& operator=(const BarePublisher&) = delete;

  void run(int count) {
    long long sent = 0;
    long long acked_bytes = 0;  // four for each PUBACK
    while (acked_bytes < 4LL * count) {
      std::string packets;
      while (sent < count && sent - acked_bytes / 4 < 1'000 && packets.size() < 16'384) {
        append(packets, static_cast<int>(sent % 65'535) + 1);
        ++sent;
      }
      write_all(packets);
      char acks[8'192];
      const ssize_t got = ::read(fd_, acks, sizeof acks);
      if (got <= 0) std::abort();
      acked_bytes += got;
    }
  }

 private:
  static void append(std::string& packets, int id) {
    packets += "\x32\x45";  // PUBLISH, QoS 1; 3 bytes of topic, 2 of id, 64 of payload
    packets += std::string("\0\1x", 3);
    packets += static_cast<char>(id >> 8);
    packets += static_cast<char>(id & 0xFF);
    packets += std::string(64, 'p');
  }

  void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
      if (done <= 0) std::abort();
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
  }

  int fd_;
};

void inbound(benchmark::State& state) {
  Mosquitto broker(roomy);
  Client client(broker, "subscriber");
  client.session->subscribe("x", Qos::at_least_once);
  if (!client.await_connected()) state.SkipWithError("cannot connect");
  BarePublisher publisher(broker.port());
  const double before = cpu_us(RUSAGE_SELF);
  double publishing_us = 0;
  for (auto _ : state) {
    std::thread sender([&] {
      publisher.run(messages_per_run);
      publishing_us += cpu_us(RUSAGE_THREAD);
    });
    if (!client.await_messages(messages_per_run)) state.SkipWithError("messages are missing");
    sender.join();
    client.messages.clear();
  }
  report(state, before + publishing_us);
}
BENCHMARK(inbound)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

void outbound(benchmark::State& state) {
  Mosquitto broker(roomy);
  Client client(broker, "publisher");
  if (!client.await_connected()) state.SkipWithError("cannot connect");
  const std::string payload(64, 'p');
  const double before = cpu_us(RUSAGE_SELF);
  for (auto _ : state) {
    for (int i = 0; i < messages_per_run; ++i) {
      if (client.send("x", payload)) continue;
      if (!client.await([&] { return client.send("x", payload); })) state.SkipWithError("stuck");
    }
    if (!client.await_sent()) state.SkipWithError("unacknowledged");
  }
  report(state, before);
}
BENCHMARK(outbound)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

}  // namespace
}  // namespace tributary::transports::mqtt
