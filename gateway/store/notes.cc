// SPDX-License-Identifier: Apache-2.0
#include "gateway/store/notes.h"

#include <functional>
#include <utility>

#include "gateway/store/impl.h"

namespace tributary::store {
namespace {

constexpr const char* letter_columns = "SELECT id, at_ms, topic, reason, bytes FROM dead_letter";

// Ids are unsigned in 64-bit signed columns.
std::string page_clause(const NotePage& page) {
  return (page.before == 0
              ? ""
              : " WHERE id < " + std::to_string(static_cast<std::int64_t>(page.before))) +
         std::string(" ORDER BY id DESC LIMIT ") + std::to_string(page.max);
}

// Rows until there are bytes enough; the first one always.
template <class Row>
std::vector<Row> rows_of(Statement& query, std::size_t bytes_max,
                         const std::function<Row(Statement&)>& read, int& rc) {
  std::vector<Row> out;
  std::size_t bytes = 0;
  while (query.next()) {
    Row row = read(query);
    bytes += row.row.bytes.size();
    if (bytes > bytes_max && !out.empty()) {
      query.reset();
      return out;
    }
    out.push_back(std::move(row));
  }
  rc = query.rc();
  return out;
}

DeadLetter read_letter(Statement& at) {
  return {.id = at.number(0),
          .row = {.at_ms = at.number(1),
                  .topic = at.bytes(2),
                  .reason = at.bytes(3),
                  .bytes = at.bytes(4)}};
}

Quarantined read_quarantined(Statement& at) {
  return {.id = at.number(0),
          .row = {.at_ms = at.number(1),
                  .row = at.number(2),
                  .hash = at.bytes(3),
                  .reason = at.bytes(4),
                  .bytes = at.bytes(5)}};
}

}  // namespace

std::vector<DeadLetter> read_dead_letters(Connection& db, const NotePage& page, int& rc) {
  Statement query(db, (letter_columns + page_clause(page)).c_str());
  return rows_of<DeadLetter>(query, page.bytes_max, read_letter, rc);
}

std::vector<DeadLetter> read_dead_letters(Connection& db, const std::vector<std::uint64_t>& ids,
                                          int& rc) {
  std::vector<DeadLetter> out;
  Statement query(db, (letter_columns + std::string(" WHERE id = ?")).c_str());
  for (const std::uint64_t id : ids) {
    query.start(id);
    while (query.next()) out.push_back(read_letter(query));
    if ((rc = query.rc()) != sqlite_ok) break;
    query.reset();
  }
  return out;
}

std::vector<Quarantined> read_quarantine(Connection& db, const NotePage& page, int& rc) {
  Statement query(
      db,
      ("SELECT id, at_ms, row, hash, reason, bytes FROM quarantine" + page_clause(page)).c_str());
  return rows_of<Quarantined>(query, page.bytes_max, read_quarantined, rc);
}

std::uint64_t erase_dead_letters(Connection& db, const std::vector<std::uint64_t>& ids, int& rc) {
  std::uint64_t dropped = 0;
  rc = db.in_transaction([&] {
    int inner = sqlite_ok;
    Statement drop(db, "DELETE FROM dead_letter WHERE id = ?");
    for (const std::uint64_t id : ids) {
      if (inner == sqlite_ok) inner = drop.run(id);
      if (inner != sqlite_ok) break;
      dropped += static_cast<std::uint64_t>(db.integer("SELECT changes()", inner));
    }
    return inner;
  });
  return dropped;
}

std::uint64_t erase_dead_letters(Connection& db, int& rc) {
  std::uint64_t count = 0;
  rc = db.in_transaction([&] {
    int inner = sqlite_ok;
    count = static_cast<std::uint64_t>(db.integer("SELECT count(*) FROM dead_letter", inner));
    return inner == sqlite_ok ? db.exec("DELETE FROM dead_letter") : inner;
  });
  return count;
}

// --- a running gateway's

namespace {

template <class Read>
auto read_notes(Connection& db, bool usable, const Error& unusable, const Read& read,
                const std::function<Error(int)>& failed)
    -> Result<decltype(read(db, std::declval<int&>())), Error> {
  if (!usable) return Failure{unusable};
  int rc = sqlite_ok;
  auto out = read(db, rc);
  if (rc != sqlite_ok) return Failure{failed(rc)};
  return out;
}

}  // namespace

Result<std::vector<DeadLetter>, Error> Store::dead_letters(const NotePage& page) {
  const auto read = [&](Connection& db, int& rc) { return read_dead_letters(db, page, rc); };
  return read_notes(impl_->db, !impl_->broken, impl_->must_reopen(), read,
                    [&](int rc) { return impl_->failed(rc, "read"); });
}

Result<std::vector<DeadLetter>, Error> Store::dead_letters(const std::vector<std::uint64_t>& ids) {
  const auto read = [&](Connection& db, int& rc) { return read_dead_letters(db, ids, rc); };
  return read_notes(impl_->db, !impl_->broken, impl_->must_reopen(), read,
                    [&](int rc) { return impl_->failed(rc, "read"); });
}

Result<std::vector<Quarantined>, Error> Store::quarantine(const NotePage& page) {
  const auto read = [&](Connection& db, int& rc) { return read_quarantine(db, page, rc); };
  return read_notes(impl_->db, !impl_->broken, impl_->must_reopen(), read,
                    [&](int rc) { return impl_->failed(rc, "read"); });
}

// As after commit(): what a failed write left is found out by reopen().
Error Store::Impl::failed_erase(int rc) {
  Error e = failed(rc, "write to");
  db.roll_back();
  broken = e.kind != Error::Kind::full;
  return e;
}

Result<std::uint64_t, Error> Store::drop_dead_letters(const std::vector<std::uint64_t>& ids) {
  if (impl_->broken) return Failure{impl_->must_reopen()};
  int rc = sqlite_ok;
  const std::uint64_t dropped = erase_dead_letters(impl_->db, ids, rc);
  if (rc != sqlite_ok) return Failure{impl_->failed_erase(rc)};
  return dropped;
}

Result<std::uint64_t, Error> Store::drop_dead_letters() {
  if (impl_->broken) return Failure{impl_->must_reopen()};
  int rc = sqlite_ok;
  const std::uint64_t dropped = erase_dead_letters(impl_->db, rc);
  if (rc != sqlite_ok) return Failure{impl_->failed_erase(rc)};
  return dropped;
}

}  // namespace tributary::store
