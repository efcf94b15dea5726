// SPDX-License-Identifier: Apache-2.0
// What the one who runs a gateway does: check, verify, backup, restore, compact, dead letters,
// diag.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"
#include "transports/mqtt/session.h"

namespace tributary::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::eventually;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

// --- check

struct Found {
  int status = 0;
  json findings;
  std::string all;
  // The levels of an area's findings, the worst first.
  std::string worst(const std::string& area) const {
    std::string out = "none";
    for (const json& f : findings) {
      if (f.at("area") != area) continue;
      const std::string level = f.at("level");
      if (out == "none" || level == "fail" || (level == "warn" && out == "ok")) out = level;
    }
    return out;
  }
};

Found check(const std::vector<std::string>& more) {
  std::vector<std::string> words = {"check",        "--json",        "--set",
                                    "http.listen=", "--patience-ms", "20000"};
  words.insert(words.end(), more.begin(), more.end());
  const Ran ran = run(words, 60s);
  Found found{.status = ran.status, .findings = {}, .all = ran.out + ran.err};
  const json out = json::parse(ran.out, nullptr, false);
  if (out.is_object()) found.findings = out.at("findings");
  for (const json& f : found.findings) {
    EXPECT_EQ(f.at("level") == "ok", f.at("fix").get<std::string>().empty()) << f;
  }
  return found;
}

Found check_broker(const std::string& broker_conf, const std::vector<std::string>& more = {}) {
  const test::TempDir dir;
  const test::Mosquitto broker(broker_conf);
  std::vector<std::string> words = {
      "--set", "gateway.data_dir=" + (dir.path() / "data").string(), "--set",
      "broker.local.uri=mqtt://127.0.0.1:" + std::to_string(broker.port())};
  words.insert(words.end(), more.begin(), more.end());
  return check(words);
}

TEST(Check, AGoodBrokerIsGood) {
  const Found found = check_broker("max_queued_messages 100000\n");
  EXPECT_EQ(found.status, 0) << found.all;
  EXPECT_EQ(found.worst("broker local"), "ok") << found.all;
  EXPECT_THAT(found.all, HasSubstr("all of 2000 retained messages were replayed"));
}

TEST(Check, ABrokerThatTruncatesRetainedReplaysIsNamedWithTheFix) {
  const Found found = check_broker("");
  EXPECT_EQ(found.worst("broker local"), "warn") << found.all;
  EXPECT_THAT(found.all, HasSubstr("it replayed 1020 of 2000"));
  EXPECT_THAT(found.all, HasSubstr("max_queued_messages"));
}

TEST(Check, ABrokerThatRefusesWhatAGatewayNeedsFails) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"retain_available false\n", "keeps no retained messages"},
      {"max_qos 0\n", "takes only QoS 0"},
      {"max_packet_size 20000\n", "packets of 20000 bytes"},
      {"message_size_limit 100000\n", "did not come back"},
  };
  for (const auto& [conf, says] : cases) {
    const Found found = check_broker(conf);
    EXPECT_EQ(found.status, 1) << conf << found.all;
    EXPECT_EQ(found.worst("broker local"), "fail") << conf;
    EXPECT_THAT(found.all, HasSubstr(says)) << conf;
  }
}

TEST(Check, AnAccessListThatForbidsWhatAGatewayDoesIsNamedTopicByTopic) {
  const test::TempDir dir;
  const fs::path acl = dir.path() / "acl";
  write_file(acl,
             "topic readwrite tributary/v1/demo/gw/#\ntopic readwrite tributary/v1/demo/view/#\n"
             "topic readwrite tributary/v1/demo/reply/#\ntopic read tributary/v1/demo/#\n");
  fs::permissions(dir.path(), fs::perms::all);
  fs::permissions(acl, fs::perms::others_read | fs::perms::owner_all);
  const Found found = check_broker("acl_file " + acl.string() + "\n");
  EXPECT_EQ(found.status, 1) << found.all;
  EXPECT_THAT(found.all, HasSubstr("tributary/v1/demo/ack/tributary-check (not authorised"))
      << found.all;
}

TEST(Check, LeavesNothingRetainedAndWorksBesideTheGatewayThatRuns) {
  Site site;
  Program& g1 = site.gateway("g1");
  ASSERT_TRUE(eventually(20s, [&] { return !site.digest("g1").empty(); })) << g1.log();
  const Found found = check({"--config", (site.dir.path() / "g1" / "gateway.toml").string()});
  EXPECT_EQ(found.status, 0) << found.all;
  EXPECT_THAT(found.all, HasSubstr("is in use by process"));
  EXPECT_THAT(g1.log(), Not(HasSubstr("disconnected"))) << "the check took its connection";
  EXPECT_THAT(g1.log(), Not(HasSubstr("reject"))) << "the check's messages were refused";
  // Another check finds nothing but what it keeps itself: 2,000 of 2,000.
  EXPECT_THAT(check({"--config", (site.dir.path() / "g1" / "gateway.toml").string()}).all,
              HasSubstr("all of 2000"));
}

TEST(Check, WhatIsWrongOnThisMachine) {
  const test::TempDir dir;
  const std::string file = (dir.path() / "password").string();
  write_file(file, "secret\n");
  fs::permissions(file, fs::perms::owner_all | fs::perms::others_read);
  const std::string data = (dir.path() / "data").string();
  write_file(data, "a file where the directory should be");
  const Found found =
      check({"--no-broker", "--set", "gateway.data_dir=" + data, "--set", "broker.local.username=u",
             "--set", "broker.local.password_file=" + file, "--set", "commit.synchronous=normal"});
  EXPECT_EQ(found.status, 1);
  EXPECT_EQ(found.worst("disk"), "fail") << found.all;
  EXPECT_EQ(found.worst("configuration"), "warn") << found.all;
  EXPECT_THAT(found.all, HasSubstr("can be read by everybody"));
  EXPECT_THAT(found.all, HasSubstr("power cut"));
  const Found mistakes = check({"--no-broker", "--set", "commit.batch_mx=1"});
  EXPECT_EQ(mistakes.status, 1);
  EXPECT_THAT(mistakes.all, HasSubstr("batch_max"));
  const Found nobody =
      check({"--set", "gateway.data_dir=" + (dir.path() / "d").string(), "--set",
             "broker.local.uri=mqtt://127.0.0.1:" + std::to_string(test::free_port())});
  EXPECT_EQ(nobody.worst("broker local"), "fail") << nobody.all;
}

// --- verify, backup, restore, compact

class Database : public testing::Test {
 protected:
  void fill() {
    g1 = &site.gateway("g1");
    ASSERT_TRUE(eventually(20s, [&] { return !site.digest("g1").empty(); })) << g1->log();
    site.replay("dev-1", "1,a,gcounter,add,2\n");
    db = site.database("g1");
    copy = (site.dir.path() / "copy.db").string();
  }
  std::string flipped(std::size_t from, std::size_t to) {
    std::string bytes = read_file(db);
    for (std::size_t i = from; i < to && i < bytes.size(); i += 5) bytes[i] = 'x';
    return bytes;
  }

  Site site;
  Program* g1 = nullptr;
  std::string db, copy;
};

TEST_F(Database, ABackupOfARunningGatewayIsRestoredAsANewIncarnationAndCatchesUp) {
  fill();
  const Ran made = run({"backup", db, copy, "--json"});
  ASSERT_EQ(made.status, 0) << made.err << g1->log();
  const json said = json::parse(made.out);
  EXPECT_EQ(said.at("digest"), site.digest("g1")) << "the copy's state is the gateway's";
  EXPECT_FALSE(fs::exists(db + ".snapshot"));
  EXPECT_EQ(run({"backup", db, copy}).status, 5) << "over a file that is there";
  EXPECT_THAT(run({"restore", copy, db, "--replace"}).err, HasSubstr("stop the gateway first"));

  site.replay("dev-1", "2,a,gcounter,add,40\n");  // acknowledged after the backup
  site.gateway("g2", {"nobody"});
  ASSERT_TRUE(eventually(30s, [&] { return site.get("g2", "a") == "42"; }));
  g1->end(SIGTERM);
  EXPECT_EQ(run({"restore", copy, db}).status, 5) << "without --replace";
  const Ran restored = run({"restore", copy, db, "--replace"});
  ASSERT_EQ(restored.status, 0) << restored.err;
  EXPECT_TRUE(fs::exists(db + ".before-restore-1"));
  const json now = json::parse(run({"verify", db, "--json"}).out);
  EXPECT_TRUE(now.at("sound")) << now;
  EXPECT_NE(now.at("incarnation"), said.at("incarnation"));
  EXPECT_EQ(now.at("digest"), said.at("digest"));
  g1->start();
  // What was acknowledged after the backup comes back from the peer.
  EXPECT_TRUE(eventually(30s, [&] { return site.get("g1", "a") == "42"; })) << g1->log();
}

TEST_F(Database, OfAStoppedGatewayIsVerifiedCopiedAndCompacted) {
  fill();
  EXPECT_THAT(run({"verify", db}).err, HasSubstr("in use by process"));
  EXPECT_EQ(run({"compact", db}).status, 5);
  g1->end(SIGTERM);
  EXPECT_EQ(run({"verify", db}).status, 0);
  EXPECT_EQ(run({"backup", db, copy}).status, 0);
  const Ran compact = run({"compact", db});
  EXPECT_EQ(compact.status, 0) << compact.err;
  g1->start();
  EXPECT_TRUE(eventually(20s, [&] { return site.get("g1", "a") == "2"; })) << g1->log();
}

TEST_F(Database, DamageIsFoundAndNeverBackedUpOrRestoredInSilence) {
  fill();
  g1->end(SIGTERM);
  const std::string sound = read_file(db);
  // A bit inside an envelope: SQLite does not see it, its hash does.
  std::string bytes = sound;
  const std::size_t at = bytes.rfind("dev-1");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 6] = static_cast<char>(bytes[at + 6] ^ 4);
  write_file(db, bytes);
  const Ran found = run({"verify", db});
  EXPECT_EQ(found.status, 1) << found.out << found.err;
  EXPECT_THAT(found.out, HasSubstr("envelope"));
  const Ran backup = run({"backup", db, copy});
  EXPECT_EQ(backup.status, 5) << backup.out;
  EXPECT_EQ(run({"compact", db}).status, 5);
  EXPECT_EQ(run({"restore", copy, db, "--replace"}).status, 5);
  EXPECT_EQ(read_file(db), bytes) << "left as it was found";
  write_file(db, flipped(3'000, 60'000));
  EXPECT_NE(run({"verify", db}).status, 0);
  write_file(db, "not a database");
  EXPECT_EQ(run({"verify", db}).status, 5);
  EXPECT_EQ(run({"verify", "/no/such.db"}).status, 5);
}

// --- dead letters

TEST_F(Database, RefusalsAreListedReleasedAndDropped) {
  fill();
  auto session = transports::mqtt::make_session({.uri = site.broker.uri(), .client_id = "odd"});
  session->start();
  ASSERT_TRUE(eventually(20s, [&] { return session->connected(); }));
  for (const char* device : {"odd-1", "odd-2"}) {
    const std::string topic = std::string("tributary/v1/demo/up/") + device;
    ASSERT_TRUE(session->publish({.topic = topic, .payload = "no envelope"}));
  }
  const auto listed = [&] {
    return json::parse(run({"dead-letters", "list", db, "--json"}).out, nullptr, false);
  };
  ASSERT_TRUE(eventually(20s, [&] { return listed().size() == 2; })) << g1->log();
  EXPECT_THAT(run({"dead-letters", "drop", db, "--all"}).err, HasSubstr("in use"));
  g1->end(SIGTERM);
  const json letters = listed();
  EXPECT_EQ(letters[0].at("bytes"), "bm8gZW52ZWxvcGU=");
  session->subscribe("tributary/v1/demo/up/+", transports::Qos::at_least_once);
  std::vector<std::string> words = {"dead-letters",
                                    "release",
                                    db,
                                    letters[1].at("id").dump(),
                                    "--broker",
                                    "mqtt://127.0.0.1:" + std::to_string(site.broker.port())};
  const Ran released = run(words);
  EXPECT_EQ(released.status, 0) << released.err;
  std::string heard;
  EXPECT_TRUE(eventually(20s, [&] {
    for (const transports::Event& e : session->poll(64)) {
      if (e.kind == transports::Event::Kind::message) heard += e.message.payload;
    }
    return heard == "no envelope";
  })) << heard;
  EXPECT_EQ(listed().size(), 1U);
  EXPECT_EQ(run({"dead-letters", "drop", db, "12345"}).status, 1);
  EXPECT_EQ(run({"dead-letters", "drop", db}).status, 2);
  EXPECT_EQ(run({"dead-letters", "drop", db, "--all"}).status, 0);
  EXPECT_EQ(listed().size(), 0U);
  session->stop(0);
}

// --- bench

TEST_F(Database, BenchMeasuresAndLeavesNothingBehind) {
  fill();
  const std::string before = site.digest("g1");
  const std::string file = (site.dir.path() / "g1" / "gateway.toml").string();
  const std::string scratch = (site.dir.path() / "scratch").string();
  const Ran ran = run(
      {"bench", "--config", file, "--dir", scratch, "--seconds", "1", "--devices", "20", "--json"},
      120s);
  ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  const json rows = json::parse(ran.out).at("rows");
  ASSERT_EQ(rows.size(), 4U) << ran.out;
  for (const json& row : rows) {
    EXPECT_GT(row.at("per_second"), 0) << row;
    EXPECT_GT(row.at("p50_ms"), 0) << row;
    EXPECT_LE(row.at("p50_ms"), row.at("p99_ms")) << row;
  }
  EXPECT_TRUE(fs::is_empty(scratch)) << "the scratch database is taken away";
  EXPECT_EQ(site.digest("g1"), before) << "the fleet that is at work has nothing of it";
  auto session = transports::mqtt::make_session({.uri = site.broker.uri(), .client_id = "after"});
  session->subscribe("tributary/v1/#", transports::Qos::at_least_once);
  session->start();
  bool own = false;
  EXPECT_TRUE(eventually(20s, [&] {
    for (const transports::Event& e : session->poll(64)) {
      const std::string& topic = e.message.topic;
      own = own || topic.find("/demo/gw/g1/status") != std::string::npos;
      EXPECT_EQ(topic.find("/bench-"), std::string::npos) << topic << " is still retained";
    }
    return own;
  })) << "the retained topics of the real fleet are there";
  session->stop(0);
}

TEST(Bench, SaysWhatIsWrong) {
  const test::TempDir dir;
  const std::string at = dir.path().string();
  const Ran away =
      run({"bench", "--dir", at, "--seconds", "1", "--broker", "mqtt://127.0.0.1:9"}, 60s);
  EXPECT_EQ(away.status, 4) << away.out;
  EXPECT_THAT(away.err, HasSubstr("--disk-only"));
  EXPECT_TRUE(fs::is_empty(at));
  const Ran disk = run({"bench", "--dir", at, "--seconds", "1", "--disk-only"}, 60s);
  EXPECT_EQ(disk.status, 0) << disk.err;
  EXPECT_THAT(disk.out, HasSubstr("commits of 100 envelopes"));
  const Ran nowhere = run({"bench", "--dir", "/proc/nowhere", "--disk-only"}, 60s);
  EXPECT_EQ(nowhere.status, 5) << nowhere.err;
}

// --- diag

TEST(Diag, HoldsWhatHelpsAndNoSecret) {
  const test::TempDir dir;
  const auto at = [&](const std::string& name) { return (dir.path() / name).string(); };
  ASSERT_EQ(run({"fleet", "init", at("f"), "--fleet", "plant", "--gateway", "g1", "--device", "d1",
                 "--host", "localhost"})
                .status,
            0);
  std::string folder;
  for (const auto& entry : fs::recursive_directory_iterator(at("f"))) {
    if (entry.path().filename() == "g1") folder = entry.path().string();
  }
  ASSERT_FALSE(folder.empty());
  write_file(at("password"), "HorseStaple77\n");
  write_file(at("token"), "0123456789abcdefTOKEN\n");
  write_file(at("log"), "info: x\nwarning: someone sent HorseStaple77 and password=Another99\n");
  for (const char* name : {"password", "token"}) {
    fs::permissions(at(name), fs::perms::owner_all);
  }
  write_file(
      at("gateway.toml"),
      "# a comment with OldSecret55\n[gateway]\nid = \"g1\"\nfleet = \"plant\"\ndata_dir = \"" +
          at("data") + "\"\n[http]\nlisten = \"127.0.0.1:0\"\ntoken_file = \"" + at("token") +
          "\"\n[[broker]]\nname = \"local\"\nuri = \"mqtts://localhost:1\"\nusername = "
          "\"u\"\npassword_file = \"" +
          at("password") + "\"\nca_file = \"" + folder + "/ca.crt\"\ncertificate_file = \"" +
          folder + "/tls.crt\"\nkey_file = \"" + folder + "/tls.key\"\n");
  const Ran ran = run({"diag", "collect", "--config", at("gateway.toml"), "--log", at("log"), "-o",
                       at("diag.tar.gz"), "--no-broker"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  ASSERT_EQ(
      std::system(
          ("mkdir " + at("x") + " && tar -xzf " + at("diag.tar.gz") + " -C " + at("x")).c_str()),
      0);
  std::string all;
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(at("x"))) {
    if (!entry.is_regular_file()) continue;
    names.insert(entry.path().filename().string());
    all += read_file(entry.path());
  }
  for (const char* name :
       {"system.txt", "configuration.toml", "check.txt", "certificates.txt", "log-1.txt"}) {
    EXPECT_TRUE(names.count(name)) << name;
  }
  EXPECT_THAT(all, HasSubstr("SHA-256"));
  EXPECT_THAT(all, HasSubstr("password_file"));
  for (const char* secret : {"HorseStaple77", "TOKEN", "Another99", "OldSecret55", "PRIVATE KEY"}) {
    EXPECT_THAT(all, Not(HasSubstr(secret)));
  }
  unsigned lines = 0;
  for (const auto& entry : fs::recursive_directory_iterator(at("f"))) {
    if (entry.path().extension() != ".key") continue;
    std::istringstream text(read_file(entry.path()));
    for (std::string line; std::getline(text, line);) {
      if (line.size() < 40 || line.rfind("-----", 0) == 0 || line.rfind("public ", 0) == 0)
        continue;
      ++lines;
      EXPECT_EQ(all.find(line.substr(line.find(' ') + 1)), std::string::npos) << entry.path();
    }
  }
  EXPECT_GE(lines, 3U) << "nothing was looked for";
  struct ::stat s {};
  ASSERT_EQ(::stat(at("diag.tar.gz").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0077U, 0U);
}

// --- the manual

// Every command and option that --help shows has its place in the manual, and so has every key.
TEST(Manual, NamesEveryCommandOptionAndKey) {
  const test::TempDir dir;
  const std::string place = (dir.path() / "man").string();
  ASSERT_EQ(run({"man", place}).status, 0);
  const auto plain = [](std::string text) {
    std::string out;
    for (const char c : text) {
      if (c != '\\') out += c;
    }
    return out;
  };
  const std::string bash = run({"completion", "bash"}).out;
  std::istringstream lines(bash);
  const std::string begin = "    \"", middle = "\") words=\"";
  unsigned words = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(middle);
    if (line.rfind(begin, 0) != 0 || at == std::string::npos) continue;
    const std::string path = line.substr(begin.size(), at - begin.size());
    const std::string command = path.substr(0, path.find(' '));
    const std::string page = plain(read_file(
        fs::path(place) / (path.empty() ? "tributary.1" : "tributary-" + command + ".1")));
    ASSERT_FALSE(page.empty()) << path;
    std::istringstream each(line.substr(at + middle.size()));
    for (std::string word; each >> word;) {
      if (word == "\"" || word == ";;") break;
      if (word.back() == '"') word.pop_back();
      ++words;
      EXPECT_THAT(page, HasSubstr(word)) << path;
    }
  }
  EXPECT_GT(words, 150U);
  const std::string keys = plain(read_file(fs::path(place) / "tributary.toml.5"));
  std::istringstream reference(run({"config", "show", "--defaults"}).out);
  unsigned count = 0;
  for (std::string line; std::getline(reference, line);) {
    if (line.empty() || line[0] == '#' || line[0] == '[') continue;
    ++count;
    EXPECT_THAT(keys, HasSubstr(line.substr(0, line.find(' '))));
  }
  EXPECT_GT(count, 50U);
}

}  // namespace
}  // namespace tributary::e2e
