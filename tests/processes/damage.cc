// SPDX-License-Identifier: Apache-2.0
#include "tests/processes/damage.h"

#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <system_error>

namespace tributary::processes {
namespace {

namespace fs = std::filesystem;

std::uintmax_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

void copy_over(const fs::path& from, const fs::path& to) {
  for (const char* name : {"gateway.db", "gateway.db-wal"}) {
    std::error_code missing;
    fs::remove(to / name, missing);
    fs::copy_file(from / name, to / name, missing);
  }
}

bool execute(const fs::path& data, const char* sql) {
  sqlite3* db = nullptr;
  const bool done = sqlite3_open((data / "gateway.db").c_str(), &db) == SQLITE_OK &&
                    sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  return sqlite3_close(db) == SQLITE_OK && done;
}

}  // namespace

bool flip_bits(const fs::path& file, std::mt19937_64& random, std::uintmax_t among) {
  const std::uintmax_t size = std::min(size_of(file), among);
  if (size == 0) return false;
  std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uint64_t n = 1 + random() % 64; n > 0; --n) {
    const auto at = static_cast<std::streamoff>(random() % size);
    f.seekg(at);
    const int byte = f.get();
    f.seekp(at);
    f.put(static_cast<char>(byte ^ (1 << random() % 8)));
  }
  return f.good();
}

bool cut(const fs::path& file, std::mt19937_64& random) {
  const std::uintmax_t size = size_of(file);
  if (size == 0) return false;
  fs::resize_file(file, random() % size);
  return true;
}

bool say_newer(const fs::path& data) {
  return execute(data, "PRAGMA user_version=7; INSERT INTO meta VALUES('schema', 7)");
}

bool take_back(const fs::path& data) {
  return execute(data, "PRAGMA user_version=1; DELETE FROM meta WHERE name='schema'");
}

void remove_database(const fs::path& data) {
  for (const char* name : {"gateway.db", "gateway.db-wal", "gateway.db-shm"}) {
    std::error_code missing;
    fs::remove(data / name, missing);
  }
}

bool keep_copy(const fs::path& data, const fs::path& copy) {
  fs::create_directories(copy);
  copy_over(data, copy);
  return size_of(copy / "gateway.db") > 0;
}

bool put_back(const fs::path& copy, const fs::path& data) {
  if (size_of(copy / "gateway.db") == 0) return false;
  remove_database(data);
  copy_over(copy, data);
  return true;
}

}  // namespace tributary::processes
