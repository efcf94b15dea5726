// SPDX-License-Identifier: Apache-2.0
// What a Store is made of. Private to this folder: open.cc brings it up, store.cc uses it.
#pragma once
#include <optional>
#include <string>

#include "gateway/store/files.h"
#include "gateway/store/schema.h"
#include "gateway/store/sqlite.h"
#include "gateway/store/store.h"

namespace tributary::store {

// Calls the visitor for every row; `rc` tells how it ended.
std::uint64_t read_rows(Connection&, const Store::Visitor&, int& rc);

// Makes a finished PageCopy one file for people and sqlite3. A result code.
int settle_copy(Connection& file);

// An errno number in the words of an Error.
Error system_error(int number, const std::string& doing, const std::string& path);

struct Store::Impl {
  std::string path;
  Options options;
  Owner owner;
  bool made = false;
  bool broken = false;  // after a failed write or sync: nothing but reopen()
  Connection db;

  Statement begin, end;
  Statement insert_envelope, erase_envelope, put_actor, forget_actor, put_value, forget_values;
  Statement put_dead_letter, trim_dead_letters, put_quarantine, trim_quarantine;

  std::optional<Error> create();
  std::optional<Error> build(const std::string& at);
  std::optional<Error> connect();
  std::optional<Error> check_schema();
  std::optional<Error> check_file();
  std::optional<Error> check_pages();
  std::optional<Error> check_owner();
  std::optional<Error> prepare();
  void disconnect();
  FileSystem& files() const { return options.files ? *options.files : system_files(); }

  struct Snapshot {
    std::string to;
    Connection file;
    PageCopy copy;
  };
  std::optional<Snapshot> snapshot;
  std::string beside() const { return snapshot->to + ".new"; }
  std::optional<Error> finish_snapshot();
  Error give_up(int rc);

  Result<std::uint64_t, Error> read(std::uint64_t count, int rc);
  int write(const Commit&);
  int write_rows(const Commit&);
  int write_notes(const Commit&);

  Error failed(int rc, const std::string& doing) const;
  Error refused(int rc, const std::string& doing);
  Error damaged(const std::string& detail);
  Error must_reopen() const;
  Error busy() const;
  Error gone() const;
  Error failed_erase(int rc);
};

}  // namespace tributary::store
