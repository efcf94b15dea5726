// SPDX-License-Identifier: Apache-2.0
// Packets of devices for the benchmarks that are not about throughput, as lines of hexadecimal.
//
//   packets_of counters DEVICE OPERATIONS ROUNDS   those of packets.h: one packet a round
//   packets_of library OPERATIONS KEYS             of the shipping device library: what it sends
//   for
//                                                  so many operations, one after the other on so
//                                                  many counters that it had sent before
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "firmware-sim/sdk/device.h"
#include "tests/bench/packets.h"
#include "transports/wire/ack.h"
#include "transports/wire/envelope.h"
#include "transports/wire/pack.h"

namespace tributary::bench {
namespace {

constexpr std::uint64_t wall_ms = 1'700'000'000'000;

void print(std::string_view payload) {
  for (const char c : payload) std::printf("%02x", static_cast<unsigned>(c) & 0xFFU);
  std::putchar('\n');
}

// A gateway's acknowledgement of all that the packets say.
std::string acknowledge(const std::vector<sdk::Packet>& packets) {
  wire::Pack storage;
  const auto last = wire::split_upload(packets.back().payload, wire::Limits{}, storage);
  const auto envelope = wire::decode_envelope(last->back(), wire::Limits{});
  wire::Ack ack;
  ack.fleet = "bench";
  ack.gateway = "g1";
  ack.incarnation = 1;
  ack.device = "dev-7";
  ack.actors.emplace_back();
  ack.actors[0].epoch = envelope->delta.epoch;
  ack.actors[0].op = envelope->delta.to;
  ack.actors[0].hash = envelope->hash;
  return wire::seal(wire::encode_body(ack));
}

int library(std::size_t operations, std::size_t keys) {
  sdk::Options o;
  o.fleet = "bench";
  o.device = "dev-7";
  o.random = [n = std::uint64_t{0x9E3779B97F4A7C15}]() mutable { return n += 0x9E3779B97F4A7C15; };
  auto device = sdk::Device::open(std::move(o));
  if (!device) return 1;
  device->time(wall_ms);
  std::vector<sdk::Counter> counters;
  for (std::size_t k = 0; k < keys; ++k) {
    counters.push_back(device->counter("hall/counter-" + std::to_string(100 + k)));
    counters.back().add(10'000);
  }
  const std::vector<sdk::Packet> first = device->poll(wall_ms + 100);
  if (first.empty()) return 1;
  (void)device->receive(wall_ms + 200, acknowledge(first));
  if (device->unacknowledged() != 0) return 1;
  for (std::size_t i = 0; i < operations; ++i) counters[i % keys].add(1);
  for (const sdk::Packet& p : device->poll(wall_ms + 1'000)) print(p.payload);
  return 0;
}

int run(int argc, char** argv) {
  const auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "library" && argc == 4) return library(number(2), number(3));
  if (what != "counters" || argc != 5) {
    std::fprintf(stderr,
                 "packets_of counters DEVICE OPERATIONS ROUNDS | library OPERATIONS KEYS\n");
    return 2;
  }
  for (std::size_t r = 0; r < number(4); ++r) print(counters_packet(argv[2], r, number(3)).payload);
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  return tributary::bench::run(argc, argv);
}
