// SPDX-License-Identifier: Apache-2.0
// GatewayPlayer: what runs short, space and memory.
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/processes/gateway_player.h"

namespace tributary::processes {
namespace {

using namespace std::chrono_literals;

// More than the smallest cap of a type allows; in pieces, so that each value fits a message.
constexpr std::size_t flood_keys = 28;
constexpr std::size_t flood_elements = 50;  // of each key
constexpr std::size_t flood_element_bytes = 900;

std::string flood_key(const Step& step, std::size_t n) {
  return "flood-" + std::to_string(step.seed % 100'000) + "/" + std::to_string(n);
}

}  // namespace

// Acknowledgements pause and go on by themselves.
void GatewayPlayer::full_disk(const Step& step) {
  if (disk_ == nullptr) {
    stage_.count("gateway: SKIPPED full disk, no mounts here");
    return;
  }
  if (!until(connect_max, "connecting", [&] { return node_.connected(); })) return;
  const bool killed = random_() % 2 == 0;
  may_end_ = killed;  // a start may need space; a gateway that runs stays
  disk_->fill();
  if (killed) {
    node_.kill();
    again();
  } else {
    until(20'000ms, "noticing that the disk is full",
          [&] { return node_.said("nothing is acknowledged until the database takes it"); });
  }
  stage_.pause(std::chrono::milliseconds(step.amount));
  disk_->free();
  if (!killed) {
    until(20'000ms, "recovering", [&] { return node_.said("the database takes commits again"); });
    stage_.count("gateway: full disks, recovered without a restart");
  } else {
    stage_.count("gateway: full disks, killed while it was full");
  }
  const std::uint64_t before = node_.acks();
  until(20'000ms, "acknowledging with space again", [&] { return node_.acks() > before; });
  may_end_ = false;
}

// A device whose sets are larger than the cap; other gateways take them.
bool GatewayPlayer::flood(const Step& step) {
  std::string rows = "timestamp,key,type,operation,value\n";
  for (std::size_t i = 0; i < flood_keys * flood_elements; ++i) {
    std::string element = std::to_string(i) + "-";
    element.resize(flood_element_bytes, 'x');
    rows += std::to_string(1'700'000'000'000 + i) + "," + flood_key(step, i % flood_keys) +
            ",gset,insert," + element + "\n";
  }
  const auto file = node_.data().parent_path() / ("flood-" + std::to_string(step.seed % 100'000));
  e2e::write_file(file.string() + ".csv", rows);
  const e2e::Ran ran = e2e::run(
      {"device", "replay", file.string() + ".csv", "--id",
       "flood-" + std::to_string(step.seed % 100'000) + "-h" + std::to_string(step.amount),
       "--state", file.string(), "--broker", node_.broker(), "--speed", "0", "--drain-ms", "40000"},
      std::chrono::seconds(60));
  if (ran.status != 0) stage_.fail("the flood was acknowledged by nobody: " + ran.out + ran.err);
  return ran.status == 0;
}

// Sheds by policy: what would grow past the cap is not acknowledged, everything else is.
void GatewayPlayer::starve(const Step& step) {
  if (!until(connect_max, "connecting", [&] { return node_.connected(); })) return;
  node_.kill();
  again({.starved = true});
  if (!until(connect_max, "connecting", [&] { return node_.connected(); })) return;
  if (!flood(step)) return;
  if (!until(20'000ms, "reaching the memory cap",
             [&] { return node_.said("memory limit of type gset reached"); })) {
    return;
  }
  const std::uint64_t before = node_.acks();
  if (!until(20'000ms, "acknowledging what needs no memory",
             [&] { return node_.acks() > before + 20; })) {
    return;
  }
  stage_.count("gateway: memory caps reached, nothing else lost");
  node_.kill();
  again();
  until(60'000ms, "taking what it had shed", [&] {
    for (std::size_t n = 0; n < flood_keys; ++n) {
      const e2e::Ran ran = e2e::run({"get", flood_key(step, n), "--gateway", node_.name(),
                                     "--timeout-ms", "2000", "--broker", node_.broker()});
      const auto set = nlohmann::json::parse(ran.out, nullptr, false);
      if (!set.is_array() || set.size() != flood_elements) return false;
    }
    return true;
  });
}

}  // namespace tributary::processes
