// SPDX-License-Identifier: Apache-2.0
// What a gateway has cosigned, and the seals that came of it: a database of its own beside the
// gateway's, `seals.db`. Its promise: when keep_vote() says true, power may fail, and no other vote
// is kept for that window, ever; and one that a lost or copied database may have held cannot be
// given again, for windows that opened before since_ms() are nobody's to vote on.
//
//   auto ledger = Ledger::open("data/seals.db", {.life = incarnation, .now_ms = wall_ms});
//   for (const Ledger::Row& vote : (*ledger)->votes()) book.restore_vote(vote.closes_ms, …);
//   if (!(*ledger)->keep_vote(closes_ms, frame)) …           // there is one: vote for nothing
//
// Everything that fails throws Ledger::Failed. Not thread-safe.
#pragma once
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/store/store.h"

namespace tributary::store {

class Ledger {
 public:
  static constexpr std::size_t kept_max = 10'000;  // windows

  struct Options {
    std::uint64_t life = 0;    // the incarnation of the gateway's database
    std::uint64_t now_ms = 0;  // wall time
    std::size_t kept = kept_max;
  };
  struct Failed : std::runtime_error {
    using std::runtime_error::runtime_error;
  };

  // A file that cannot be read is moved to <path>.damaged: another one begins. One that a newer
  // version wrote is left alone, and Failed says so.
  static std::unique_ptr<Ledger> open(const std::string& path, const Options& options);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // When it began, or when the gateway's database became another one: wall time, ms.
  std::uint64_t since_ms() const;
  // The clock turned out to have been behind. It never goes back.
  void raise_since(std::uint64_t ms);
  bool begun_now() const;           // by this open()
  const std::string& note() const;  // about a file that was moved aside; empty: none was

  struct Row {
    std::uint64_t closes_ms = 0;
    std::string bytes;
  };
  std::vector<Row> votes();  // ascending
  std::vector<Row> seals();
  // False: another one is kept for this window, or might have been.
  bool keep_vote(std::uint64_t closes_ms, std::string_view frame);
  // The first one stays.
  void keep_seal(std::uint64_t closes_ms, std::string_view bytes);

  struct Proof {
    std::string gateway;
    std::uint64_t closes_ms = 0;
    std::string first, second;
  };
  void keep_proof(const Proof& proof);  // one for each gateway and window
  std::vector<Proof> proofs();

 private:
  struct Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::store
