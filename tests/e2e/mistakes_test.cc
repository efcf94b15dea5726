// SPDX-License-Identifier: Apache-2.0
// Mistakes that people make: each ends with its exit code and says what, where, and what to do.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using test::eventually;
using namespace std::chrono_literals;

struct Mistake {
  std::vector<std::string> arguments;
  int status;
  std::vector<std::string> says;  // each of these, on standard error
};

void expect(const Mistake& mistake) {
  const Ran ran = run(mistake.arguments, 20s);
  std::string line;
  for (const std::string& word : mistake.arguments) line += " " + word;
  EXPECT_EQ(ran.status, mistake.status) << line << "\n" << ran.out << ran.err;
  for (const std::string& words : mistake.says) {
    EXPECT_NE(ran.err.find(words), std::string::npos) << line << ": no \"" << words << "\" in\n"
                                                      << ran.err;
  }
}

TEST(Mistakes, OnTheCommandLine) {
  const std::vector<Mistake> mistakes = {
      {{"gatway"}, 2, {"gatway", "did you mean gateway?", "--help"}},
      {{"get"}, 2, {"key", "get --help"}},
      {{"get", "a", "--tpye", "orset"}, 2, {"--tpye", "did you mean --type?"}},
      {{"get", "a", "--type", "set"}, 2, {"gcounter", "orset"}},
      {{"get", "a", "--broker", "localhost:1883"}, 2, {"localhost:1883", "mqtt://"}},
      {{"get", "a", "--broker", "mqtt://127.0.0.1:99999"}, 2, {"99999", "port"}},
      {{"simulate", "--loss", "2"}, 2, {"--loss"}},
      {{"simulate", "--devices", "many"}, 2, {"--devices", "many"}},
      {{"watch", "--interval", "0"}, 2, {"--interval"}},
      {{"completion", "powershell"}, 2, {"bash"}},
      {{"device"}, 2, {"device --help"}},
      {{"device", "replay", "/no/such.csv"}, 2, {"/no/such.csv"}},
      {{"device", "host", "--id", "a b"}, 2, {"--id"}},
      {{"import", "/no/such.jsonl"}, 2, {"/no/such.jsonl", "export --envelopes"}},
      {{"gateway", "--config", "/no/such.toml"}, 3, {"/no/such.toml", "--config"}},
      {{"gateway", "--set", "commit.batch_mx=1"}, 3, {"commit.batch_mx", "batch_max"}},
      {{"config", "check", "/"}, 3, {"/"}},
      {{"demo", "--gateways", "9"}, 2, {"--gateways"}},
  };
  for (const Mistake& mistake : mistakes) expect(mistake);
}

TEST(Mistakes, InTheConfiguration) {
  struct Case {
    std::string toml;
    std::vector<std::string> says;
  };
  const std::vector<Case> cases = {
      {"[comit]\nbatch_max = 1\n", {":1", "comit", "commit"}},
      {"[commit]\nbatch_maximum = 1\n", {":2", "batch_maximum"}},
      {"[commit]\nbatch_max = 0\n", {":2", "batch_max"}},
      {"[commit]\nbatch_max = \"many\"\n", {":2", "batch_max"}},
      {"[commit\n", {":1"}},
      {"[gateway]\nid = \"a b\"\n", {":2", "id"}},
      {"[[broker]]\nuri = \"http://x\"\n", {":2", "uri"}},
      {"[sync]\ncompression = \"zstd\"\n", {":2", "zstd", "lz4"}},
      {"[sync]\ninterval_min_ms = 5000\ninterval_max_ms = 100\n", {"interval"}},
      {"[log]\nlevel = \"loud\"\n", {":2", "loud"}},
      {"[[broker]]\nname = \"a\"\n[[broker]]\nname = \"a\"\n", {"name"}},
      {"[limits]\nkey_bytes_max = 100000\n", {":2", "key_bytes_max"}},
  };
  const test::TempDir dir;
  const std::string file = (dir.path() / "gateway.toml").string();
  for (const Case& c : cases) {
    write_file(file, c.toml);
    std::vector<std::string> says = c.says;
    says.push_back("gateway.toml");
    expect({{"config", "check", file}, 3, says});
    expect({{"gateway", "--config", file}, 3, says});
  }
}

TEST(Mistakes, NoBroker) {
  const std::string url = "mqtt://127.0.0.1:" + std::to_string(test::free_port());
  expect({{"get", "a", "--broker", url}, 4, {"no broker at " + url, "--broker"}});
  expect({{"status", "--broker", url}, 4, {"no broker at"}});
  expect({{"export", "--broker", url}, 4, {"no broker at"}});
  expect({{"watch", "--once", "--broker", url}, 4, {"no broker at"}});
}

TEST(Mistakes, NoGateway) {
  Site site;
  const Ran ran = site.ask({"get", "a"});
  EXPECT_EQ(ran.status, 4) << ran.err;
  EXPECT_NE(ran.err.find("no gateway"), std::string::npos) << ran.err;
  const Ran named = site.ask({"get", "a", "--gateway", "g9", "--timeout-ms", "300"});
  EXPECT_EQ(named.status, 4) << named.err;
  EXPECT_NE(named.err.find("g9 does not answer"), std::string::npos) << named.err;
}

TEST(Mistakes, AnAnswerThatIsNoHasItsOwnExitCode) {
  Site site;
  site.gateway("g1");
  ASSERT_TRUE(eventually(10s, [&] { return !site.digest("g1").empty(); }));
  const Ran ran = site.ask({"get", "no/such/key"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("no/such/key"), std::string::npos) << ran.err;
}

TEST(Mistakes, APortInUse) {
  Site site;
  expect({{"demo", "--port", std::to_string(site.broker.port()), "--dir",
           (site.dir.path() / "run").string(), "--seconds", "1"},
          2,
          {std::to_string(site.broker.port()), "--port"}});
}

TEST(Mistakes, AGatewayWaitsForItsBroker) {
  Site site;
  site.broker.stop();
  Program& g1 = site.gateway("g1");
  ASSERT_TRUE(eventually(10s, [&] { return g1.log().find("disconnected") != std::string::npos; }));
  EXPECT_TRUE(g1.running());
  site.broker.start();
  EXPECT_TRUE(eventually(20s, [&] { return !site.digest("g1").empty(); })) << g1.log();
}

// --- storage

void expect_storage(const Site& site, const std::vector<std::string>& says) {
  expect({{"gateway", "--config", (site.dir.path() / "g1" / "gateway.toml").string()}, 5, says});
}

TEST(Mistakes, ADatabaseOfAnotherProgramOrGatewayOrInUse) {
  Site site;
  Program& g1 = site.gateway("g1");
  ASSERT_TRUE(eventually(10s, [&] { return !site.digest("g1").empty(); })) << g1.log();
  expect_storage(site, {site.database("g1")});  // in use
  g1.end(SIGTERM);
  std::filesystem::create_directories(site.dir.path() / "g2");
  std::filesystem::copy_file(site.database("g1"), site.database("g2"));
  Program& g2 = site.gateway("g2");
  EXPECT_EQ(g2.wait(10s), 5) << g2.log();
  EXPECT_NE(g2.log().find("g1"), std::string::npos) << g2.log();
}

TEST(Mistakes, ADamagedDatabaseIsMovedAsideAndTheStateComesBackFromPeers) {
  Site site;
  Program& g1 = site.gateway("g1");
  site.gateway("g2", {"nobody"});
  site.replay("dev-1", "1,a,gcounter,add,2\n");
  ASSERT_TRUE(eventually(10s, [&] { return site.get("g2", "a") == "2"; }));
  g1.end(SIGTERM);
  std::string bytes = read_file(site.database("g1"));
  for (std::size_t i = 100; i < bytes.size(); i += 3) bytes[i] = 'x';
  write_file(site.database("g1"), bytes);
  g1.start();
  EXPECT_TRUE(eventually(20s, [&] { return site.get("g1", "a") == "2"; })) << g1.log();
  EXPECT_NE(g1.log().find("database-damaged"), std::string::npos) << g1.log();
}

TEST(Mistakes, AReadOnlyDirectory) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  Site site;
  const std::filesystem::path place = site.dir.path() / "g1";
  std::filesystem::create_directories(place);
  site.gateway("g1").end(SIGTERM);
  std::filesystem::remove(site.database("g1"));
  chmod(place.c_str(), 0555);
  expect_storage(site, {site.database("g1")});
  chmod(place.c_str(), 0755);
}

TEST(Mistakes, ADataDirectoryThatCannotBe) {
  expect({{"gateway", "--set", "gateway.data_dir=/proc/none"}, 5, {"/proc/none", "data_dir"}});
}

}  // namespace
}  // namespace tributary::e2e
