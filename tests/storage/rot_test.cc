// SPDX-License-Identifier: Apache-2.0
// One bit flips somewhere in a gateway's files: in the header, in every kind of page, in the log.
// It is noticed or it is harmless; the gateway never claims more than it holds; and what a peer
// keeps at the broker makes it exact again, on the disk as well.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <iostream>

#include "tests/storage/support/budget.h"
#include "tests/storage/support/site.h"

namespace tributary::storage {
namespace {

using store::Error;
constexpr std::size_t page_bytes = 4'096;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return out;
}

// Page class → page numbers, from SQLite's own account of the file, and the free list.
std::map<std::string, std::vector<std::uint32_t>> pages_by_class(const Image& image) {
  std::map<std::string, std::vector<std::uint32_t>> out;
  const std::string& file = image.at(database);
  Disk disk(image);
  RecordingVfs vfs(disk);
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(database.c_str(), &db, SQLITE_OPEN_READWRITE, vfs.name().c_str()), 0);
  sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", nullptr, nullptr, nullptr);
  sqlite3_stmt* all = nullptr;
  const char* sql = "SELECT name, pagetype, pageno FROM dbstat";
  EXPECT_EQ(sqlite3_prepare_v2(db, sql, -1, &all, nullptr), 0) << sqlite3_errmsg(db);
  while (sqlite3_step(all) == SQLITE_ROW) {
    const std::string table = reinterpret_cast<const char*>(sqlite3_column_text(all, 0));
    const std::string type = reinterpret_cast<const char*>(sqlite3_column_text(all, 1));
    out[table + ' ' + type].push_back(static_cast<std::uint32_t>(sqlite3_column_int(all, 2)));
  }
  sqlite3_finalize(all);
  sqlite3_close(db);
  for (std::uint32_t trunk = number_at(file, 32); trunk != 0;) {
    out["free trunk"].push_back(trunk);
    const std::size_t at = (trunk - 1) * page_bytes;
    for (std::uint32_t i = 0; i < number_at(file, at + 4); ++i) {
      out["free leaf"].push_back(number_at(file, at + 8 + 4 * i));
    }
    trunk = number_at(file, at);
  }
  return out;
}

struct Flip {
  std::string file;
  std::size_t byte = 0;
  unsigned bit = 0;
};

void flip(Image& image, const Flip& f) {
  char& byte = image.at(f.file).at(f.byte);
  byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1u << f.bit));
}

struct Tally {
  std::size_t tried = 0, harmless = 0, in_part = 0, aside = 0, later = 0, wrong = 0;
  std::string first;
};

std::string try_flip(const Site& site, const Image& image, const Flip& f, Tally& tally) {
  Image rotten = image;
  flip(rotten, f);
  Disk disk(rotten);
  Life life(disk, {.incarnation = 1'000});
  if (const std::string refused = life.boot(); !refused.empty()) return refused;
  const bool aside = !life.errors().empty();
  const bool noticed = life.noticed("quarantine") || life.noticed("intake");
  const Held before = life.held();
  if (!aside && !noticed && before != site.truth) return "not noticed";
  if (aside != life.created()) return "moved aside, and not made anew";
  if (aside && life.store().incarnation() != 1'000) return "made anew with the old incarnation";
  (aside ? tally.aside : noticed ? tally.in_part : tally.harmless) += 1;
  if (std::string wrong = site.backs(life.held()); !wrong.empty()) return wrong;
  Broker broker = site.peer_retained;
  life.connect(broker);
  life.run(15'000);
  if (life.lost()) {
    // Seen at a commit: moved aside, and the gateway is started again.
    ++tally.later;
    if (std::string wrong = life.boot(); !wrong.empty()) return "after a commit: " + wrong;
    if (!life.created()) return "not made anew after a commit";
    life.connect(broker);
    life.run(15'000);
  }
  if (life.held().digest != site.truth.digest) return "not refilled";
  life.close();
  Life again(disk, {.incarnation = 2'000});
  if (std::string wrong = again.boot(); !wrong.empty()) return "restart: " + wrong;
  if (again.noticed("quarantine") || again.noticed("intake")) return "rotten after the refill";
  if (again.held().digest != site.truth.digest) return "not refilled on the disk";
  return {};
}

void try_flips(const Site& site, const Image& image, const std::string& what,
               const std::vector<Flip>& flips) {
  Tally t;
  for (const Flip& f : flips) {
    ++t.tried;
    const std::string wrong = try_flip(site, image, f, t);
    if (wrong.empty()) continue;
    ++t.wrong;
    const std::string at = "byte " + std::to_string(f.byte) + " (" +
                           std::to_string(f.byte % page_bytes) + " of its page) bit " +
                           std::to_string(f.bit) + " of " + f.file + ": ";
    if (t.first.empty()) t.first = at + wrong;
    if (std::getenv("VERBOSE")) std::cout << what << ": " << at << wrong << '\n';
  }
  std::cout << "bits flipped in " << what << ": " << t.tried << " (harmless " << t.harmless
            << ", a part quarantined or forgotten " << t.in_part << ", moved aside " << t.aside
            << ", at a commit " << t.later << "), wrong: " << t.wrong << '\n';
  EXPECT_EQ(t.wrong, 0u) << what << ": " << t.first;
}

std::vector<Flip> flips_in(const std::string& file, std::size_t begin, std::size_t end,
                           std::size_t count) {
  std::vector<Flip> out;
  for (const std::size_t bit : sample((end - begin) * 8, count, 3'000)) {
    out.push_back({file, begin + bit / 8, static_cast<unsigned>(bit % 8)});
  }
  return out;
}

TEST(Rot, InTheHeader) {
  SCOPED_TRACE(replay_hint());
  const Site site(seed());
  try_flips(site, site.closed, "the header", flips_in(database, 0, 100, 160));
}

TEST(Rot, InEveryClassOfPage) {
  SCOPED_TRACE(replay_hint());
  const Site site(seed());
  const auto classes = pages_by_class(site.closed);
  for (const char* needed :
       {"envelope leaf", "envelope internal", "envelope overflow", "actor leaf", "meta leaf",
        "value leaf", "sqlite_schema leaf", "free trunk", "free leaf"}) {
    EXPECT_TRUE(classes.count(needed) != 0) << "the file has no page of class " << needed;
  }
  std::mt19937_64 random(seed());
  for (const auto& [what, pages] : classes) {
    // Where something stands; the rest of a page is empty, and says nothing.
    std::vector<std::size_t> bytes;
    for (const std::uint32_t page : pages) {
      const std::size_t begin = (page - 1) * page_bytes;
      for (std::size_t at = page == 1 ? 100 : 0; at < page_bytes; ++at) {
        if (at < 12 || site.closed.at(database)[begin + at] != 0) bytes.push_back(begin + at);
      }
    }
    std::vector<Flip> flips;
    for (const std::size_t at : sample(bytes.size(), 40, 1'500)) {
      flips.push_back({database, bytes[at], static_cast<unsigned>(random() % 8)});
    }
    try_flips(site, site.closed, what, flips);
  }
}

// A flip in the log is noticed by the log itself, and cuts it there: what follows is gone, and
// where it was copied back already, older pages come to stand among newer ones.
TEST(Rot, InTheLog) {
  SCOPED_TRACE(replay_hint());
  const Site site(seed());
  const std::string log = database + "-wal";
  ASSERT_GT(site.moments.back().image.at(log).size(), 5 * page_bytes);
  const std::size_t size = site.moments.back().image.at(log).size();
  std::size_t wrong = 0, shorter = 0, aside = 0;
  std::string first;
  const std::vector<Flip> flips = flips_in(log, 0, size, 200);
  for (const Flip& f : flips) {
    Image rotten = site.moments.back().image;
    flip(rotten, f);
    Disk disk(rotten);
    Life life(disk);
    std::string bad = life.boot();
    if (bad.empty()) bad = site.backs(life.held());
    shorter += bad.empty() && life.held() != site.truth;
    aside += !life.errors().empty();
    Broker broker = site.peer_retained;
    if (bad.empty()) {
      life.connect(broker);
      life.run(15'000);
      if (life.held().digest != site.truth.digest) bad = "not refilled";
    }
    wrong += !bad.empty();
    if (first.empty()) first = bad;
  }
  std::cout << "bits flipped in the log: " << flips.size() << " (less than before " << shorter
            << ", moved aside " << aside << "), wrong: " << wrong << '\n';
  EXPECT_EQ(wrong, 0u) << first;
}

}  // namespace
}  // namespace tributary::storage
