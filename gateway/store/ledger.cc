// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/ledger.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "gateway/store/sqlite.h"

namespace tributary::store {
namespace {

constexpr std::uint64_t application_id = 1'416'786'764;  // "TrSL"
constexpr std::int64_t schema_version = 1;
constexpr const char* schema =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE vote(closes_ms INTEGER PRIMARY KEY, frame BLOB NOT NULL);"
    "CREATE TABLE seal(closes_ms INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE proof(gateway TEXT NOT NULL, closes_ms INTEGER NOT NULL, first BLOB NOT NULL,"
    " second BLOB NOT NULL, PRIMARY KEY(gateway, closes_ms)) WITHOUT ROWID;"
    "PRAGMA application_id=1416786764; PRAGMA user_version=1;"
    "COMMIT";

}  // namespace

struct Ledger::Impl {
  std::string path;
  std::size_t kept = kept_max;
  Connection db;
  std::uint64_t since_ms = 0;
  bool begun_now = false;
  std::string note;

  [[noreturn]] void fail(int rc, const char* doing) {
    throw Failed(std::string("cannot ") + doing + " '" + path + "': " + db.message() +
                 " (SQLite code " + std::to_string(rc) + ")");
  }
  void need(int rc, const char* doing) {
    if (rc == sqlite_ok) return;
    db.roll_back();
    fail(rc, doing);
  }

  int connect() {
    int rc = db.open(path, Connection::Mode::create);
    if (rc == sqlite_ok) {
      rc = db.exec(
          "PRAGMA busy_timeout=2000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
          "PRAGMA journal_size_limit=1048576; PRAGMA cache_size=-512");
    }
    const auto id = rc == sqlite_ok ? db.integer("PRAGMA application_id", rc) : 0;
    const auto tables = rc == sqlite_ok ? db.integer("SELECT count(*) FROM sqlite_schema", rc) : 0;
    if (rc == sqlite_ok && id == 0 && tables == 0) return db.exec(schema);
    if (rc == sqlite_ok && static_cast<std::uint64_t>(id) != application_id) return sqlite_error;
    const auto version = rc == sqlite_ok ? db.integer("PRAGMA user_version", rc) : 0;
    if (rc == sqlite_ok && version > schema_version) {
      throw Failed("'" + path + "' was written by a newer version (schema " +
                   std::to_string(version) + ", this one reads " + std::to_string(schema_version) +
                   "): use that one");
    }
    if (rc == sqlite_ok && db.text("PRAGMA quick_check", rc) != "ok" && rc == sqlite_ok)
      return sqlite_error;
    return rc;
  }

  void move_aside() {
    db.close();
    std::error_code ignored;
    const std::string aside = path + ".damaged";
    std::filesystem::rename(path, aside, ignored);
    std::filesystem::rename(path + "-wal", aside + "-wal", ignored);
    std::filesystem::remove(path + "-shm", ignored);
    note = "'" + path + "' cannot be read, and was moved to '" + aside +
           "': nothing is cosigned for windows that opened before now";
  }

  std::uint64_t meta(const char* name, bool& there) {
    Statement get(db, "SELECT value FROM meta WHERE name = ?");
    get.start(std::string_view(name));
    there = get.next();
    const std::uint64_t value = there ? get.number(0) : 0;
    if (get.rc() != sqlite_ok && !there) fail(get.rc(), "read");
    get.reset();
    return value;
  }
  int put_meta(const char* name, std::uint64_t value) {
    Statement put(db, "INSERT OR REPLACE INTO meta(name, value) VALUES(?, ?)");
    return put.run(std::string_view(name), value);
  }

  std::vector<Row> rows(const char* sql) {
    std::vector<Row> out;
    Statement all(db, sql);
    while (all.next()) out.push_back({all.number(0), all.bytes(1)});
    if (all.rc() != sqlite_ok) fail(all.rc(), "read");
    return out;
  }

  // What goes may have been a vote: no other is given for a window as old.
  int trim_votes() {
    int rc = sqlite_ok;
    const std::string sql =
        "SELECT coalesce((SELECT closes_ms FROM vote ORDER BY closes_ms DESC "
        "LIMIT 1 OFFSET " +
        std::to_string(kept) + "), 0)";
    const auto floor = static_cast<std::uint64_t>(db.integer(sql.c_str(), rc));
    if (rc != sqlite_ok || floor == 0) return rc;
    Statement drop(db, "DELETE FROM vote WHERE closes_ms <= ?");
    rc = put_meta("floor", floor);
    return rc == sqlite_ok ? drop.run(floor) : rc;
  }
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::~Ledger() = default;

std::unique_ptr<Ledger> Ledger::open(const std::string& path, const Options& options) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->kept = options.kept;
  int rc = impl->connect();
  if (rc != sqlite_ok && (kind_of(rc) == Error::Kind::corrupt || rc == sqlite_error)) {
    impl->move_aside();
    rc = impl->connect();
  }
  if (rc != sqlite_ok) impl->fail(rc, "open");
  bool there = false;
  const std::uint64_t life = impl->meta("life", there);
  if (there && life == options.life) {
    impl->since_ms = impl->meta("since_ms", there);
  } else {
    // What a database that is gone has voted for is not known, nor what an older copy lacks.
    impl->begun_now = true;
    impl->since_ms = std::max(options.now_ms, impl->meta("since_ms", there));
    impl->need(impl->db.in_transaction([&] {
      const int wrote = impl->put_meta("life", options.life);
      return wrote == sqlite_ok ? impl->put_meta("since_ms", impl->since_ms) : wrote;
    }),
               "write to");
  }
  return std::unique_ptr<Ledger>(new Ledger(std::move(impl)));
}

std::uint64_t Ledger::since_ms() const {
  return impl_->since_ms;
}

void Ledger::raise_since(std::uint64_t ms) {
  if (ms <= impl_->since_ms) return;
  impl_->need(impl_->put_meta("since_ms", ms), "write to");
  impl_->since_ms = ms;
}

bool Ledger::begun_now() const {
  return impl_->begun_now;
}

const std::string& Ledger::note() const {
  return impl_->note;
}

std::vector<Ledger::Row> Ledger::votes() {
  return impl_->rows("SELECT closes_ms, frame FROM vote ORDER BY closes_ms");
}

std::vector<Ledger::Row> Ledger::seals() {
  return impl_->rows("SELECT closes_ms, bytes FROM seal ORDER BY closes_ms");
}

bool Ledger::keep_vote(std::uint64_t closes_ms, std::string_view frame) {
  bool there = false;
  if (closes_ms <= impl_->meta("floor", there)) return false;
  bool kept = true;
  impl_->need(impl_->db.in_transaction([&] {
    Statement held(impl_->db, "SELECT frame FROM vote WHERE closes_ms = ?");
    held.start(closes_ms);
    if (held.next()) {
      kept = held.bytes(0) == frame;
      held.reset();
      return sqlite_ok;
    }
    Statement put(impl_->db, "INSERT INTO vote(closes_ms, frame) VALUES(?, ?)");
    const int rc = held.rc() == sqlite_ok ? put.run(closes_ms, Blob{frame}) : held.rc();
    return rc == sqlite_ok ? impl_->trim_votes() : rc;
  }),
              "write to");
  return kept;
}

void Ledger::keep_seal(std::uint64_t closes_ms, std::string_view bytes) {
  impl_->need(impl_->db.in_transaction([&] {
    Statement put(impl_->db, "INSERT OR IGNORE INTO seal(closes_ms, bytes) VALUES(?, ?)");
    const int rc = put.run(closes_ms, Blob{bytes});
    if (rc != sqlite_ok) return rc;
    return impl_->db.exec(("DELETE FROM seal WHERE closes_ms <= (SELECT closes_ms FROM seal ORDER "
                           "BY closes_ms DESC LIMIT 1 OFFSET " +
                           std::to_string(impl_->kept) + ")")
                              .c_str());
  }),
              "write to");
}

void Ledger::keep_proof(const Proof& p) {
  Statement put(
      impl_->db,
      "INSERT OR IGNORE INTO proof(gateway, closes_ms, first, second) VALUES(?, ?, ?, ?)");
  impl_->need(put.run(std::string_view(p.gateway), p.closes_ms, Blob{p.first}, Blob{p.second}),
              "write to");
}

std::vector<Ledger::Proof> Ledger::proofs() {
  std::vector<Proof> out;
  Statement all(impl_->db,
                "SELECT gateway, closes_ms, first, second FROM proof ORDER BY gateway, closes_ms");
  while (all.next()) out.push_back({all.bytes(0), all.number(1), all.bytes(2), all.bytes(3)});
  if (all.rc() != sqlite_ok) impl_->fail(all.rc(), "read");
  return out;
}

}  // namespace tributary::store
