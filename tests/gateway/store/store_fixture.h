// SPDX-License-Identifier: Apache-2.0
// A directory of one's own, stores in it, and short ways to fill and read them.
//
//   TempDir dir;
//   auto store = must_open(dir / "gateway.db");
//   must_commit(*store, rows(1, 10));
//   Contents c = read_all(*store);
#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "gateway/store/store.h"

namespace tributary::store {

class TempDir {
 public:
  TempDir() {
    std::string pattern = testing::TempDir() + "/store-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline Options options_for(const std::string& gateway = "g1", const std::string& fleet = "demo") {
  Options o;
  o.identity = {fleet, gateway};
  o.random = [] { return std::uint64_t{0xfedcba9876543210u}; };
  return o;
}

inline std::unique_ptr<Store> must_open(const std::string& path,
                                        const Options& options = options_for()) {
  auto store = Store::open(path, options);
  EXPECT_TRUE(store) << (store ? "" : store.error().message);
  return store ? std::move(*store) : nullptr;
}

inline Error must_fail(const std::string& path, const Options& options = options_for()) {
  auto store = Store::open(path, options);
  EXPECT_FALSE(store) << path << " opened";
  return store ? Error{} : store.error();
}

inline EnvelopeRow envelope(std::uint64_t row, std::size_t bytes = 200) {
  EnvelopeRow e;
  e.row = row;
  e.hash.assign(32, static_cast<char>(row));
  e.device = "device-" + std::to_string(row % 7);
  e.epoch = row * 0x9e3779b97f4a7c15u;
  e.from = row - 1;
  e.to = row;
  e.bytes.assign(bytes, static_cast<char>(row * 31));
  return e;
}

inline Commit rows(std::uint64_t first, std::uint64_t last, std::size_t bytes = 200) {
  Commit c;
  for (std::uint64_t row = first; row <= last; ++row) c.insert.push_back(envelope(row, bytes));
  return c;
}

inline void must_commit(Store& store, const Commit& commit) {
  auto done = store.commit(commit);
  ASSERT_TRUE(done) << done.error().message;
}

struct Contents {
  std::map<std::uint64_t, EnvelopeRow> envelopes;
  std::map<std::uint64_t, ActorRow> actors;
};

inline Contents read_all(Store& store) {
  Contents out;
  std::uint64_t last = 0;
  Store::Visitor visitor;
  visitor.envelope = [&](EnvelopeRow&& e) {
    EXPECT_GT(e.row, last);
    last = e.row;
    out.envelopes.emplace(e.row, std::move(e));
  };
  visitor.actor = [&](ActorRow&& a) { out.actors.emplace(a.row, std::move(a)); };
  auto count = store.load(visitor);
  EXPECT_TRUE(count) << (count ? "" : count.error().message);
  EXPECT_EQ(count ? *count : 0, out.envelopes.size());
  return out;
}

inline bool same(const EnvelopeRow& a, const EnvelopeRow& b) {
  return a.row == b.row && a.hash == b.hash && a.device == b.device && a.epoch == b.epoch &&
         a.from == b.from && a.to == b.to && a.bytes == b.bytes;
}

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spill(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace tributary::store
