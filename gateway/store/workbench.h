// SPDX-License-Identifier: Apache-2.0
// A database that no gateway has open, on the workbench: looked at without being changed, or
// changed because somebody said so. Its promise: what is damaged is reported and left as it was
// found, never moved aside or mended; and every change is one transaction at synchronous=FULL.
//
//   auto bench = Workbench::open("gateway.db");
//   if (!bench) die(bench.error().message);              // busy: a gateway has it, and which
//   for (const std::string& w : (*bench)->wrong()) …     // all that SQLite and the schema find
//   (*bench)->rename_life(random64());                   // a restored copy is another incarnation
//
// Not thread-safe.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/store/store.h"

namespace tributary::store {

class Workbench {
 public:
  struct About {
    Identity identity;
    std::uint64_t incarnation = 0;
    int schema = 0;
    std::uint64_t bytes = 0, free_bytes = 0;  // of them, pages that nothing uses
    std::uint64_t envelopes = 0, actors = 0, values = 0, dead_letters = 0, quarantined = 0;
  };
  using DeadLetter = store::DeadLetter;

  // Takes the file for itself, as a gateway does. `busy`: somebody has it; `foreign`: no database
  // of ours; `newer`; `corrupt`: its header cannot be read as a database.
  static Result<std::unique_ptr<Workbench>, Error> open(const std::string& path);
  ~Workbench();
  Workbench(const Workbench&) = delete;
  Workbench& operator=(const Workbench&) = delete;

  // What integrity_check, the tables' texts and the owner's checksum tell; at most 100 lines.
  std::vector<std::string> wrong();
  Result<About, Error> about();
  Result<std::uint64_t, Error> load(const Store::Visitor& visitor);  // the number of envelopes

  // Newest first, of ids below `before` (0: all).
  Result<std::vector<DeadLetter>, Error> dead_letters(std::uint64_t before, std::size_t max);
  Result<std::vector<DeadLetter>, Error> dead_letters(const std::vector<std::uint64_t>& ids);
  Result<std::vector<Quarantined>, Error> quarantine(std::uint64_t before, std::size_t max);
  Result<std::uint64_t, Error> drop_dead_letters(const std::vector<std::uint64_t>& ids);
  Result<std::uint64_t, Error> drop_dead_letters();  // all; how many

  // A new incarnation: devices send again what this gateway acknowledged after the copy was made.
  Result<bool, Error> rename_life(std::uint64_t incarnation);
  // A copy in one file with the views for people, as Store::snapshot() makes it; never over a file.
  Result<bool, Error> copy_to(const std::string& path);
  // Gives free pages back to the file system. Needs as much space again while it runs.
  Result<bool, Error> compact();

 private:
  struct Impl;
  explicit Workbench(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

// Makes `to` a durable copy of the finished file `from`, whole or not at all; never replaces a file
// unless `replace`. The process that has `path` open as its database, if the system tells.
Result<bool, Error> copy_file(const std::string& from, const std::string& to, bool replace);
std::optional<int> holder_of(const std::string& path);

}  // namespace tributary::store
