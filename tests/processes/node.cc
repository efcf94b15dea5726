// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/node.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/support/eventually.h"

namespace tributary::processes {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// A gateway at rest has 50 MiB, most of them its threads' stacks. (The heaps that the allocator
// reserves for threads are no limit's matter: 64 MiB of addresses each, of which few are used.)
[[maybe_unused]] constexpr std::uint64_t starved_data_bytes = 128ULL << 20;
constexpr const char* starved_toml =
    "[memory]\ngcounter_max_mb = 1\npncounter_max_mb = 1\ngset_max_mb = 1\norset_max_mb = 1\n"
    "lww_max_mb = 1\nunknown_max_mb = 1\ntotal_max_mb = 16\n";

fs::path config_file(const Place& place) {
  return place.directory / (place.name + ".toml");
}

}  // namespace

Node::Node(Place place, Stage& stage, const AckWatch& acks)
    : place_(std::move(place)),
      stage_(stage),
      acks_(acks),
      program_({"gateway", "--config", config_file(place_).string()}, log_file(),
               e2e::Program::Start::later) {
  fs::create_directories(data());
}

void Node::write_config(const Life& life) const {
  std::string patterns;
  for (const std::string& pattern : place_.hears) {
    patterns += (patterns.empty() ? "\"" : ", \"") + pattern + "\"";
  }
  e2e::write_file(
      config_file(place_),
      "[gateway]\nid = \"" + place_.name + "\"\ndata_dir = \"" + data().string() +
          "\"\n[http]\nlisten = \"\"\n[sync]\ninterval_max_ms = 2000\nsettle_ms = 500\n" +
          (life.starved ? starved_toml : "") +
          "[[broker]]\nname = \"local\"\nuri = \"mqtt://127.0.0.1:" + std::to_string(place_.port) +
          "\"\nhears = [" + patterns + "]\nreconnect_min_ms = 50\nreconnect_max_ms = 500\n");
}

void Node::start(const Life& life) {
  write_config(life);
  std::error_code missing;
  log_began_ = std::max<std::uintmax_t>(fs::file_size(log_file(), missing), 0);
  if (missing) log_began_ = 0;
  acks_before_ = acks();
  e2e::Surroundings around;
#ifndef TRIBUTARY_SANITIZED  // their runtime wants to be first, and memory of its own
  if (life.slow_sync_ms > 0) {
    around.environment = {std::string("LD_PRELOAD=") + SLOW_DISK_LIBRARY,
                          "SLOW_DISK_MS=" + std::to_string(life.slow_sync_ms)};
  }
  if (life.starved) around.data_bytes = starved_data_bytes;
#endif
  around.program = life.program;
  program_.start(around);
  stage_.count("gateway: lives");
}

void Node::kill() {
  const bool acked = acknowledged();
  program_.end(SIGKILL);
  stage_.count("gateway: kill -9");
  if (!connected()) stage_.count("gateway: kill -9, of these in start-up");
  if (acked) stage_.count("gateway: kill -9, of these after acknowledging");
}

bool Node::end(int signal, std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  status_ = program_.end(signal);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
  stage_.at_least("gateway: longest clean end, ms", static_cast<std::uint64_t>(took.count()));
  return status_ == 0 && took <= limit && said("everything accepted is on the disk");
}

bool Node::running() {
  if (program_.pid() == 0) return false;
  const auto code = program_.wait(0ms);
  if (code) status_ = *code;
  return !code;
}

bool Node::connected() const {
  return said(" connected: ");
}

bool Node::said(const std::string& words) const {
  return log_of_life().find(words) != std::string::npos;
}

void Node::signal(int number) const {
  ::kill(program_.pid(), number);
}

std::string Node::log_of_life() const {
  std::ifstream in(log_file(), std::ios::binary);
  in.seekg(static_cast<std::streamoff>(log_began_));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string Node::last_words() const {
  const std::string log = log_of_life();
  return log.size() > 2'000 ? log.substr(log.size() - 2'000) : log;
}

}  // namespace tributary::processes
