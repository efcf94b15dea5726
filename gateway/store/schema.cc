// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/schema.h"

#include <array>
#include <bit>
#include <cassert>
#include <string_view>
#include <vector>

namespace tributary::store {
namespace {

// `envelope` and `actor` are the truth and are keyed by the caller's ever growing row numbers
// alone: an insert appends to the last page. Everything else is for people. Epochs and operation
// numbers are unsigned 64-bit in signed columns; a snapshot's views show them as they are meant.
constexpr const char* version_1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY) WITHOUT ROWID;

CREATE TABLE envelope(
  row INTEGER PRIMARY KEY,
  hash BLOB NOT NULL, device TEXT NOT NULL, epoch INTEGER NOT NULL,
  from_op INTEGER NOT NULL, to_op INTEGER NOT NULL, bytes BLOB NOT NULL);

CREATE TABLE actor(
  row INTEGER PRIMARY KEY,
  device TEXT NOT NULL, epoch INTEGER NOT NULL,
  heard_at_ms INTEGER NOT NULL, intake BLOB NOT NULL);

CREATE TABLE value(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL,
  contributors INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  UNIQUE(key, type));

CREATE TABLE dead_letter(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX dead_letter_at ON dead_letter(at_ms);

CREATE TABLE quarantine(
  id INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL, row INTEGER NOT NULL, hash BLOB NOT NULL,
  reason TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX quarantine_row ON quarantine(row);
)sql";

constexpr const char* views = R"sql(
BEGIN IMMEDIATE;
CREATE VIEW "values" AS
  SELECT key, type, value, contributors, datetime(at_ms / 1000, 'unixepoch') AS at FROM value;

CREATE VIEW envelopes AS
  SELECT row, lower(hex(hash)) AS hash, device, printf('%016x', epoch) AS epoch,
         CASE WHEN from_op < 0 THEN printf('%u', from_op) ELSE from_op END AS "from",
         CASE WHEN to_op < 0 THEN printf('%u', to_op) ELSE to_op END AS "to",
         length(bytes) AS bytes
  FROM envelope;

CREATE VIEW devices AS
  SELECT a.device, count(*) AS epochs,
         datetime(max(a.heard_at_ms) / 1000, 'unixepoch') AS heard_at,
         coalesce(max(e.envelopes), 0) AS envelopes, coalesce(max(e.bytes), 0) AS bytes
  FROM actor a
  LEFT JOIN (SELECT device, count(*) AS envelopes, sum(length(bytes)) AS bytes
             FROM envelope GROUP BY device) e ON e.device = a.device
  GROUP BY a.device;
COMMIT;
)sql";

// From version 2 on each also writes its number into meta, as 'schema': see told_version().
constexpr std::array<Migration, 1> all_migrations{{{1, version_1}}};

// FNV-1a: enough to tell a rotten owner row (a wrong fleet name would look like a stranger's file)
// from a true one.
std::uint64_t checksum(const Owner& owner) {
  std::uint64_t h = 0xcbf29ce484222325u;
  const std::string text = owner.identity.fleet + '\0' + owner.identity.gateway + '\0' +
                           std::to_string(owner.incarnation);
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

int step(Connection& db, const Migration& migration) {
  const std::string sql = std::string("BEGIN IMMEDIATE;") + migration.sql +
                          ";PRAGMA user_version=" + std::to_string(migration.to) + ";COMMIT;";
  const int rc = db.exec(sql.c_str());
  if (rc != sqlite_ok) db.roll_back();
  return rc;
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t out = 0;
  for (const char c : bytes) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

}  // namespace

std::span<const Migration> migrations() {
  return all_migrations;
}

int schema_version(Connection& db, int& rc) {
  return static_cast<int>(db.integer("PRAGMA user_version", rc));
}

int told_version(Connection& db, int& rc) {
  const auto has_meta =
      db.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'meta' AND type = 'table'", rc);
  if (rc != sqlite_ok || has_meta == 0) return 0;
  return static_cast<int>(
      db.integer("SELECT coalesce((SELECT value FROM meta WHERE name = 'schema'), 0)", rc));
}

std::string schema_text(Connection& db, int& rc) {
  return db.text(
      "SELECT coalesce(group_concat(row, char(10)), '') FROM (SELECT type || ' ' || name || ' ' || "
      "tbl_name || ' ' || coalesce(sql, '') AS row FROM sqlite_schema WHERE type <> 'view' "
      "ORDER BY name)",
      rc);
}

int make_views(Connection& db) {
  return db.exec(views);
}

int drop_views(Connection& db) {
  int rc = sqlite_ok;
  const std::string drops = db.text(
      "SELECT coalesce(group_concat('DROP VIEW \"' || replace(name, '\"', '\"\"') || '\"', ';'), "
      "'') "
      "FROM sqlite_schema WHERE type = 'view'",
      rc);
  return rc != sqlite_ok || drops.empty() ? rc : db.exec(drops.c_str());
}

const std::string& sound_schema(int version) {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out;
    Connection db;
    int rc = db.open(":memory:", Connection::Mode::create);
    for (std::size_t steps = 0; steps <= all_migrations.size(); ++steps) {
      if (rc == sqlite_ok) rc = migrate(db, std::span(all_migrations).first(steps));
      out.push_back(rc == sqlite_ok ? schema_text(db, rc) : std::string());
    }
    assert(rc == sqlite_ok);
    return out;
  }();
  return all.at(static_cast<std::size_t>(version));
}

int migrate(Connection& db, std::span<const Migration> steps) {
  int rc = sqlite_ok;
  const int version = schema_version(db, rc);
  int expected = steps.empty() ? 0 : steps.front().to;
  for (const Migration& migration : steps) {
    assert(migration.to == expected++);
    if (rc == sqlite_ok && migration.to > version) rc = step(db, migration);
  }
  return rc;
}

int write_owner(Connection& db, const Owner& owner) {
  Statement put(db, "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)");
  int rc = put.run(std::string_view("fleet"), std::string_view(owner.identity.fleet));
  if (rc == sqlite_ok) {
    rc = put.run(std::string_view("gateway"), std::string_view(owner.identity.gateway));
  }
  if (rc == sqlite_ok) rc = put.run(std::string_view("incarnation"), owner.incarnation);
  if (rc == sqlite_ok) rc = put.run(std::string_view("checksum"), checksum(owner));
  return rc;
}

std::optional<Owner> read_owner(Connection& db, int& rc) {
  Owner owner;
  std::uint64_t sum = 0;
  int seen = 0;
  Statement all(db, "SELECT name, value FROM meta");
  while (all.next()) {
    const std::string name = all.bytes(0);
    seen += name == "fleet" || name == "gateway" || name == "incarnation" || name == "checksum";
    if (name == "fleet") owner.identity.fleet = all.bytes(1);
    if (name == "gateway") owner.identity.gateway = all.bytes(1);
    if (name == "incarnation") owner.incarnation = all.number(1);
    if (name == "checksum") sum = all.number(1);
  }
  rc = all.rc();
  if (rc != sqlite_ok || seen != 4 || sum != checksum(owner)) return std::nullopt;
  return owner;
}

Head judge(const std::string& head) {
  constexpr std::string_view magic("SQLite format 3\0", 16);
  const bool sqlite = head.substr(0, 16) == magic.substr(0, head.size());
  const bool whole = head.size() >= 100;
  const std::uint32_t mark = whole ? big_endian(std::string_view(head).substr(68, 4)) : 0;
  const bool marked = mark == application_id;
  if (sqlite && marked) return Head::ours;
  // A bit or two away from ours is rot: nobody else's mark is that near.
  if (sqlite && std::popcount(mark ^ application_id) <= 2) return Head::damaged;
  // Half of the marks: ours, and damaged. A short file that begins like a database was cut off.
  if (marked || (sqlite && !whole)) return Head::damaged;
  return Head::foreign;
}

}  // namespace tributary::store
