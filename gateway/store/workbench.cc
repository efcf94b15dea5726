// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/workbench.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <utility>

#include "gateway/store/files.h"
#include "gateway/store/impl.h"
#include "gateway/store/notes.h"

namespace tributary::store {
namespace {

constexpr int wrong_max = 100;
constexpr std::size_t copy_piece_bytes = 1U << 20U;

Error busy(const std::string& path) {
  const std::optional<int> pid = lock_holder(path);
  return {Error::Kind::busy,
          "the database '" + path + "' is in use by " +
              (pid ? "process " + std::to_string(*pid) : std::string("another process")) +
              ". Stop that gateway, or work on a copy: `tributary backup " + path + " FILE`."};
}

}  // namespace

struct Workbench::Impl {
  std::string path;
  Connection db;
  bool sound = true;  // nothing wrong was seen: its log may be copied back at the end

  std::optional<Error> open();
  Error failed(int rc, const std::string& doing);
};

Error Workbench::Impl::failed(int rc, const std::string& doing) {
  sound = false;
  if (kind_of(rc) == Error::Kind::busy) return busy(path);
  return explain(rc, db.message(), doing, path);
}

std::optional<Error> Workbench::Impl::open() {
  const FileState file = system_files().state(path);
  if (file.failed) return system_error(file.failed, "look at", path);
  if (!file.exists || file.directory || file.bytes == 0) {
    return Error{Error::Kind::io, "there is no database at '" + path +
                                      "'. Name the file gateway.db in the gateway.data_dir, or a "
                                      "backup."};
  }
  int rc = db.open(path, Connection::Mode::existing);
  if (rc != sqlite_ok) return failed(rc, "open");
  std::string head;
  if ((rc = db.head(100, head)) != sqlite_ok) return failed(rc, "read");
  if (judge(head) == Head::foreign) {
    return Error{Error::Kind::foreign, "'" + path + "' is not a Tributary database."};
  }
  if (judge(head) == Head::damaged) {
    sound = false;
    return Error{Error::Kind::corrupt,
                 "'" + path + "' is damaged: its header does not read as a database."};
  }
  rc = db.exec(
      "PRAGMA locking_mode=EXCLUSIVE;"
      "PRAGMA trusted_schema=OFF;"
      "PRAGMA synchronous=FULL");
  // A backup may lie where nobody may write: it can be looked at.
  if (rc == sqlite_ok && !db.read_only()) rc = db.exec("BEGIN IMMEDIATE; COMMIT");
  if (rc != sqlite_ok) return failed(rc, "open");
  const int version = schema_version(db, rc);
  if (rc == sqlite_ok && version > migrations().back().to) {
    return Error{Error::Kind::newer, "'" + path + "' was written by a newer Tributary (schema " +
                                         std::to_string(version) + "). Use that version."};
  }
  return std::nullopt;
}

Workbench::Workbench(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Workbench::~Workbench() {
  if (!impl_->sound) impl_->db.abandon();
}

Result<std::unique_ptr<Workbench>, Error> Workbench::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  std::optional<Error> e = impl->open();
  std::unique_ptr<Workbench> bench(new Workbench(std::move(impl)));
  if (e) return Failure{*std::move(e)};
  return bench;
}

std::vector<std::string> Workbench::wrong() {
  std::vector<std::string> out;
  Statement check(impl_->db, ("PRAGMA integrity_check(" + std::to_string(wrong_max) + ")").c_str());
  while (check.next()) {
    std::string line = check.bytes(0);
    if (line != "ok") out.push_back(std::move(line));
  }
  if (check.rc() != sqlite_ok) out.push_back("cannot be read: " + impl_->db.message());
  int rc = sqlite_ok;
  const int version = schema_version(impl_->db, rc);
  if (rc == sqlite_ok && (version < 0 || schema_text(impl_->db, rc) != sound_schema(version))) {
    out.push_back("its tables are not those of schema " + std::to_string(version));
  }
  if (!read_owner(impl_->db, rc)) {
    out.push_back("the row that says whose it is is missing or does not match its checksum");
  }
  impl_->sound = impl_->sound && out.empty();
  return out;
}

Result<Workbench::About, Error> Workbench::about() {
  About a;
  int rc = sqlite_ok;
  const std::optional<Owner> owner = read_owner(impl_->db, rc);
  if (!owner) {
    impl_->sound = false;
    return Failure{Error{Error::Kind::corrupt,
                         "'" + impl_->path + "' is damaged: it does not say whose it is."}};
  }
  a.identity = owner->identity;
  a.incarnation = owner->incarnation;
  a.schema = schema_version(impl_->db, rc);
  const auto number = [&](const char* sql) {
    return rc == sqlite_ok ? static_cast<std::uint64_t>(impl_->db.integer(sql, rc)) : 0;
  };
  const std::uint64_t page = number("PRAGMA page_size");
  a.bytes = page * number("PRAGMA page_count");
  a.free_bytes = page * number("PRAGMA freelist_count");
  a.envelopes = number("SELECT count(*) FROM envelope");
  a.actors = number("SELECT count(*) FROM actor");
  a.values = number("SELECT count(*) FROM value");
  a.dead_letters = number("SELECT count(*) FROM dead_letter");
  a.quarantined = number("SELECT count(*) FROM quarantine");
  if (rc != sqlite_ok) return Failure{impl_->failed(rc, "read")};
  return a;
}

Result<std::uint64_t, Error> Workbench::load(const Store::Visitor& visitor) {
  int rc = sqlite_ok;
  const std::uint64_t count = read_rows(impl_->db, visitor, rc);
  if (rc != sqlite_ok) return Failure{impl_->failed(rc, "read")};
  return count;
}

Result<std::vector<DeadLetter>, Error> Workbench::dead_letters(std::uint64_t before,
                                                               std::size_t max) {
  int rc = sqlite_ok;
  auto out = read_dead_letters(impl_->db, NotePage{.before = before, .max = max}, rc);
  if (rc != sqlite_ok) return Failure{impl_->failed(rc, "read")};
  return out;
}

Result<std::vector<DeadLetter>, Error> Workbench::dead_letters(
    const std::vector<std::uint64_t>& ids) {
  int rc = sqlite_ok;
  auto out = read_dead_letters(impl_->db, ids, rc);
  if (rc != sqlite_ok) return Failure{impl_->failed(rc, "read")};
  return out;
}

Result<std::vector<Quarantined>, Error> Workbench::quarantine(std::uint64_t before,
                                                              std::size_t max) {
  int rc = sqlite_ok;
  auto out = read_quarantine(impl_->db, NotePage{.before = before, .max = max}, rc);
  if (rc != sqlite_ok) return Failure{impl_->failed(rc, "read")};
  return out;
}

Result<std::uint64_t, Error> Workbench::drop_dead_letters(const std::vector<std::uint64_t>& ids) {
  int rc = sqlite_ok;
  const std::uint64_t dropped = erase_dead_letters(impl_->db, ids, rc);
  if (rc == sqlite_ok) return dropped;
  Error e = impl_->failed(rc, "write to");
  impl_->db.roll_back();
  return Failure{std::move(e)};
}

Result<std::uint64_t, Error> Workbench::drop_dead_letters() {
  int rc = sqlite_ok;
  const std::uint64_t dropped = erase_dead_letters(impl_->db, rc);
  if (rc == sqlite_ok) return dropped;
  Error e = impl_->failed(rc, "write to");
  impl_->db.roll_back();
  return Failure{std::move(e)};
}

Result<bool, Error> Workbench::rename_life(std::uint64_t incarnation) {
  int rc = sqlite_ok;
  std::optional<Owner> owner = read_owner(impl_->db, rc);
  if (!owner) {
    return Failure{Error{Error::Kind::corrupt,
                         "'" + impl_->path + "' is damaged: it does not say whose it is."}};
  }
  owner->incarnation = incarnation;
  rc = impl_->db.in_transaction([&] { return write_owner(impl_->db, *owner); });
  if (rc == sqlite_ok) return true;
  Error e = impl_->failed(rc, "write to");
  impl_->db.roll_back();
  return Failure{std::move(e)};
}

Result<bool, Error> Workbench::copy_to(const std::string& to) {
  FileSystem& files = system_files();
  if (files.state(to).exists) {
    return Failure{Error{Error::Kind::io, "'" + to + "' exists already, and is left as it is."}};
  }
  const std::string at = to + ".new";
  remove_database(files, at);
  Connection file;
  int rc = file.open(at, Connection::Mode::create);
  if (rc == sqlite_ok) rc = file.exec("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
  PageCopy copy;
  if (rc == sqlite_ok) rc = copy.begin(impl_->db, file);
  bool done = false;
  if (rc == sqlite_ok) rc = copy.step(-1, done);
  if (rc == sqlite_ok) rc = copy.end();
  if (rc == sqlite_ok) rc = settle_copy(file);
  if (rc != sqlite_ok) {
    const Error e = explain(rc, file.message(), "copy the database to", to);
    copy.end();
    file.close();
    remove_database(files, at);
    return Failure{e};
  }
  file.close();
  int number = files.sync(at);
  if (number == 0) number = publish_file(files, at, to);
  if (number == 0) return true;
  remove_database(files, at);
  return Failure{system_error(number, "write", to)};
}

Result<bool, Error> Workbench::compact() {
  int rc = drop_views(impl_->db);
  if (rc == sqlite_ok) rc = impl_->db.exec("VACUUM");
  if (rc == sqlite_ok) rc = impl_->db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  if (rc != sqlite_ok) return Failure{impl_->failed(rc, "compact")};
  return true;
}

// --- files

namespace {

int copy_bytes(int from, int to) {
  std::string piece(copy_piece_bytes, '\0');
  while (true) {
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got == 0) return ::fsync(to) == 0 ? 0 : errno;
    if (got < 0) return errno;
    for (ssize_t at = 0; at < got;) {
      const ssize_t put = ::write(to, piece.data() + at, static_cast<std::size_t>(got - at));
      if (put < 0) return errno;
      at += put;
    }
  }
}

}  // namespace

Result<bool, Error> copy_file(const std::string& from, const std::string& to, bool replace) {
  const std::string at = to + ".new";
  const int in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return Failure{system_error(errno, "read", from)};
  const int out = ::open(at.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  int number = out < 0 ? errno : copy_bytes(in, out);
  ::close(in);
  if (out >= 0 && ::close(out) != 0 && number == 0) number = errno;
  FileSystem& files = system_files();
  if (number == 0) {
    number = replace ? replace_file(files, at, to) : publish_file(files, at, to);
  }
  if (number == 0) return true;
  files.remove(at);
  if (number == EEXIST) {
    return Failure{Error{Error::Kind::io, "'" + to + "' exists already, and is left as it is."}};
  }
  return Failure{system_error(number, "write", to)};
}

std::optional<int> holder_of(const std::string& path) {
  return lock_holder(path);
}

}  // namespace tributary::store
