// SPDX-License-Identifier: Apache-2.0
// The load of the ingest benchmark: many devices, each sending cumulative deltas of its counters.
//
//   ingest_load PORT MODE PACKETS OPERATIONS DEVICES WINDOW [RATE [ROUND [DEVICE [FLEET]]]]
//     MODE        ack: done when a gateway has acknowledged everything to every device
//                 answer: done when answers for as many messages came on ack/+ (session_answer)
//                 count: done when somebody says so on bench/done (paho_noop)
//     OPERATIONS  of each packet: so many keys are counted up
//     RATE        packets a second, 0 for as many as go
//     ROUND       of each device's first packet: how many it sent in earlier runs
//     DEVICE      the number of the first device
//     FLEET       a directory of `tributary fleet`: each device signs with its key from there, and
//                 only what a gateway has signed is an acknowledgement (its signature is not
//                 verified here)
//
// Prints one line of JSON: seconds from the first publish to the end, with MODE ack and answer the
// latencies from publish to durable acknowledgement or answer, and with ack how many packets were
// sent again because their answer was lost.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/keyring/safe_file.h"
#include "gateway/keyring/signing_key.h"
#include "tests/bench/mqtt_load.h"
#include "tests/bench/packets.h"
#include "transports/signing/seal.h"
#include "transports/wire/ack.h"

namespace tributary::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Load {
  std::vector<Packet> packets;
  std::vector<std::uint32_t> device;  // of each packet
  std::vector<std::uint64_t> upto;    // the packet's last operation
  std::size_t bytes = 0;
};

std::string name_of(std::size_t device) {
  return "dev-" + std::to_string(device);
}

struct Shape {
  std::size_t packets = 0, operations = 0, devices = 0, first_round = 0, first_device = 0;
  std::string fleet;
};

// Of each device, in order; none without a fleet.
std::vector<signing::Signer> signers(const Shape& s) {
  std::vector<signing::Signer> out;
  for (std::size_t d = 0; !s.fleet.empty() && d < s.devices; ++d) {
    const std::string file = s.fleet + "/devices/" + name_of(s.first_device + d) + "/sign.key";
    out.push_back(
        signing::signer_of(keyring::SigningKey::parse(keyring::read_file(file)).secret()));
  }
  return out;
}

// Packet i is the (i / devices)-th delta, from the first round on, of device i % devices.
Load make(const Shape& s) {
  Load out;
  const std::vector<signing::Signer> keys = signers(s);
  for (std::size_t i = 0; i < s.packets; ++i) {
    const std::size_t round = s.first_round + i / s.devices, d = i % s.devices;
    const std::string name = name_of(s.first_device + d);
    const std::string body = counters_body(name, round, s.operations, {.is_signed = !keys.empty()});
    out.packets.push_back({up_topic(name), keys.empty() ? wire::seal(body)
                                                        : signing::seal(signing::Kind::delta,
                                                                        "bench", body, keys[d])});
    out.device.push_back(static_cast<std::uint32_t>(d));
    out.upto.push_back((round + 1) * s.operations);
    out.bytes += out.packets.back().payload.size();
  }
  return out;
}

// What was acknowledged to whom, and when.
class Watch {
 public:
  Watch(const Load& load, const Shape& s)
      : load_(load), of_(s.devices), missing_(s.devices), signed_(!s.fleet.empty()) {
    for (std::size_t i = 0; i < load.packets.size(); ++i) of_[load.device[i]].packets.push_back(i);
    sent_.resize(load.packets.size());
    for (std::size_t d = 0; d < s.devices; ++d) {
      names_.emplace(name_of(s.first_device + d), d);
      if (of_[d].packets.empty()) --missing_;
    }
  }
  void sent(std::size_t packet) { sent_[packet] = Clock::now(); }
  void acknowledged(std::string_view payload) {
    const auto ack = wire::decode_ack(payload, wire::Limits{});
    if (!ack || ack->actors.empty()) return;
    if (signed_ && wire::decode_sealed(payload, wire::Limits{})->signature.empty()) return;
    const auto at = names_.find(std::string(ack->device));
    if (at == names_.end()) return;
    Device& d = of_[at->second];
    const auto now = Clock::now();
    while (d.next < d.packets.size() && load_.upto[d.packets[d.next]] <= ack->actors[0].op)
      took(d, now);
  }
  // An answer says how many messages it is for; in order.
  void answered(std::string_view topic, std::string_view payload) {
    const auto at = names_.find(std::string(topic.substr(topic.rfind('/') + 1)));
    if (at == names_.end()) return;
    Device& d = of_[at->second];
    const auto now = Clock::now();
    std::uint64_t messages = std::strtoull(std::string(payload).c_str(), nullptr, 10);
    for (; messages > 0 && d.next < d.packets.size(); --messages) took(d, now);
  }
  bool done() const { return missing_ == 0; }
  // The newest packet of each device that waits: cumulative, so it stands for those before.
  std::vector<std::size_t> again() {
    std::vector<std::size_t> out;
    for (const Device& d : of_) {
      if (d.next < d.packets.size()) out.push_back(d.packets.back());
    }
    again_ += out.size();
    return out;
  }
  std::size_t sent_again() const { return again_; }
  double percentile_ms(double p) {
    if (latencies_ms_.empty()) return 0;
    std::sort(latencies_ms_.begin(), latencies_ms_.end());
    const auto at = static_cast<std::size_t>(p * static_cast<double>(latencies_ms_.size()));
    return latencies_ms_[std::min(at, latencies_ms_.size() - 1)];
  }

 private:
  struct Device {
    std::vector<std::size_t> packets;
    std::size_t next = 0;
  };
  void took(Device& d, Clock::time_point now) {
    const std::chrono::duration<double, std::milli> ms = now - sent_[d.packets[d.next]];
    latencies_ms_.push_back(ms.count());
    if (++d.next == d.packets.size()) --missing_;
  }
  const Load& load_;
  std::vector<Device> of_;
  std::size_t missing_, again_ = 0;
  bool signed_;
  std::vector<Clock::time_point> sent_;
  std::unordered_map<std::string, std::size_t> names_;
  std::vector<double> latencies_ms_;
};

int run(int argc, char** argv) {
  if (argc < 7) {
    std::fprintf(stderr,
                 "ingest_load PORT ack|answer|count PACKETS OPERATIONS DEVICES WINDOW "
                 "[RATE [ROUND [DEVICE [FLEET]]]]\n");
    return 2;
  }
  const auto number = [&](int i) { return argc > i ? std::strtoul(argv[i], nullptr, 10) : 0; };
  const std::string mode = argv[2];
  const bool acks = mode == "ack", answers = mode == "answer";
  const Shape shape{number(3), number(4), number(5),
                    number(8), number(9), argc > 10 ? argv[10] : ""};
  const double rate = argc > 7 ? std::strtod(argv[7], nullptr) : 0;
  const Load load = make(shape);
  Watch watch(load, shape);
  MqttLoad mqtt("127.0.0.1", static_cast<std::uint16_t>(number(1)), "ingest-load");
  mqtt.subscribe(mode == "count" ? "bench/done" : "tributary/v1/bench/ack/+");
  bool finished = false;
  mqtt.on_message([&](std::string_view topic, std::string_view payload) {
    finished = true;
    if (acks) watch.acknowledged(payload);
    if (answers) watch.answered(topic, payload);
  });
  const auto start = Clock::now();
  mqtt.run(
      load.packets, number(6), rate, [&] { return acks || answers ? watch.done() : finished; },
      [&](std::size_t i) { watch.sent(i); },
      [&] { return acks ? watch.again() : std::vector<std::size_t>{}; });
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("{\"seconds\":%.4f,\"packets\":%zu,\"operations\":%zu,\"bytes\":%zu", seconds,
              shape.packets, shape.packets * shape.operations, load.bytes);
  if (acks || answers) {
    std::printf(",\"p50_ms\":%.2f,\"p95_ms\":%.2f,\"p99_ms\":%.2f", watch.percentile_ms(0.5),
                watch.percentile_ms(0.95), watch.percentile_ms(0.99));
  }
  if (acks) std::printf(",\"again\":%zu", watch.sent_again());
  std::puts("}");
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  try {
    return tributary::bench::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ingest_load: %s\n", e.what());
    return 1;
  }
}
