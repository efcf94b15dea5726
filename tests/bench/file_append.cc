// SPDX-License-Identifier: Apache-2.0
// The limit of what can be made durable: the packets of ingest_load appended to a file, with an
// fdatasync after every BATCH of them. No broker, no decoding, no index.
//
//   file_append FILE PACKETS OPERATIONS DEVICES BATCH
//
// Prints one line of JSON: seconds from the first write to the last sync, bytes, and what one
// append with its sync took.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/bench/packets.h"

namespace tributary::bench {
namespace {

using Clock = std::chrono::steady_clock;

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(at, values.size() - 1)];
}

bool write_all(int file, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::write(file, bytes.data() + at, bytes.size() - at);
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return ::fdatasync(file) == 0;
}

int run(char** argv) {
  const auto number = [&](int i) { return std::strtoul(argv[i], nullptr, 10); };
  const std::size_t packets = number(2), operations = number(3), devices = number(4),
                    batch = std::max(1UL, number(5));
  std::vector<std::string> payloads;
  for (std::size_t i = 0; i < packets; ++i) {
    const std::string device = "dev-" + std::to_string(i % devices);
    payloads.push_back(counters_packet(device, i / devices, operations).payload);
  }
  const int file = ::open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  bool well = file >= 0;
  std::size_t bytes = 0;
  std::vector<double> each_ms;
  const auto start = Clock::now();
  for (std::size_t i = 0; well && i < packets; i += batch) {
    std::string group;
    for (std::size_t k = i; k < std::min(i + batch, packets); ++k) group += payloads[k];
    bytes += group.size();
    const auto begin = Clock::now();
    well = write_all(file, group);
    each_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  if (file >= 0) ::close(file);
  if (!well) {
    std::perror("file_append");
    return 1;
  }
  std::printf("{\"seconds\":%.5f,\"packets\":%zu,\"bytes\":%zu,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
              took.count(), packets, bytes, percentile(each_ms, 0.5), percentile(each_ms, 0.99));
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  if (argc == 6) return tributary::bench::run(argv);
  std::fprintf(stderr, "file_append FILE PACKETS OPERATIONS DEVICES BATCH\n");
  return 2;
}
