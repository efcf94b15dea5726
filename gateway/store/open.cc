// SPDX-License-Identifier: Apache-2.0
// From a path to a checked, prepared connection: make, recognise, check, migrate.
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "crdt/planted.h"
#include "gateway/store/files.h"
#include "gateway/store/impl.h"

namespace tributary::store {
namespace {

// Everything about the connection that is not the schema. EXCLUSIVE comes first: then WAL needs no
// shared memory and no second connection can ever touch the log (which 3.40 does not survive in
// every case).
constexpr const char* settings_sql =
    "PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA cache_size=-4096;"              // 4 MiB
    "PRAGMA journal_size_limit=33554432;";  // the log is cut to 32 MiB after a large transaction

constexpr const char* unreadable = "a part of the file cannot be read";

}  // namespace

Error system_error(int number, const std::string& doing, const std::string& path) {
  const bool denied = number == EACCES || number == EPERM || number == EROFS;
  const bool full = number == ENOSPC || number == EDQUOT;
  const std::string what = "cannot " + doing + " '" + path + "': " + std::strerror(number);
  if (denied) {
    return {
        Error::Kind::read_only,
        what +
            ". Make the directory writable for this user, or set gateway.data_dir to one that is."};
  }
  if (full) return {Error::Kind::full, what + ". Free some space and start again."};
  return {Error::Kind::io, what + ". Check gateway.data_dir."};
}

Error Store::Impl::failed(int rc, const std::string& doing) const {
  return explain(rc, db.message(), doing, path);
}

// While it opens, SQL that does not fit is the file's fault: the SQL is the same for every file.
Error Store::Impl::refused(int rc, const std::string& doing) {
  const bool rotten = rc == sqlite_error || kind_of(rc) == Error::Kind::corrupt;
  return rotten ? damaged(db.message()) : failed(rc, doing);
}

Error Store::Impl::busy() const {
  const std::optional<int> pid = lock_holder(path);
  return {Error::Kind::busy,
          "the database '" + path + "' is in use by " +
              (pid ? "process " + std::to_string(*pid) : std::string("another process")) +
              ". Stop that gateway, or give this one its own gateway.data_dir. To look at the "
              "data while a gateway runs, ask it for a snapshot."};
}

Error Store::Impl::gone() const {
  return {Error::Kind::corrupt,
          "the database '" + path +
              "' is no longer there: it was deleted, moved or replaced while the gateway ran. Put "
              "it back while the gateway is stopped, or just start the gateway again: a fresh one "
              "is filled from peers and devices."};
}

// Closes the damaged file and moves it out of the way, so that the next open() starts afresh.
Error Store::Impl::damaged(const std::string& detail) {
  broken = true;  // nothing is copied on the way out: it stays as it was found
  disconnect();
  std::string moved_to;
  if (const int number = move_aside(files(), path, moved_to)) {
    Error e = system_error(number, "move aside the damaged database", path);
    e.message = "the database is damaged (" + detail +
                ") and it was not possible to put it away: " + e.message;
    return e;
  }
  return {Error::Kind::corrupt,
          "the database '" + path + "' is damaged: " + detail + ". It was moved to '" + moved_to +
              "'. A fresh one takes its place and is filled again from peers and devices; check "
              "the disk."};
}

// A database appears whole or not at all: it is made beside its place and put there by one rename.
std::optional<Error> Store::Impl::create() {
  if (const int number = make_directory_of(files(), path)) {
    return system_error(number, "make the directory of", path);
  }
  // A log without its database would be replayed into the new one.
  if (files().state(path + "-wal").exists || files().state(path + "-journal").exists) {
    std::string moved_to;
    if (const int number = move_aside(files(), path, moved_to)) {
      return system_error(number, "move aside the log of a lost database", path);
    }
  }
  const std::string at = path + ".new";
  remove_database(files(), at);
  if (std::optional<Error> e = build(at)) {
    remove_database(files(), at);
    return e;
  }
  if (files().state(path).exists) files().remove(path);  // empty: see open()
  const int number = publish_file(files(), at, path);
  if (number != 0 && number != EEXIST) return system_error(number, "make", path);
  made = number == 0;
  return std::nullopt;
}

std::optional<Error> Store::Impl::build(const std::string& at) {
  assert(options.random);
  Connection fresh;
  int rc = fresh.open(at, Connection::Mode::create, options.vfs);
  if (rc == sqlite_ok) rc = fresh.exec("PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL");
  const std::string mark = "PRAGMA application_id=" + std::to_string(application_id);
  if (rc == sqlite_ok) rc = fresh.exec(mark.c_str());
  if (rc == sqlite_ok) rc = migrate(fresh, migrations());
  if (rc == sqlite_ok) rc = write_owner(fresh, {options.identity, options.random()});
  if (rc == sqlite_ok) return std::nullopt;
  return explain(rc, fresh.message(), "make", at);
}

std::optional<Error> Store::Impl::connect() {
  int rc = db.open(path, Connection::Mode::existing, options.vfs);
  if (rc != sqlite_ok) return failed(rc, "open");
  std::string first;
  if ((rc = db.head(100, first)) != sqlite_ok) return explain(rc, unreadable, "read", path);
  const Head head = judge(first);
  if (head == Head::foreign) {
    db.close();
    return Error{Error::Kind::foreign,
                 "'" + path +
                     "' is not a Tributary database; it was left as it is. Move it away, or set "
                     "gateway.data_dir to another directory."};
  }
  if (head == Head::damaged) return damaged("its header does not read as a database");
  if (db.read_only()) return system_error(EACCES, "write to", path);
  rc = db.exec(settings_sql);
  const std::string checkpoint =
      "PRAGMA wal_autocheckpoint=" + std::to_string(options.checkpoint_pages);
  if (rc == sqlite_ok) rc = db.exec(checkpoint.c_str());
  std::string mode;
  if (rc == sqlite_ok) mode = db.text("PRAGMA journal_mode=WAL", rc);
  if (kind_of(rc) == Error::Kind::busy && rc != sqlite_ok) return busy();
  if (rc == sqlite_ok) {
    const bool full = options.full_sync && !planted(Bug::commit_without_sync);
    rc = db.exec(full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
  }
  if (rc != sqlite_ok) return refused(rc, "open");
  if (mode != "wal") {
    return Error{Error::Kind::io, "cannot open '" + path +
                                      "' with a write-ahead log (it stays in mode '" + mode +
                                      "'). Put gateway.data_dir on a local file system."};
  }
  if (std::optional<Error> e = check_file()) return e;
  if (std::optional<Error> e = check_owner()) return e;
  return prepare();
}

std::optional<Error> Store::Impl::check_schema() {
  int rc = sqlite_ok;
  const int version = schema_version(db, rc);
  std::string schema;
  if (rc == sqlite_ok) schema = schema_text(db, rc);
  if (rc != sqlite_ok) return refused(rc, "check");
  if (version > migrations().back().to) {
    const int told = told_version(db, rc);
    if (rc != sqlite_ok) return refused(rc, "check");
    if (told != version) {
      return damaged("its header says schema " + std::to_string(version) +
                     ", which its tables do not");
    }
    db.close();
    return Error{Error::Kind::newer,
                 "'" + path + "' was written by a newer Tributary (schema " +
                     std::to_string(version) + ", this one knows " +
                     std::to_string(migrations().back().to) +
                     "); it was left as it is. Install that version, or set gateway.data_dir "
                     "to an empty directory: the state comes back from peers and devices."};
  }
  if (version < 0 || schema != sound_schema(version)) {
    return damaged("its tables are not those of schema " + std::to_string(version));
  }
  return std::nullopt;
}

// A page that cannot be read looks like damage to the check, and must not cost the database: the
// disk may be well again at the next try.
std::optional<Error> Store::Impl::check_pages() {
  int rc = sqlite_ok;
  std::string verdict;
  for (int attempt = 0; attempt < 2; ++attempt) {
    verdict = db.text("PRAGMA quick_check(1)", rc);
    if (rc != sqlite_ok) return refused(rc, "check");
    if (verdict == "ok") return std::nullopt;
    if ((rc = db.read_through()) != sqlite_ok) return explain(rc, unreadable, "read", path);
  }
  return damaged(verdict);
}

std::optional<Error> Store::Impl::check_file() {
  if (std::optional<Error> e = check_schema()) return e;
  // Also takes the exclusive lock for good, before anything is written.
  int rc = db.exec("BEGIN IMMEDIATE; COMMIT");
  if (rc != sqlite_ok && kind_of(rc) == Error::Kind::busy) return busy();
  if (rc != sqlite_ok) return refused(rc, "check");
  rc = drop_views(db);
  if (rc != sqlite_ok) return refused(rc, "check");
  if (std::optional<Error> e = check_pages()) return e;
  // What the log holds may never have reached the disk (a sync that failed, then a restart): it
  // must be safe before a page of the database is overwritten, or a power cut leaves neither. Then
  // it is copied back, which also leaves the log empty.
  rc = db.rewrite_log();
  if (rc != sqlite_ok) return explain(rc, "its log cannot be written anew", "check", path);
  rc = migrate(db, migrations());
  if (rc == sqlite_error) return failed(rc, "bring up to date");  // a step of ours, not the file
  if (rc == sqlite_ok) rc = db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  if (rc != sqlite_ok) return refused(rc, "check");
  return std::nullopt;
}

std::optional<Error> Store::Impl::check_owner() {
  int rc = sqlite_ok;
  std::optional<Owner> found = read_owner(db, rc);
  if (rc != sqlite_ok && kind_of(rc) != Error::Kind::corrupt) return failed(rc, "read");
  if (!found) return damaged("its owner row is missing or does not match its checksum");
  const Identity& is = found->identity;
  const Identity& wanted = options.identity;
  if (is.fleet != wanted.fleet || is.gateway != wanted.gateway) {
    db.close();
    return Error{Error::Kind::foreign, "'" + path + "' belongs to gateway '" + is.gateway +
                                           "' of fleet '" + is.fleet + "', not to '" +
                                           wanted.gateway + "' of '" + wanted.fleet +
                                           "'; it was left as it is. Set gateway.id and "
                                           "gateway.fleet back, or gateway.data_dir to "
                                           "another directory."};
  }
  owner = *std::move(found);
  return std::nullopt;
}

std::optional<Error> Store::Impl::prepare() {
  const std::pair<Statement*, const char*> all[] = {
      {&begin, "BEGIN IMMEDIATE"},
      {&end, "COMMIT"},
      {&insert_envelope,
       "INSERT OR REPLACE INTO envelope(row, hash, device, epoch, from_op, to_op, bytes) "
       "VALUES(?, ?, ?, ?, ?, ?, ?)"},
      {&erase_envelope, "DELETE FROM envelope WHERE row = ?"},
      {&put_actor,
       "INSERT OR REPLACE INTO actor(row, device, epoch, heard_at_ms, intake) VALUES(?, ?, ?, ?, "
       "?)"},
      {&forget_actor, "DELETE FROM actor WHERE row = ?"},
      {&put_value,
       "INSERT INTO value(key, type, value, contributors, at_ms) VALUES(?, ?, ?, ?, ?) "
       "ON CONFLICT(key, type) DO UPDATE SET value = excluded.value, "
       "contributors = excluded.contributors, at_ms = excluded.at_ms"},
      {&forget_values, "DELETE FROM value"},
      // NOT EXISTS: a commit that is repeated after a doubt must not list a thing twice.
      {&put_dead_letter,
       "INSERT INTO dead_letter(at_ms, topic, reason, bytes) SELECT ?1, ?2, ?3, ?4 "
       "WHERE NOT EXISTS (SELECT 1 FROM dead_letter "
       "WHERE at_ms = ?1 AND topic = ?2 AND reason = ?3 AND bytes = ?4)"},
      {&trim_dead_letters,
       "DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?"},
      {&put_quarantine,
       "INSERT INTO quarantine(at_ms, row, hash, reason, bytes) SELECT ?1, ?2, ?3, ?4, ?5 "
       "WHERE NOT EXISTS (SELECT 1 FROM quarantine WHERE row = ?2 AND hash = ?3)"},
      {&trim_quarantine, "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?"},
  };
  for (const auto& [statement, sql] : all) {
    if (const int rc = statement->prepare(db, sql)) return refused(rc, "prepare");
  }
  return std::nullopt;
}

void Store::Impl::disconnect() {
  if (snapshot) {
    const std::string at = beside();
    snapshot.reset();
    remove_database(files(), at);
  }
  for (Statement* s :
       {&begin, &end, &insert_envelope, &erase_envelope, &put_actor, &forget_actor, &put_value,
        &forget_values, &put_dead_letter, &trim_dead_letters, &put_quarantine, &trim_quarantine}) {
    s->finalize();
  }
  if (broken) {
    db.abandon();
  } else {
    db.close();
  }
}

}  // namespace tributary::store
