// SPDX-License-Identifier: Apache-2.0
// What is committed is what is loaded, and what a person sees in a snapshot.
#include "gateway/store/store.h"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <limits>

#include "tests/gateway/store/store_fixture.h"

namespace tributary::store {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

// All rows of a query over a snapshot, columns joined by '|', rows by '\n'.
std::string query(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string out;
  auto row = [](void* to, int columns, char** values, char**) {
    auto& text = *static_cast<std::string*>(to);
    for (int i = 0; i < columns; ++i)
      text += (i ? "|" : "") + std::string(values[i] ? values[i] : "NULL");
    text += "\n";
    return 0;
  };
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), row, &out, &error), SQLITE_OK) << (error ? error : "");
  sqlite3_free(error);
  sqlite3_close(db);
  return out;
}

TEST(Store, MakesADatabaseWithItsDirectoriesAndAnIncarnationThatStays) {
  TempDir dir;
  const std::string path = dir / "a/b/gateway.db";
  {
    auto store = must_open(path);
    EXPECT_TRUE(store->created());
    EXPECT_EQ(store->incarnation(), 0xfedcba9876543210u);
  }
  Options other = options_for();
  other.random = [] { return std::uint64_t{1}; };
  auto store = must_open(path, other);
  EXPECT_FALSE(store->created());
  EXPECT_EQ(store->incarnation(), 0xfedcba9876543210u);
  EXPECT_TRUE(read_all(*store).envelopes.empty());
}

TEST(Store, ReadsBackTheRowsThatAreWanted) {
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  Commit made = rows(1, 10);
  made.actors = {{.row = 1, .device = "a", .epoch = 3, .intake = "one", .heard_at_ms = 5},
                 {.row = 2, .device = "b", .epoch = 4, .intake = "two", .heard_at_ms = 6}};
  must_commit(*store, made);
  Commit erasing;
  erasing.erase = {6};
  must_commit(*store, erasing);
  const auto read = store->read({.envelopes = {2, 6, 9}, .actors = {2, 7}});
  ASSERT_TRUE(read);
  ASSERT_EQ(read->envelopes.size(), 2u) << "one of them is not there any more";
  EXPECT_EQ(read->envelopes[0].row, 2u);
  EXPECT_EQ(read->envelopes[1].bytes, envelope(9).bytes);
  ASSERT_EQ(read->actors.size(), 1u);
  EXPECT_EQ(read->actors[0].intake, "two");
  EXPECT_EQ(read->actors[0].heard_at_ms, 6u);
}

TEST(Store, LoadsInPiecesBetweenWhichItCommits) {
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  must_commit(*store, rows(1, 10));
  std::vector<std::uint64_t> seen;
  const Store::Visitor visitor{.envelope = [&](EnvelopeRow&& e) { seen.push_back(e.row); },
                               .actor = [&](ActorRow&& a) { seen.push_back(a.row); }};
  std::uint64_t glanced = 0;
  EXPECT_EQ(*store->glance([&](std::uint64_t row, std::string_view device, std::uint64_t epoch) {
    ++glanced;
    EXPECT_EQ(device, envelope(row).device);
    EXPECT_EQ(epoch, envelope(row).epoch);
  }),
            10u);
  EXPECT_EQ(glanced, 10u);
  EXPECT_EQ(*store->load_some(0, 4, visitor), 4u);
  EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3, 4));
  Commit erasing;
  erasing.insert = {envelope(11)};
  erasing.erase = {6};
  must_commit(*store, erasing);
  seen.clear();
  EXPECT_EQ(*store->load_some(4, 100, visitor), 6u);
  EXPECT_THAT(seen, testing::ElementsAre(5, 7, 8, 9, 10, 11));
  EXPECT_EQ(*store->load_some(11, 100, visitor), 0u);
  seen.clear();
  EXPECT_EQ(*store->load_rows({9, 6, 2}, visitor), 2u) << "one of them is not there any more";
  EXPECT_THAT(seen, testing::ElementsAre(9, 2));
  seen.clear();
  EXPECT_EQ(*store->load_actors(visitor), seen.size());
}

TEST(Store, LoadsWhatWasCommittedInRowOrder) {
  TempDir dir;
  EnvelopeRow extreme = envelope(9);
  extreme.epoch = extreme.to = largest;
  extreme.from = largest - 1;
  extreme.bytes = std::string("\0\xff\x00z", 4);
  ActorRow actor{3, "device-1", largest, std::string("\x00\x01", 2), 1'700'000'000'123};
  {
    auto store = must_open(dir / "gateway.db");
    Commit c = rows(10, 12, 100'000);
    c.insert.push_back(extreme);
    c.actors = {actor};
    must_commit(*store, c);
  }
  auto store = must_open(dir / "gateway.db");
  const Contents all = read_all(*store);
  ASSERT_EQ(all.envelopes.size(), 4u);
  EXPECT_TRUE(same(all.envelopes.at(9), extreme));
  EXPECT_TRUE(same(all.envelopes.at(11), envelope(11, 100'000)));
  const ActorRow& read = all.actors.at(3);
  EXPECT_EQ(read.device, actor.device);
  EXPECT_EQ(read.epoch, largest);
  EXPECT_EQ(read.intake, actor.intake);
  EXPECT_EQ(read.heard_at_ms, actor.heard_at_ms);
}

TEST(Store, ErasesForgetsAndReplacesByRow) {
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  Commit first = rows(1, 5);
  first.actors = {{1, "a", 1, "old", 1}, {2, "b", 1, "x", 1}};
  must_commit(*store, first);
  Commit second;
  second.erase = {4, 2, 99};
  second.actors = {{1, "a", 1, "new", 2}};
  second.forget_actors = {2, 77};
  must_commit(*store, second);
  const Contents all = read_all(*store);
  ASSERT_EQ(all.envelopes.size(), 3u);
  EXPECT_TRUE(all.envelopes.contains(1) && all.envelopes.contains(3) && all.envelopes.contains(5));
  ASSERT_EQ(all.actors.size(), 1u);
  EXPECT_EQ(all.actors.at(1).intake, "new");
}

TEST(Store, ACommitThatIsRepeatedChangesNothing) {
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  must_commit(*store, rows(1, 3));
  Commit c = rows(4, 6);
  c.erase = {1};
  c.actors = {{1, "a", 1, "intake", 1}};
  c.values = {{"k", "gcounter", "1", 1, 1}};
  c.dead_letters = {{5, "t", "malformed", "zz"}, {5, "t", "malformed", "yy"}};
  c.quarantine = {{6, 2, std::string(32, 'h'), "hash", "bytes"}};
  must_commit(*store, c);
  must_commit(*store, c);
  EXPECT_EQ(read_all(*store).envelopes.size(), 4u);
  ASSERT_TRUE(store->snapshot(dir / "copy.db"));
  EXPECT_EQ(query(dir / "copy.db",
                  "SELECT (SELECT count(*) FROM dead_letter), (SELECT count(*) FROM quarantine), "
                  "(SELECT count(*) FROM value)"),
            "2|1|1\n");
}

TEST(Store, DeadLettersAndQuarantineKeepTheNewestUpToTheirBound) {
  TempDir dir;
  Options o = options_for();
  o.dead_letters_max = 3;
  o.quarantine_max = 2;
  auto store = must_open(dir / "gateway.db", o);
  must_commit(*store, rows(1, 9));
  for (std::uint64_t i = 1; i <= 9; ++i) {
    Commit c;
    c.dead_letters = {{i, "up/x", "malformed", std::string(100'000, 'b')}};
    c.quarantine = {{i, i, std::string(32, 'h'), "hash differs", "bytes"}};
    must_commit(*store, c);
  }
  EXPECT_TRUE(read_all(*store).envelopes.empty());  // what is quarantined is no longer live
  ASSERT_TRUE(store->snapshot(dir / "copy.db"));
  EXPECT_EQ(query(dir / "copy.db", "SELECT at_ms, length(bytes) FROM dead_letter ORDER BY id"),
            "7|65536\n8|65536\n9|65536\n");
  EXPECT_EQ(query(dir / "copy.db", "SELECT row FROM quarantine ORDER BY id"), "8\n9\n");
}

TEST(Store, ViewsShowAPersonWhatIsThere) {
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  Commit c;
  EnvelopeRow e = envelope(1, 10);
  e.device = "meter-1";
  e.hash = std::string(32, '\xab');
  e.epoch = largest;
  e.from = 0;
  e.to = largest;
  c.insert = {e};
  c.actors = {{1, "meter-1", largest, "i", 1'700'000'000'000},
              {2, "meter-1", 7, "i", 1'600'000'000'000}};
  c.values = {{"hall/count", "gcounter", "41", 2, 1},
              {"hall/alarms", "orset", "[\"smoke\"]", 1, 1'700'000'000'000}};
  must_commit(*store, c);
  c = {};
  c.values = {{"hall/count", "gcounter", "42", 2, 1'700'000'000'000}};
  must_commit(*store, c);
  ASSERT_TRUE(store->snapshot(dir / "copy.db"));
  EXPECT_EQ(query(dir / "copy.db", "SELECT * FROM \"values\" ORDER BY key"),
            "hall/alarms|orset|[\"smoke\"]|1|2023-11-14 22:13:20\n"
            "hall/count|gcounter|42|2|2023-11-14 22:13:20\n");
  EXPECT_EQ(query(dir / "copy.db", "SELECT * FROM devices"),
            "meter-1|2|2023-11-14 22:13:20|1|10\n");
  EXPECT_EQ(query(dir / "copy.db", "SELECT device, epoch, \"from\", \"to\", bytes FROM envelopes"),
            "meter-1|ffffffffffffffff|0|18446744073709551615|10\n");
  EXPECT_THAT(query(dir / "copy.db", "SELECT hash FROM envelopes"), HasSubstr("abababab"));
}

TEST(Store, ASnapshotIsAWholeStoreAndReplacesOnlyAnOlderOne) {
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  must_commit(*store, rows(1, 500));
  ASSERT_TRUE(store->snapshot(dir / "copy.db"));
  must_commit(*store, rows(501, 600));
  spill(dir / "letter.txt", "dear reader");
  auto letter = store->snapshot(dir / "letter.txt");
  ASSERT_FALSE(letter);
  EXPECT_THAT(letter.error().message, HasSubstr("exists already and is not a snapshot"));
  EXPECT_EQ(slurp(dir / "letter.txt"), "dear reader");
  EXPECT_FALSE(store->snapshot(dir / "gateway.db"));
  auto nowhere = store->snapshot(dir / "no/such/copy.db");
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr("cannot copy the database to"));
  auto copy = must_open(dir / "copy.db");
  EXPECT_EQ(read_all(*copy).envelopes.size(), 500u);
  EXPECT_EQ(read_all(*store).envelopes.size(), 600u);
  EXPECT_EQ(copy->incarnation(), store->incarnation());
  copy.reset();
  ASSERT_TRUE(store->snapshot(dir / "copy.db"));
  EXPECT_EQ(read_all(*must_open(dir / "copy.db")).envelopes.size(), 600u);
}

TEST(Store, TheWriteAheadLogStaysBounded) {
  TempDir dir;
  auto store = must_open(dir / "gateway.db");
  for (std::uint64_t row = 1; row <= 40'000; row += 100) {
    Commit c = rows(row, row + 99, 1'300);
    if (row > 100) {
      for (std::uint64_t old = row - 100; old < row; ++old) c.erase.push_back(old);
    }
    must_commit(*store, c);
  }
  EXPECT_LT(std::filesystem::file_size(dir / "gateway.db-wal"), 16u << 20);
  // 52 MB of traffic of which 130 KB live: the file follows the state, not the history.
  EXPECT_LT(std::filesystem::file_size(dir / "gateway.db"), 4u << 20);
  must_commit(*store, rows(50'000, 50'000, 100));
  must_commit(*store, rows(60'000, 60'999, 100'000));  // one transaction of 100 MB
  for (std::uint64_t row = 70'000; row < 70'010; ++row) must_commit(*store, rows(row, row));
  EXPECT_LE(std::filesystem::file_size(dir / "gateway.db-wal"), 32u << 20);
  EXPECT_GE(store->file_bytes(), 100u << 20);
}

// Another process, forked before this one opened anything: it opens `path` when told, says how that
// went ('o' or the first letter of the error), and keeps what it has until it is told again.
class OtherProcess {
 public:
  explicit OtherProcess(const std::string& path) {
    EXPECT_EQ(::pipe(to_) | ::pipe(from_), 0);
    pid_ = ::fork();
    if (pid_ == 0) serve(path);
  }
  ~OtherProcess() {
    ::close(to_[1]);
    ::close(from_[0]);
    ::waitpid(pid_, nullptr, 0);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  char open() {
    char answer = '?';
    EXPECT_EQ(::write(to_[1], "g", 1), 1);
    EXPECT_EQ(::read(from_[0], &answer, 1), 1);
    return answer;
  }
  pid_t pid() const { return pid_; }

 private:
  [[noreturn]] void serve(const std::string& path) {
    ::close(to_[1]);
    ::close(from_[0]);
    std::unique_ptr<Store> mine;
    for (char go = 0; ::read(to_[0], &go, 1) == 1;) {
      auto store = Store::open(path, options_for());
      const char answer = store ? 'o' : *name(store.error().kind);
      if (store) mine = std::move(*store);
      if (::write(from_[1], &answer, 1) != 1) ::_exit(1);
    }
    mine.reset();
    ::_exit(0);
  }
  int to_[2], from_[2];
  pid_t pid_ = 0;
};

TEST(Store, ASecondOpenerIsTurnedAwayWithTheNameOfTheFirst) {
  TempDir dir;
  const std::string path = dir / "gateway.db";
  must_open(path).reset();
  {
    OtherProcess other(path);
    ASSERT_EQ(other.open(), 'o');
    const Error e = must_fail(path);
    EXPECT_EQ(e.kind, Error::Kind::busy);
    EXPECT_THAT(e.message, HasSubstr("is in use by process " + std::to_string(other.pid())));
    EXPECT_THAT(e.message,
                HasSubstr("Stop that gateway, or give this one its own gateway.data_dir"));
  }
  EXPECT_TRUE(read_all(*must_open(path)).envelopes.empty());
}

TEST(Store, ARefusedOpenInTheSameProcessDropsNoLock) {
  TempDir dir;
  const std::string path = dir / "gateway.db";
  OtherProcess other(path);
  auto store = must_open(path);
  EXPECT_EQ(must_fail(path).kind, Error::Kind::busy);
  EXPECT_EQ(other.open(), 'b');  // busy
  ASSERT_TRUE(store->reopen());
  EXPECT_EQ(other.open(), 'b');
  must_commit(*store, rows(1, 4));
  store.reset();
  EXPECT_EQ(other.open(), 'o');
}

TEST(Store, NothingIsAcknowledgedFromAFileThatWasDeletedOrReplaced) {
  TempDir dir;
  const std::string path = dir / "gateway.db";
  auto store = must_open(path);
  must_commit(*store, rows(1, 4));
  std::filesystem::rename(path, dir / "elsewhere.db");
  auto done = store->commit(rows(5, 5));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, Error::Kind::corrupt);
  EXPECT_THAT(done.error().message, HasSubstr("is no longer there"));
  EXPECT_FALSE(store->reopen());
  spill(path, "something else");
  EXPECT_FALSE(store->commit(rows(5, 5)));
  std::filesystem::rename(dir / "elsewhere.db", path);
  must_commit(*store, rows(5, 5));
}

TEST(Store, WithoutCreateAMissingDatabaseIsSaid) {
  TempDir dir;
  Options o = options_for();
  o.create = false;
  const Error e = must_fail(dir / "gateway.db", o);
  EXPECT_THAT(e.message, HasSubstr("there is no database at"));
  EXPECT_FALSE(std::filesystem::exists(dir / "gateway.db"));
}

}  // namespace
}  // namespace tributary::store
