// SPDX-License-Identifier: Apache-2.0
// What the file looks like, version by version, and whose it is. Private to this folder; README.md
// describes the result.
//
//   if (int rc = migrate(db, migrations()); rc != sqlite_ok) …
//   Result<Owner, std::string> owner = read_owner(db);
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "gateway/store/sqlite.h"

namespace tributary::store {

// "Trib": at byte 68 of the file, where file(1) and we look for it.
inline constexpr std::uint32_t application_id = 0x54726962;

// The SQL that turns version `to - 1` into `to`. Never changed once released: a change is a new
// entry.
struct Migration {
  int to = 0;
  const char* sql = "";
};
std::span<const Migration> migrations();

// Brings the file to the last version of `steps`, each step a transaction of its own with its
// version number, so that a crash in the middle goes on where it stopped. REQUIRES: steps ascend by
// one.
int migrate(Connection&, std::span<const Migration> steps);
int schema_version(Connection&, int& rc);
// The version that the tables tell, 0 for none: a flipped bit makes a newer one of the header's,
// and must not keep a gateway from starting.
int told_version(Connection& db, int& rc);
// The views for people are in snapshots alone: SQLite leaves the free list out of its checks when
// the first table it comes across is a view (3.40 does), and a rotten free list hands out pages
// that are in use. drop_views() is for a snapshot that became somebody's database.
int make_views(Connection&);
int drop_views(Connection&);
// What the file says that its tables are, and what a sound file of a version says. REQUIRES:
// version is 0 or one of migrations().
std::string schema_text(Connection&, int& rc);
const std::string& sound_schema(int version);

struct Owner {
  Identity identity;
  std::uint64_t incarnation = 0;
};
int write_owner(Connection&, const Owner&);
// Empty when the row is missing or does not carry its own checksum; rc tells of a failed read.
std::optional<Owner> read_owner(Connection&, int& rc);

// What the first 100 bytes of a file say.
enum class Head : std::uint8_t { ours, damaged, foreign };
Head judge(const std::string& head);

}  // namespace tributary::store
