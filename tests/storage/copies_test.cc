// SPDX-License-Identifier: Apache-2.0
// Files that come back old, in halves that do not belong together, cut off, or not at all. The
// gateway never claims more than it holds, learns of its own past from what it left at the broker,
// and is exact again.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/storage/support/budget.h"
#include "tests/storage/support/site.h"

namespace tributary::storage {
namespace {

const std::string log_file = database + "-wal";

class Copies : public testing::Test {
 protected:
  Copies() : site(seed()), hint(__FILE__, __LINE__, replay_hint()) {}

  // Starts on these files and looks before it hears of anybody.
  std::string start(Life& life) {
    std::string wrong = life.boot();
    if (wrong.empty()) wrong = site.backs(life.held());
    made_anew += wrong.empty() && life.created();
    if (wrong.empty() && life.created() && life.store().incarnation() == 77) {
      wrong = "made anew with the old incarnation";
    }
    return wrong;
  }

  // Hears what is retained, until it is exact; then again from its disk alone.
  std::string refill(Disk& disk, Life& life, Broker retained) {
    life.connect(retained);
    life.run(15'000);
    if (life.lost()) {
      if (std::string wrong = life.boot(); !wrong.empty()) return wrong;
      life.connect(retained);
      life.run(15'000);
    }
    if (life.held().digest != site.truth.digest) return "not refilled";
    life.close();
    Life again(disk, {.incarnation = 2'000});
    if (std::string wrong = again.boot(); !wrong.empty()) return wrong;
    return again.held().digest == site.truth.digest ? "" : "not refilled on the disk";
  }

  std::string try_files(Image image, const Broker& retained) {
    Disk disk(std::move(image));
    Life life(disk, {.incarnation = 1'000});
    std::string wrong = start(life);
    return wrong.empty() ? refill(disk, life, retained) : wrong;
  }

  Site site;
  std::uint64_t made_anew = 0;

 private:
  testing::ScopedTrace hint;
};

TEST_F(Copies, AnOldOneClaimsItsOwnTimeAndLearnsOfItsPastFromItsOwnRetainedState) {
  for (std::size_t i = 0; i + 1 < site.moments.size(); ++i) {
    Disk disk(site.moments[i].image);
    Life life(disk, {.incarnation = 1'000});
    ASSERT_EQ(life.boot(), "");
    EXPECT_EQ(life.store().incarnation(), 77u);  // it cannot know yet
    EXPECT_TRUE(life.held() == site.moments[i].held) << i;
    EXPECT_EQ(refill(disk, life, site.own_retained), "") << i;
    EXPECT_TRUE(life.noticed("own-past")) << i;
  }
}

// What it tells devices while it does not know of its past: the truth of its disk, so that they
// send again.
TEST_F(Copies, AnOldOneMakesDevicesSendAgain) {
  const Site::Moment& old = site.moments[3];
  Disk disk(old.image);
  Life life(disk);
  ASSERT_EQ(life.boot(), "");
  for (const Upload& u : site.uploads) {
    life.up(u.device, u.bytes);
    life.run(60);
    const Points holds = life.held().points;
    for (const auto& [actor, op] : life.told()) ASSERT_LE(op, holds.at(actor)) << actor.first;
  }
  ASSERT_TRUE(life.settle());
  EXPECT_EQ(life.held().digest, site.truth.digest);
  EXPECT_EQ(life.held().points, site.truth.points);
}

TEST_F(Copies, ALogOfAnotherTimeIsNeverBelievedTooMuch) {
  std::size_t tried = 0;
  for (std::size_t i = 0; i < site.moments.size(); ++i) {
    for (std::size_t j = 0; j < site.moments.size(); ++j) {
      if (i == j) continue;
      ++tried;
      Image mixed;
      mixed[database] = site.moments[i].image.at(database);
      mixed[log_file] = site.moments[j].image.at(log_file);
      EXPECT_EQ(try_files(mixed, site.peer_retained), "") << i << " with the log of " << j;
    }
  }
  std::cout << "databases with a log of another time: " << tried << ", moved aside: " << made_anew
            << '\n';
}

// Named, and not touched: the one whose it is goes on with it.
TEST_F(Copies, AnotherGatewaysIsRefusedAndLeftToIt) {
  Disk disk(site.of_peer);
  Life life(disk);
  EXPECT_TRUE(life.boot().starts_with("foreign"));
  EXPECT_TRUE(disk.find(database));
  Life owner(disk, {.gateway = "g2"});
  ASSERT_EQ(owner.boot(), "");
  EXPECT_EQ(owner.held().digest, site.truth.digest);
}

TEST_F(Copies, NeitherIsALogOfAnotherGateway) {
  std::size_t refused = 0;
  for (const Site::Moment& m : site.moments) {
    Image mixed = m.image;
    mixed[log_file] = site.of_peer.at(log_file);
    Disk disk(mixed);
    Life life(disk, {.incarnation = 1'000});
    const std::string wrong = start(life);
    const bool named = !life.running() && life.errors().back().kind == store::Error::Kind::foreign;
    refused += named;
    EXPECT_EQ(named ? "" : wrong.empty() ? refill(disk, life, site.peer_retained) : wrong, "");
  }
  std::cout << "databases with a log of another gateway: " << site.moments.size()
            << ", moved aside: " << made_anew << ", refused by name: " << refused << '\n';
}

TEST_F(Copies, CutOffAnywhereTheyAreNoticed) {
  std::size_t tried = 0;
  for (const std::string& file : {database, log_file}) {
    const Image& whole = site.moments.back().image;
    for (const std::size_t size : sample(whole.at(file).size(), 60, 1'000)) {
      for (const std::size_t cut : {size, size / 512 * 512, size / 4'096 * 4'096}) {
        ++tried;
        Image image = whole;
        image.at(file).resize(cut);
        EXPECT_EQ(try_files(image, site.peer_retained), "") << file << " cut to " << cut;
      }
    }
  }
  std::cout << "files cut off: " << tried << ", moved aside: " << made_anew << '\n';
}

TEST_F(Copies, DeletedOnesAreMadeAnew) {
  for (const Site::Moment& m : site.moments) {
    Image no_log = m.image, no_database = m.image;
    no_log.erase(log_file);
    no_database.erase(database);
    EXPECT_EQ(try_files(no_log, site.peer_retained), "");
    EXPECT_EQ(made_anew, 0u);
    EXPECT_EQ(try_files(no_database, site.peer_retained), "");
    EXPECT_EQ(try_files({}, site.own_retained), "");
    EXPECT_EQ(std::exchange(made_anew, 0), 2u);
  }
}

}  // namespace
}  // namespace tributary::storage
