// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tributary::store {
namespace {

sqlite3_file* file_of(sqlite3* db, int which) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db, "main", which, &file);
  return file && file->pMethods ? file : nullptr;
}

// Reads a file in pieces and hands each to `use`(file, bytes, offset), which may fail.
template <class Use>
int each_piece(sqlite3_file* file, const Use& use) {
  constexpr sqlite3_int64 piece_bytes = 65'536;
  sqlite3_int64 length = 0;
  int rc = file ? file->pMethods->xFileSize(file, &length) : SQLITE_OK;
  std::string bytes;
  for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < length; at += piece_bytes) {
    bytes.resize(static_cast<std::size_t>(std::min(piece_bytes, length - at)));
    rc = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), at);
    if (rc == SQLITE_OK) rc = use(file, bytes, at);
  }
  return rc;
}

}  // namespace

int Connection::open(const std::string& path, Mode mode, const std::string& vfs) {
  close();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::create ? SQLITE_OPEN_CREATE : 0);
  const int rc = sqlite3_open_v2(path.c_str(), &db_, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (rc == SQLITE_OK) sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return rc;
}

void Connection::abandon() {
  if (db_) sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  close();
}

void Connection::close() {
  // v2: a statement that still lives keeps the connection until it goes, instead of leaking it.
  sqlite3_close_v2(db_);
  db_ = nullptr;
}

int Connection::exec(const char* sql) {
  return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
}

std::int64_t Connection::integer(const char* sql, int& rc) {
  Statement query(*this, sql);
  const std::int64_t value = query.next() ? static_cast<std::int64_t>(query.number(0)) : 0;
  while (query.next()) {
  }
  rc = query.rc();
  return value;
}

std::string Connection::text(const char* sql, int& rc) {
  Statement query(*this, sql);
  std::string value = query.next() ? query.bytes(0) : std::string();
  while (query.next()) {
  }
  rc = query.rc();
  return value;
}

int Connection::head(std::size_t size, std::string& out) {
  out.clear();
  sqlite3_file* file = file_of(db_, SQLITE_FCNTL_FILE_POINTER);
  if (!file) return SQLITE_OK;
  sqlite3_int64 length = 0;
  if (const int rc = file->pMethods->xFileSize(file, &length)) return rc;
  out.resize(std::min(size, static_cast<std::size_t>(length)));
  return file->pMethods->xRead(file, out.data(), static_cast<int>(out.size()), 0);
}

int Connection::read_through() {
  const auto ignore = [](sqlite3_file*, const std::string&, sqlite3_int64) { return SQLITE_OK; };
  const int rc = each_piece(file_of(db_, SQLITE_FCNTL_FILE_POINTER), ignore);
  return rc != SQLITE_OK ? rc : each_piece(file_of(db_, SQLITE_FCNTL_JOURNAL_POINTER), ignore);
}

int Connection::rewrite_log() {
  sqlite3_file* log = file_of(db_, SQLITE_FCNTL_JOURNAL_POINTER);
  const int rc =
      each_piece(log, [](sqlite3_file* file, const std::string& bytes, sqlite3_int64 at) {
        return file->pMethods->xWrite(file, bytes.data(), static_cast<int>(bytes.size()), at);
      });
  return rc != SQLITE_OK || !log ? rc : log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

bool Connection::read_only() const {
  return sqlite3_db_readonly(db_, "main") == 1;
}

bool Connection::moved() const {
  int answer = 0;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &answer);
  return answer != 0;
}

int Connection::in_transaction(const std::function<int()>& work) {
  int rc = exec("BEGIN IMMEDIATE");
  if (rc == sqlite_ok) rc = work();
  if (rc == sqlite_ok) rc = exec("COMMIT");
  return rc;
}

void Connection::roll_back() {
  if (!sqlite3_get_autocommit(db_)) exec("ROLLBACK");
}

std::string Connection::message() const {
  if (!db_) return "out of memory";
  std::string out = sqlite3_errmsg(db_);
  if (const int number = sqlite3_system_errno(db_)) {
    if (sqlite3_errcode(db_) == SQLITE_IOERR || sqlite3_errcode(db_) == SQLITE_CANTOPEN) {
      out += std::string(": ") + std::strerror(number);
    }
  }
  return out;
}

int Statement::prepare(Connection& db, const char* sql) {
  finalize();
  rc_ = sqlite3_prepare_v3(db.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  return rc_;
}

void Statement::finalize() {
  sqlite3_finalize(statement_);
  statement_ = nullptr;
}

bool Statement::next() {
  if (rc_ != SQLITE_OK || !statement_) return false;
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc != SQLITE_DONE) rc_ = rc;
  return false;
}

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
}

double Statement::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data ? std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)) : "";
}

int Statement::bind(int index, std::uint64_t value) {
  return sqlite3_bind_int64(statement_, index, static_cast<sqlite3_int64>(value));
}

int Statement::bind(int index, double value) {
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  if (value == std::trunc(value) && std::abs(value) <= exact_max) {
    return sqlite3_bind_int64(statement_, index, static_cast<sqlite3_int64>(value));
  }
  return sqlite3_bind_double(statement_, index, value);
}

// STATIC: what is bound lives until finish() returns, and is bound anew before every run. A null
// pointer would be NULL.
int Statement::bind(int index, std::string_view text) {
  return sqlite3_bind_text64(statement_, index, text.data() ? text.data() : "", text.size(),
                             SQLITE_STATIC, SQLITE_UTF8);
}

int Statement::bind(int index, Blob blob) {
  const std::string_view bytes = blob.bytes;
  return sqlite3_bind_blob64(statement_, index, bytes.data() ? bytes.data() : "", bytes.size(),
                             SQLITE_STATIC);
}

void Statement::reset() {
  if (statement_) sqlite3_reset(statement_);
}

int Statement::finish() {
  const int rc = sqlite3_step(statement_);
  sqlite3_reset(statement_);
  return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int PageCopy::begin(Connection& from, Connection& to) {
  end();
  backup_ = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  return backup_ ? SQLITE_OK : sqlite3_extended_errcode(to.handle());
}

int PageCopy::step(int pages, bool& done) {
  const int rc = sqlite3_backup_step(backup_, pages);
  done = rc == SQLITE_DONE;
  return done ? SQLITE_OK : rc;
}

int PageCopy::end() {
  const int rc = sqlite3_backup_finish(backup_);
  backup_ = nullptr;
  return rc;
}

Error::Kind kind_of(int rc) {
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error::Kind::busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error::Kind::corrupt;
    case SQLITE_FULL:
      return Error::Kind::full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return Error::Kind::read_only;
    default:
      return Error::Kind::io;
  }
}

namespace {

const char* advice(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::busy:
      return "Another process has the database: stop it, or give this gateway its own "
             "gateway.data_dir.";
    case Error::Kind::corrupt:
      return "The file is damaged: restart the gateway, which moves it aside and refills from its "
             "peers and devices.";
    case Error::Kind::full:
      return "The disk is full: free some space. Nothing was lost; the gateway goes on by itself.";
    case Error::Kind::read_only:
      return "Make the file and its directory writable for this user, or set gateway.data_dir to "
             "one that is.";
    default:
      return "Check the disk (dmesg, smartctl) and the free space; the gateway tries again.";
  }
}

}  // namespace

const char* name(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::busy:
      return "busy";
    case Error::Kind::foreign:
      return "foreign";
    case Error::Kind::newer:
      return "newer";
    case Error::Kind::corrupt:
      return "corrupt";
    case Error::Kind::full:
      return "full";
    case Error::Kind::read_only:
      return "read-only";
    case Error::Kind::io:
      return "io";
  }
  return "unknown";
}

Error explain(int rc, const std::string& detail, const std::string& doing,
              const std::string& path) {
  const Error::Kind kind = kind_of(rc);
  return {kind, "cannot " + doing + " '" + path + "': " + detail + " (SQLite code " +
                    std::to_string(rc) + "). " + advice(kind)};
}

}  // namespace tributary::store
