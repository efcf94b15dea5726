// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/store/files.h"
#include "gateway/store/impl.h"

namespace tributary::store {
namespace {

constexpr std::size_t dead_letter_bytes_max = 65'536;

}  // namespace

int Store::Impl::write(const Commit& commit) {
  int rc = begin.run();
  if (rc == sqlite_ok) rc = write_rows(commit);
  if (rc == sqlite_ok) rc = write_notes(commit);
  if (rc == sqlite_ok) rc = end.run();
  return rc;
}

int Store::Impl::write_rows(const Commit& commit) {
  int rc = sqlite_ok;
  for (const EnvelopeRow& e : commit.insert) {
    rc = insert_envelope.run(e.row, Blob{e.hash}, std::string_view(e.device), e.epoch, e.from, e.to,
                             Blob{e.bytes});
    if (rc != sqlite_ok) return rc;
  }
  // In order: neighbours are on one page.
  std::vector<std::uint64_t> erase = commit.erase;
  std::sort(erase.begin(), erase.end());
  for (const std::uint64_t row : erase) {
    if ((rc = erase_envelope.run(row)) != sqlite_ok) return rc;
  }
  for (const ActorRow& a : commit.actors) {
    rc = put_actor.run(a.row, std::string_view(a.device), a.epoch, a.heard_at_ms, Blob{a.intake});
    if (rc != sqlite_ok) return rc;
  }
  for (const std::uint64_t row : commit.forget_actors) {
    if ((rc = forget_actor.run(row)) != sqlite_ok) return rc;
  }
  return rc;
}

int Store::Impl::write_notes(const Commit& commit) {
  int rc = commit.forget_values ? forget_values.run() : sqlite_ok;
  if (rc != sqlite_ok) return rc;
  for (const ValueRow& v : commit.values) {
    rc = put_value.run(std::string_view(v.key), std::string_view(v.type), std::string_view(v.value),
                       v.contributors, v.at_ms);
    if (rc != sqlite_ok) return rc;
  }
  for (const DeadLetterRow& d : commit.dead_letters) {
    const std::string_view bytes = std::string_view(d.bytes).substr(0, dead_letter_bytes_max);
    rc = put_dead_letter.run(d.at_ms, std::string_view(d.topic), std::string_view(d.reason),
                             Blob{bytes});
    if (rc != sqlite_ok) return rc;
  }
  for (const QuarantineRow& q : commit.quarantine) {
    rc =
        put_quarantine.run(q.at_ms, q.row, Blob{q.hash}, std::string_view(q.reason), Blob{q.bytes});
    if (rc == sqlite_ok) rc = erase_envelope.run(q.row);
    if (rc != sqlite_ok) return rc;
  }
  if (!commit.dead_letters.empty())
    rc = trim_dead_letters.run(std::uint64_t{options.dead_letters_max});
  if (rc == sqlite_ok && !commit.quarantine.empty()) {
    rc = trim_quarantine.run(std::uint64_t{options.quarantine_max});
  }
  return rc;
}

Result<std::unique_ptr<Store>, Error> Store::open(const std::string& path, const Options& options) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->options = options;
  const FileState file = impl->files().state(path);
  // Never to be taken for one that is not there: another would be made in its place.
  if (file.failed) return Failure{system_error(file.failed, "look at", path)};
  if (file.directory) {
    return Failure{
        Error{Error::Kind::foreign, "'" + path + "' is a directory, not a database. Name a file."}};
  }
  // An empty file holds nothing to lose: it is as good as none.
  if (file.bytes == 0) {
    if (!options.create) {
      return Failure{
          Error{Error::Kind::io, "there is no database at '" + path +
                                     "'. Check gateway.data_dir, or start the gateway once."}};
    }
    if (std::optional<Error> e = impl->create()) return Failure{*std::move(e)};
  }
  if (std::optional<Error> e = impl->connect()) return Failure{*std::move(e)};
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() {
  impl_->disconnect();
}

std::uint64_t Store::incarnation() const {
  return impl_->owner.incarnation;
}
bool Store::created() const {
  return impl_->made;
}

namespace {

constexpr const char* envelope_columns =
    "SELECT row, hash, device, epoch, from_op, to_op, bytes FROM envelope ";

std::uint64_t read_envelopes(Statement& rows, const Store::Visitor& visitor) {
  std::uint64_t count = 0;
  for (; rows.next(); ++count) {
    EnvelopeRow row;
    row.row = rows.number(0);
    row.hash = rows.bytes(1);
    row.device = rows.bytes(2);
    row.epoch = rows.number(3);
    row.from = rows.number(4);
    row.to = rows.number(5);
    row.bytes = rows.bytes(6);
    if (visitor.envelope) visitor.envelope(std::move(row));
  }
  return count;
}

constexpr const char* actor_columns = "SELECT row, device, epoch, heard_at_ms, intake FROM actor ";

std::uint64_t read_actors(Statement& actors, const Store::Visitor& visitor) {
  std::uint64_t count = 0;
  for (; actors.next(); ++count) {
    ActorRow row;
    row.row = actors.number(0);
    row.device = actors.bytes(1);
    row.epoch = actors.number(2);
    row.heard_at_ms = actors.number(3);
    row.intake = actors.bytes(4);
    if (visitor.actor) visitor.actor(std::move(row));
  }
  return count;
}

std::uint64_t read_actors(Connection& db, const Store::Visitor& visitor, int& rc) {
  Statement actors(db, (std::string(actor_columns) + "ORDER BY row").c_str());
  const std::uint64_t count = read_actors(actors, visitor);
  rc = actors.rc();
  return count;
}

}  // namespace

std::uint64_t read_rows(Connection& db, const Store::Visitor& visitor, int& rc) {
  Statement envelopes(db, (std::string(envelope_columns) + "ORDER BY row").c_str());
  const std::uint64_t count = read_envelopes(envelopes, visitor);
  if ((rc = envelopes.rc()) == sqlite_ok) read_actors(db, visitor, rc);
  return count;
}

// Whatever was read: how it ended.
Result<std::uint64_t, Error> Store::Impl::read(std::uint64_t count, int rc) {
  if (rc == sqlite_ok) return count;
  const Error e = failed(rc, "read");
  return Failure{e.kind == Error::Kind::corrupt ? damaged(db.message()) : e};
}

Result<std::uint64_t, Error> Store::load(const Visitor& visitor) {
  int rc = sqlite_ok;
  const std::uint64_t count = read_rows(impl_->db, visitor, rc);
  return impl_->read(count, rc);
}

Result<std::uint64_t, Error> Store::load_actors(const Visitor& visitor) {
  int rc = sqlite_ok;
  const std::uint64_t count = read_actors(impl_->db, visitor, rc);
  return impl_->read(count, rc);
}

// A damaged file is closed: statements end before.
Result<std::uint64_t, Error> Store::glance(const Glance& glance) {
  std::uint64_t count = 0;
  const auto look = [&] {
    Statement rows(impl_->db, "SELECT row, device, epoch FROM envelope ORDER BY row");
    for (; rows.next(); ++count) glance(rows.number(0), rows.bytes(1), rows.number(2));
    return rows.rc();
  };
  const int rc = look();
  return impl_->read(count, rc);
}

Result<std::uint64_t, Error> Store::load_some(std::uint64_t after_row, std::size_t max,
                                              const Visitor& visitor) {
  std::uint64_t count = 0;
  const auto look = [&] {
    const std::string sql = std::string(envelope_columns) + "WHERE row > ? ORDER BY row LIMIT ?";
    Statement rows(impl_->db, sql.c_str());
    rows.start(after_row, std::uint64_t{max});
    count = read_envelopes(rows, visitor);
    return rows.rc();
  };
  const int rc = look();
  return impl_->read(count, rc);
}

Result<std::uint64_t, Error> Store::load_rows(const std::vector<std::uint64_t>& wanted,
                                              const Visitor& visitor) {
  std::uint64_t count = 0;
  const auto look = [&] {
    Statement rows(impl_->db, (std::string(envelope_columns) + "WHERE row = ?").c_str());
    for (auto row = wanted.begin(); row != wanted.end() && rows.rc() == sqlite_ok; ++row) {
      rows.start(*row);
      count += read_envelopes(rows, visitor);
    }
    return rows.rc();
  };
  const int rc = look();
  return impl_->read(count, rc);
}

Result<core::ReadRows, Error> Store::read(const core::RowsWanted& wanted) {
  if (impl_->broken) return Failure{impl_->must_reopen()};
  core::ReadRows out;
  const Visitor visitor{
      .envelope = [&](EnvelopeRow&& row) { out.envelopes.push_back(std::move(row)); },
      .actor = [&](ActorRow&& row) { out.actors.push_back(std::move(row)); }};
  if (auto read = load_rows(wanted.envelopes, visitor); !read) return Failure{read.error()};
  std::uint64_t count = 0;
  const auto look = [&] {
    Statement rows(impl_->db, (std::string(actor_columns) + "WHERE row = ?").c_str());
    for (auto row = wanted.actors.begin(); row != wanted.actors.end() && rows.rc() == sqlite_ok;
         ++row) {
      rows.start(*row);
      count += read_actors(rows, visitor);
    }
    return rows.rc();
  };
  const int rc = look();
  if (auto read = impl_->read(count, rc); !read) return Failure{read.error()};
  return out;
}

Error Store::Impl::must_reopen() const {
  return {Error::Kind::io,
          "the database '" + path + "' had a failed write and must be reopened first"};
}

Result<bool, Error> Store::commit(const Commit& commit) {
  if (impl_->broken) {
    return Failure{impl_->must_reopen()};
  }
  // A file without a name is gone with the process: nothing may be acknowledged from it.
  if (impl_->db.moved()) return Failure{impl_->gone()};
  const int rc = impl_->write(commit);
  if (rc == sqlite_ok) return true;
  const Error e = impl_->failed(rc, "write to");  // before the rollback changes the message
  const std::string detail = impl_->db.message();
  impl_->db.roll_back();
  // Now, and not at the next open: its check does not look everywhere.
  if (e.kind == Error::Kind::corrupt) return Failure{impl_->damaged(detail)};
  impl_->broken = e.kind != Error::Kind::full;
  return Failure{e};
}

Result<bool, Error> Store::reopen() {
  const FileState file = impl_->files().state(impl_->path);
  if (file.failed) return Failure{system_error(file.failed, "look at", impl_->path)};
  if (!file.exists) return Failure{impl_->gone()};
  const std::uint64_t incarnation = impl_->owner.incarnation;
  impl_->broken = true;  // whatever stands in the log is judged by the open, not by the close
  impl_->disconnect();
  if (std::optional<Error> e = impl_->connect()) return Failure{*std::move(e)};
  if (impl_->owner.incarnation != incarnation) {
    impl_->disconnect();
    return Failure{
        Error{Error::Kind::foreign, "'" + impl_->path +
                                        "' is not the database it was (its incarnation changed). "
                                        "Somebody replaced the file: start the gateway again."}};
  }
  impl_->broken = false;
  return true;
}

Result<std::string, Error> Store::set_aside() {
  impl_->broken = true;
  impl_->disconnect();
  std::string moved_to;
  if (const int number = move_aside(impl_->files(), impl_->path, moved_to)) {
    return Failure{system_error(number, "move aside", impl_->path)};
  }
  return moved_to;
}

Result<bool, Error> Store::begin_snapshot(const std::string& to_path) {
  FileSystem& files = impl_->files();
  const bool exists = files.state(to_path).exists;
  if (impl_->broken) return Failure{impl_->must_reopen()};
  const bool older =
      exists && !same_file(to_path, impl_->path) && judge(file_head(to_path, 100)) == Head::ours;
  if (exists && !older) {
    return Failure{Error{Error::Kind::io, "'" + to_path +
                                              "' exists already and is not a snapshot. Choose "
                                              "another name for the snapshot."}};
  }
  impl_->snapshot.emplace();
  impl_->snapshot->to = to_path;
  const std::string at = impl_->beside();
  remove_database(files, at);
  Connection& file = impl_->snapshot->file;
  int rc = file.open(at, Connection::Mode::create, impl_->options.vfs);
  // It is synced once, when it is whole, and thrown away when it does not become so.
  if (rc == sqlite_ok) rc = file.exec("PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF");
  if (rc == sqlite_ok) rc = impl_->snapshot->copy.begin(impl_->db, file);
  if (rc != sqlite_ok) return Failure{impl_->give_up(rc)};
  return true;
}

Result<bool, Error> Store::step_snapshot(std::uint32_t pages) {
  if (!impl_->snapshot) {
    return Failure{Error{Error::Kind::io,
                         "the copy was given up because the database had to be opened again. "
                         "Start it once more."}};
  }
  bool done = false;
  const int rc = impl_->snapshot->copy.step(static_cast<int>(pages), done);
  if (rc != sqlite_ok) return Failure{impl_->give_up(rc)};
  if (!done) return false;
  if (std::optional<Error> e = impl_->finish_snapshot()) return Failure{*std::move(e)};
  return true;
}

Result<bool, Error> Store::snapshot(const std::string& to_path) {
  if (const auto begun = begin_snapshot(to_path); !begun) return begun;
  while (true) {
    const auto done = step_snapshot(1'024);
    if (!done || *done) return done;
  }
}

// The copy has the original's mode, which is with a log: one file is what is wanted.
int settle_copy(Connection& file) {
  int rc = file.exec("PRAGMA locking_mode=EXCLUSIVE");
  if (rc == sqlite_ok) rc = file.exec("PRAGMA journal_mode=DELETE");
  if (rc == sqlite_ok) rc = drop_views(file);
  if (rc == sqlite_ok) rc = make_views(file);
  return rc;
}

Error Store::Impl::give_up(int rc) {
  const Error e = explain(rc, snapshot->file.message(), "copy the database to", snapshot->to);
  const std::string at = beside();
  snapshot.reset();
  remove_database(files(), at);
  return e;
}

std::optional<Error> Store::Impl::finish_snapshot() {
  const std::string at = beside(), to = snapshot->to;
  int rc = snapshot->copy.end();
  if (rc == sqlite_ok) rc = settle_copy(snapshot->file);
  if (rc != sqlite_ok) return give_up(rc);
  snapshot.reset();
  int number = files().sync(at);
  if (number == 0) number = replace_file(files(), at, to);
  if (number == 0) return std::nullopt;
  remove_database(files(), at);
  return system_error(number, "copy the database to", to);
}

void Store::keep(std::uint32_t dead_letters_max, std::uint32_t quarantine_max) {
  impl_->options.dead_letters_max = dead_letters_max;
  impl_->options.quarantine_max = quarantine_max;
}

std::uint64_t Store::file_bytes() const {
  FileSystem& files = impl_->files();
  return files.state(impl_->path).bytes + files.state(impl_->path + "-wal").bytes;
}

}  // namespace tributary::store
