// SPDX-License-Identifier: Apache-2.0
// The gateway's memory: the live envelopes, what was received from each actor, and a few bounded tables for people, in one
// SQLite file. One commit is one transaction at synchronous=FULL: when commit() says ok, power may fail.
//
//   auto store = Store::open("gateway.db", {.fleet = "demo", .gateway = "g1"});
//   store->load(visitor);
//   if (Status s = store->commit(commit); !s) degrade(s.message);
//
// Thread-safety: one owner thread at a time. Never call two members at once.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/result.h"
#include "gateway/core/commit.h"

namespace tributary::store {

using core::ActorRow;
using core::Commit;
using core::DeadLetterRow;
using core::EnvelopeRow;
using core::QuarantineRow;
using core::ValueRow;

struct Error {
  enum class Kind : std::uint8_t {
    busy,         // another process has the file
    foreign,      // not a Tributary database, or of another fleet or gateway
    newer,        // written by a newer version
    corrupt,      // SQLite says malformed: open() moved it aside, see message
    full,         // no space: try the same commit again later
    read_only,
    io,           // a failed write or sync: the store must be reopened before anything else
  };
  Kind kind = Kind::io;
  std::string message;  // what, where, and what to do
};

struct Identity {
  std::string fleet;
  std::string gateway;
};

struct Options {
  Identity identity;
  bool create = true;
  std::uint32_t dead_letters_max = 1000;
  std::uint32_t quarantine_max = 1000;
  bool full_sync = true;  // synchronous=FULL; false only where the configuration says so in as many words
  std::function<std::uint64_t()> random;  // a fresh 64-bit number, for the incarnation of a new database
};

class Store {
 public:
  static Result<std::unique_ptr<Store>, Error> open(const std::string& path, const Options&);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::uint64_t incarnation() const;  // random, made with the database
  bool created() const;               // this open() made it
  // Gives this database a new incarnation, after it turned out to be an old copy.
  Result<std::uint64_t, Error> renew_incarnation(std::uint64_t incarnation);

  struct Visitor {
    std::function<void(EnvelopeRow&&)> envelope;
    std::function<void(ActorRow&&)> actor;
  };
  // Every row, in row order. An unreadable row ends in `corrupt`.
  Result<std::uint64_t, Error> load(const Visitor&);  // the number of envelopes

  // All or nothing. On `io` the connection is reopened and checked by reopen().
  Result<bool, Error> commit(const Commit&);
  Result<bool, Error> reopen();

  // A consistent copy in one file that sqlite3 can read while the gateway runs.
  Result<bool, Error> snapshot(const std::string& to_path);
  std::uint64_t file_bytes() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::store
