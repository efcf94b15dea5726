// SPDX-License-Identifier: Apache-2.0
// The gateway's memory: the live envelopes, what was received from each actor, and a few bounded
// tables for people, in one SQLite file. Its one promise: when commit() says ok, power may fail,
// and what is half done is never seen.
//
//   auto store = Store::open("gateway.db", {.identity = {.fleet = "demo", .gateway = "g1"}, .random
//   = random}); if (!store) …                                        // say store.error().message;
//   corrupt: open() again auto count = (*store)->load(visitor); if (auto done =
//   (*store)->commit(rows); !done) degrade(done.error());
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

class FileSystem;  // files.h

using core::ActorRow;
using core::Commit;
using core::DeadLetterRow;
using core::EnvelopeRow;
using core::QuarantineRow;
using core::ValueRow;

struct Error {
  enum class Kind : std::uint8_t {
    busy,       // another process has the file; or, of a thread that has it: no answer in time
    foreign,    // not a Tributary database, or of another fleet or gateway
    newer,      // written by a newer version
    corrupt,    // malformed: it was moved aside, see message; open() again starts afresh
    full,       // no space: nothing was written; try the same commit again later
    read_only,  // the file or its directory may not be written
    io,         // a failed write or sync: reopen() before anything else
  };
  Kind kind = Kind::io;
  std::string message;  // what, where, and what to do
};
const char* name(Error::Kind);

struct Identity {
  std::string fleet;
  std::string gateway;
};

struct Options {
  Identity identity;
  bool create = true;
  std::uint32_t dead_letters_max = 1000;
  std::uint32_t quarantine_max = 1000;
  bool full_sync =
      true;  // synchronous=FULL; false only where the configuration says so in as many words
  std::function<std::uint64_t()>
      random;  // a fresh 64-bit number, for the incarnation of a new database

  // The disk beneath, for tests that record it and make it fail.
  std::string vfs;              // the name of a registered sqlite3_vfs; empty: SQLite's own
  FileSystem* files = nullptr;  // everything else that is done with files; nullptr: the system's
  std::uint32_t checkpoint_pages = 2000;  // the log is copied back at so many pages (8 MiB) …
};

// Of the tables for people: refused messages, and envelopes that the disk had damaged.
struct DeadLetter {
  std::uint64_t id = 0;
  DeadLetterRow row;
};
struct Quarantined {
  std::uint64_t id = 0;
  QuarantineRow row;
};
// A page of one, newest first. It may end early for its bytes; it is never empty for them.
struct NotePage {
  std::uint64_t before = 0;  // ids below this one; 0: all
  std::size_t max = 100;
  std::size_t bytes_max = std::size_t{1} << 30;
};

class Store {
 public:
  // Opens or makes the database, checks it (quick_check) and brings its schema up to date.
  // Directories that are missing are made. REQUIRES: options.random when options.create.
  static Result<std::unique_ptr<Store>, Error> open(const std::string& path, const Options&);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  std::uint64_t incarnation() const;  // random, made with the database
  bool created() const;               // this open() made it

  struct Visitor {
    std::function<void(EnvelopeRow&&)> envelope;
    std::function<void(ActorRow&&)> actor;
  };
  // Every row, in row order. An unreadable row ends in `corrupt`: as after open(), the file was
  // moved aside, and nothing but the destructor may follow.
  // What a row holds is not judged here: the caller verifies hashes and checksums.
  Result<std::uint64_t, Error> load(const Visitor&);  // the number of envelopes
  // The same in pieces, between which other things may be done, commits too. Errors as of load().
  Result<std::uint64_t, Error> load_actors(const Visitor&);
  // Of every envelope in row order: its row, and whose it is, as its columns say.
  using Glance =
      std::function<void(std::uint64_t row, std::string_view device, std::uint64_t epoch)>;
  Result<std::uint64_t, Error> glance(const Glance&);
  // Up to `max` of the envelopes after a row, in row order; and those of these rows that are there.
  Result<std::uint64_t, Error> load_some(std::uint64_t after_row, std::size_t max, const Visitor&);
  Result<std::uint64_t, Error> load_rows(const std::vector<std::uint64_t>& rows, const Visitor&);
  // Those of these rows that are there, in their order. After a failed write, reopen() first.
  Result<core::ReadRows, Error> read(const core::RowsWanted& rows);

  // All or nothing. After `full` the same commit may be tried again at any time. After `corrupt`
  // the file was damaged and moved aside, or somebody deleted or replaced it: start afresh, nothing
  // but the destructor may follow. After anything else
  // nobody knows whether it happened: reopen(), then repeat it.
  Result<bool, Error> commit(const Commit&);
  // Closes the file, opens it again, checks it, and makes all that it holds durable anew. May be
  // tried again after an error, except `corrupt` (it was moved aside, as by open(): nothing but the
  // destructor may follow) and `foreign`.
  Result<bool, Error> reopen();
  // Closes the file and renames it to <path>.corrupt-<n>, which is returned. Nothing but the
  // destructor may follow.
  Result<std::string, Error> set_aside();

  // A consistent copy in one file that sqlite3 can read while the gateway runs. Replaces an older
  // snapshot and no other file.
  Result<bool, Error> snapshot(const std::string& to_path);
  // The same a few pages at a time, so that commits go on between the steps (they are in the copy,
  // too): true once it stands at `to_path`. After an error, and after reopen(), it is given up.
  Result<bool, Error> begin_snapshot(const std::string& to_path);
  Result<bool, Error> step_snapshot(std::uint32_t pages);  // REQUIRES: begun, and not ended
  std::uint64_t file_bytes() const;                        // with the write-ahead log
  // How many rows of these are kept, from the next commit on.
  void keep(std::uint32_t dead_letters_max, std::uint32_t quarantine_max);

  Result<std::vector<DeadLetter>, Error> dead_letters(const NotePage& page);
  Result<std::vector<DeadLetter>, Error> dead_letters(const std::vector<std::uint64_t>& ids);
  Result<std::vector<Quarantined>, Error> quarantine(const NotePage& page);
  // One durable transaction; how many there were. After an error, as after commit().
  Result<std::uint64_t, Error> drop_dead_letters(const std::vector<std::uint64_t>& ids);
  Result<std::uint64_t, Error> drop_dead_letters();  // all

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tributary::store
