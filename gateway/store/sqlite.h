// SPDX-License-Identifier: Apache-2.0
// A connection and its prepared statements, no more than the store needs. Private to this folder
// and to gateway/history.
//
//   Connection db;
//   int rc = db.open(path, Connection::Mode::existing);
//   Statement insert(db, "INSERT INTO t VALUES(?, ?)");
//   rc = insert.run(std::uint64_t{1}, Blob{bytes});
//
// Every rc is an extended SQLite result code, 0 when well. Integers are stored as the same 64 bits,
// signed.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/store/store.h"

struct sqlite3;
struct sqlite3_backup;
struct sqlite3_stmt;

namespace tributary::store {

inline constexpr int sqlite_ok = 0;
inline constexpr int sqlite_error = 1;  // SQL that does not fit the file

class Connection {
 public:
  enum class Mode : std::uint8_t { existing, create };
  Connection() = default;
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `vfs`: the name of SQLite's layer beneath; empty: the usual one.
  int open(const std::string& path, Mode mode, const std::string& vfs = {});
  // Without the checkpoint that a last close usually makes: after a failed sync nothing may be
  // copied.
  void abandon();
  void close();

  int exec(const char* sql);
  // Between BEGIN IMMEDIATE and COMMIT; rolled back by whoever is told that it failed.
  int in_transaction(const std::function<int()>& work);
  // The first column of the first row; all of it is run, for what fails at its end. `rc` tells
  // whether it is worth anything.
  std::int64_t integer(const char* sql, int& rc);
  std::string text(const char* sql, int& rc);
  // By SQLite's own descriptors: another one, when closed, would drop the locks that this process
  // holds on the file.
  // The first bytes of the file as they stand there, fewer when it is shorter.
  int head(std::size_t size, std::string& out);
  // Reads the file and its log from end to end: whether every byte can be read, whatever it says.
  int read_through();
  // Writes the log's own bytes over it and syncs them. After a sync that failed, earlier or in
  // another life, the system may show pages that the disk never got, and a plain sync would not
  // write them. REQUIRES: a transaction was run since open().
  int rewrite_log();
  bool read_only() const;
  bool moved() const;  // the path no longer leads to the file that is open
  void roll_back();

  // What went wrong last, for people.
  std::string message() const;
  sqlite3* handle() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  Statement() = default;
  Statement(Connection& db, const char* sql) { rc_ = prepare(db, sql); }
  ~Statement() { finalize(); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  int prepare(Connection& db, const char* sql);
  void finalize();

  // Binds everything in order, runs to the end, and is ready to run again.
  template <class... A>
  int run(const A&... arguments) {
    if (rc_ != sqlite_ok) return rc_;
    int index = 0;
    int rc = sqlite_ok;
    ((rc = rc == sqlite_ok ? bind(++index, arguments) : rc), ...);
    return rc == sqlite_ok ? finish() : rc;
  }
  // The same, then next() gives the rows; start() again for others.
  template <class... A>
  void start(const A&... arguments) {
    reset();
    int index = 0;
    ((rc_ = rc_ == sqlite_ok ? bind(++index, arguments) : rc_), ...);
  }
  // True while there is a row. REQUIRES: rc() tells apart the end and a failure afterwards.
  bool next();
  int rc() const { return rc_; }
  // Ends what start() began: it holds its view of the file until then.
  void reset();
  std::uint64_t number(int column) const;
  double real(int column) const;
  std::string bytes(int column) const;

 private:
  int bind(int index, std::uint64_t value);
  int bind(int index, double value);  // a whole number is stored as one, in fewer bytes
  int bind(int index, std::string_view text);
  int bind(int index, Blob blob);
  int finish();

  sqlite3_stmt* statement_ = nullptr;
  int rc_ = sqlite_ok;
};

// A page-by-page copy into another file (SQLite's online backup): what is committed on `from`
// meanwhile is in the copy, too. Both connections must outlive it.
class PageCopy {
 public:
  PageCopy() = default;
  ~PageCopy() { end(); }
  PageCopy(const PageCopy&) = delete;
  PageCopy& operator=(const PageCopy&) = delete;

  int begin(Connection& from, Connection& to);
  // `done`: every page is there; end() tells whether it is well.
  int step(int pages, bool& done);
  int end();
  bool under_way() const { return backup_ != nullptr; }

 private:
  sqlite3_backup* backup_ = nullptr;
};

// The kind of a result code.
Error::Kind kind_of(int rc);
// "cannot write to 'a.db': disk full (…). Free some space; …"
Error explain(int rc, const std::string& detail, const std::string& doing, const std::string& path);

}  // namespace tributary::store
