// SPDX-License-Identifier: Apache-2.0
// The gateway's own actor, what people change through it, when its files are lost or put back from
// an old copy: its memory (operator.state) and its database, each and both. Nothing that was
// answered is lost, nothing counts twice, and no number is ever used for two operations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/e2e/support/fleet.h"
#include "tests/support/eventually.h"

namespace tributary::e2e {
namespace {

using nlohmann::json;
using test::eventually;
using testing::HasSubstr;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class OwnActor : public testing::Test {
 protected:
  void SetUp() override {
    write_file(token(), "a token for tests\n");
    fs::permissions(token(), fs::perms::owner_read | fs::perms::owner_write);
    g1 = &site.gateway("g1", {"*"}, "[http]\nlisten = \"\"\ntoken_file = \"" + token() + "\"\n");
    site.gateway("g2", {"nobody"});
    add(5);
    ASSERT_EQ(g1->end(SIGTERM), 0) << g1->log();
    fs::copy(site.dir.path() / "g1", old(), fs::copy_options::recursive);
    g1->start();
    add(7);
    settle();
    ASSERT_EQ(epochs().size(), 1u);
    ASSERT_EQ(g1->end(SIGTERM), 0) << g1->log();
  }

  std::string token() { return (site.dir.path() / "token").string(); }
  fs::path old() { return site.dir.path() / "copy"; }
  fs::path place(const std::string& file) { return site.dir.path() / "g1" / file; }
  void lose_database() {
    for (const char* file : {"gateway.db", "gateway.db-wal", "gateway.db-shm"})
      fs::remove(place(file));
  }
  void put_back_database() {
    lose_database();
    for (const char* file : {"gateway.db", "gateway.db-wal"}) {
      if (fs::exists(old() / file)) fs::copy(old() / file, place(file));
    }
  }
  void put_back_memory() {
    memory_is_old = true;
    fs::copy(old() / "operator.state", place("operator.state"),
             fs::copy_options::overwrite_existing);
  }

  void add(std::uint64_t amount) {
    std::string said;
    ASSERT_TRUE(eventually(20s, [&] {  // it may be starting
      const Ran ran =
          site.ask({"operate", "plant/parts", "gcounter", "increment", std::to_string(amount),
                    "--gateway", "g1", "--token-file", token()});
      said = ran.err + g1->log();
      return ran.status == 0;
    })) << said;
    issued += amount;
  }
  void settle() {
    const std::string all = std::to_string(issued);
    for (const char* gateway : {"g1", "g2"}) {
      ASSERT_TRUE(eventually(30s, [&] { return site.get(gateway, "plant/parts") == all; }))
          << gateway << " shows " << site.get(gateway, "plant/parts") << ", issued " << all
          << g1->log();
    }
    ASSERT_TRUE(eventually(30s, [&] { return site.digest("g1") == site.digest("g2"); }));
  }
  // Those of the actor that g2 knows.
  std::set<std::string> epochs() {
    const Ran ran = site.ask({"devices", "--json", "--gateway", "g2"});
    std::set<std::string> out;
    const json all = json::parse(ran.out, nullptr, false);
    for (const json& device : all.is_object() ? all["devices"] : all) {
      if (device["device"] == "operator-g1") out.insert(device["epoch"].dump());
    }
    return out;
  }
  // Goes on as it is found, and is exact: with so many epochs in the end. What neither its database
  // nor its memory has, it must have heard of before it can know better.
  enum class Changes : std::uint8_t { at_once, in_step };
  void goes_on(std::size_t epochs_then, Changes when = Changes::at_once) {
    g1->start();
    if (when == Changes::in_step) settle();
    add(11);
    settle();
    add(13);
    settle();
    EXPECT_EQ(epochs().size(), epochs_then);
    EXPECT_EQ(g1->log().find("the memory of operator-g1") != std::string::npos, memory_is_old)
        << g1->log();
    const Ran ran = site.ask({"status", "--json", "--gateway", "g2"});
    EXPECT_EQ(json::parse(ran.out)[0]["equivocators"], 0u) << ran.out;
  }

  Site site;
  Program* g1 = nullptr;
  std::uint64_t issued = 0;
  bool memory_is_old = false;  // put back: its log says so
};

TEST_F(OwnActor, KeepsItsEpochWhenOnlyTheDatabaseIsLost) {
  lose_database();
  goes_on(1);
}

TEST_F(OwnActor, KeepsItsEpochWhenOnlyTheDatabaseIsOld) {
  put_back_database();
  goes_on(1);
}

TEST_F(OwnActor, BeginsANewEpochWhenItsMemoryIsLost) {
  fs::remove(place("operator.state"));
  goes_on(2);
}

TEST_F(OwnActor, BeginsANewEpochWhenItsMemoryIsOld) {
  put_back_memory();
  goes_on(2);
}

TEST_F(OwnActor, BeginsANewEpochWhenBothAreOld) {
  put_back_database();
  put_back_memory();
  goes_on(2, Changes::in_step);
}

TEST_F(OwnActor, BeginsANewEpochWhenTheDatabaseIsLostAndItsMemoryIsOld) {
  lose_database();
  put_back_memory();
  goes_on(2, Changes::in_step);
}

TEST_F(OwnActor, BeginsANewEpochWhenAllIsLost) {
  lose_database();
  fs::remove(place("operator.state"));
  goes_on(2);
}

}  // namespace
}  // namespace tributary::e2e
