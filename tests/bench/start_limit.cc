// SPDX-License-Identifier: Apache-2.0
// The limit of a start: a gateway's database file read, its live envelopes fetched by SQLite, and
// each decoded and hashed. Nothing is joined, indexed or answered. One thread.
//
//   start_limit DATABASE
//
// Prints one line of JSON: how many envelopes and bytes, and the seconds of each of the three.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "transports/wire/envelope.h"

namespace tributary::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Rows = std::vector<std::shared_ptr<const std::string>>;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// How many bytes; 0 when it cannot be read.
std::size_t read_all(const char* path) {
  const int file = ::open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::vector<char> chunk(1U << 20);
  std::size_t bytes = 0;
  for (ssize_t n = 0; (n = ::read(file, chunk.data(), chunk.size())) > 0;)
    bytes += static_cast<std::size_t>(n);
  ::close(file);
  return bytes;
}

bool fetch(const char* path, Rows& rows) {
  sqlite3* db = nullptr;
  sqlite3_stmt* all = nullptr;
  bool well = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
              sqlite3_prepare_v2(db, "SELECT bytes FROM envelope ORDER BY row", -1, &all,
                                 nullptr) == SQLITE_OK;
  int step = SQLITE_DONE;
  while (well && (step = sqlite3_step(all)) == SQLITE_ROW) {
    rows.push_back(std::make_shared<const std::string>(
        static_cast<const char*>(sqlite3_column_blob(all, 0)),
        static_cast<std::size_t>(sqlite3_column_bytes(all, 0))));
  }
  well = well && step == SQLITE_DONE;
  if (!well) std::fprintf(stderr, "start_limit: %s: %s\n", path, sqlite3_errmsg(db));
  sqlite3_finalize(all);
  sqlite3_close(db);
  return well;
}

int run(const char* path) {
  auto start = Clock::now();
  const std::size_t bytes = read_all(path);
  const double read_s = seconds_since(start);
  start = Clock::now();
  Rows rows;
  if (!fetch(path, rows)) return 1;
  const double rows_s = seconds_since(start);
  start = Clock::now();
  std::size_t entries = 0;
  for (const auto& row : rows) {
    const auto envelope = wire::decode_envelope(row, wire::Limits{});
    if (!envelope) {
      std::fprintf(stderr, "start_limit: %s: an envelope is malformed\n", path);
      return 1;
    }
    entries += envelope->delta.entries.size();
  }
  std::printf(
      "{\"envelopes\":%zu,\"entries\":%zu,\"bytes\":%zu,\"read_s\":%.4f,\"rows_s\":%.4f,"
      "\"decode_s\":%.4f}\n",
      rows.size(), entries, bytes, read_s, rows_s, seconds_since(start));
  return 0;
}

}  // namespace
}  // namespace tributary::bench

int main(int argc, char** argv) {
  if (argc == 2) return tributary::bench::run(argv[1]);
  std::fprintf(stderr, "start_limit DATABASE\n");
  return 2;
}
