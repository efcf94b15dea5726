// SPDX-License-Identifier: Apache-2.0
// Values that only holders of a key can read, by the programs that people use: a device seals, two
// gateways merge what they cannot read, and who has the key reads it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using ::testing::HasSubstr;
using ::testing::Not;

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class SecretValues : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (site.dir.path() / name).string(); }
  std::string key_file(const std::string& name) {
    const Ran made = run({"fleet", "value-key", path(name)});
    EXPECT_EQ(made.status, 0) << made.err;
    return path(name);
  }
  Ran replay(const std::string& device, const std::string& rows, const std::string& value_key) {
    std::ofstream(path("rows.csv")) << "timestamp,key,type,operation,value\n" << rows;
    return site.ask({"device", "replay", path("rows.csv"), "--id", device, "--speed", "0",
                     "--value-key", value_key});
  }
  std::string get(const std::string& gateway, const std::string& key,
                  const std::string& value_key) {
    std::vector<std::string> words = {"get", key, "--gateway", gateway};
    if (!value_key.empty()) words.insert(words.end(), {"--value-key", value_key});
    return site.ask(words).out;
  }

  Site site;
};

TEST_F(SecretValues, GatewaysMergeWhatTheyCannotRead) {
  site.gateway("g1");
  site.gateway("g2", {"nobody"});
  const std::string key = "hall/=" + key_file("hall.key");
  const Ran first = replay("d1",
                           "1700000000001,hall/badges,orset,insert,alice\n"
                           "1700000000002,hall/badges,orset,insert,bob\n"
                           "1700000000003,hall/seen,gset,insert,alice\n"
                           "1700000000004,hall/people,pncounter,add,2\n"
                           "1700000000005,hall/guard,lww,set,carol\n",
                           key);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(replay("d2", "1700000000006,hall/badges,orset,insert,alice\n", key).status, 0);
  ASSERT_TRUE(eventually(10s, [&] { return get("g2", "hall/guard", key) == "carol\n"; }));
  EXPECT_TRUE(eventually(10s, [&] {
    return get("g2", "hall/badges", key) == "[\"alice\",\"bob\"]\n" ||
           get("g2", "hall/badges", key) == "[\"bob\",\"alice\"]\n";
  })) << get("g2", "hall/badges", key);
  EXPECT_EQ(get("g2", "hall/seen", key), "[\"alice\"]\n");
  EXPECT_EQ(get("g2", "hall/people", ""), "2\n") << "counters stay in the clear";
  EXPECT_THAT(get("g2", "hall/badges", ""), Not(HasSubstr("alice")));
  EXPECT_THAT(site.ask({"values", "--prefix", "hall/", "--value-key", key}).out,
              HasSubstr("carol"));
  const std::string other = "hall/=" + key_file("other.key");
  EXPECT_THAT(get("g2", "hall/guard", other), Not(HasSubstr("carol")));
  for (const char* gateway : {"g1", "g2"}) {
    for (const char* end : {"", "-wal"}) {
      const std::string disk = content(site.database(gateway) + end);
      for (const char* word : {"alice", "bob", "carol"})
        EXPECT_THAT(disk.find(word), std::string::npos) << gateway << end << ": " << word;
    }
  }
}

TEST_F(SecretValues, KeyFilesAreTheirOwnersAndSayWhatIsWrong) {
  const std::string file = key_file("hall.key");
  struct stat is {};
  ASSERT_EQ(stat(file.c_str(), &is), 0);
  EXPECT_EQ(is.st_mode & 0777, 0600u);
  const std::string text = content(file);
  const Ran again = run({"fleet", "value-key", file});
  EXPECT_NE(again.status, 0);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  EXPECT_EQ(content(file), text);
  EXPECT_THAT(run({"fleet", "value-key", path("third.key")}).out, Not(HasSubstr("-key 1")));
  std::ofstream(path("bad.key")) << text.substr(0, text.size() - 4);
  for (const auto& [argument, says] : std::vector<std::pair<std::string, std::string>>{
           {path("bad.key"), "has no '='"},
           {"=" + path("bad.key"), "is no key for values"},
           {"=" + path("none.key"), "none.key"}}) {
    const Ran ran = site.ask({"get", "k", "--value-key", argument});
    EXPECT_NE(ran.status, 0);
    EXPECT_THAT(ran.err, HasSubstr(says));
  }
}

}  // namespace
}  // namespace tributary::e2e
